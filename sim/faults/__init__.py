"""What a scenario can do to the system: one file for each kind of event."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Discriminator, Tag

from sim.faults.broker_down import BrokerDown
from sim.faults.crash import Crash
from sim.faults.degrade import Degrade
from sim.faults.drain import Drain
from sim.faults.errors import Errors
from sim.faults.event import EventConfig, Target
from sim.faults.failback import Failback
from sim.faults.flush import Flush
from sim.faults.hang import Hang
from sim.faults.injector import Injector
from sim.faults.links import Latency, LinkEvent, Loss, Partition
from sim.faults.outage import Outage
from sim.faults.promote import Promote
from sim.faults.publish_lost import PublishLost
from sim.faults.region_down import RegionDown
from sim.faults.slow import Slow
from sim.faults.spike import Spike
from sim.faults.zone_down import ZoneDown
from sim.values import did_you_mean, nearest, wrong_key

__all__ = [
    "EVENT_KEYS",
    "VERBS",
    "Crash",
    "Event",
    "EventConfig",
    "Injector",
    "LinkEvent",
    "Spike",
    "Target",
    "verb_of",
]

VERBS: Final[dict[str, type[EventConfig]]] = {
    kind.verb: kind
    for kind in (
        Crash,
        Hang,
        Slow,
        Errors,
        Outage,
        Latency,
        Loss,
        Partition,
        Spike,
        Flush,
        RegionDown,
        ZoneDown,
        Degrade,
        Drain,
        Failback,
        Promote,
        BrokerDown,
        PublishLost,
    )
}

EVENT_KEYS: Final = {field.alias or name for kind in VERBS.values() for name, field in kind.model_fields.items()}
"""The keys that some kind of event has."""


def verb_of(value: Any) -> str | None:
    """Which kind of event a mapping describes: the one verb it has."""
    if isinstance(value, EventConfig):
        return value.verb
    return next((verb for verb in VERBS if verb in value), None)


def _one_verb(value: Any) -> Any:
    if isinstance(value, EventConfig):
        return value
    if not isinstance(value, dict):
        raise ValueError("an event is a mapping, such as {at: 60s, crash: search}")
    verbs = [key for key in value if key in VERBS]
    if len(verbs) > 1:
        raise ValueError(f"{verbs[0]} and {verbs[1]} are two events; write each as an item of its own")
    strange = [key for key in value if key not in EVENT_KEYS]
    if not verbs and strange:
        meant = next((key for key in strange if nearest(key, VERBS)), strange[0])
        raise wrong_key(meant, f"{meant!r} is not an event{did_you_mean(meant, VERBS)}", value[meant])
    if not verbs:
        raise ValueError(f"what happens, and to whom? An event has one of {', '.join(VERBS)}")
    return value


Event = Annotated[
    Annotated[Crash, Tag("crash")]
    | Annotated[Hang, Tag("hang")]
    | Annotated[Slow, Tag("slow")]
    | Annotated[Errors, Tag("errors")]
    | Annotated[Outage, Tag("outage")]
    | Annotated[Latency, Tag("latency")]
    | Annotated[Loss, Tag("loss")]
    | Annotated[Partition, Tag("partition")]
    | Annotated[Spike, Tag("spike")]
    | Annotated[Flush, Tag("flush")]
    | Annotated[RegionDown, Tag("region_down")]
    | Annotated[ZoneDown, Tag("zone_down")]
    | Annotated[Degrade, Tag("degrade")]
    | Annotated[Drain, Tag("drain")]
    | Annotated[Failback, Tag("failback")]
    | Annotated[Promote, Tag("promote")]
    | Annotated[BrokerDown, Tag("broker_down")]
    | Annotated[PublishLost, Tag("publish_lost")],
    Discriminator(verb_of),
    BeforeValidator(_one_verb),
]
