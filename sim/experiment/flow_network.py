"""Requests as fluid: the rates at which flows run through an architecture, split by routes, caches, refusals and calls.

A pass sends every client's traffic down to the last database. What a cache passes on depends on what reaches it, and
how much a closed loop sends depends on how long its answers take, so passes are repeated until both are steady. Caches
with keys follow Che's approximation; closed loops the bounds of operational analysis (P. Denning, J. Buzen, "The
operational analysis of queueing network models", ACM Computing Surveys 10(3), 1978).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import KINDS
from sim.components.cache_store import CacheConfig
from sim.components.steps import STEPS
from sim.experiment.expected_traffic import Crowd, Floats, Items, RequestFlow, crowds
from sim.experiment.flow_paths import FlowPaths
from sim.experiment.hit_ratio import hit_ratios
from sim.experiment.unqueued import Unqueued
from sim.scenario import Scenario
from sim.values import chosen

_PASSES = 30
_STEADY = 1e-6
_LEAST = 1e-300


class Certainty(IntEnum):
    """How well a figure is known."""

    EXACT = 0
    ABOUT = 1
    AT_MOST = 2

    @property
    def sign(self) -> str:
        """What stands before the figure: nothing, `≈` or `≤`."""
        return ("", "≈", "≤")[self]


class Stream:
    """Requests on their way, flow by flow.

    Args:
        rate: Of each flow, 1/s.
        mark: How well each is known.
    """

    def __init__(self, rate: Floats, mark: NDArray[np.int8] | None = None) -> None:
        self.rate = rate
        self.mark = np.zeros(len(rate), dtype=np.int8) if mark is None else mark

    def times(self, factor: Any, mark: Any = Certainty.EXACT) -> "Stream":
        """A share of it, or a multiple."""
        return Stream(self.rate * factor, np.maximum(self.mark, mark).astype(np.int8))

    def __add__(self, other: "Stream") -> "Stream":
        mark = np.maximum(np.where(self.rate > 0.0, self.mark, 0), np.where(other.rate > 0.0, other.mark, 0))
        return Stream(self.rate + other.rate, mark.astype(np.int8))

    @property
    def total(self) -> float:
        """All of it, 1/s."""
        return float(self.rate.sum())

    @property
    def certainty(self) -> Certainty:
        """How well the total is known."""
        return Certainty(int(self.mark[self.rate > 0.0].max(initial=0)))


Part = tuple[str, str, Stream]
"""What goes on: to whom, why (a label), and how much."""


@dataclass
class Pass:
    """One way of all requests through the architecture.

    Attributes:
        sent: By each client, 1/s.
        arriving: At each component.
        edges: By caller, callee and label.
        passed: For each component that may answer by itself, the share of each flow that it passes on.
        hits: The hit ratio of each cache.
        misses: What caches that services read through passed on in the pass before.
        window: Over which caches are looked at that are empty at 0, s; None for warm ones.
        times: How long requests take where nobody waits.
    """

    sent: dict[str, float]
    arriving: dict[str, Stream]
    misses: dict[str, Stream]
    window: tuple[float, float] | None
    edges: dict[tuple[str, str, str], Stream] = field(default_factory=dict)
    passed: dict[str, Floats] = field(default_factory=dict)
    hits: dict[str, float | None] = field(default_factory=dict)
    times: Unqueued = field(init=False)


class FlowNetwork:
    """A scenario as a network of flows.

    Args:
        scenario: Which.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.document = scenario.document
        self.crowds: list[Crowd] = crowds(scenario)
        self.flows: list[RequestFlow] = [flow for crowd in self.crowds for flow in crowd.flows]
        self.paths = FlowPaths(self.document, self.flows)
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
        for _ in range(_PASSES):
            found = self._send(Pass(sent, {name: Stream(self._none) for name in self.order}, misses, window))
            misses = {name: Stream(missed).times(1.0, self._mark(name)) for name, missed in found.passed.items()}
            sent = {crowd.name: self._sent(crowd, found, time) for crowd in self.crowds}
            if all(abs(rate - found.sent[name]) <= _STEADY * rate for name, rate in sent.items()) and all(
                np.allclose(missed.rate, found.misses[name].rate, atol=_STEADY) for name, missed in misses.items()
            ):
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
            for to, label, part in getattr(self, f"_{config.kind}", self._other)(name, config, stream, found):
                self._pass_on(found, name, to, label, part)
        found.times = Unqueued(self.paths, found.passed, sum((s.rate for s in found.arriving.values()), self._none))
        return found

    def _pass_on(self, found: Pass, caller: str, callee: str, label: str, stream: Stream) -> None:
        edge = caller, callee, label
        found.edges[edge] = found.edges[edge] + stream if edge in found.edges else stream
        found.arriving[callee] = found.arriving[callee] + stream

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

    def _queue(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for consumer in config.consumers:
            yield consumer.service, "consumes", stream

    def _service(self, name: str, config: Any, stream: Stream, found: Pass) -> Iterator[Part]:
        for steps, mask in self.paths.programs(name):
            mine = stream.times(mask)
            for word, step in steps:
                if word in ("call", "publish"):
                    yield step.to, "", mine
                elif word == "parallel":
                    for branch in step.calls:
                        yield branch.call.to, f"×{branch.times}" if branch.times > 1 else "", mine.times(branch.times)
                elif word == "read_through":
                    missed = found.misses[step.cache.to]
                    yield step.cache.to, "", mine.times(self.paths.looked_up(step.cache.to))
                    yield step.origin.to, "miss", mine.times(missed.rate, missed.mark)
                elif word in STEPS:
                    for _path, to in STEPS[word].targets(step):
                        yield to, "", mine.times(1.0, Certainty.AT_MOST)

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


def mean_over(rate: Floats, values: Floats) -> float | None:
    """The mean of `values` over requests; None if there are none."""
    total = float(rate.sum())
    return float(rate @ values) / total if total > 0.0 else None
