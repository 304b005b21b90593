"""What was done about an event, in the order of time: regions taken out, activated and let back, replicas promoted."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from sim.components import Steered
from sim.components.region import base_name
from sim.report import units
from sim.report.explain.event_cost import Event
from sim.report.explain.evidence import Evidence
from sim.report.explain.wording import listed

_MOST: Final = 10
_FAR: Final = frozenset({"drained", "promoted", "activated", "ready", "failback", "rejoined"})
"""Reactions to more than the loss of an instance."""

_WORDS: Final = {
    "ejected": "{part} was ejected",
    "drained": "{where} was drained",
    "promoted": "{part} was promoted",
    "activated": "standby {where} began to prepare",
    "ready": "standby {where} was ready",
    "failback": "{by} let traffic back to {where}",
    "rejoined": "{part} followed the new primary",
}


def steps(evidence: Evidence, event: Event) -> Iterator[str]:
    """Says step by step what regions and replicas did about an event; nothing where none of them did anything."""
    found = [each for each in event.get("reactions", ()) if _is_told(evidence, each)]
    if found:
        moments = groupby(found[:_MOST], lambda each: units.lapse(each["after_s"]))
        words = [
            f"{'at once' if after == '0s' else f'after {after}'} {listed([_spell(evidence, each) for each in then])}"
            for after, then in moments
        ]
        text = "; ".join(words)
        yield f"{text[0].upper()}{text[1:]}."


def _is_told(evidence: Evidence, reaction: Any) -> bool:
    if reaction["what"] == "unhealthy":
        return bool(_steering(evidence, reaction["component"])) or _is_replica(evidence, reaction["component"])
    return reaction["what"] in _FAR


def _spell(evidence: Evidence, reaction: Any) -> str:
    part, by = reaction["component"], _steering(evidence, reaction["component"])
    if reaction["what"] == "unhealthy":
        if by:
            return f"{listed(by)} took {part} out"
        return f"the replicas of {base_name(part)} missed their primary, {part}"
    where = evidence.placement.region(part) or part
    return _WORDS[reaction["what"]].format(part=part, where=where, by=listed(by) if by else "health checks")


def _steering(evidence: Evidence, part: str) -> list[str]:
    """What steers requests to a part."""
    return [
        name
        for name, config in evidence.document.components.items()
        if isinstance(config, Steered) and part in config.ways.values()
    ]


def _is_replica(evidence: Evidence, part: str) -> bool:
    return getattr(evidence.config(part), "primary", None) is not None
