"""Prequal asks a few instances for their load beside every request, and picks from the answers it has at hand.

Each request sends some probes to random instances; an answer tells the requests in flight there, from all callers, and
the latency to expect. The answers go into a small pool, and the next request is sent by what the pool holds, so that
no request waits for a probe. An instance with more in flight than the `hot_quantile` of recent answers is hot. Of the
cold ones the fastest is picked; if all are hot, the one with the fewest in flight (the hot-cold lexicographic rule).

An answer leaves the pool when it is too old, when it has been used often enough, when a newer one from the same
instance arrives, when the pool is full, and when it is the worst or the oldest: with each request one of these goes,
by turns, so that the pool does not fill up with the instances that nobody wants.

Probes are sent beside requests only, not while idle, and the pool is used as soon as it holds a single answer. An
instance answers a probe at once, past its queue, from what it has in memory; the little work that this takes is load.

Source: B. Wydrowski, R. Kleinberg, S. Rumble, A. Archer, Load is not what you should balance: Introducing Prequal,
NSDI 2024; the defaults are those of its testbed.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.balancing.least import sample
from sim.kernel import Uniform
from sim.request import Request

_RECENT: Final = 128
"""How many of the latest answers the hot quantile is taken of."""

_NET_ADDITIONS: Final = 1.0
"""The paper's delta: by how much the uses of a pool's probes exceed its uses up, for each request."""


class Probe:
    """An instance's answer to a probe, as it ages in the pool."""

    __slots__ = ("endpoint", "in_flight", "latency", "received", "uses")

    def __init__(self, endpoint: Endpoint, in_flight: int, latency: float, received: float, uses: float) -> None:
        self.endpoint = endpoint
        self.in_flight = in_flight
        self.latency = latency
        self.received = received
        self.uses = uses


class Prequal(Balancer):
    """Picks by the pool of probe answers; at random while the pool is empty.

    Args:
        uniform: The stream that draws whom to probe and breaks ties.
        pool: How many answers are kept at most.
        probes_per_request: How many probes go out with each request, on average.
        removals_per_request: How many answers are dropped with each request, on average.
        hot_quantile: The quantile of requests in flight above which an instance is hot, 0 … 1; 1: none ever is.
        probe_age: How long an answer may be used, s.
        probe_work: How long an instance works to answer a probe, s.
    """

    probes = True

    def __init__(
        self,
        uniform: Uniform,
        *,
        pool: int = 16,
        probes_per_request: float = 3.0,
        removals_per_request: float = 1.0,
        hot_quantile: float = 0.84,
        probe_age: float = 1.0,
        probe_work: float = 2e-5,
    ) -> None:
        self._uniform = uniform
        self._size = pool
        self._probes_per_request = probes_per_request
        self._removals_per_request = removals_per_request
        self._hot_quantile = hot_quantile
        self._probe_age = probe_age
        self.probe_work = probe_work
        self._eligible: list[Endpoint] = []
        self._indices: frozenset[int] = frozenset()
        self._uses = inf
        self._pool: list[Probe] = []
        self._recent: deque[int] = deque()
        self._ranked: list[int] = []
        self._probes_owed = 0.0
        self._removals_owed = 0.0
        self._worst_next = True

    @property
    def pool(self) -> list[Probe]:
        """The answers at hand, oldest first."""
        return self._pool

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = list(eligible)
        self._indices = frozenset(endpoint.index for endpoint in eligible)
        self._pool = [probe for probe in self._pool if probe.endpoint.index in self._indices]
        self._uses = self._uses_of_a_probe()

    def _uses_of_a_probe(self) -> float:
        """How often an answer may be used: as often as the pool needs to stay filled (the paper's b_reuse)."""
        if not self._eligible:
            return inf
        known = min(self._size / len(self._eligible), 1.0)
        gained = (1.0 - known) * self._probes_per_request - self._removals_per_request
        return max(1.0, (1.0 + _NET_ADDITIONS) / gained) if gained > 0.0 else inf

    def pick(self, request: Request, now: float) -> Endpoint:
        oldest = now - self._probe_age
        self._pool = [probe for probe in self._pool if probe.received >= oldest]
        if not self._pool:
            return self._eligible[self._uniform.below(len(self._eligible))]
        threshold = self._hot_threshold()
        cold = [probe for probe in self._pool if probe.in_flight <= threshold]
        chosen = self._best(cold, lambda probe: probe.latency) if cold else self._best(self._pool, _in_flight)
        chosen.uses -= 1
        if chosen.uses <= 0:
            self._pool.remove(chosen)
        self._remove(threshold)
        chosen.in_flight += 1
        return chosen.endpoint

    def _hot_threshold(self) -> float:
        if self._hot_quantile >= 1.0:
            return inf
        return self._ranked[int(self._hot_quantile * len(self._ranked))]

    def _best(self, probes: list[Probe], badness: Callable[[Probe], float]) -> Probe:
        least = min(map(badness, probes))
        best = [probe for probe in probes if badness(probe) == least]
        return best[self._uniform.below(len(best))] if len(best) > 1 else best[0]

    def _remove(self, threshold: float) -> None:
        self._removals_owed += self._removals_per_request
        while self._removals_owed >= 1.0:
            self._removals_owed -= 1.0
            if self._pool:
                hot = [probe for probe in self._pool if probe.in_flight > threshold]
                if not self._worst_next:
                    self._pool.pop(0)
                elif hot:
                    self._pool.remove(max(hot, key=_in_flight))
                else:
                    self._pool.remove(max(self._pool, key=lambda probe: probe.latency))
            self._worst_next = not self._worst_next

    def probe_targets(self, now: float) -> list[Endpoint]:
        self._probes_owed += self._probes_per_request
        due = int(self._probes_owed)
        self._probes_owed -= due
        return sample(self._eligible, min(due, len(self._eligible)), self._uniform)

    def probed(self, endpoint: Endpoint, in_flight: int, latency: float, now: float) -> None:
        if endpoint.index not in self._indices:
            return
        self._recent.append(in_flight)
        insort(self._ranked, in_flight)
        if len(self._recent) > _RECENT:
            del self._ranked[bisect_left(self._ranked, self._recent.popleft())]
        self._pool = [probe for probe in self._pool if probe.endpoint is not endpoint]
        uses = self._uses
        if uses != inf:
            uses = float(int(uses + self._uniform.next()))
        self._pool.append(Probe(endpoint, in_flight, latency, now, uses))
        if len(self._pool) > self._size:
            self._pool.pop(0)


def _in_flight(probe: Probe) -> float:
    return probe.in_flight
