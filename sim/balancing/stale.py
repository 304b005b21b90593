"""Load reports: instances tell all callers how loaded they are at intervals, and callers compare what was said last.

Between two reports every caller believes the same, and the same stale thing: whoever then sends each request to the
least loaded instance sends all of them to one (the herd). Comparing two drawn at random does not herd.

Source: M. Mitzenmacher, How Useful Is Old Information?, IEEE TPDS 11(1), 2000: the bulletin board, periodic updates.
"""

from collections.abc import Sequence

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.request import Request


class LoadBoard:
    """The last report of each instance, for all callers of a service.

    Args:
        instances: How many there are.
    """

    def __init__(self, instances: int) -> None:
        self.loads = [0] * instances

    def report(self, loads: Sequence[int]) -> None:
        """Puts a new report of all instances up: the requests that each has inside."""
        self.loads[:] = loads


class Stale(Balancer):
    """Lets another balancer compare what the board says instead of what is outstanding.

    Args:
        inner: The other balancer.
        endpoints: All instances.
        board: What they have reported.
    """

    def __init__(self, inner: Balancer, endpoints: Sequence[Endpoint], board: LoadBoard) -> None:
        self._inner = inner
        self._endpoints = endpoints
        self._board = board
        self._seen = [Endpoint(endpoint.index, endpoint.name, endpoint.weight) for endpoint in endpoints]
        self.learns, self.weighted, self.probes = inner.learns, inner.weighted, inner.probes  # type: ignore[misc]

    def read(self) -> None:
        """Takes note of the board."""
        for endpoint, load in zip(self._seen, self._board.loads, strict=True):
            endpoint.outstanding = load

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        for endpoint in eligible:
            self._seen[endpoint.index].weight = endpoint.weight
        self._inner.update([self._seen[endpoint.index] for endpoint in eligible], now)

    def pick(self, request: Request, now: float) -> Endpoint:
        return self._endpoints[self._inner.pick(request, now).index]

    def answered(self, endpoint: Endpoint, latency: float, success: bool, now: float) -> None:
        self._inner.answered(self._seen[endpoint.index], latency, success, now)

    def probe_targets(self, now: float) -> list[Endpoint]:
        return [self._endpoints[endpoint.index] for endpoint in self._inner.probe_targets(now)]

    def probed(self, endpoint: Endpoint, in_flight: int, latency: float, now: float) -> None:
        self._inner.probed(self._seen[endpoint.index], in_flight, latency, now)
