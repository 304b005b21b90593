"""What asynchronous replication loses and hides, where writes are Poisson."""

from math import exp, expm1

import numpy as np


def lost_writes(rate: float, lag: float) -> float:
    """Acknowledged writes that have not arrived when the primary dies: those of one mean lag."""
    return rate * lag


def recovery_point(rate: float, shortest: float, longest: float) -> float:
    """The mean age of the oldest of them, s: a lag, less the time until the first write after its begin.

    Args:
        rate: Of writes, 1/s.
        shortest: The lag is uniform between this, s,
        longest: and this, s.
    """
    lags = np.linspace(shortest, longest, 20_001)
    return float((lags + np.expm1(-rate * lags) / rate).mean())


def recovery_time(detect: float, beats: int, election: float, rate: float, work: float) -> float:
    """Until a new primary accepts a write, s: the silence since the last heartbeat, the election, the next write."""
    return detect - detect / beats / 2.0 + election + 1.0 / rate + work


def stale_share(rate: float, lag: float) -> float:
    """The share of reads within a constant lag after some write."""
    return -expm1(-rate * lag)


def stale_age(rate: float, lag: float) -> float:
    """The mean age of the oldest write that a stale read does not see, s."""
    missing = exp(-rate * lag)
    return lag - 1.0 / rate + lag * missing / (1.0 - missing)
