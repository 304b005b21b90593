"""A lognormal distribution fits most service times: many near the median, and a long tail.

It is written by what dashboards show, a median and a 99th percentile, and goes through both exactly; or by its mean and
coefficient of variation. Formulas: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1
(1994), chapter 14.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import exp, expm1, log, log1p, sqrt
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.values.distribution import Distribution
from sim.values.parameters import Measure, PositiveNumber, parameter

_Z99 = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True)
class _Lognormal(Distribution):
    """A value whose logarithm is normal."""

    @property
    @abstractmethod
    def median(self) -> float:
        """The value that half of all values stay below."""

    @property
    @abstractmethod
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""

    @property
    def mean(self) -> float:
        return self.median * exp(self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        return self.mean**2 * expm1(self.sigma**2)

    def quantile(self, share: float) -> float:
        """The value that a share of all values, 0 < share < 1, stays below."""
        return self.median * exp(self.sigma * NormalDist().inv_cdf(share))

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return self.median * np.exp(self.sigma * rng.standard_normal(n))


@dataclass(frozen=True)
class Quantiles(_Lognormal, key="p50"):
    """Lognormal through a median and a 99th percentile."""

    form: ClassVar[str] = "{p50: MEDIAN, p99: TAIL}"
    p50: float = parameter(Measure(), "The median.")
    p99: float = parameter(Measure(), "The value that one in a hundred exceeds; not below p50.")

    def __post_init__(self) -> None:
        if self.p50 <= 0.0:
            raise ValueError("p50 must be above 0")
        if self.p99 < self.p50:
            raise ValueError(f"p99 ({self._amount(self.p99)}) is below p50 ({self._amount(self.p50)})")

    @property
    def median(self) -> float:
        return self.p50

    @property
    def sigma(self) -> float:
        return log(self.p99 / self.p50) / _Z99

    def describe(self) -> str:
        return self._with_mean(f"lognormal p50 {self._amount(self.p50)} p99 {self._amount(self.p99)}")


@dataclass(frozen=True)
class Lognormal(_Lognormal, key="lognormal"):
    """Lognormal with a mean and a coefficient of variation."""

    form: ClassVar[str] = "{lognormal: MEAN, cv: CV}"
    lognormal: float = parameter(Measure(), "The mean.")
    cv: float = parameter(PositiveNumber(), "The coefficient of variation: standard deviation / mean.")

    @property
    def median(self) -> float:
        return self.lognormal / sqrt(1.0 + self.cv**2)

    @property
    def sigma(self) -> float:
        return sqrt(log1p(self.cv**2))

    def describe(self) -> str:
        return self._with_mean(f"lognormal cv {self.cv:g}")
