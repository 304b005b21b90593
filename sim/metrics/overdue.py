"""Overdue is a request without an answer at the end of the run that had waited longer than 99 in 100 others took.

Nobody knows how it would have ended, but what is judged by success cannot leave it out: a system that swallows a
quarter of its requests would pass as one that answers all. So objectives on availability, failover and recovery count
it as failed. What had only just been sent when the run ended is not overdue.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.metrics.recorder import IN_FLIGHT

_SHARE: Final = 0.99


def patience(requests: NDArray[Any]) -> float | None:
    """How long 99 in 100 of the requests that ended took at most, s; None if none has ended.

    Args:
        requests: Rows with the fields of `recorder.ROW_TYPE`.
    """
    ended = requests["latency"][requests["outcome"] != IN_FLIGHT]
    return float(np.quantile(ended, _SHARE)) if ended.size else None


def overdue(requests: NDArray[Any], end: float) -> NDArray[np.bool_]:
    """Which requests were in flight at the end, and for longer than 99 in 100 of those that ended took.

    Args:
        requests: Rows with the fields of `recorder.ROW_TYPE`.
        end: Of the run, s.
    """
    flying, longest = requests["outcome"] == IN_FLIGHT, patience(requests)
    return np.asarray(flying if longest is None else flying & (end - requests["arrived"] > longest), dtype=np.bool_)
