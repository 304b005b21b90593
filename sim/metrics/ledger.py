"""The time ledger says where the time of a request went: links, queues, service, pauses between attempts, checks.

A percentile has no ledger of its own, the requests around it have. So the ledger is averaged over three cohorts of the
requests that ended, whatever their outcome:

- `mean`: all of them;
- `p50`: those from the 45th to the 55th percentile;
- `p99`: those from the 98.5th to the 99.5th percentile, so that its total is close to the p99 itself and the few worst
  requests do not decide it.

A cohort is a range of ranks, so that it holds as many requests as it says however many latencies are equal: those that
are equal to its slowest or fastest request share the places that are left.

In each cohort the parts add up to `total`, the cohort's mean latency.
"""

from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.request import LEDGER

COHORTS: Final = {"mean": (0.0, 1.0), "p50": (0.45, 0.55), "p99": (0.985, 0.995)}


def time_ledger(requests: NDArray[Any], ended: NDArray[np.intp]) -> dict[str, dict[str, float | None]]:
    """Averages the ledger over each cohort.

    Args:
        requests: Rows with the fields of `recorder.ROW_TYPE`.
        ended: Positions of the requests to look at; all have ended.

    Returns:
        For each cohort the mean of each part and their `total`, s; None where no request has ended.
    """
    if not ended.size:
        return {cohort: dict.fromkeys((*LEDGER, "total")) for cohort in COHORTS}
    latency = requests["latency"][ended]
    ledger: dict[str, dict[str, float | None]] = {}
    for cohort, (low, high) in COHORTS.items():
        places = None if cohort == "mean" else _places(latency, low, high)
        chosen = ended if places is None else ended[places > 0.0]
        weights = None if places is None else places[places > 0.0]
        ledger[cohort] = {part: float(np.average(requests[part][chosen], weights=weights)) for part in LEDGER}
        ledger[cohort]["total"] = float(np.average(requests["latency"][chosen], weights=weights))
    return ledger


def _places(latency: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Which part of a place each latency has between two quantiles, 0..1; bounds are members of the sample."""
    first, last = int(low * (latency.size - 1)), ceil(high * (latency.size - 1))
    ordered = np.partition(latency, (first, last))
    places: NDArray[np.float64] = ((latency > ordered[first]) & (latency < ordered[last])).astype(np.float64)
    for bound in {float(ordered[first]), float(ordered[last])}:
        equal = latency == bound
        below, count = int(np.count_nonzero(latency < bound)), int(np.count_nonzero(equal))
        places[equal] = (min(last + 1, below + count) - max(first, below)) / count
    return places
