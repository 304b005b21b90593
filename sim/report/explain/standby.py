"""What regions cost that stand by: instances that run and do nothing, to be ready so much sooner."""

from collections.abc import Iterator
from typing import Any

from sim.components import Steered
from sim.components.region import base_name
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed, number


def standby(evidence: Evidence) -> list[Finding]:
    """One finding for each standby region that has instances."""
    regions = evidence.placement.regions.items()
    return [
        finding for name, config in regions if config.role == "standby" for finding in _finding(evidence, name, config)
    ]


def _finding(evidence: Evidence, region: str, config: Any) -> Iterator[Finding]:
    parts = [part for part in evidence.placement.inside(region) if evidence.config(part).kind == "service"]
    rows = {part: instances for part in parts if (instances := evidence.of(part))}
    if not rows:
        return
    called, until = _when(evidence, region, "activated"), _first_request(evidence, region)
    ready = _when(evidence, region, "ready")
    waited = slice(evidence.first, max(int(until if called is None else min(called, until)), evidence.first + 1) - 1)
    up = [seconds["up"] for instances in rows.values() for seconds in instances.values()]
    running = {
        part: sum(float(each["up"].loc[waited].mean()) for each in instances.values())
        for part, instances in rows.items()
    }
    idle = sum(float(each.loc[evidence.first : until - 1].sum()) for each in up)
    each = [f"{number(round(running[part], 1))} of {len(rows[part])} instances of {base_name(part)}" for part in rows]
    until_then = f"until {units.moment(until)}" if until < evidence.end else "to the end of the run"
    title = f"{region} stood by {config.standby}: {listed(each)} ran there {until_then}, without a request"
    words = f"That was {units.duration(idle)} of instance time for nothing." if idle else "It cost nothing until then."
    if called is not None and ready is not None:
        words += f" Called upon at {units.moment(called)}, it was ready {units.lapse(ready - called)} later."
    elif called is not None:
        words += f" Called upon at {units.moment(called)}, it was not ready when the run ended."
    elif until >= evidence.end:
        words += " It was never needed."
    figures = {"region": region, "idle_instance_s": idle, "until_s": until, "activated_s": called, "ready_s": ready}
    yield Finding(title, words, figures, Weight.COST)


def _first_request(evidence: Evidence, region: str) -> int:
    """The second in which the first request after warm-up was sent there, as far as that is known; else the end."""
    steering = [name for name, config in evidence.document.components.items() if isinstance(config, Steered)]
    sent = [each for name in steering if (each := evidence.series(name, f"to_{region}")) is not None]
    firsts = [each.index[(each.diff() > 0) & (each.index > evidence.first)].min() for each in sent]
    known = [int(first) for first in firsts if first == first]
    return min(known, default=evidence.end)


def _when(evidence: Evidence, region: str, what: str) -> float | None:
    """When something was first done in a region, s."""
    times = [
        event["start_s"] + each["after_s"]
        for event in evidence.summary["events"]
        for each in event.get("reactions", ())
        if each["what"] == what and evidence.placement.region(each["component"]) == region
    ]
    return min(times, default=None)
