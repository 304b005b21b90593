"""What a scenario can do to the system: one file for each kind of event."""

from typing import Annotated, Any, Final

from pydantic import Discriminator, Tag

from sim.faults.crash import Crash
from sim.faults.errors import Errors
from sim.faults.event import EventConfig, Target
from sim.faults.flush import Flush
from sim.faults.hang import Hang
from sim.faults.injector import Injector
from sim.faults.links import Latency, LinkEvent, Loss, Partition
from sim.faults.outage import Outage
from sim.faults.slow import Slow
from sim.faults.spike import Spike

__all__ = ["VERBS", "Event", "EventConfig", "Injector", "LinkEvent", "Spike", "Target", "verb_of"]

VERBS: Final[dict[str, type[EventConfig]]] = {
    kind.verb: kind for kind in (Crash, Hang, Slow, Errors, Outage, Latency, Loss, Partition, Spike, Flush)
}


def verb_of(value: Any) -> str | None:
    """Which kind of event a mapping describes: the one verb it has."""
    if isinstance(value, EventConfig):
        return value.verb
    if not isinstance(value, dict):
        return None
    return next((verb for verb in VERBS if verb in value), None)


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
    | Annotated[Flush, Tag("flush")],
    Discriminator(
        verb_of,
        custom_error_type="event_verb",
        custom_error_message=f"an event says what happens to whom; it needs one of {', '.join(VERBS)}",
    ),
]
