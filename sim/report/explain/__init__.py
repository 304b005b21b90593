"""An explanation says in words what a run shows: where p99 went, what gave out first, what each fault cost and why.

Every sentence rests on what was recorded or on the static analysis of the scenario. A new kind of finding is one module
and its name in `FINDERS`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from sim.report.explain.backlog import backlog
from sim.report.explain.balancing import balancing
from sim.report.explain.caches import caches
from sim.report.explain.closed_loop import closed_loop
from sim.report.explain.evidence import Evidence
from sim.report.explain.fan_out import fan_out
from sim.report.explain.faults import faults
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.messages import messages
from sim.report.explain.moved import moved
from sim.report.explain.objectives import objectives
from sim.report.explain.recovery import recovery
from sim.report.explain.refusals import refusals
from sim.report.explain.replicas import replicas
from sim.report.explain.retries import retries
from sim.report.explain.saturation import saturation
from sim.report.explain.sessions import sessions
from sim.report.explain.standby import standby
from sim.report.explain.tail import tail
from sim.report.explain.unused import unused
from sim.report.explain.warm_up import warm_up
from sim.scenario import Scenario

__all__ = ["FINDERS", "Finding", "Weight", "explain"]

FINDERS: Final[tuple[Callable[[Evidence], list[Finding]], ...]] = (
    objectives,
    recovery,
    tail,
    fan_out,
    saturation,
    faults,
    moved,
    replicas,
    standby,
    sessions,
    refusals,
    balancing,
    caches,
    backlog,
    messages,
    closed_loop,
    unused,
    retries,
    warm_up,
)
"""Who looks for findings, in the order in which findings of equal weight are told."""


def explain(
    summary: Mapping[str, Any],
    timeline: pd.DataFrame,
    components: pd.DataFrame,
    scenario: Scenario,
    series: pd.DataFrame | None = None,
) -> list[Finding]:
    """Says what a run shows.

    Args:
        summary: What `summarize` made of it.
        timeline: What `sim.metrics.timeline` made of it, or read from `timeline.csv`.
        components: What `sim.metrics.components_timeline` made of it, or read from `components.csv`.
        scenario: As it ran.
        series: What `sim.experiment.save.series_table` made of it, or read from `series.csv`; None for no series.

    Returns:
        What matters most comes first.
    """
    evidence = Evidence(summary, timeline, components, scenario, series)
    findings = [finding for find in FINDERS for finding in find(evidence)]
    return sorted(findings, key=lambda finding: finding.weight)
