"""Random balancing sends each request to any instance with equal probability.

It needs no memory and no agreement between callers, and spreads unevenly: n instances hit at random behave like n
separate queues, and of 100 requests to 100 instances the unluckiest instance gets more than four (balls into bins).
Weights play no part.
"""

from collections.abc import Sequence

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.kernel import Uniform
from sim.request import Request


class Random(Balancer):
    """Picks uniformly.

    Args:
        uniform: The stream to pick with.
    """

    def __init__(self, uniform: Uniform) -> None:
        self._next = uniform.next
        self._eligible: Sequence[Endpoint] = ()
        self._count = 0

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = tuple(eligible)
        self._count = len(eligible)

    def pick(self, request: Request, now: float) -> Endpoint:
        return self._eligible[int(self._next() * self._count)]
