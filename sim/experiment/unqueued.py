"""How long a request takes where nobody waits: service times, the network, and the calls that a worker waits for.

It is the least that a request can take, and the time that it holds a worker on an idle system. Only the mean of a
parallel step needs a draw: the slowest of several calls is slower than any of them is on average.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.components import Steered
from sim.experiment.expected_traffic import Floats
from sim.experiment.flow_paths import FlowPaths
from sim.experiment.ways import Home, Way
from sim.values import chosen

_DRAWS = 2_000_000
_FEWEST, _MOST = 500, 20_000


class Unqueued:
    """Mean times for each flow.

    Args:
        paths: Where the flows go.
        passed: For each CDN, cache, firewall and gateway, the share of each flow that it does not answer itself.
        rates: How strong each flow is; the strongest one stands for all those of a parallel step.
        steered: For each component that steers and each region that requests come from, the share of each part.
    """

    def __init__(
        self,
        paths: FlowPaths,
        passed: Mapping[str, Floats],
        rates: Floats,
        steered: Mapping[str, Mapping[Home, Mapping[str, float]]],
    ) -> None:
        self.paths = paths
        self._components = paths.document.components
        self._passed = passed
        self._rates = rates
        self._steered = steered
        self._inside: dict[str, Floats] = {}

    def seen_by(self, caller: str, name: str) -> Floats:
        """From when `caller` sends a request until the answer is back, s."""
        return sum(
            (
                share * (self.inside(part) + self.paths.round_trip(caller, part))
                for part, share in self._to(caller, name)
            ),
            np.zeros(len(self.paths.flows)),
        )

    def _to(self, caller: str, name: str) -> list[Way]:
        """The parts that answer."""
        if not isinstance(self._components[name], Steered):
            return self.paths.ways.reached(caller, name)
        steered = self._steered[name][self.paths.placement.region(caller)]
        return [(part, share * some) for to, some in steered.items() if some for part, share in self._to(caller, to)]

    def inside(self, name: str) -> Floats:
        """From when a request reaches a component until it is answered, s; it holds a worker for as long."""
        if name not in self._inside:
            kind = self._components[name].kind
            time_in = getattr(self, f"_in_{kind}", self._in_other)
            self._inside[name] = self.paths.work(name) + time_in(name, self._components[name])
        return self._inside[name]

    def _in_other(self, name: str, config: Any) -> Floats:
        return np.zeros(len(self.paths.flows)) + sum(self.seen_by(name, to) for to in self.paths.targets(name))

    def _in_steered(self, name: str, config: Any) -> Floats:
        return np.zeros(len(self.paths.flows))  # nothing passes through what steers

    _in_dns = _in_traffic_manager = _in_steered

    def _in_database(self, name: str, config: Any) -> Floats:
        copies = self.paths.ways.copies(name)
        waits = ~self.paths.ways.reads * self._acknowledged(name, copies, config.replication)
        return np.zeros(len(self.paths.flows)) + waits

    def _acknowledged(self, name: str, copies: Sequence[str], rules: Any) -> float:
        """How long a write waits until as many replicas have it as it needs."""
        lag = 0.0 if rules.lag is None else rules.lag.mean
        ways = [0.5 * self.paths.round_trip(name, copy) for copy in copies]
        times = sorted(max(way, lag) + way for way in ways)
        apply = (rules.apply or self._components[name].work).mean if rules.mode == "sync" else 0.0
        needed = rules.needed(len(copies))
        return times[needed - 1] + apply if needed and times else 0.0

    def _in_balancer(self, name: str, config: Any) -> Floats:
        return self._call(config, name)

    def _in_queue(self, name: str, config: Any) -> Floats:
        return np.zeros(len(self.paths.flows))  # consumers come later

    def _in_cdn(self, name: str, config: Any) -> Floats:
        on_hit = config.cache.hit.mean if config.cache is not None and config.cache.hit is not None else 0.0
        missed = self._passed[name]
        time: Floats = (1.0 - missed) * on_hit + missed * self.seen_by(name, config.to)
        return time

    def _in_waf(self, name: str, config: Any) -> Floats:
        time: Floats = self._passed[name] * self.seen_by(name, config.to)
        return time

    def _in_gateway(self, name: str, config: Any) -> Floats:
        checks = [rules for _, rules in map(chosen, config.policies)]
        checking = sum(rules.latency.mean for rules in checks if hasattr(rules, "latency"))
        time: Floats = np.full(len(self.paths.flows), float(checking))
        for route, mask in self.paths.routes(name):
            time += mask * self._passed[name] * self._call(route, name)
        return time

    def _in_service(self, name: str, config: Any) -> Floats:
        time = np.zeros(len(self.paths.flows))
        for steps, mask in self.paths.programs(name):
            for word, step in steps:
                if word in ("call", "publish"):
                    time += mask * self._call(step, name)
                elif word == "session" and step.store is not None:
                    time += mask * self._call(step.store, name)
                elif word == "read_through":
                    asked, parts = self.paths.looked_up(step.cache.to), self._to(name, step.cache.to)
                    miss = sum(share * self._passed[part] for part, share in parts)
                    time += mask * (asked * self._call(step.cache, name) + miss * self._call(step.origin, name))
                elif word == "parallel" and mask.any():
                    time += mask * self._parallel(step, name, int(np.argmax(mask * (1e-12 + self._rates))))
        return time

    def _call(self, config: Any, caller: str) -> Floats:
        time = self.seen_by(caller, config.to)
        return time if config.timeout is None else np.minimum(time, config.timeout)

    def _parallel(self, config: Any, caller: str, flow: int) -> float:
        calls = sum(branch.times for branch in config.calls)
        if calls == 1:
            return float(self._call(config.calls[0].call, caller)[flow])
        draws = min(max(_DRAWS // calls, _FEWEST), _MOST)
        return float(self._slowest(config, caller, flow, np.random.default_rng(0), draws).mean())

    def _slowest(self, config: Any, caller: str, flow: int, rng: np.random.Generator, count: int) -> Floats:
        slowest = np.zeros(count)
        for branch in config.calls:
            for _ in range(branch.times):
                slowest = np.maximum(slowest, self._drawn_call(branch.call, caller, flow, rng, count))
        return slowest

    def _drawn_call(self, config: Any, caller: str, flow: int, rng: np.random.Generator, count: int) -> Floats:
        ways = [(part, share[flow]) for part, share in self._to(caller, config.to) if share[flow]]
        drawn = np.stack(
            [self._drawn(part, flow, rng, count) + self.paths.round_trip(caller, part) for part, _ in ways]
        )
        shares = np.cumsum([share for _, share in ways])
        which = 0 if len(ways) == 1 else np.searchsorted(shares[:-1] / shares[-1], rng.random(count))
        time: Floats = drawn[which, np.arange(count)]
        return time if config.timeout is None else np.minimum(time, config.timeout)

    def _drawn(self, name: str, flow: int, rng: np.random.Generator, count: int) -> Floats:
        """Times inside a component, drawn; a proxy's are taken at their mean."""
        config = self._components[name]
        if config.kind in ("database", "external", "cache", "queue"):
            drawn: Floats = (config.latency if config.kind != "database" else config.work).draw(rng, count)
            return drawn
        if config.kind != "service":
            return np.full(count, self.inside(name)[flow])
        slowness = config.instances / sum(config.speed_of(index) for index in range(config.instances))
        time = np.zeros(count)
        for word, step in next((steps for steps, mask in self.paths.programs(name) if mask[flow]), []):
            if word == "work":
                time += slowness * step.draw(rng, count)
            elif word in ("call", "publish"):
                time += self._drawn_call(step, name, flow, rng, count)
            elif word == "parallel":
                time += self._slowest(step, name, flow, rng, count)
            elif word == "read_through":
                missed = rng.random(count) < self._passed[step.cache.to][flow]
                time += self.paths.looked_up(step.cache.to)[flow] * self._drawn_call(step.cache, name, flow, rng, count)
                time += missed * self._drawn_call(step.origin, name, flow, rng, count)
        return time
