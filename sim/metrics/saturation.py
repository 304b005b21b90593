"""A place is saturated while its workers are at least 95% busy for three whole seconds or more.

The place is a component, or those of its instances that were saturated while the component as a whole was not yet. What
is saturated for longest is a system's bottleneck: its mean utilization may be low where a rush is short, or where one
instance of many gets too much.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FULL: Final = 0.95
LEAST: Final = 3
"""How many seconds in a row a place must be full, s."""

_HALF: Final = 0.5


@dataclass(frozen=True)
class Saturation:
    """A place that was saturated.

    Attributes:
        component: Whose place.
        numbers: The instances that were; empty for the component as a whole.
        spells: From which second to which it was, each time.
        full_seconds: All seconds in which it was full, single ones included.
        to_the_end: Whether the last spell lasts to the end of the run.
        queue: The most that waited, as a mean of a second.
    """

    component: str
    numbers: tuple[int, ...]
    spells: list[tuple[int, int]]
    full_seconds: int
    to_the_end: bool
    queue: float

    @property
    def start(self) -> int:
        """The first second in which it was, s."""
        return self.spells[0][0]

    @property
    def end(self) -> int:
        """The second after the first spell, s."""
        return self.spells[0][1]


@dataclass(frozen=True)
class Strain:
    """How much a run asked of a component, after warm-up.

    Attributes:
        saturated: For how long it was saturated, as a whole or the instance that was for longest, s.
        utilization: Its mean utilization, or that of `instances`, 0..1.
        instances: Those that were saturated at least half as long; empty for the component as a whole, which is named
            if it was too, or if nothing was.
    """

    saturated: float
    utilization: float
    instances: tuple[int, ...] = ()


def saturations(components: pd.DataFrame, end: int) -> list[Saturation]:
    """The components that were saturated, as a whole or some of their instances, the earliest first.

    Args:
        components: As `components_timeline` makes it.
        end: Of the run, s.
    """
    found = []
    for fleet in _fleets(components, end):
        whole = fleet.saturation()
        single = [each for number in fleet.instances if (each := fleet.saturation([number])) is not None]
        earliest = min((each.start for each in single), default=None)
        if len(fleet.instances) > 1 and earliest is not None and (whole is None or earliest < whole.start - LEAST):
            numbers = [number for each in single if each.start <= earliest + LEAST for number in each.numbers]
            whole = fleet.saturation(numbers) or min(single, key=lambda each: each.start)
        if whole is not None:
            found.append(whole)
    return sorted(found, key=lambda each: each.start)


def strains(components: pd.DataFrame, first: int, end: int) -> dict[str, Strain]:
    """How much a run asked of each component.

    Args:
        components: As `components_timeline` makes it.
        first: The first second that counts.
        end: Of the run, s.
    """
    return {fleet.name: fleet.strain(first) for fleet in _fleets(components, end)}


class _Fleet:
    """The instances of a component, second by second: arrays with a row for each second and a column for each."""

    def __init__(self, name: str, rows: pd.DataFrame, end: int) -> None:
        seconds, second = np.unique(rows["t_s"].to_numpy(), return_inverse=True)
        instances, instance = np.unique(rows["instance"].to_numpy(), return_inverse=True)
        up, utilization, self.queue = grids = np.zeros((3, len(seconds), len(instances)))
        grids[:, second, instance] = rows[["up", "utilization", "queue"]].to_numpy(np.float64).T
        self.name = name
        self.seconds: list[int] = [*seconds.tolist(), end]
        self.instances: list[int] = instances.tolist()
        self.up, self.busy = up, up * utilization

    def saturation(self, numbers: list[int] | None = None) -> Saturation | None:
        """The component, or some of its instances together, if it was saturated."""
        full, spells = self._full(numbers), self._spells(numbers)
        if not spells:
            return None
        queue = float(self.queue[:, self._columns(numbers)].sum(axis=1).max())
        to_the_end = spells[-1][1] == self.seconds[-1]
        return Saturation(self.name, tuple(numbers or ()), spells, int(full.sum()), to_the_end, queue)

    def strain(self, first: int) -> Strain:
        """What was asked of it from a second on."""
        whole = self._saturated(first)
        each = {number: self._saturated(first, [number]) for number in self.instances}
        longest = max(each.values())
        if whole >= _HALF * longest:
            return Strain(whole, self._mean(first))
        numbers = [number for number, seconds in each.items() if seconds >= _HALF * longest]
        return Strain(longest, self._mean(first, numbers), tuple(numbers))

    def _columns(self, numbers: list[int] | None) -> list[int]:
        return [self.instances.index(number) for number in (self.instances if numbers is None else numbers)]

    def _full(self, numbers: list[int] | None) -> NDArray[np.bool_]:
        chosen = self._columns(numbers)
        return _ratio(self.busy[:, chosen].sum(axis=1), self.up[:, chosen].sum(axis=1)) >= FULL

    def _spells(self, numbers: list[int] | None) -> list[tuple[int, int]]:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self._full(numbers), [False]]))).tolist()
        return [
            (self.seconds[start], self.seconds[end])
            for start, end in zip(edges[::2], edges[1::2], strict=True)
            if end - start >= LEAST
        ]

    def _saturated(self, first: int, numbers: list[int] | None = None) -> float:
        return float(sum(max(end - max(start, first), 0) for start, end in self._spells(numbers)))

    def _mean(self, first: int, numbers: list[int] | None = None) -> float:
        rows, chosen = np.array(self.seconds[:-1]) >= first, self._columns(numbers)
        busy, up = (part[rows][:, chosen].sum() for part in (self.busy, self.up))
        return float(busy / up) if up else 0.0


def _fleets(components: pd.DataFrame, end: int) -> Iterator[_Fleet]:
    for name, rows in components[components["t_s"] < end].groupby("component"):
        yield _Fleet(str(name), rows, end)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0.0)
