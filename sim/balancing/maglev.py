"""Maglev hashing looks a key's home up in a table that the instances have filled in turn.

Each instance has its own random order of the table's rows, and takes in turn the first row in that order that is
still free. So all get the same number of rows, give or take one, whereas a ring's arcs differ; the price is that a
few keys of other instances move when one leaves. A heavier instance gets proportionally more turns.

Sources: D. Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016, section 3.4; for
the weights, Envoy's `maglev_lb.cc`.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt
from typing import Annotated, Final

from pydantic import AfterValidator

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.balancing.hashing import selector, stable_hash
from sim.kernel import Uniform
from sim.request import Request
from sim.values import Count

_FREE: Final = -1
_LARGEST: Final = 5_000_011  # as in Envoy


def _prime(size: int) -> int:
    if size > _LARGEST:
        raise ValueError(f"a Maglev table has at most {_LARGEST} rows, not {size}")
    if size > 1 and all(size % divisor for divisor in range(2, isqrt(size) + 1)):
        return size
    raise ValueError(f"a Maglev table needs a prime number of rows, and {size} is none; 65537 is")


TableSize = Annotated[Count, AfterValidator(_prime)]
"""A prime, so that every step leads through all rows."""


@lru_cache(maxsize=32)
def table(names: tuple[str, ...], weights: tuple[float, ...], size: int) -> list[int]:
    """For each of the `size` rows, which of the named instances it belongs to."""
    rows = [_FREE] * size
    heaviest = max(weights, default=0.0)
    following = [stable_hash(name, "offset") % size for name in names]
    steps = [stable_hash(name, "skip") % (size - 1) + 1 for name in names]
    due = [0.0] * len(names)
    free, turn = size if names else 0, 0
    while free:
        turn += 1
        for owner, weight in enumerate(weights):
            if turn * weight < due[owner]:
                continue
            due[owner] += heaviest
            row, step = following[owner], steps[owner]
            while rows[row] != _FREE:
                row = (row + step) % size
            rows[row] = owner
            following[owner] = (row + step) % size
            free -= 1
            if not free:
                break
    return rows


class Maglev(Balancer):
    """Picks the owner of the request's row; a request without the hashed part goes anywhere.

    Args:
        uniform: The stream that spreads requests without the hashed part.
        key: Which part of the request is hashed.
        table_size: Rows of the table, a prime; 100 times the number of endpoints or more keeps their shares within 1%.
    """

    weighted = True

    def __init__(self, uniform: Uniform, *, key: str = "key", table_size: int = 65537) -> None:
        self._uniform = uniform
        self._select = selector(key)
        self._size = table_size
        self._eligible: Sequence[Endpoint] = ()
        self._table: list[int] = []

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = tuple(eligible)
        names = tuple(endpoint.name for endpoint in eligible)
        self._table = table(names, tuple(endpoint.weight for endpoint in eligible), self._size)

    def pick(self, request: Request, now: float) -> Endpoint:
        eligible = self._eligible
        point = self._select(request)
        if point is None:
            return eligible[self._uniform.below(len(eligible))]
        return eligible[self._table[point % self._size]]
