"""Consistent hashing gives each key a home instance, and moves few keys when instances come and go.

Instances and keys are hashed onto one ring; a key belongs to the next instance clockwise. When one of n instances
leaves, only its own keys move, about 1/n of all. One point for each instance would cut the ring into very unequal
arcs; `virtual_nodes` points for each even them out (their spread falls with the square root of that number), and a
heavier instance gets proportionally more.

A popular key overloads its home. With `bound: c` no instance takes more than c times the average number of
outstanding requests: a request whose home is full goes to the next instance clockwise that has room.

Sources: D. Karger et al., Consistent Hashing and Random Trees, STOC 1997; R. Jones, libketama, 2007; V. Mirrokni,
M. Thorup, M. Zadimoghaddam, Consistent Hashing with Bounded Loads, SODA 2018.
"""

from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import unpack

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.balancing.hashing import selector
from sim.kernel import Uniform
from sim.request import Request

Ring = tuple[list[int], list[int]]
"""The points in ascending order, and for each which of the instances it belongs to."""

_POINTS_PER_DIGEST = 8


@lru_cache(maxsize=64)
def ring(names: tuple[str, ...], copies: tuple[int, ...]) -> Ring:
    """The ring of the named instances, with so many points for each."""
    points: list[tuple[int, int]] = []
    for owner, (name, count) in enumerate(zip(names, copies, strict=True)):
        for block in range(0, count, _POINTS_PER_DIGEST):
            digest = blake2b(f"{name}-{block}".encode()).digest()
            points += [(point, owner) for point in unpack(">8Q", digest)[: count - block]]
    points.sort()
    return [point for point, _ in points], [owner for _, owner in points]


class ConsistentHash(Balancer):
    """Picks the first endpoint clockwise from the request's hash; a request without the hashed part goes anywhere.

    Args:
        uniform: The stream that spreads requests without the hashed part.
        key: Which part of the request is hashed.
        virtual_nodes: Points on the ring for an endpoint of weight 1.
        bound: How many times the average of outstanding requests an endpoint takes, above 1; None: any number.
    """

    weighted = True

    def __init__(
        self, uniform: Uniform, *, key: str = "key", virtual_nodes: int = 100, bound: float | None = None
    ) -> None:
        self._uniform = uniform
        self._select = selector(key)
        self._virtual_nodes = virtual_nodes
        self._bound = bound
        self._eligible: Sequence[Endpoint] = ()
        self._weight = 0.0
        self._points: list[int] = []
        self._owners: list[int] = []

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = tuple(eligible)
        self._weight = sum(endpoint.weight for endpoint in eligible)
        names = tuple(endpoint.name for endpoint in eligible)
        copies = tuple(max(1, round(self._virtual_nodes * endpoint.weight)) for endpoint in eligible)
        self._points, self._owners = ring(names, copies)

    def pick(self, request: Request, now: float) -> Endpoint:
        eligible, owners = self._eligible, self._owners
        point = self._select(request)
        if point is None:
            return eligible[self._uniform.below(len(eligible))]
        position = bisect(self._points, point) % len(owners)
        endpoint = eligible[owners[position]]
        if self._bound is None:
            return endpoint
        outstanding = sum(endpoint.outstanding for endpoint in eligible) + 1
        room = self._bound * outstanding / self._weight
        while endpoint.outstanding >= room * endpoint.weight:
            position = (position + 1) % len(owners)
            endpoint = eligible[owners[position]]
        return endpoint
