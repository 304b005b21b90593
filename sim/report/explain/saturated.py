"""A place is saturated while its workers are at least 95% busy for three whole seconds or more.

The place is a component, or those of its instances that were saturated while the component as a whole was not yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.report.explain.evidence import Evidence
from sim.report.explain.wording import instances

FULL: Final = 0.95
LEAST: Final = 3
"""How many seconds in a row a place must be full, s."""


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
    def place(self) -> str:
        """What it is called."""
        return instances(self.component, self.numbers) if self.numbers else self.component

    @property
    def start(self) -> int:
        """The first second in which it was, s."""
        return self.spells[0][0]

    @property
    def end(self) -> int:
        """The second after the first spell, s."""
        return self.spells[0][1]


def saturated(evidence: Evidence) -> list[Saturation]:
    """The components that were saturated, as a whole or some of their instances, the earliest first."""
    found = []
    for name in dict.fromkeys(component for component, _ in evidence.places):
        whole = _look(evidence, name, ())
        parts = evidence.of(name)
        single = [each for number in parts if (each := _look(evidence, name, (number,))) is not None]
        earliest = min((each.start for each in single), default=None)
        if len(parts) > 1 and earliest is not None and (whole is None or earliest < whole.start - LEAST):
            numbers = [number for each in single if each.start <= earliest + LEAST for number in each.numbers]
            whole = _look(evidence, name, numbers) or min(single, key=lambda each: each.start)
        if whole is not None:
            found.append(whole)
    return sorted(found, key=lambda each: each.start)


def _look(evidence: Evidence, component: str, numbers: Sequence[int]) -> Saturation | None:
    """A component, or some of its instances together, if it was saturated."""
    rows = evidence.together(component, numbers)
    full = rows["utilization"].to_numpy() >= FULL
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]]))).tolist()
    seconds = [int(second) for second in rows.index] + [evidence.end]
    spells = [
        (seconds[start], seconds[end])
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= LEAST
    ]
    if not spells:
        return None
    queue = float(rows["queue"].max())
    return Saturation(component, tuple(numbers), spells, int(full.sum()), spells[-1][1] == evidence.end, queue)
