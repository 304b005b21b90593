"""Sequential stopping: replications go on until the figure is known as precisely as was asked, "p99 within 5%".

After some first replications the interval is looked at, and again whenever more have come, until its half-width
relative to the mean is small enough. If e / (1 + e) of the estimate is allowed, the error is at most e of the true
value (A. M. Law, "Simulation Modeling and Analysis", 5th edition, 2015, section 9.4.1).

One stops when the interval looks narrow, and sometimes it looks so by luck. So an interval at which one has stopped
covers the true value a little less often than it says (of normal figures 94% for 95%), but as often in the limit of
high precision (Y. S. Chow, H. Robbins, "On the asymptotic theory of fixed-width sequential confidence intervals for the
mean", Annals of Mathematical Statistics 36(2), 1965). The fewer runs the spread is estimated from the more luck there
is: from two on it would be 87%. Hence nothing is decided before ten.
"""

from math import ceil
from typing import Final

from sim.experiment.statistics.interval import Interval

FIRST_REPLICATIONS: Final = 10
"""Before so many nothing is decided."""
_MOST_GROWTH: Final = 2.0


def is_precise(interval: Interval, relative: float) -> bool:
    """Whether a figure is known well enough to stop.

    Args:
        interval: From the replications so far.
        relative: The error allowed, relative to the true value: 0.05 for 5%.

    Raises:
        ValueError: Unless `relative` is positive.
    """
    return interval.n >= FIRST_REPLICATIONS and interval.relative <= _allowed(relative)


def replications_needed(interval: Interval, relative: float) -> int:
    """How many more replications are worth making before one looks again.

    The half-width shrinks as the root of their number. An estimate from a few replications may be far too high, so
    their number at most doubles. Around a mean of zero no relative error is small: the caller sets a limit.

    Args:
        interval: From the replications so far.
        relative: The error allowed, relative to the true value.

    Returns:
        0 if the figure is precise, otherwise at least 1.

    Raises:
        ValueError: Unless `relative` is positive.
    """
    if is_precise(interval, relative):
        return 0
    if interval.n < FIRST_REPLICATIONS:
        return FIRST_REPLICATIONS - interval.n
    excess = interval.relative / _allowed(relative)
    growth = min(excess * excess, _MOST_GROWTH)
    return max(ceil(interval.n * growth) - interval.n, 1)


def _allowed(relative: float) -> float:
    """The half-width, relative to the estimate, that keeps the error relative to the true value."""
    if not relative > 0.0:
        raise ValueError(f"a relative error is positive, such as 0.05, not {relative:g}")
    return relative / (1.0 + relative)
