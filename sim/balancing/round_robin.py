"""Round robin sends requests to one instance after the other, in a circle.

Plain round robin gives every instance the same number of requests and ignores weights. Smooth weighted round robin
gives each its weight's share and spreads a heavy instance's turns out: weights 5, 1, 1 give a a b a c a a, not
a a a a a b c. Each turn every instance gains its weight, the one with most is picked and pays back the sum of all.

Many callers that all begin at the first instance march in step; so each begins at a random place of the cycle, or of
its first turns where weights make it very long.

Source: NGINX, `ngx_http_upstream_round_robin.c` (commit 52327e0627f4, 2012).
"""

from collections.abc import Iterator, Sequence
from itertools import cycle
from math import inf
from typing import Final

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.kernel import Uniform
from sim.request import Request

_MOST_TURNS: Final = 10_000
"""The cycle of a hundred instances may have a million turns, each of which looks at all of them."""


class RoundRobin(Balancer):
    """Picks the next in the circle; when the circle changes it goes on behind the one that was picked last.

    Args:
        uniform: The stream that says where the circle begins.
    """

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._last: Endpoint | None = None
        self._circle: Iterator[Endpoint] = iter(())

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        if self._last is None:
            start = self._uniform.below(len(eligible))
        else:
            start = sum(endpoint.index <= self._last.index for endpoint in eligible)
        self._circle = cycle([*eligible[start:], *eligible[:start]])

    def pick(self, request: Request, now: float) -> Endpoint:
        self._last = endpoint = next(self._circle)
        return endpoint


class WeightedRoundRobin(Balancer):
    """Picks by smooth weighted round robin, at a cost proportional to the number of endpoints.

    An endpoint that leaves takes its credit with it, one that joins begins with none. Of endpoints with equal credit
    the first goes first; over a cycle each still gets its share exactly.

    Args:
        uniform: The stream that says where the cycle begins.
    """

    weighted = True

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._eligible: Sequence[Endpoint] = ()
        self._weights: list[float] = []
        self._total = 0.0
        self._credits: list[float] = []

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        fresh = not self._eligible
        kept = {endpoint.index: credit for endpoint, credit in zip(self._eligible, self._credits, strict=True)}
        self._eligible = tuple(eligible)
        self._weights = [endpoint.weight for endpoint in eligible]
        if len(set(self._weights)) == 1:
            self._weights = [1.0] * len(eligible)  # whole numbers add up without rounding
        self._total = sum(self._weights)
        self._credits = [kept.get(endpoint.index, 0.0) for endpoint in eligible]
        if fresh and eligible:
            turns = min(int(self._total / min(self._weights)), _MOST_TURNS)
            for _ in range(self._uniform.below(turns)):
                self._turn()

    def pick(self, request: Request, now: float) -> Endpoint:
        return self._eligible[self._turn()]

    def _turn(self) -> int:
        credits, most, chosen = self._credits, -inf, 0
        for index, weight in enumerate(self._weights):
            credit = credits[index] = credits[index] + weight
            if credit > most:
                most, chosen = credit, index
        credits[chosen] = most - self._total
        return chosen
