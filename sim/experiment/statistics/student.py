"""Student's t distribution: how far the mean of a few samples strays, when their spread is itself only estimated.

The tails are an incomplete beta function (M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964,
26.7.1); a quantile is found by Newton's method, kept within bounds by bisection (W. H. Press et al., "Numerical
Recipes", 3rd edition, 2007, section 9.4). Source of the distribution: Student, "The probable error of a mean",
Biometrika 6(1), 1908.
"""

from functools import lru_cache
from math import exp, hypot, inf, isinf, lgamma, log, log1p, pi, sqrt

from sim.experiment.statistics.incomplete_beta import regularised_beta

_PRECISION = 1e-9
"""A Newton step below this, relative, leaves an error far below it: each squares the one before."""
_STEPS = 100


def student_p_value(t: float, df: float) -> float:
    """The probability that Student's t is at least this far from zero, on either side.

    Args:
        t: The statistic; may be infinite.
        df: Degrees of freedom, at least 1.

    Returns:
        0..1: the p-value of a two-sided test.

    Raises:
        ValueError: With fewer degrees of freedom.
    """
    _check_freedom(df)
    if isinf(t):
        return 0.0
    length = hypot(sqrt(df), t)
    return regularised_beta(0.5 * df, 0.5, df / length / length, (t / length) ** 2)


@lru_cache(maxsize=1024)
def student_quantile(p: float, df: float) -> float:
    """The value that Student's t stays below with a given probability.

    Args:
        p: 0, where the quantile is infinite, or from 10^-150 to 1, where it is again.
        df: Degrees of freedom, at least 1.

    Returns:
        The quantile, good to about nine digits.

    Raises:
        ValueError: With p outside 0..1, or fewer degrees of freedom.
    """
    _check_freedom(df)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a probability lies in 0..1, not at {p:g}")
    if p in (0.0, 1.0):
        return inf if p else -inf
    if p == 0.5:
        return 0.0
    tails = 2.0 * min(p, 1.0 - p)
    low, high = 0.0, 1.0
    while student_p_value(high, df) > tails:
        low, high = high, 2.0 * high
    t = high
    for _ in range(_STEPS):
        excess = student_p_value(t, df) - tails
        low, high = (t, high) if excess > 0.0 else (low, t)
        newton = t + 0.5 * excess / _density(t, df)
        following = newton if low <= newton <= high else 0.5 * (low + high)
        change, t = abs(following - t), following
        if change <= _PRECISION * t:
            break
    return t if p > 0.5 else -t


def _density(t: float, df: float) -> float:
    constant = lgamma(0.5 * (df + 1.0)) - lgamma(0.5 * df) - 0.5 * log(pi * df)
    return exp(constant - 0.5 * (df + 1.0) * log1p(t * t / df))


def _check_freedom(df: float) -> None:
    if not df >= 1.0:
        raise ValueError(f"Student's t has at least one degree of freedom, not {df:g}")
