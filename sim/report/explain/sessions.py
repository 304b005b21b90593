"""What lost sessions cost: how many a service had to make anew, why, and how much work that took."""

from collections.abc import Iterator
from typing import Any

from sim.components.region import base_name
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted
from sim.values import chosen


def sessions(evidence: Evidence) -> list[Finding]:
    """Says which services lost sessions; the parts of a service in several regions count together."""
    lost = {base_name(name): int(block.get("sessions_lost", 0)) for name, block in evidence.blocks()}
    return [_lost(evidence, name, number) for name, number in lost.items() if number]


def _lost(evidence: Evidence, name: str, number: int) -> Finding:
    rules = next(_session_steps(evidence.config(name)))
    seconds = number * rules.rebuild.mean
    why = (
        "was in the memory of an instance that died, or the next request went to another one"
        if rules.store is None
        else f"was not found in {rules.store.to}"
    )
    work = f", {units.lapse(rules.rebuild.mean)} of work on average: {units.lapse(seconds)} in all" if seconds else ""
    return Finding(
        f"{name} lost {counted(number, 'session')}",
        f"Each {why}; it had to be made anew{work}.",
        {"sessions_lost": number, "rebuild_s": seconds},
        Weight.COST,
    )


def _session_steps(config: Any) -> Iterator[Any]:
    """The session steps of a service."""
    for steps in [config.steps, *(endpoint.steps for endpoint in config.endpoints)]:
        for step in steps or ():
            word, rules = chosen(step)
            if word == "session":
                yield rules
