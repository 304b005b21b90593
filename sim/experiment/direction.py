"""Which of two values strains a system more: a higher rate does, and so do fewer instances.

The figures that the objectives are about say so where their intervals lie apart; where they do not, or say different
things, it is how busy the bottleneck is.
"""

from math import isclose
from typing import Final

from sim.experiment.capacity import Point, Reading
from sim.experiment.statistics import Interval

_ROUNDING: Final = 1e-6
_ALIKE: Final = 0.01


def harder(one: Point, other: Point) -> Point | None:
    """The value that strains the system more; None if neither is seen to.

    Args:
        one: What was found at one value.
        other: What was found at another, for the same objectives.
    """
    worse = {_worse(*pair) for pair in zip(one.readings, other.readings, strict=True)} - {0}
    sign = worse.pop() if len(worse) == 1 else _busier(one, other)
    return {1: one, -1: other, 0: None}[sign]


def _worse(one: Reading, other: Reading) -> int:
    """1 if the first figure is surely worse than the second, -1 if it is surely better, 0 if that is not sure."""
    if one.interval is None or other.interval is None:
        return (one.interval is None) - (other.interval is None)
    sign = -1 if one.objective.operator in (">", ">=") else 1
    return sign * (_is_above(one.interval, other.interval) - _is_above(other.interval, one.interval))


def _is_above(one: Interval, other: Interval) -> bool:
    return one.lo > other.hi and not isclose(one.lo, other.hi, rel_tol=_ROUNDING)


def _busier(one: Point, other: Point) -> int:
    busy = [0.0 if point.bottleneck is None else point.bottleneck.utilization for point in (one, other)]
    return (busy[0] > busy[1] + _ALIKE) - (busy[1] > busy[0] + _ALIKE)
