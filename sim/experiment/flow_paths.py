"""Where each flow of requests goes: which route it takes, which steps a service takes for it, whom those call."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import KINDS
from sim.experiment.expected_traffic import Floats, RequestFlow
from sim.scenario.document import Document
from sim.values import chosen

Mask = NDArray[np.bool_]
Step = tuple[str, Any]
"""One step of a service: its word in the scenario, and its config."""


class FlowPaths:
    """The architecture of a scenario as its flows see it.

    Args:
        document: The scenario.
        flows: All of its flows.
    """

    def __init__(self, document: Document, flows: Sequence[RequestFlow]) -> None:
        self.document = document
        self.flows = flows
        self.routes = cache(self._routes)
        self.programs = cache(self._programs)
        self.round_trip = cache(self._round_trip)

    def order(self) -> list[str]:
        """The components, callers before what they call."""
        finished: dict[str, None] = {}
        stack = [(name, False) for name in reversed(self.document.components)]
        while stack:
            name, left = stack.pop()
            if left:
                finished[name] = None
            elif name not in finished:
                stack.append((name, True))
                stack += [(to, False) for to in self.targets(name) if to not in finished]
        return list(dict.fromkeys(reversed(list(finished))))

    def targets(self, name: str) -> list[str]:
        """What a component calls."""
        config = self.document.components[name]
        targets: list[tuple[Any, str]] = KINDS[config.kind].make.targets(config)
        return [to for _, to in targets]

    def mask(self, test: Callable[[RequestFlow], bool]) -> Mask:
        """Which flows pass a test."""
        return np.array([test(flow) for flow in self.flows], dtype=np.bool_)

    def matching(self, match: Any) -> Mask:
        """Which flows a match is for; None is for all."""
        return self.mask(lambda flow: match is None or match.matches(flow.kind, flow.client))

    def _routes(self, name: str) -> list[tuple[Any, Mask]]:
        """A gateway's routes, each with the flows that take it."""
        return _first_match(self.document.components[name].routes, self)[0]

    def _programs(self, name: str) -> list[tuple[list[Step], Mask]]:
        """The programs of a service, each with the flows that it is for; what matches none is answered at once."""
        config = self.document.components[name]
        endpoints, rest = _first_match(config.endpoints, self)
        return [(_steps(endpoint), mask) for endpoint, mask in endpoints] + [(_steps(config), rest)]

    def _round_trip(self, caller: str, callee: str) -> float:
        """Mean network latency there and back, s."""
        network, client = self.document.network, self.document.clients.get(caller)
        latency = network.latency
        if client is not None and client.network is not None and client.network.latency is not None:
            latency = client.network.latency
        for pair, between in network.between.items():
            if set(pair.split("/")) == {caller, callee}:
                latency = between
        return 0.0 if latency is None else 2.0 * latency.mean

    def work(self, name: str) -> Floats:
        """Mean time that a worker of a component works on a request of each flow, calls left out, s."""
        config, none = self.document.components[name], np.zeros(len(self.flows))
        if config.kind != "service":
            own = getattr(config, "work", None) or getattr(config, "latency", None)
            return none if own is None else none + own.mean
        slowness = config.instances / sum(config.speed_of(index) for index in range(config.instances))
        for steps, mask in self.programs(name):
            none += mask * (slowness * sum(step.mean for word, step in steps if word == "work"))
        return none


def _first_match(rules: Sequence[Any], paths: FlowPaths) -> tuple[list[tuple[Any, Mask]], Mask]:
    """For each rule the flows that it is the first to match, and the flows that none matches."""
    rest = paths.mask(lambda flow: True)
    taken = []
    for rule in rules:
        mine = rest & paths.matching(rule.match)
        taken.append((rule, mine))
        rest = rest & ~mine
    return taken, rest


def _steps(config: Any) -> list[Step]:
    return [("work", config.work)] if config.work is not None else [chosen(step) for step in config.steps or ()]
