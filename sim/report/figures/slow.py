"""When a success counts as slow: later than its client's p99 objective or, without one, than ten times the median.

The median is that of what had to be worked out: where a CDN answers most requests, whatever it cannot answer takes ten
times as long, and is not slow for that.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.metrics.objectives import parse_objective
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.report import units
from sim.request import Outcome

_MEDIANS: Final = 10.0


@dataclass(frozen=True)
class SlowRule:
    """What counts as slow in a run.

    Attributes:
        thresholds: For each client, the latency from which on a success is slow, s; infinite where nothing ended.
        words: The threshold in words, for a legend (`864ms, 10 × the median`).
    """

    thresholds: NDArray[np.float64]
    words: str

    def slow(self, result: Result) -> NDArray[np.bool_]:
        """Which requests were answered with success, but slowly."""
        rows = result.requests
        if not len(rows):
            return np.zeros(0, dtype=np.bool_)
        limits = self.thresholds[rows["client"]]
        return np.asarray((rows["outcome"] <= Outcome.DEGRADED) & (rows["latency"] > limits))


def p99_objectives(result: Result) -> dict[str, float]:
    """The tightest p99 objective of each client that has one, s."""
    limits: dict[str, float] = {}
    for objective in map(parse_objective, result.objectives):
        if objective.metric != "p99" or objective.operator not in ("<", "<="):
            continue
        for client in result.clients:
            if objective.subject in (None, client):
                limits[client] = min(objective.target, limits.get(client, np.inf))
    return limits


def slow_rule(result: Result) -> SlowRule:
    """The rule that a run's own objectives imply."""
    limits = p99_objectives(result)
    rows = result.requests
    other = _MEDIANS * _typical(rows[rows["arrived"] >= result.warmup])
    thresholds = np.array([limits.get(client, other) for client in result.clients])
    words = []
    for limit in sorted(set(limits.values())):
        words.append(f"{units.duration(limit)}, the p99 objective")
    if len(limits) < len(result.clients) and np.isfinite(other):
        words.append(f"{units.duration(other)}, 10 × the median")
    return SlowRule(thresholds, " or ".join(words))


def _typical(rows: NDArray[Any]) -> float:
    """The median latency of successes that no CDN answered, or else of all that ended, s; infinite if nothing did."""
    worked_out = rows[(rows["outcome"] == Outcome.OK) | (rows["outcome"] == Outcome.DEGRADED)]
    chosen = worked_out if len(worked_out) else rows[rows["outcome"] != IN_FLIGHT]
    return float(np.median(chosen["latency"])) if len(chosen) else np.inf
