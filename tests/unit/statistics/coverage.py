"""What these tests share: a queue whose truth is known, and a judge of how often intervals hold that truth.

A share of intervals is judged by the exact binomial test. The seeds are fixed; a right share would have been called
wrong by one seed in a thousand.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

DOUBT = 0.001


def judge(events: Iterable[bool], expected: float = 0.95) -> float:
    """Fails unless something happens in about the expected share of cases; returns the share seen."""
    seen = list(events)
    share = sum(seen) / len(seen)
    assert probability(seen, expected) >= DOUBT, f"expected in {expected:.1%} of {len(seen)} cases, seen in {share:.1%}"
    return share


def probability(events: Iterable[bool], expected: float = 0.95) -> float:
    """Of a share that is as far off, or farther, if the expected one is right."""
    seen = list(events)
    return float(stats.binomtest(sum(seen), len(seen), expected).pvalue)


def excess(events: Iterable[bool], most: float = 0.05) -> float:
    """The probability of a share that is as large, or larger, if it is at most `most`."""
    seen = list(events)
    return float(stats.binomtest(sum(seen), len(seen), most, alternative="greater").pvalue)


def waits(
    rng: np.random.Generator, rho: float, runs: int, customers: int, first: float | None = None
) -> NDArray[np.float64]:
    """Waiting times in an M/M/1 queue, in mean service times, by Lindley's recursion W' = max(0, W + S - A).

    Args:
        rng: Draws the services and the arrivals.
        rho: The utilisation; the mean wait is rho / (1 - rho).
        runs: How many runs, one a row.
        customers: How many customers in each.
        first: The wait of each first customer; by default drawn from the steady state.
    """
    walk = rng.standard_exponential((runs, customers)) - rng.standard_exponential((runs, customers)) / rho
    if first is None:
        walk[:, 0] = np.where(rng.random(runs) < rho, rng.standard_exponential(runs) / (1.0 - rho), 0.0)
    else:
        walk[:, 0] = first
    np.cumsum(walk, axis=1, out=walk)
    floor: NDArray[np.float64] = np.minimum.accumulate(np.minimum(walk, 0.0), axis=1)
    return walk - floor


def mean_wait(rho: float) -> float:
    """In the steady state, in mean service times (L. Kleinrock, Queueing Systems 1, 1975, chapter 3)."""
    return rho / (1.0 - rho)
