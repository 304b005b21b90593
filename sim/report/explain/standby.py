"""What regions that stand by cost while they waited: instances that run and do nothing, against the time until ready."""

from collections.abc import Iterator
from typing import Any, Final

from sim.components.region import base_name
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed, number, percent

_WAITS: Final = {"hot": "hot, ready at once", "warm": "warm", "cold": "cold, with nothing running"}


def standby(evidence: Evidence) -> list[Finding]:
    """One finding for each standby region that has instances."""
    regions = evidence.placement.regions.items()
    return [
        finding for name, config in regions if config.role == "standby" for finding in _finding(evidence, name, config)
    ]


def _finding(evidence: Evidence, region: str, config: Any) -> Iterator[Finding]:
    parts = [part for part in evidence.placement.inside(region) if evidence.config(part).kind == "service"]
    rows = {part: evidence.of(part) for part in parts}
    rows = {part: instances for part, instances in rows.items() if instances}
    if not rows:
        return
    activated = _when(evidence, region, "activated")
    until = int(evidence.end if activated is None else max(activated, evidence.first + 1))
    running = {
        part: sum(float(each["up"].loc[evidence.first : until - 1].mean()) for each in instances.values())
        for part, instances in rows.items()
    }
    idle = sum(running.values()) * (until - evidence.first)
    each = [f"{number(round(running[part], 1))} of {len(rows[part])} of {base_name(part)}" for part in rows]
    title = f"{region} stood by {_WAITS[config.standby]}: {listed(each)} ran for nothing"
    words = (
        f"From {units.moment(evidence.first)} to {units.moment(until)} that was {units.duration(idle)} of instance time"
    )
    whole = sum(float(part["up"].sum()) for part in evidence.places.values())
    words += f", {percent(min(1.0, idle / whole))} of all in the run" if idle and whole else ""
    ready = _when(evidence, region, "ready")
    if activated is None:
        words += "; it was never needed" if config.standby != "hot" else ""
    elif ready is None:
        words += f"; activated at {units.moment(activated)}, it was not ready when the run ended"
    else:
        words += f"; activated at {units.moment(activated)}, it was ready {units.lapse(ready - activated)} later"
    figures = {"region": region, "idle_instance_s": idle, "activated_s": activated, "ready_s": ready}
    yield Finding(title, f"{words}.", figures, Weight.COST)


def _when(evidence: Evidence, region: str, what: str) -> float | None:
    """When something was first done in a region, s."""
    times = [
        event["start_s"] + each["after_s"]
        for event in evidence.summary["events"]
        for each in event.get("reactions", ())
        if each["what"] == what and evidence.placement.region(each["component"]) == region
    ]
    return min(times, default=None)
