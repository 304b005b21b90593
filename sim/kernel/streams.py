"""Random streams: one for each purpose, so that what one part draws never shifts what another part sees.

Each stream is a numpy generator seeded by the run's seed and a stable hash of the stream's name, and drawn in blocks.
`Uniform` is drawn in the order of use. `Demand` is looked up by the number of the user request: a request needs the
same service time at a step whichever instance serves it and whatever else happened before, so that two variants of a
scenario see the same traffic (common random numbers; Law, Simulation Modeling and Analysis, section 11.2). Requests are
numbered by who sends them, and the name of the sender decides what they need, not its place among the others.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain, repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Draw = Callable[[np.random.Generator, int], NDArray[Any]]
"""Draws so many values from a generator."""

SENDER_BITS: Final = 40
"""The requests of the n-th sender have the numbers from n shifted by so many bits."""

_BLOCK = 4096
_REPEAT_BLOCK = 256
_WIDE_BLOCK = 32  # for each of very many calls of one request
_FEW_CALLS = 64
_KEPT_BLOCKS = 8
_KEPT_REPEATS = 32_768  # values


def _endless(rng: np.random.Generator, draw: Draw) -> Iterator[Any]:
    return chain.from_iterable(draw(rng, _BLOCK).tolist() for _ in repeat(None))


class Drawn:
    """Values of one distribution in the order of use; `next()` returns the next one.

    Args:
        rng: Where they come from.
        draw: The distribution.
    """

    __slots__ = ("next",)

    def __init__(self, rng: np.random.Generator, draw: Draw) -> None:
        self.next: Callable[[], Any] = _endless(rng, draw).__next__


class Uniform(Drawn):
    """Numbers in [0, 1) in the order of use."""

    __slots__ = ()

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng, lambda rng, n: rng.random(n))

    def below(self, n: int) -> int:
        """The next whole number in 0 … n-1."""
        return int(self.next() * n)


class Demand:
    """Values of one distribution, looked up by user request and by which of its calls asks.

    Args:
        seed: Of the run.
        name: Of the stream.
        draw: The distribution.
        senders: A number for each sender of requests, which is its own.
    """

    __slots__ = ("_base", "_block", "_blocks", "_draw", "_kept", "_name", "_repeats", "_seed", "_senders")

    def __init__(self, seed: int, name: str, draw: Draw, senders: Sequence[int]) -> None:
        self._seed = seed
        self._name = name
        self._draw = draw
        self._senders = senders
        self._blocks: dict[int, list[Any]] = {}
        self._repeats: dict[tuple[int, int], list[Any]] = {}
        self._kept = 0
        self._base = -_BLOCK
        self._block: list[Any] = []

    def at(self, index: int, call: int = 0) -> Any:
        """The value for user request `index`; `call` tells its repeated calls apart."""
        if call:
            return self._repeat(index, call)
        offset = index - self._base
        if 0 <= offset < _BLOCK:
            return self._block[offset]
        number, offset = divmod(index, _BLOCK)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._fresh(_BLOCK, number)
            if len(self._blocks) > _KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
        self._base, self._block = number * _BLOCK, block
        return block[offset]

    def _repeat(self, index: int, call: int) -> Any:
        size = _REPEAT_BLOCK if call & 0xFFFF < _FEW_CALLS else _WIDE_BLOCK
        number, offset = divmod(index, size)
        repeats = self._repeats
        block = repeats.get((number, call))
        if block is None:
            block = repeats[number, call] = self._fresh(size, number, call)
            self._kept += size
            while self._kept > _KEPT_REPEATS:
                self._kept -= len(repeats.pop(next(iter(repeats))))
        return block[offset]

    def _fresh(self, size: int, number: int, *call: int) -> list[Any]:
        sender, block = divmod(number, (1 << SENDER_BITS) // size)
        rng = generator(self._seed, self._name, self._senders[sender], block, *call)
        values: list[Any] = self._draw(rng, size).tolist()
        return values


class FixedDemand:
    """A demand that never varies.

    Args:
        value: For every request and call.
    """

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    def at(self, index: int, call: int = 0) -> float:
        """The value."""
        return self.value


def generator(seed: int, name: str, *path: int) -> np.random.Generator:
    """A numpy generator that depends on the seed, the name and the path alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _digest(name), *path])))


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=16).digest())


class Streams:
    """All random streams of one run.

    Args:
        seed: Of the run.
        senders: The names of those who send requests, in the order in which these are numbered.
    """

    def __init__(self, seed: int, senders: Sequence[str] = ("",)) -> None:
        self.seed = seed
        self._senders = [_digest(name) for name in senders]

    def rng(self, name: str) -> np.random.Generator:
        """A generator for whoever draws blocks by itself."""
        return generator(self.seed, name)

    def uniform(self, name: str) -> Uniform:
        """Numbers in [0, 1), in the order of use."""
        return Uniform(self.rng(name))

    def drawn(self, name: str, draw: Draw) -> Drawn:
        """Values of a distribution, in the order of use."""
        return Drawn(self.rng(name), draw)

    def demand(self, name: str, draw: Draw) -> Demand:
        """Values of a distribution, by user request."""
        return Demand(self.seed, name, draw, self._senders)
