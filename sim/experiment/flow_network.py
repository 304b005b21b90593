"""Requests as fluid: the rates at which flows run through an architecture, split by routes, caches, refusals and calls.

A pass sends every client's traffic down to the last database. What a cache passes on depends on what reaches it, and
how much a closed loop sends depends on how long its answers take, so passes are repeated until both are steady. Caches
with keys follow Che's approximation; closed loops the bounds of operational analysis (P. Denning, J. Buzen, "The
operational analysis of queueing network models", ACM Computing Surveys 10(3), 1978).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import KINDS, Steered
from sim.components.cache_store import CacheConfig
from sim.components.steps import STEPS
from sim.experiment.expected_traffic import Crowd, Floats, Items, RequestFlow, crowds
from sim.experiment.flow_paths import FlowPaths
from sim.experiment.hit_ratio import hit_ratios
from sim.experiment.stream import Certainty, Part, Stream
from sim.experiment.unqueued import Unqueued
from sim.experiment.ways import Home
from sim.scenario import Scenario, place
from sim.values import chosen

REPLICATES = "replicates"
"""Why a primary sends to a replica."""

_PASSES = 30
_STEADY = 1e-6
_LEAST = 1e-300


@dataclass
class Pass:
    """One way of all requests through the architecture.

    Attributes:
        sent: By each client, 1/s.
        arriving: At each component.
        edges: By caller, callee and label.
        passed: For each component that may answer by itself, the share of each flow that it passes on.
        hits: The hit ratio of each cache.
        poison: What cannot be processed of what is published in each queue.
        misses: What caches that services read through passed on in the pass before.
        window: Over which caches are looked at that are empty at 0, s; None for warm ones.
        before: How long requests took where nobody waited, in the pass before; None in the first one.
        steered: For each component that steers and each region that requests come from, the share of each part.
        times: How long requests take where nobody waits.
    """

    sent: dict[str, float]
    arriving: dict[str, Stream]
    misses: dict[str, Stream]
    window: tuple[float, float] | None
    before: Unqueued | None = None
    edges: dict[tuple[str, str, str], Stream] = field(default_factory=dict)
    passed: dict[str, Floats] = field(default_factory=dict)
    hits: dict[str, float | None] = field(default_factory=dict)
    poison: dict[str, Stream] = field(default_factory=dict)
    steered: dict[str, dict[Home, dict[str, float]]] = field(default_factory=dict)
    times: Unqueued = field(init=False)


class FlowNetwork:
    """A scenario as a network of flows.

    Args:
        scenario: Which.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.document, self.placement = place(scenario.document)
        self.crowds: list[Crowd] = crowds(scenario)
        self.flows: list[RequestFlow] = [flow for crowd in self.crowds for flow in crowd.flows]
        self.paths = FlowPaths(self.document, self.placement, self.flows)
        self.order = self.paths.order()
        self.shares = {
            crowd.name: np.array([flow.share if flow.client == crowd.name else 0.0 for flow in self.flows])
            for crowd in self.crowds
        }
        self.by_path = Items(self.flows, lambda flow: flow.path)
        self.by_key = Items(self.flows, lambda flow: None)
        self._none = np.zeros(len(self.flows))

    # -- solving

    def solve(self, rates: dict[str, float], time: float, window: tuple[float, float] | None) -> Pass:
        """Sends requests through, again and again until caches and closed loops are steady.

        Args:
            rates: Of the clients of open loops, 1/s.
            time: Decides how many users closed loops have, s.
            window: Over which caches are looked at that are empty at 0, s; None for warm ones.
        """
        misses = {name: Stream(np.ones(len(self.flows))) for name in self.order}
        sent = {crowd.name: rates[crowd.name] if crowd.users is None else 1.0 for crowd in self.crowds}
        times: Unqueued | None = None
        steered: Any = None
        for _ in range(_PASSES):
            found = self._send(Pass(sent, {name: Stream(self._none) for name in self.order}, misses, window, times))
            was_steered, steered, times = steered, found.steered, found.times
            misses = {name: Stream(missed).times(1.0, self._mark(name)) for name, missed in found.passed.items()}
            sent = {crowd.name: self._sent(crowd, found, time) for crowd in self.crowds}
            if (steered == was_steered or not steered) and _are_steady(found, sent, misses):
                break
        return found

    def is_keyed(self, name: str) -> bool:
        """Whether a component is a cache that tells items apart."""
        config = self.document.components[name]
        rules = config.cache if config.kind == "cdn" and config.hit_ratio is None else config
        return config.kind in ("cdn", "cache") and rules is not None and rules.hit_ratio is None

    def _mark(self, name: str) -> NDArray[np.int8]:
        """How well it is known what a component passes on of each flow."""
        about = self.paths.looked_up(name) if self.is_keyed(name) else self._none
        return np.where(about, Certainty.ABOUT, Certainty.EXACT).astype(np.int8)

    def _send(self, found: Pass) -> Pass:
        for crowd in self.crowds:
            mark = Certainty.EXACT if crowd.users is None else Certainty.AT_MOST
            first = Stream(self.shares[crowd.name] * found.sent[crowd.name]).times(1.0, mark)
            self._pass_on(found, crowd.name, self.document.clients[crowd.name].to, "", first)
        for name in self.order:
            config, stream = self.document.components[name], found.arriving[name]
            if isinstance(config, Steered):
                self._steer(name, config, found)
                continue
            for to, label, part in getattr(self, f"_{config.kind}", self._other)(name, config, stream, found):
                self._pass_on(found, name, to, label, part)
        rates = sum((stream.rate for stream in found.arriving.values()), self._none)
        found.times = Unqueued(self.paths, found.passed, rates, found.steered)
        return found

    def _pass_on(
        self, found: Pass, caller: str, callee: str, label: str, stream: Stream, sender: str | None = None
    ) -> None:
        """Lets requests of a caller arrive, by way of a sender that steers them, where it is not the caller itself."""
        for part, share in self.paths.ways.reached(caller, callee):
            some = stream.times(share)
            if some.total or not stream.total:
                self._arrive(found, sender or caller, part, label, some)

    def _arrive(self, found: Pass, caller: str, part: str, label: str, stream: Stream) -> None:
        edge = caller, part, label
        found.edges[edge] = found.edges[edge] + stream if edge in found.edges else stream
        found.arriving[part] = found.arriving[part] + stream

    def _steer(self, name: str, config: Any, found: Pass) -> None:
        """Sends the requests of each caller on to the regions that they are steered to."""
        callers = {caller: stream for (caller, callee, _), stream in found.edges.items() if callee == name}
        homes = {caller: self.placement.region(caller) for caller in callers}

        def seen(home: Home, part: str) -> float:
            there = [each for each in callers if homes[each] == home]
            total = sum(callers[each].total for each in there)
            if found.before is None or not total:
                return 2.0 * self.paths.ways.distance(home, part)
            times = found.before
            return sum(float(callers[each].rate @ times.seen_by(each, part)) for each in there) / total

        asked: dict[Home, float] = dict.fromkeys([None, *self.document.regions], 0.0)
        for caller, stream in callers.items():
            asked[homes[caller]] += stream.total
        found.steered[name], spills = self.paths.ways.steered(config, asked, seen)
        drawn = config.kind == "dns" and config.steering in ("weighted", "round_robin")
        mark = Certainty.ABOUT if spills or drawn or config.steering == "latency" else Certainty.EXACT
        for caller, stream in callers.items():
            for part, share in found.steered[name][homes[caller]].items():
                self._pass_on(found, caller, part, "", stream.times(share, mark), sender=name)

    # -- one method for each kind of component: what goes on, and to whom

    def _other(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for _path, to in KINDS[config.kind].make.targets(config):
            yield to, "", stream.times(1.0, Certainty.AT_MOST)

    def _cdn(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        rules = config.cache if config.hit_ratio is None else CacheConfig(hit_ratio=config.hit_ratio)
        missed = np.ones(len(self.flows))
        if rules is not None:
            missed = self._look_up(name, rules, stream, found)
        found.passed[name] = missed
        yield config.to, "", stream.times(missed, self._mark(name))

    def _cache(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        found.passed[name] = self._look_up(name, config, stream, found)
        return iter(())

    def _look_up(self, name: str, rules: CacheConfig, stream: Stream, found: Pass) -> Floats:
        """The share of each flow that a cache does not answer; notes the hit ratio of those that it looks up."""
        looked_up = self.paths.looked_up(name)
        missed: Floats = np.where(looked_up, self._missed(rules, stream.rate * looked_up, found), 1.0)
        found.hits[name] = mean_over(stream.rate * looked_up, 1.0 - missed)
        return missed

    def _missed(self, rules: CacheConfig, rate: Floats, found: Pass) -> Floats:
        """The share of each flow that misses a cache."""
        if rules.hit_ratio is not None:
            return self._none + (1.0 - rules.hit_ratio)
        hits = hit_ratios(self.by_path.rates(rate), rules.size, rules.ttl, rules.policy, found.window)
        return 1.0 - self.by_path.mean(np.minimum(hits, 1.0 - 1.0 / self.by_path.counts))

    def _waf(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        malicious = self.paths.mask(lambda flow: flow.kind.malicious)
        honest = (1.0 - config.block) * (1.0 - config.false_positives)
        found.passed[name] = np.where(malicious, 1.0 - max(config.block, config.detection), honest)
        yield config.to, "", stream.times(found.passed[name])

    def _gateway(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        passing = stream
        for policy in config.policies:
            word, rules = chosen(policy)
            if word == "rate_limit":
                share = self._within(rules, passing.rate)
                passing = passing.times(share, np.where(share < 1.0, Certainty.ABOUT, 0))
            else:
                schema = getattr(rules, "schema_", None)
                accepted = 1.0 - getattr(rules, "reject", 0.0)
                passing = passing.times(accepted * (1.0 if schema is None else 1.0 - schema.reject))
        arrived = np.where(stream.rate > 0.0, stream.rate, 1.0)
        found.passed[name] = np.where(stream.rate > 0.0, passing.rate / arrived, 1.0)
        for route, mask in self.paths.routes(name):
            yield route.to, str(route.match), passing.times(mask)

    def _within(self, rules: Any, rate: Floats) -> Floats:
        """The share of each flow that a rate limit lets pass."""

        def passes(asked: Floats) -> Floats:
            share: Floats = np.minimum(1.0, rules.rate / np.maximum(asked, _LEAST))
            return share

        if rules.per == "key":
            return self.by_key.mean(passes(self.by_key.rates(rate)))
        if rules.per == "client":
            shares = np.ones(len(rate))
            for crowd in self.crowds:
                mine = self.shares[crowd.name] > 0.0
                shares[mine] = crowd.callers @ passes(crowd.callers * rate[mine].sum())
            return shares
        labels = [flow.kind.label if rules.per == "route" else "" for flow in self.flows]
        totals: dict[str, float] = {}
        for label, part in zip(labels, rate.tolist(), strict=True):
            totals[label] = totals.get(label, 0.0) + part
        return passes(np.array([totals[label] for label in labels]))

    def _database(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for copy in self.paths.ways.copies(name):
            self._arrive(found, name, copy, REPLICATES, stream.times(~self.paths.ways.reads))
        return iter(())

    def _balancer(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        yield config.to, "", stream

    def _queue(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for consumer in config.consumers:
            yield consumer.service, "consumes", stream
        if config.dead_letter_queue is not None and name in found.poison:
            yield config.dead_letter_queue, "dead letters", found.poison[name].times(len(config.consumers))

    def _service(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for steps, mask in self.paths.programs(name):
            mine = stream.times(mask)
            for word, step in steps:
                if word in ("call", "publish"):
                    yield step.to, "", mine
                    if word == "publish" and step.poison:
                        found.poison[step.to] = found.poison.get(step.to, Stream(self._none)) + mine.times(step.poison)
                elif word == "parallel":
                    for branch in step.calls:
                        yield branch.call.to, f"×{branch.times}" if branch.times > 1 else "", mine.times(branch.times)
                elif word == "read_through":
                    missed = self._missed_by(name, step.cache.to, found)
                    yield step.cache.to, "", mine.times(self.paths.looked_up(step.cache.to))
                    yield step.origin.to, "miss", mine.times(missed.rate, missed.mark)
                elif word == "session":
                    if step.store is not None:
                        yield step.store.to, "session", mine
                elif word in STEPS:
                    for _path, to in STEPS[word].targets(step):
                        yield to, "", mine.times(1.0, Certainty.AT_MOST)

    def _missed_by(self, caller: str, cache: str, found: Pass) -> Stream:
        """What a cache, or the parts of it that a caller reads, passed on in the pass before."""
        parts = [found.misses[part].times(share) for part, share in self.paths.ways.reached(caller, cache)]
        return sum(parts[1:], parts[0])

    # -- closed loops

    def _sent(self, crowd: Crowd, found: Pass, time: float) -> float:
        """What a client sends, 1/s: its rate, or the most that the users of a closed loop can.

        Each of those waits for an answer and thinks before the next request, and no server is busier than always.
        """
        sent = found.sent[crowd.name]
        if crowd.users is None:
            return sent
        share = self.shares[crowd.name]
        cycle = crowd.think + float(share @ found.times.seen_by(crowd.name, self.document.clients[crowd.name].to))
        busiest = max(
            float((stream.rate * (share > 0.0)) @ found.times.inside(name)) / (workers_of(config) or inf)
            for name, config in self.document.components.items()
            for stream in [found.arriving[name]]
        )
        most = min(crowd.users(time) / cycle if cycle > 0.0 else inf, sent / busiest if busiest > 0.0 else inf)
        return most if most < inf else sent


def workers_of(config: Any) -> int | None:
    """How many requests a component works on at a time; None for any number."""
    if config.kind == "database":
        return int(config.connections)
    return int(config.instances * config.workers) if config.kind == "service" else None


def _are_steady(found: Pass, sent: dict[str, float], misses: dict[str, Stream]) -> bool:
    """Whether another pass would bring nothing new."""
    same = all(abs(rate - found.sent[name]) <= _STEADY * rate for name, rate in sent.items())
    return same and all(
        np.allclose(missed.rate, found.misses[name].rate, atol=_STEADY) for name, missed in misses.items()
    )


def mean_over(rate: Floats, values: Floats) -> float | None:
    """The mean of `values` over requests; None if there are none."""
    total = float(rate.sum())
    return float(rate @ values) / total if total > 0.0 else None
