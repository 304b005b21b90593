"""A paired difference compares two variants on the same traffic, seed by seed, so that the luck of the traffic cancels.

Common random numbers make both runs of a pair lucky or unlucky together. Student's t on the differences is valid
however they are correlated; the more they are, the fewer runs it takes (A. M. Law, "Simulation Modeling and Analysis",
5th edition, 2015, sections 10.2.1 and 11.2).
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.experiment.statistics.interval import Interval, finite, mean_interval
from sim.experiment.statistics.student import student_p_value

_ROUNDING: Final = 1e-12
"""Two figures that differ by less, relative to them, differ by the order of additions."""


@dataclass(frozen=True)
class Difference:
    """How much a variant differs from another, and how sure that is.

    Attributes:
        interval: Of the mean difference.
        p_value: The probability of a mean so far from zero if there were no difference, 0..1.
        correlation: Between the two variants over the seeds, -1..1; 0 where one of them does not vary.
        variance_reduction: What common random numbers took off the variance of the difference that independent runs
            would have, up to 1; negative where they added to it; 0 where nothing varies.
    """

    interval: Interval
    p_value: float
    correlation: float
    variance_reduction: float

    def __neg__(self) -> "Difference":
        """The same the other way round."""
        there = self.interval
        return replace(self, interval=replace(there, mean=0.0 - there.mean, lo=0.0 - there.hi, hi=0.0 - there.lo))


def paired_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Difference:
    """The difference b - a of two variants that were run with the same seeds.

    Args:
        a: A figure of one variant, of each seed.
        b: The same figure of the other, in the same order of seeds.
        confidence: Between 0 and 1.

    Returns:
        The difference. Of a single pair nothing is known: infinite ends, p-value 1. If all pairs differ by the same,
        the interval has no width, and the p-value is 0, or 1 where that difference is zero.

    Raises:
        ValueError: Without pairs, with unequal numbers, with one that is not finite, or with an impossible confidence.
    """
    first, second, differences = _differences(a, b)
    interval = mean_interval(differences, confidence)
    variances = _variance(first), _variance(second)
    if not any(variances):
        return Difference(interval, _p_value(differences), correlation=0.0, variance_reduction=0.0)
    reduction = 1.0 - _variance(differences) / sum(variances)
    correlation = float(np.corrcoef(first, second)[0, 1]) if all(variances) else 0.0
    return Difference(interval, _p_value(differences), correlation, reduction)


def paired_p_value(a: ArrayLike, b: ArrayLike) -> float:
    """The p-value of `paired_difference`, without the rest.

    Raises:
        ValueError: As `paired_difference` does.
    """
    return _p_value(_differences(a, b)[-1])


def _differences(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Both samples, and b - a."""
    first, second = finite(a), finite(b)
    if len(first) != len(second):
        raise ValueError(f"pairs take as many samples of one as of the other, not {len(first)} and {len(second)}")
    differences = second - first
    differences[np.isclose(first, second, rtol=_ROUNDING, atol=0.0)] = 0.0
    return first, second, differences


def _p_value(differences: NDArray[np.float64]) -> float:
    """Of Student's test whether their mean is zero."""
    n, mean, variance = len(differences), float(differences.mean()), _variance(differences)
    if n < 2:
        return 1.0
    if not variance:
        return 0.0 if mean else 1.0
    return student_p_value(mean / sqrt(variance / n), n - 1)


def _variance(values: NDArray[np.float64]) -> float:
    """From samples; 0 if they are all equal, or a single one."""
    return float(values.var(ddof=1)) if values.min() < values.max() else 0.0
