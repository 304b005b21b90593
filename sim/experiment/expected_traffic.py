"""What clients are expected to send, without running them: how many requests a second, of which kinds, for which items.

A flow is the requests of one kind from one client. What an analysis of load needs to know about it is its share of the
client's traffic and how popular its items are.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.components import ClientConfig
from sim.components.traffic import PopulationConfig, Replay, RequestConfig, Spike, read_access_log, users_at
from sim.faults.spike import Spike as SpikeEvent
from sim.request import RequestKind
from sim.scenario import Scenario
from sim.values import KeyDistribution, UniformKeys, Zipf

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RequestFlow:
    """The requests of one kind from one client.

    Attributes:
        client: Its name.
        kind: What is asked for.
        share: Of the client's requests.
        keys: The items that are asked for.
        weights: How often each is, as a share of the flow.
        counts: How many requests there are for each item, where that is known (a replay).
    """

    client: str
    kind: RequestKind
    share: float
    keys: NDArray[np.int64]
    weights: Floats
    counts: Floats | None = None

    @property
    def path(self) -> Hashable:
        """What caches tell apart besides the key."""
        return self.kind.host, self.kind.path


@dataclass(frozen=True, eq=False)
class Crowd:
    """One client.

    Attributes:
        name: As the scenario calls it.
        flows: What it asks for.
        mean: Requests per second on average, warm-up and spikes left out; 0 for a closed loop.
        at: Requests per second at a time, s, spikes and bursts included.
        users: In a closed loop, how many there are at a time, s; 0 in an open one.
        think: Mean pause of such a user, s.
        callers: How its requests are shared out among its callers.
    """

    name: str
    flows: list[RequestFlow]
    mean: float
    at: Callable[[float], float]
    users: Callable[[float], float] | None = None
    think: float = 0.0
    callers: Floats = field(default_factory=lambda: np.ones(1))


def crowds(scenario: Scenario) -> list[Crowd]:
    """All clients of a scenario, in its order."""
    spikes: dict[str, list[Spike]] = {}
    for event in scenario.document.events:
        if isinstance(event, SpikeEvent):
            end = scenario.duration if event.lasts is None else event.at + event.lasts
            for target in event.targets:
                spikes.setdefault(target.name, []).append(Spike(event.at, end, event.factor))
    window = scenario.document.warmup, scenario.duration
    return [_crowd(name, config, window, spikes.get(name, [])) for name, config in scenario.document.clients.items()]


def moments(scenario: Scenario) -> list[float]:
    """The times at which traffic can be at its highest, s: where spikes, ramps and days turn."""
    document, duration = scenario.document, scenario.duration
    turns: set[float] = set()
    for event in document.events:
        if isinstance(event, SpikeEvent):
            turns |= {event.at, duration if event.lasts is None else event.at + event.lasts}
    for client in document.clients.values():
        turns |= {point.at for point in client.traffic.shape or ()}
        day = client.traffic.diurnal
        if day is not None:
            first = (0.5 * day.period if day.peak_at is None else day.peak_at) % day.period
            turns |= set(np.arange(first, duration, day.period).tolist()[:100])
    either_side = {0.0, *turns, *(float(np.nextafter(turn, 0.0)) for turn in turns), float(np.nextafter(duration, 0.0))}
    return sorted(time for time in either_side if 0.0 <= time < duration)


def _crowd(name: str, config: ClientConfig, window: tuple[float, float], spikes: list[Spike]) -> Crowd:
    traffic = config.traffic
    if traffic.way == "replay":
        return _replayed(name, config, window)
    flows = _mix(name, config.requests)
    callers = _callers(config.population)
    if traffic.way == "closed":
        users = traffic.users or 0
        think = 0.0 if traffic.think is None else traffic.think.mean
        if config.population is None:
            callers = np.full(users, 1.0 / users)
        return Crowd(name, flows, 0.0, lambda time: 0.0, partial(users_at, users, spikes), think, callers)
    mean = traffic.rate_function(window[1]).mean(*window)
    bursts = 1.0 if traffic.arrivals.bursty is None else traffic.arrivals.bursty.factor
    rate = traffic.rate_function(window[1], spikes)
    return Crowd(name, flows, mean, lambda time: bursts * float(rate.rate_at(time)), callers=callers)


def _mix(name: str, requests: Sequence[RequestConfig]) -> list[RequestFlow]:
    lines = list(requests) or [RequestConfig(send="GET /")]
    total = sum(line.weight for line in lines)
    flows = []
    for line in lines:
        weights = np.ones(1) if line.key is None else line.key.probabilities()
        flows.append(RequestFlow(name, line.kind(), line.weight / total, np.arange(len(weights)), weights))
    return flows


def _callers(population: PopulationConfig | None) -> Floats:
    if population is None:
        return np.ones(1)
    if population.zipf is None:
        return KeyDistribution(uniform=UniformKeys(items=population.size)).probabilities()
    return KeyDistribution(zipf=Zipf(items=population.size, s=population.zipf)).probabilities()


def _replayed(name: str, config: ClientConfig, window: tuple[float, float]) -> Crowd:
    traffic = config.traffic
    assert traffic.replay is not None
    log = read_access_log(traffic.replay, traffic.format)
    replay = Replay(log, traffic.speed)
    start, end = window
    blocks, kinds = [np.empty(0)], np.zeros(len(log.targets), dtype=np.intp)
    counts, callers = np.zeros(len(log.targets)), np.zeros(log.callers)
    for block_times, block in replay.blocks(end):
        blocks.append(block_times)
        kinds[block.key] = block.kind
        counts += np.bincount(block.key, minlength=len(counts))
        callers += np.bincount(block.caller, minlength=len(callers))
    times, used = np.concatenate(blocks), np.flatnonzero(counts)
    order = used[np.argsort(kinds[used], kind="stable")]
    flows = []
    for keys in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1) if len(order) else []:
        sent = counts[keys]
        flows.append(
            RequestFlow(name, replay.kinds[int(kinds[keys[0]])], sent.sum() / len(times), keys, sent / sent.sum(), sent)
        )
    busiest = float(np.bincount(times.astype(np.intp)).max(initial=0))
    mean = float(np.count_nonzero(times >= start)) / (end - start)
    return Crowd(name, flows, mean, lambda time: busiest, callers=callers / max(len(times), 1))


class Items:
    """The items of several flows, those that are the same counted once.

    Args:
        flows: Whose items.
        identity: What tells items apart besides their keys.
    """

    def __init__(self, flows: Sequence[RequestFlow], identity: Callable[[RequestFlow], Hashable]) -> None:
        groups: dict[Hashable, int] = {}
        self._flow = np.repeat(np.arange(len(flows)), [len(flow.keys) for flow in flows])
        self._weight = np.concatenate([np.empty(0), *(flow.weights for flow in flows)])
        group = np.repeat(
            [groups.setdefault(identity(flow), len(groups)) for flow in flows], [len(flow.keys) for flow in flows]
        )
        key = np.concatenate([np.empty(0, dtype=np.int64), *(flow.keys for flow in flows)])
        _, self._item = np.unique(group.astype(np.int64) * (1 << 40) + key, return_inverse=True)
        asked = [np.full(len(flow.keys), inf) if flow.counts is None else flow.counts for flow in flows]
        self.counts = np.bincount(self._item, weights=np.concatenate([np.empty(0), *asked]))
        self._flows = len(flows)

    def rates(self, rates: Floats) -> Floats:
        """How often each item is asked for, from the rate of each flow, 1/s."""
        return _sums(self._item, self._weight * rates[self._flow], len(self.counts))

    def mean(self, values: Floats) -> Floats:
        """The mean over each flow's requests of what `values` says of each item."""
        return _sums(self._flow, self._weight * values[self._item], self._flows)


def _sums(place: NDArray[np.intp], values: Floats, places: int) -> Floats:
    return np.bincount(place, weights=values, minlength=places).astype(np.float64)
