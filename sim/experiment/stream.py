"""A stream is requests on their way, as rates: how many a second there are of each flow, and how well that is known."""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiment.expected_traffic import Floats


class Certainty(IntEnum):
    """How well a figure is known."""

    EXACT = 0
    ABOUT = 1
    AT_MOST = 2

    @property
    def sign(self) -> str:
        """What stands before the figure: nothing, `≈` or `≤`."""
        return ("", "≈", "≤")[self]


class Stream:
    """Requests on their way, flow by flow.

    Args:
        rate: Of each flow, 1/s.
        mark: How well each is known.
    """

    def __init__(self, rate: Floats, mark: NDArray[np.int8] | None = None) -> None:
        self.rate = rate
        self.mark = np.zeros(len(rate), dtype=np.int8) if mark is None else mark

    def times(self, factor: Any, mark: Any = Certainty.EXACT) -> "Stream":
        """A share of it, or a multiple."""
        return Stream(self.rate * factor, np.maximum(self.mark, mark).astype(np.int8))

    def __add__(self, other: "Stream") -> "Stream":
        mark = np.maximum(np.where(self.rate > 0.0, self.mark, 0), np.where(other.rate > 0.0, other.mark, 0))
        return Stream(self.rate + other.rate, mark.astype(np.int8))

    @property
    def total(self) -> float:
        """All of it, 1/s."""
        return float(self.rate.sum())

    @property
    def certainty(self) -> Certainty:
        """How well the total is known."""
        return Certainty(int(self.mark[self.rate > 0.0].max(initial=0)))


Part = tuple[str, str, Stream]
"""What goes on: to whom, why (a label), and how much."""
