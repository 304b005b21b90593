"""What an instance says to a Prequal probe: how many requests it has in flight, and how long one takes at that load.

The latency is the median of the latest requests that found about as many in flight when they arrived. A plain recent
average would not do: an instance that nobody has used for a while would go on telling of its last queue, and one that
everybody rushes to would go on telling of the time before.

Source: Wydrowski et al., Introducing Prequal, NSDI 2024.
"""

from bisect import bisect_left, insort
from collections import deque
from statistics import median
from typing import Final

_KEPT: Final = 16
"""How many latencies are kept for each number of requests in flight."""


class LatencyByLoad:
    """Latencies of one instance's answers, by the number of requests that were in flight when the request arrived."""

    __slots__ = ("_latencies", "_loads")

    def __init__(self) -> None:
        self._loads: list[int] = []
        self._latencies: dict[int, deque[float]] = {}

    def answered(self, in_flight: int, latency: float) -> None:
        """Takes note of an answer that the instance has given.

        Args:
            in_flight: How many other requests it had when this one arrived.
            latency: From the arrival to the answer, s.
        """
        latencies = self._latencies.get(in_flight)
        if latencies is None:
            latencies = self._latencies[in_flight] = deque(maxlen=_KEPT)
            insort(self._loads, in_flight)
        latencies.append(latency)

    def expected(self, in_flight: int) -> float:
        """The latency to expect at a load: the median at the nearest load there is, s; 0 if there is none.

        Args:
            in_flight: How many requests the instance has.
        """
        if not self._loads:
            return 0.0
        position = bisect_left(self._loads, in_flight)
        around = self._loads[max(position - 1, 0) : position + 1]
        return median(self._latencies[min(around, key=lambda load: abs(load - in_flight))])
