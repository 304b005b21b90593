"""Steady state is what a single long run can tell of, once its start is cut off and its memory is allowed for.

A run that starts empty shows too little waiting at first: MSER-5 says how much to cut. Requests that follow each other
wait in the same queue, so they are not independent: batch means averages long stretches of the run, which nearly are,
and treats them as replications. `lag_one` says whether they are; if not, the interval is too narrow to be believed.

Sources: K. P. White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69(6),
1997; S. C. Spratt, "An evaluation of contemporary heuristics for the startup problem", University of Virginia, 1998
(batches of five); A. M. Law, J. S. Carson, "A sequential procedure for determining the length of a steady-state
simulation", Operations Research 27(5), 1979; J. von Neumann, "Distribution of the ratio of the mean square successive
difference to the variance", Annals of Mathematical Statistics 12(4), 1941.
"""

from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.experiment.statistics.interval import Interval, finite, mean_interval

_MSER_BATCH: Final = 5
_FALSE_ALARMS: Final = 0.05


@dataclass(frozen=True)
class LagOne:
    """How much each batch resembles the one before.

    Attributes:
        correlation: Between neighbours, -1..1; zero is expected of independent batches.
        standard_error: Of the correlation, if the batches are independent; infinite where they are too few to tell.
    """

    correlation: float
    standard_error: float

    @property
    def correlated(self) -> bool:
        """Whether neighbours surely resemble each other, so that the run is too short for its batches.

        One in twenty runs that are long enough says so by chance. Twenty batches show a correlation of 0.35 in one of
        two runs, and a weaker one less often: silence proves nothing.
        """
        return self.correlation > NormalDist().inv_cdf(1.0 - _FALSE_ALARMS) * self.standard_error


def mser5(series: ArrayLike) -> int:
    """How many observations to cut off the start of a series, so that the mean of the rest is known best.

    Of all cuts, in steps of five, it takes the one with the least standard error of what is left (as if that were
    independent). Only the first half is searched, since the error of a short end may be small by chance. A cut of half
    the series thus says that the run was too short to tell.

    A start is seen only if it stands out. That of one busy queue that was empty does not: its waits swell and calm down
    by themselves, and a calm end is taken for the steady state, which makes the mean too low (by 8% in an M/M/1 queue
    at 90%, over 5000 customers in steady state). So average the series of several runs, observation by observation
    (P. D. Welch's method), and cut all of them alike; and cut nothing where the warm-up is gone already.

    Args:
        series: In the order of time.

    Returns:
        The number of observations, a multiple of five; 0 for fewer than ten.
    """
    values = finite(series)
    batches = len(values) // _MSER_BATCH
    if batches < 2:
        return 0
    means = values[: batches * _MSER_BATCH].reshape(batches, _MSER_BATCH).mean(axis=1)
    means -= np.median(means)
    left = np.arange(batches, 0, -1)
    sums, squares = np.cumsum(means[::-1])[::-1], np.cumsum(means[::-1] ** 2)[::-1]
    errors = (squares - sums**2 / left) / left**2.0
    return _MSER_BATCH * int(np.argmin(errors[: batches // 2 + 1]))


def in_batches(series: ArrayLike, batches: int = 20) -> NDArray[np.float64]:
    """A series cut into stretches of equal length.

    Args:
        series: In the order of time, its warm-up removed.
        batches: How many stretches, at least two.

    Returns:
        An array with one row a batch. What is left over is dropped at the start. A series with fewer observations than
        batches is one batch.

    Raises:
        ValueError: With fewer than two batches.
    """
    if batches < 2:
        raise ValueError(f"batch means take at least two batches, not {batches}")
    values = finite(series)
    if len(values) < batches:
        return values.reshape(1, -1)
    return values[len(values) % batches :].reshape(batches, -1)


def batch_means(series: ArrayLike, batches: int = 20, confidence: float = 0.95) -> Interval:
    """Student's interval for the long-run mean, from the batches of a single run.

    It covers too little where the batches are correlated: see `lag_one(in_batches(series, batches).mean(axis=1))`.

    Args:
        series: In the order of time, its warm-up removed.
        batches: How many; more than thirty gain little and are more alike (B. Schmeiser, "Batch size effects in the
            analysis of simulation output", Operations Research 30(3), 1982).
        confidence: Between 0 and 1.

    Returns:
        The interval; its n is the number of batches. A series with fewer observations than batches has infinite ends.
    """
    return mean_interval(in_batches(series, batches).mean(axis=1), confidence)


def batch_quantile(series: ArrayLike, q: float, batches: int = 20, confidence: float = 0.95) -> Interval:
    """Student's interval for a long-run quantile, from the quantile of each batch of a single run.

    The quantile of a small sample is biased: a batch should hold at least some 10 / (1 - q) observations, as many for
    p99 as a thousand.

    Args:
        series: In the order of time, its warm-up removed.
        q: Which quantile, 0..1.
        batches: How many.
        confidence: Between 0 and 1.

    Returns:
        The interval; its n is the number of batches. A series with fewer observations than batches has infinite ends.
    """
    return mean_interval(np.quantile(in_batches(series, batches), q, axis=1), confidence)


def lag_one(batch_values: ArrayLike) -> LagOne:
    """Von Neumann's test for correlation between neighbouring batches.

    The correlation is 1 - Σ(differences of neighbours)² / 2Σ(deviations from the mean)². Of b independent normal
    values it has mean 0 and variance (b - 2) / (b² - 1) exactly.

    Args:
        batch_values: One figure of each batch, in the order of time.
    """
    values = finite(batch_values)
    b = len(values)
    if b < 3:
        return LagOne(0.0, inf)
    standard_error = sqrt((b - 2) / (b * b - 1))
    spread = float(((values - values.mean()) ** 2).sum())
    if values.min() == values.max():
        return LagOne(0.0, standard_error)
    return LagOne(1.0 - float((np.diff(values) ** 2).sum()) / (2.0 * spread), standard_error)
