"""What happened when: a fault, who noticed it and did what about it, and when users were well again."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sim.components.region import base_name
from sim.metrics import Reaction
from sim.metrics.recovery import recoveries
from sim.metrics.result import Result
from sim.report import palette, units

_MOST: Final = 12
_LEAST_TELLING: Final = ("rejoined", "activated", "ready", "unhealthy", "ejected", "failback", "drained")
_STEERED: Final = {
    "dns": "DNS switch: {where} is out",
    "traffic_manager": "traffic manager: {where} is out",
}
_BACK: Final = {"dns": "DNS switch: {where} is back", "traffic_manager": "traffic manager: {where} is back"}
_WORDS: Final = {
    "unhealthy": "{part} unhealthy",
    "ejected": "{part} ejected",
    "drained": "{where} drained",
    "promoted": "new primary: {part}",
    "activated": "standby {where} starts up",
    "ready": "standby {where} is ready",
    "failback": "traffic may return to {where}",
    "rejoined": "{part} is a replica now",
}


class Moment(NamedTuple):
    """Something that happened.

    Attributes:
        when: The time, s.
        what: What it was: `fault`, `over`, `well` or the `what` of a reaction.
        words: The same for people, with the time since the fault.
        until: When it was over, s, where it lasted.
    """

    when: float
    what: str
    words: str
    until: float | None = None

    @property
    def colour(self) -> str:
        """Of a fault, of what users feel, or of what the system does."""
        if self.what == "fault":
            return palette.FAILURE
        return palette.GOODPUT if self.what == "well" else palette.INK


def moments(result: Result) -> list[Moment]:
    """The moments of a run's faults, in the order of time; of too many the most telling ones."""
    found = sorted(_all(result), key=lambda moment: moment.when)
    for what in _LEAST_TELLING:
        found = found if len(found) <= _MOST else [moment for moment in found if moment.what != what]
    return found[:_MOST]


def _all(result: Result) -> Iterator[Moment]:
    backs = recoveries(result)
    starts = [event.start for event in result.events]
    for event, back in zip(result.events, backs, strict=True):
        if palette.shade(event.kind).family != "failure":
            continue
        end = result.duration if event.end is None else event.end
        until = min([start for start in starts if start > event.start], default=result.duration)
        yield Moment(event.start, "fault", f"{event.kind} {event.target}", min(end, result.duration))
        for reaction in _first_of_each(result, event.start, until):
            noticed = "noticed: " if reaction.when == event.detected else ""
            words = f"{_later(reaction.when - event.start)}  {noticed}{_spell(result, reaction)}"
            yield Moment(reaction.when, reaction.what, words)
        if back.failover:
            words = f"{_later(back.failover)}  users served again (failover)"
            yield Moment(event.start + back.failover, "well", words)
        if event.end is not None and back.recovery is not None:
            when = event.end + back.recovery
            yield Moment(when, "well", f"{_later(when - event.start)}  all as before (recovered)")


def _later(seconds: float) -> str:
    return f"+{units.lapse(seconds)}"


def _first_of_each(result: Result, start: float, until: float) -> list[Reaction]:
    """The first reaction of each sort to each component; what is merely healthy again says nothing new."""
    first: dict[tuple[str, str], Reaction] = {}
    for reaction in result.reactions:
        if start <= reaction.when < until and reaction.what != "healthy":
            first.setdefault((reaction.what, reaction.component), reaction)
    return list(first.values())


def _spell(result: Result, reaction: Reaction) -> str:
    components = result.document.get("components") or {}
    part, _, where = reaction.component.partition("@")
    steering = [
        config["kind"]
        for config in components.values()
        if config.get("kind") in _STEERED and config.get("to") == base_name(part)
    ]
    words = _WORDS.get(reaction.what, f"{{part}} {reaction.what}")
    if steering and reaction.what == "unhealthy":
        words = _STEERED[steering[0]]
    if steering and reaction.what == "failback":
        words = _BACK[steering[0]]
    return words.format(part=reaction.component, where=where or part)
