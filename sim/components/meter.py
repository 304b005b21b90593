"""A meter counts what a server does: how long its workers were busy, how many requests waited, how each ended."""

from collections.abc import Sequence
from math import fsum, inf
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.kernel import Environment
from sim.request import ANSWERS, Outcome, RequestKind, Response

REFUSED = ANSWERS[Outcome.REFUSED]
QUEUE_FULL = ANSWERS[Outcome.QUEUE_FULL]

PROBE = RequestKind(path="/health", label="health check")
"""The kind of a health checker's probes: load like any other, but no user's request."""

APPLY = RequestKind(path="/replication", label="replication")
"""The kind of a replica's own work on a write that it has received: load, but no user's request either."""

INTERNAL = (PROBE, APPLY)
"""The kinds of requests that no user has sent."""

_CALM: Final = [attrgetter(name) for name in ("busy", "waiting", "busy_area", "queue_area", "_mark", "disturbed")]


class Meter:
    """The counters of one server.

    Args:
        env: The environment.
        name: Of the server.
        workers: How many it has; `inf` for any number.

    Attributes:
        busy: Workers that are busy now.
        waiting: Requests that wait now.
        swallowed: Requests that it accepted and will never answer, for it hangs.
        up: Whether it accepts requests.
        disturbed: Whether it has ever been down, or swallowed a request.
        offered: Requests that reached it while it was up.
        served: Those that it answered as it should.
        errors: Those that it answered with an error.
        refused: Those that found its queue full.
        refused_down: Requests that came while it was down.
        expired: Those dropped because their caller had given up.
        killed: Those that a crash killed.
        busy_area: Busy worker-seconds.
        queue_area: Waiting request-seconds.
        swallowed_area: Swallowed request-seconds.
        up_time: Seconds up.
    """

    __slots__ = (
        "_counting_since",
        "_lost_before",
        "_mark",
        "_swallowed_mark",
        "_up_mark",
        "busy",
        "busy_area",
        "disturbed",
        "env",
        "errors",
        "expired",
        "killed",
        "name",
        "offered",
        "outstanding_max",
        "queue_area",
        "queue_max",
        "refused",
        "refused_down",
        "served",
        "swallowed",
        "swallowed_area",
        "up",
        "up_time",
        "waiting",
        "workers",
    )

    def __init__(self, env: Environment, name: str, workers: float) -> None:
        self.env = env
        self.name = name
        self.workers = workers
        self.up = True
        self.disturbed = False
        self.busy = self.waiting = self.swallowed = 0
        self._lost_before = self.killed = self.refused_down = 0
        self._mark = self._swallowed_mark = self._up_mark = self._counting_since = 0.0
        self.busy_area = self.queue_area = self.swallowed_area = self.up_time = 0.0
        self.offered = self.served = self.errors = self.refused = self.expired = 0
        self.queue_max = self.outstanding_max = 0

    @property
    def outstanding(self) -> int:
        """Requests inside: being worked on, waiting, or swallowed."""
        return int(self.busy + self.waiting + self.swallowed)

    def _measure(self) -> None:
        now = self.env._now
        passed = now - self._mark
        if passed:
            self.busy_area += self.busy * passed
            self.queue_area += self.waiting * passed
            self._mark = now

    def _swallow(self, more: int) -> None:
        """So many more requests are swallowed; fewer, if negative."""
        self.disturbed = True
        self._count_swallowed()
        self.swallowed += more
        self.outstanding_max = max(self.outstanding_max, self.outstanding)

    def _count_swallowed(self) -> None:
        now = self.env._now
        self.swallowed_area += self.swallowed * (now - self._swallowed_mark)
        self._swallowed_mark = now

    def _count_up_time(self) -> None:
        self.up_time += self.env.now - self._up_mark
        self._up_mark = self.env.now

    def areas(self) -> tuple[float, float, float, float]:
        """Busy worker-seconds, waiting and swallowed request-seconds and seconds up, since `start_counting`."""
        self._measure()
        self._count_swallowed()
        if self.up:
            self._count_up_time()
        return self.busy_area, self.queue_area, self.swallowed_area, self.up_time

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        self._mark = self._swallowed_mark = self._up_mark = self._counting_since = self.env.now
        self.busy_area = self.queue_area = self.swallowed_area = self.up_time = 0.0
        self._lost_before += self.killed + self.refused_down
        self.offered = self.served = self.errors = self.refused = self.refused_down = self.expired = self.killed = 0
        self.queue_max = self.waiting
        self.outstanding_max = self.outstanding

    def lost_for_good(self) -> int:
        """Requests that it killed, or refused because it was down, since the beginning of the run."""
        return self.killed + self.refused_down + self._lost_before

    def forget(self, response: Response) -> None:
        """Takes the answer to a probe out of the counters, in the instant in which it was counted."""
        if response is REFUSED:
            self.refused_down -= 1
        elif response is QUEUE_FULL:
            self.refused -= 1
        elif response.success:
            self.served -= 1

    def measured(self) -> float:
        """Seconds since `start_counting`."""
        return self.env.now - self._counting_since

    def utilization(self) -> float | None:
        """Busy worker-seconds over workers and seconds up; None for any number of workers, 0 for a server never up."""
        busy, *_, up = self.areas()
        if self.workers == inf:
            return None
        return busy / (self.workers * up) if up else 0.0


def areas_of(servers: Sequence[Meter]) -> NDArray[np.float64]:
    """What `areas` says of each of a world's servers: four rows, a column for each server.

    Of a server that was never disturbed five numbers say all, and reading those is quicker.
    """
    busy, waiting, busy_area, queue_area, mark, disturbed = (
        np.fromiter(map(number, servers), np.float64, len(servers)) for number in _CALM
    )
    passed = servers[0].env.now - mark
    areas = np.zeros((4, len(servers)))
    areas[0] = busy_area + busy * passed
    areas[1] = queue_area + waiting * passed
    areas[3] = servers[0].measured()
    for number in np.flatnonzero(disturbed).tolist():
        areas[:, number] = servers[number].areas()
    return areas


def server_counters(servers: Sequence[Meter]) -> dict[str, Any]:
    """What a group of servers has counted: sums, and for several each one's own.

    Times are added up exactly: `sum` rounds floats in one way up to Python 3.11 and in another from 3.12 on.
    """
    busy = [server.areas() for server in servers]
    limited = servers[0].workers != inf
    capacity = fsum(server.workers * area[-1] for server, area in zip(servers, busy, strict=True)) if limited else 0.0
    span = servers[0].measured()
    counters: dict[str, Any] = {
        "offered": sum(server.offered + server.refused_down for server in servers),
        "served": sum(server.served for server in servers),
        "refused": sum(server.refused for server in servers),
        "refused_down": sum(server.refused_down for server in servers),
        "errors": sum(server.errors for server in servers),
        "killed": sum(server.killed for server in servers),
        "expired": sum(server.expired for server in servers),
        "utilization": (fsum(area[0] for area in busy) / capacity if capacity else 0.0) if limited else None,
        "queue_mean": fsum(area[1] for area in busy) / span if span else 0.0,
        "queue_max": sum(server.queue_max for server in servers),
    }
    counters["instances"] = {
        server.name: {
            "served": server.served,
            "utilization": server.utilization(),
            "outstanding_max": server.outstanding_max,
        }
        for server in servers
    }
    return counters
