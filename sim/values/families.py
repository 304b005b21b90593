"""The families of distributions that have a formula, each written by the parameters that practice knows it by.

Formulas: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volumes 1 and 2 (1994, 1995); for the
bounded Pareto distribution, Harchol-Balter, Performance Modeling and Design of Computer Systems (2013), chapter 20.
"""

from dataclasses import dataclass
from math import erfc, exp, expm1, gamma, inf, log, log1p, pi, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.values.distribution import Distribution
from sim.values.parameters import Interval, Measure, PositiveNumber, WholeNumber, parameter


@dataclass(frozen=True)
class Exponential(Distribution, key="exponential"):
    """Memoryless: how long it has taken says nothing about how long it will take."""

    form: ClassVar[str] = "{exponential: MEAN}"
    exponential: float = parameter(Measure(), "The mean.")

    @property
    def mean(self) -> float:
        return self.exponential

    @property
    def variance(self) -> float:
        return self.exponential**2

    def quantile(self, share: float) -> float:
        """The value that a share of all values, 0 <= share < 1, stays below."""
        return -self.exponential * log1p(-share)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return rng.exponential(self.exponential, n)

    def describe(self) -> str:
        return self._with_mean("exponential")


@dataclass(frozen=True)
class Erlang(Distribution, key="erlang"):
    """The sum of k equal exponential stages: less variable than one."""

    form: ClassVar[str] = "{erlang: MEAN, k: STAGES}"
    erlang: float = parameter(Measure(), "The mean of the sum.")
    k: int = parameter(WholeNumber(), "How many stages; the coefficient of variation is 1/√k.")

    @property
    def mean(self) -> float:
        return self.erlang

    @property
    def variance(self) -> float:
        return self.erlang**2 / self.k

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return rng.gamma(self.k, self.erlang / self.k, n)

    def describe(self) -> str:
        return self._with_mean(f"Erlang k {self.k}")


@dataclass(frozen=True)
class Gamma(Distribution, key="gamma"):
    """Gamma with a mean and a coefficient of variation, below or above that of an exponential (1)."""

    form: ClassVar[str] = "{gamma: MEAN, cv: CV}"
    gamma: float = parameter(Measure(), "The mean.")
    cv: float = parameter(PositiveNumber(), "The coefficient of variation: standard deviation / mean.")

    @property
    def mean(self) -> float:
        return self.gamma

    @property
    def variance(self) -> float:
        return (self.gamma * self.cv) ** 2

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return rng.gamma(self.cv**-2, self.gamma * self.cv**2, n)

    def describe(self) -> str:
        return self._with_mean(f"gamma cv {self.cv:g}")


@dataclass(frozen=True)
class Uniform(Distribution, key="uniform"):
    """Every value between two bounds is as likely."""

    form: ClassVar[str] = "{uniform: [A, B]}"
    uniform: tuple[float, float] = parameter(Interval(), "The bounds.")

    @property
    def mean(self) -> float:
        return (self.uniform[0] + self.uniform[1]) / 2

    @property
    def variance(self) -> float:
        return (self.uniform[1] - self.uniform[0]) ** 2 / 12

    def quantile(self, share: float) -> float:
        """The value that a share of all values, 0 <= share <= 1, stays below."""
        low, high = self.uniform
        return low + share * (high - low)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return rng.uniform(*self.uniform, n)

    def describe(self) -> str:
        low, high = self.uniform
        return self._with_mean(f"uniform {self._amount(low)} to {self._amount(high)}")


@dataclass(frozen=True)
class Normal(Distribution, key="normal"):
    """A bell cut at 0: what would be negative is drawn again.

    Its two parameters are those of the whole bell, before the cut. `mean` and `variance` are those of what is drawn:
    the cut raises the mean, visibly so where `sd` is more than half of MEAN.
    """

    form: ClassVar[str] = "{normal: MEAN, sd: SD}"
    normal: float = parameter(Measure(), "The mean of the bell before the cut; the mean of what is drawn is higher.")
    sd: float = parameter(Measure(), "The standard deviation of the bell before the cut.")

    def __post_init__(self) -> None:
        if self.sd <= 0.0:
            raise ValueError("sd must be above 0")

    @property
    def mean(self) -> float:
        return self.normal + self.sd * self._hazard

    @property
    def variance(self) -> float:
        centre, hazard = self.normal / self.sd, self._hazard
        return self.sd**2 * (1.0 - centre * hazard - hazard**2)

    @property
    def _hazard(self) -> float:
        centre = self.normal / self.sd
        return sqrt(2 / pi) * exp(-(centre**2) / 2) / erfc(-centre / sqrt(2))

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        values = rng.normal(self.normal, self.sd, n)
        while (negative := np.flatnonzero(values < 0.0)).size:
            values[negative] = rng.normal(self.normal, self.sd, negative.size)
        return values

    def describe(self) -> str:
        return self._with_mean(f"normal {self._amount(self.normal)} sd {self._amount(self.sd)} cut at 0")


@dataclass(frozen=True)
class Weibull(Distribution, key="weibull"):
    """Weibull with a mean: a stretched tail for a shape below 1, exponential at 1, bell-like from 3."""

    form: ClassVar[str] = "{weibull: MEAN, shape: SHAPE}"
    weibull: float = parameter(Measure(), "The mean.")
    shape: float = parameter(PositiveNumber(), "The shape; at least 0.1.")

    def __post_init__(self) -> None:
        if self.shape < 0.1:
            raise ValueError(f"shape {self.shape:g} is below 0.1: the mean would come from one value in millions")

    @property
    def scale(self) -> float:
        """The value that 1 - 1/e of all values stay below."""
        return self.weibull / gamma(1.0 + 1.0 / self.shape)

    @property
    def mean(self) -> float:
        return self.weibull

    @property
    def variance(self) -> float:
        return self.scale**2 * gamma(1.0 + 2.0 / self.shape) - self.weibull**2

    def quantile(self, share: float) -> float:
        """The value that a share of all values, 0 <= share < 1, stays below."""
        return float(self.scale * (-log1p(-share)) ** (1.0 / self.shape))

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return self.scale * rng.weibull(self.shape, n)

    def describe(self) -> str:
        return self._with_mean(f"Weibull shape {self.shape:g}")


@dataclass(frozen=True)
class Pareto(Distribution, key="pareto"):
    """A power-law tail from a least value on; with `max`, the bounded Pareto distribution."""

    form: ClassVar[str] = "{pareto: MIN, alpha: ALPHA, max: MAX}"
    pareto: float = parameter(Measure(), "The least value.")
    alpha: float = parameter(
        PositiveNumber(), "The tail index, above 1 without max: the smaller, the heavier the tail."
    )
    max: float | None = parameter(Measure(), "The largest value; without it there is none.", optional=True)

    def __post_init__(self) -> None:
        if self.pareto <= 0.0:
            raise ValueError("the least value of a pareto distribution must be above 0")
        if self.max is None and self.alpha <= 1.0:
            raise ValueError(f"alpha {self.alpha:g} without max has an infinite mean; give a max, or an alpha above 1")
        if self.max is not None and self.max <= self.pareto:
            raise ValueError(
                f"max ({self._amount(self.max)}) is not above the least value ({self._amount(self.pareto)})"
            )

    @property
    def mean(self) -> float:
        return self._moment(1)

    @property
    def variance(self) -> float:
        return max(0.0, self._moment(2) - self._moment(1) ** 2)

    def _moment(self, order: int) -> float:
        rise = order - self.alpha
        if self.max is None:
            return self.alpha * self.pareto**order / -rise if rise < 0.0 else inf
        span = log(self.max / self.pareto)
        weight = expm1(rise * span) / rise if rise else span
        return self.alpha * self.pareto**order * weight / self._kept

    @property
    def _kept(self) -> float:
        """The share of the unbounded distribution that is below `max`."""
        return 1.0 if self.max is None else -expm1(-self.alpha * log(self.max / self.pareto))

    def quantile(self, share: float) -> float:
        """The value that a share of all values, 0 <= share < 1, stays below."""
        return self.pareto * exp(-log1p(-share * self._kept) / self.alpha)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return self.pareto * np.exp(-np.log1p(-rng.random(n) * self._kept) / self.alpha)

    def describe(self) -> str:
        bound = "" if self.max is None else f" to {self._amount(self.max)}"
        return self._with_mean(f"Pareto from {self._amount(self.pareto)}{bound}, alpha {self.alpha:g}")
