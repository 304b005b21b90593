"""The trail says in which region each user request was served: where it was sent first, and where it was sent last.

Only what steers leaves it, one byte each a request; other requests enter the system where their client does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NOWHERE: Final = 0
CALLS: Final = "calls"
"""The series `a/b` of this name counts the calls from region a to region b."""
_GROWTH: Final = 16_384


class Trail:
    """Notes where requests are sent.

    Args:
        regions: Their names; the first is number 1, and 0 stands for none.
    """

    def __init__(self, regions: Sequence[str]) -> None:
        self.numbers: dict[str | None, int] = {name: number for number, name in enumerate(regions, 1)}
        self._first = bytearray()
        self._last = bytearray()

    def note(self, row: int, region: str | None) -> None:
        """A request has been sent to a region.

        Args:
            row: Its row in the recorder.
            region: The region; None for nowhere.
        """
        number = self.numbers.get(region, NOWHERE)
        if row >= len(self._last):
            for column in (self._first, self._last):
                column.extend(bytes(row + _GROWTH - len(column)))
        self._last[row] = number
        if not self._first[row]:
            self._first[row] = number

    def columns(self, entered: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The number of the region that each request was sent to first, and last.

        Args:
            entered: For each request, the region that it is sent to where nothing steers it.
        """
        first, last = (self._filled(column, entered) for column in (self._first, self._last))
        return first, last

    @staticmethod
    def _filled(column: bytearray, entered: NDArray[np.uint8]) -> NDArray[np.uint8]:
        noted = np.zeros(len(entered), dtype=np.uint8)
        there = np.frombuffer(bytes(column[: len(entered)]), dtype=np.uint8)
        noted[: len(there)] = there
        return np.where(noted == NOWHERE, entered, noted)


@dataclass(frozen=True)
class Regions:
    """Where requests came from and went to, in a run with regions.

    Attributes:
        names: Of the regions; all numbers below count from 1, and 0 stands for none.
        standby: For each region how it waits for another to fail (`hot`, `warm`, `cold`), None for an active one.
        homes: For each client, the number of the region that its users are in.
        sent_first: For each request, the region that it was sent to first.
        sent_last: For each request, the region that it was sent to last: where it was served, if it was.
        calls: For each two regions, how many calls went from one to the other, counted after warm-up.
        parts: The region of each part of a component that stands in one.
    """

    names: Sequence[str]
    standby: Sequence[str | None]
    homes: NDArray[np.uint8]
    sent_first: NDArray[np.uint8]
    sent_last: NDArray[np.uint8]
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """The number of a region; 0 for no region."""
        return self.names.index(name) + 1 if name in self.names else NOWHERE


Ways = tuple[tuple[str | None, str], ...]
"""Ways that traffic takes: from users in a region (None for all users), to a region."""


def sent_on(regions: Regions, clients: NDArray[Any], ways: Ways) -> NDArray[np.bool_]:
    """For each request whether it was sent first on one of some ways.

    Args:
        regions: Where requests went.
        clients: For each request, the position of its client.
        ways: The ways.
    """
    homes, on = regions.homes[clients], np.zeros(len(clients), dtype=np.bool_)
    for home, region in ways:
        here = regions.sent_first == regions.number(region)
        on |= here if home is None else here & (homes == regions.number(home))
    return on
