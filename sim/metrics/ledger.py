"""The time ledger says where the time of a request went: links, queues, service, pauses between attempts, checks.

A percentile has no ledger of its own, the requests around it have. So the ledger is averaged over three cohorts of the
requests that ended, whatever their outcome:

- `mean`: all of them;
- `p50`: those whose latency lies between the 45th and the 55th percentile;
- `p99`: those whose latency lies between the 98.5th and the 99.5th percentile, so that its total is close to the p99
  itself and the few worst requests do not decide it.

In each cohort the parts add up to `total`, the cohort's mean latency.
"""

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
        chosen = ended if cohort == "mean" else ended[_between(latency, low, high)]
        ledger[cohort] = {part: float(requests[part][chosen].mean()) for part in LEDGER}
        ledger[cohort]["total"] = float(requests["latency"][chosen].mean())
    return ledger


def _between(latency: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Which latencies lie between two quantiles; bounds are members of the sample, so that some always do."""
    at_least = np.quantile(latency, low, method="lower")
    at_most = np.quantile(latency, high, method="higher")
    return (latency >= at_least) & (latency <= at_most)
