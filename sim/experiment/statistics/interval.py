"""A confidence interval says what is known of a mean: "18.2 ms ± 0.4 ms", rather than one run's anecdote.

From independent runs (replications) it is Student's: mean ± t · s / √n. It covers the true mean in the promised share
of experiments if a run's figure is about normal, as the mean over many requests is (A. M. Law, "Simulation Modeling
and Analysis", 5th edition, 2015, sections 4.5 and 9.4.1). Two samples at least are needed to see a spread.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.experiment.statistics.student import student_quantile


@dataclass(frozen=True)
class Interval:
    """An estimate and the range that holds the true value with some confidence; never NaN.

    Attributes:
        mean: The estimate.
        lo: The lower end; -inf where the samples are too few to give one.
        hi: The upper end; inf where the samples are too few.
        n: How many independent samples it rests on.
        confidence: The share of such intervals that hold the true value, between 0 and 1.
    """

    mean: float
    lo: float
    hi: float
    n: int
    confidence: float

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return 0.5 * (self.hi - self.lo)

    @property
    def relative(self) -> float:
        """The half-width relative to the size of the estimate; infinite for an estimate of zero with any width."""
        if self.half_width == 0.0:
            return 0.0
        return self.half_width / abs(self.mean) if self.mean else inf

    def contains(self, x: float) -> bool:
        """Whether a value lies inside or at an end."""
        return self.lo <= x <= self.hi


def mean_interval(samples: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's interval for the mean, from independent samples.

    Args:
        samples: One figure of each independent run; at least one.
        confidence: Between 0 and 1.

    Returns:
        The interval. Of one sample its ends are infinite; of equal samples it has no width, as of a deterministic case.

    Raises:
        ValueError: Without samples, with one that is no finite number, or with an impossible confidence.
    """
    values = finite(samples)
    check_confidence(confidence)
    n = len(values)
    if n < 2:
        return Interval(float(values[0]), -inf, inf, n, confidence)
    if values.min() == values.max():
        same = float(values[0])
        return Interval(same, same, same, n, confidence)
    mean = float(values.mean())
    half_width = student_quantile(0.5 * (1.0 + confidence), n - 1) * float(values.std(ddof=1)) / sqrt(n)
    return Interval(mean, mean - half_width, mean + half_width, n, confidence)


def finite(samples: ArrayLike) -> NDArray[np.float64]:
    """The samples as one row of numbers that can be reckoned with.

    Args:
        samples: At least one.

    Raises:
        ValueError: Without samples, or with one that is no finite number.
    """
    values = np.asarray(samples, dtype=np.float64).reshape(-1)
    if not values.size:
        raise ValueError("there are no samples")
    odd = np.flatnonzero(~np.isfinite(values))
    if odd.size:
        raise ValueError(f"sample {odd[0] + 1} of {values.size} is {values[odd[0]]}, not a finite number")
    return values


def check_confidence(confidence: float) -> None:
    """Refuses what is no confidence, such as 95 for 95%.

    Raises:
        ValueError: Unless it lies between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence lies between 0 and 1, such as 0.95, not at {confidence:g}")
