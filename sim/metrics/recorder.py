"""The recorder keeps what happened, in columns of numbers: a row for every user request, 62 bytes each.

A row is filled when its request ends; those that have not ended are kept aside, and show as in flight. Attempts are
kept apart: user latency and attempt latency are different figures. Beyond `spill_after` rows the columns live in a
temporary file.
"""

import mmap
import tempfile
from array import array
from struct import Struct
from typing import Any, Final, Literal, NamedTuple

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
_SIZE: Final = ROW.size
_pack_row: Final = ROW.pack_into


What = Literal["unhealthy", "healthy", "ejected", "drained", "failback", "activated", "ready", "promoted", "rejoined"]
"""How some part reacts to what it has noticed."""

GOOD_NEWS: Final = frozenset({"healthy", "failback", "rejoined"})
"""The reactions to something that is well again."""


class Reaction(NamedTuple):
    """Some part has noticed the state of an instance and acted on it.

    Attributes:
        when: The time, s.
        component: The instance's component.
        instance: Its number.
        what: `unhealthy` or `healthy` (health checks), `ejected` (outliers), `drained` or `failback` (traffic taken
            from a region, or let back), `activated` or `ready` (a standby region), `promoted` (a replica to primary) or
            `rejoined` (a replica that follows the primary again).
    """

    when: float
    component: str
    instance: int
    what: What


class Recorder:
    """Keeps every user request and attempt of a run.

    Args:
        clients: The names of the clients; a row holds a client's position in this list.
        warmup: Requests that arrived earlier do not count as wasted or useful work, s.
        spill_after: How many rows may stay in memory.

    Attributes:
        opened: How many requests users have sent.
        wasted: For each client, server seconds spent on attempts whose answer nobody used.
        useful: For each client, server seconds spent on all others that have ended.
        flying: Those that have not ended, by row.
    """

    def __init__(self, clients: list[str], warmup: float = 0.0, spill_after: int = 10_000_000) -> None:
        self.clients = clients
        self.warmup = warmup
        self.routes: list[str] = []
        self.wasted = [0.0] * len(clients)
        self.useful = [0.0] * len(clients)
        self.reactions: list[Reaction] = []
        self.opened = 0
        self.flying: dict[int, Request] = {}
        self.attempt_starts = [array("d") for _ in clients]
        self.attempt_latencies = [array("f") for _ in clients]
        self._rows: Any = bytearray()
        self._capacity = 0
        self._spill_after = spill_after
        self._route_numbers: dict[str, int] = {}
        self._numbers = {name: number for number, name in enumerate(clients)}

    def route(self, label: str) -> int:
        """The number of a route label; a new label gets the next one."""
        number = self._route_numbers.get(label)
        if number is None:
            number = self._route_numbers[label] = len(self.routes)
            self.routes.append(label)
        return number

    def open(self, request: Request) -> None:
        """Notes that a user has sent a request, and gives it its row."""
        row = request.row = self.opened
        self.opened = row + 1
        self.flying[row] = request

    def close(self, request: Request, client: int, latency: float, outcome: int) -> None:
        """Notes that a user request has ended after `latency`, s."""
        number = request.row
        del self.flying[number]
        route = request.kind.route
        if route < 0:
            route = request.kind.route = self.route(request.kind.label)
        if number >= self._capacity:
            self._grow(number + 1)
        arrived = request.arrived
        _pack_row(
            self._rows,
            number * _SIZE,
            arrived,
            latency,
            request.network,
            request.queue,
            request.service,
            request.backoff,
            request.policy,
            route,
            request.attempts,
            client,
            outcome,
        )
        if arrived >= self.warmup:
            self.useful[client] += request.work

    def use(self, request: Request) -> None:
        """Notes that the answer that a request's work was for has been used."""
        if request.arrived >= self.warmup:
            self.useful[self._numbers[request.client]] += request.work

    def waste(self, request: Request) -> None:
        """Notes that nobody used the answer to an attempt; its work is counted, and taken off it."""
        self.waste_part(request, request.work)

    def waste_part(self, request: Request, work: float) -> None:
        """Notes that so much of a request's work, s, was for an answer thrown away; a probe's work is nobody's."""
        number = self._numbers.get(request.client)
        if number is not None and request.arrived >= self.warmup:
            self.wasted[number] += work
        request.work -= work

    def react(self, reaction: Reaction) -> None:
        """Notes that some part noticed the state of an instance and acted on it."""
        self.reactions.append(reaction)

    def rows(self) -> NDArray[Any]:
        """All rows in the order of arrival, with the fields of `ROW_TYPE`; a view, valid until the run goes on."""
        self._grow(self.opened)
        for number, request in self.flying.items():
            route, client = self.route(request.kind.label), self.clients.index(request.client)
            empty = (0.0,) * 6
            ROW.pack_into(
                self._rows, number * ROW.size, request.arrived, *empty, route, request.attempts, client, IN_FLIGHT
            )
        return np.frombuffer(self._rows, dtype=ROW_TYPE, count=self.opened)

    def _grow(self, rows: int) -> None:
        if rows <= self._capacity:
            return
        self._capacity = rows + _GROWTH
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
