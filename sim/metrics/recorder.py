"""The recorder keeps what happened, in columns of numbers: a row for every user request, 62 bytes each.

A row is opened when the user sends a request and filled when it ends; a row that was never filled is a request still
in flight. Attempts are kept apart (user latency and attempt latency are different figures). Beyond `spill_after` rows
the columns live in a temporary file.
"""

import mmap
import tempfile
from array import array
from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.request import Request

ROW: Final = Struct("<7dHHBB")
ROW_TYPE: Final = np.dtype(
    [
        ("arrived", "<f8"),
        ("latency", "<f8"),
        ("network", "<f8"),
        ("queue", "<f8"),
        ("service", "<f8"),
        ("backoff", "<f8"),
        ("policy", "<f8"),
        ("route", "<u2"),
        ("attempts", "<u2"),
        ("client", "u1"),
        ("outcome", "u1"),
    ]
)
IN_FLIGHT: Final = 255
_GROWTH: Final = 16_384


class Recorder:
    """Keeps every user request and attempt of a run.

    Args:
        clients: The names of the clients; a row holds a client's position in this list.
        warmup: Requests that arrived earlier do not count as wasted or useful work, s.
        spill_after: How many rows may stay in memory.
    """

    def __init__(self, clients: list[str], warmup: float = 0.0, spill_after: int = 10_000_000) -> None:
        self.clients = clients
        self.warmup = warmup
        self.routes: list[str] = []
        self.wasted = 0.0
        self.useful = 0.0
        self.reactions: list[tuple[float, str, str]] = []
        self.opened = 0
        self.closed = 0
        self.attempt_starts = [array("d") for _ in clients]
        self.attempt_latencies = [array("f") for _ in clients]
        self._rows: Any = bytearray()
        self._capacity = 0
        self._spill_after = spill_after
        self._route_numbers: dict[str, int] = {}

    def route(self, label: str) -> int:
        """The number of a route label; a new label gets the next one."""
        number = self._route_numbers.get(label)
        if number is None:
            number = self._route_numbers[label] = len(self.routes)
            self.routes.append(label)
        return number

    def open(self, client: int, route: int, arrived: float) -> int:
        """Notes that a user sent a request at `arrived`, s; returns its number."""
        row = self.opened
        self.opened = row + 1
        if row >= self._capacity:
            self._grow()
        ROW.pack_into(self._rows, row * ROW.size, arrived, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, route, 0, client, IN_FLIGHT)
        return row

    def close(self, request: Request, client: int, route: int, latency: float, outcome: int) -> None:
        """Notes that a user request has ended after `latency`, s."""
        ROW.pack_into(
            self._rows,
            request.id * ROW.size,
            request.arrived,
            latency,
            request.network,
            request.queue,
            request.service,
            request.backoff,
            request.policy,
            route,
            request.attempts if request.attempts < 65_536 else 65_535,
            client,
            outcome,
        )
        self.closed += 1
        if request.arrived >= self.warmup:
            self.useful += request.work

    def waste(self, request: Request) -> None:
        """Notes that nobody used the answer to an attempt; its work is counted, and taken off it."""
        if request.arrived >= self.warmup:
            self.wasted += request.work
        request.work = 0.0

    def waste_part(self, request: Request, work: float) -> None:
        """Notes that so much of a request's work was for an answer that was thrown away, s."""
        if request.arrived >= self.warmup:
            self.wasted += work
        request.work -= work

    def react(self, now: float, target: str, what: str) -> None:
        """Notes that some part noticed the state of `target` and acted on it (an ejection, an open breaker)."""
        self.reactions.append((now, target, what))

    def rows(self) -> NDArray[Any]:
        """All rows in the order of arrival, with the fields of `ROW_TYPE`; a view, valid until the next `open`."""
        return np.frombuffer(self._rows, dtype=ROW_TYPE, count=self.opened)

    def _grow(self) -> None:
        self._capacity += _GROWTH
        size = self._capacity * ROW.size
        if isinstance(self._rows, mmap.mmap):
            self._rows.resize(size)
        elif self._capacity <= self._spill_after:
            self._rows.extend(bytes(size - len(self._rows)))
        else:
            with tempfile.TemporaryFile() as file:
                file.write(self._rows)
                file.truncate(size)
                file.flush()
                self._rows = mmap.mmap(file.fileno(), size)
