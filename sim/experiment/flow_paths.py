"""Where each flow of requests goes: which route it takes, which steps a service takes for it, whom those call."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import KINDS, Placement
from sim.components.caching import READS
from sim.components.region import base_name
from sim.experiment.expected_traffic import Floats, RequestFlow
from sim.experiment.ways import Ways
from sim.scenario.document import Document
from sim.values import chosen

Mask = NDArray[np.bool_]
Step = tuple[str, Any]
"""One step of a service: its word in the scenario, and its config."""


class FlowPaths:
    """The architecture of a scenario as its flows see it.

    Args:
        document: The scenario, written out.
        placement: Who stands where in it.
        flows: All of its flows.

    Attributes:
        ways: Whom requests reach that are sent to a name.
    """

    def __init__(self, document: Document, placement: Placement, flows: Sequence[RequestFlow]) -> None:
        self.document = document
        self.placement = placement
        self.flows = flows
        self.ways = Ways(document, placement, flows)
        self.looked_up = cache(self._looked_up)
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
                stack += [(to, False) for to in self._behind(name) if to not in finished]
        return list(dict.fromkeys(reversed(list(finished))))

    def _behind(self, name: str) -> list[str]:
        """All that a component sends something to."""
        return [part for to in self.targets(name) for part in self.ways.parts(to)] + list(self.ways.copies(name))

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

    def _looked_up(self, name: str) -> Mask:
        """Which flows a cache or a CDN may answer; the others pass by."""
        config = self.document.components[name]
        if config.kind == "cache":
            return self.matching(config.match)
        reads = self.mask(lambda flow: flow.kind.method in READS)
        return reads if config.cache is None else reads & self.matching(config.cache.match)

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
        client = self.document.clients.get(caller)
        access = None if client is None else client.network
        regions = {self._region(caller), self._region(callee)}
        ends = (base_name(caller), base_name(callee)) if len(regions) == 1 else (caller, callee)
        return 2.0 * self.document.network.way(*ends, access, regions).mean

    def _region(self, end: str) -> str | None:
        """Where a client or a component, or the part of one in a region, stands."""
        config = self.document.clients.get(end) or self.document.components.get(end)
        return end.partition("@")[2] or getattr(config, "region", None)

    def work(self, name: str) -> Floats:
        """Mean time that a worker of a component works on a request of each flow, calls left out, s."""
        config, none = self.document.components[name], np.zeros(len(self.flows))
        if config.kind != "service":
            own = getattr(config, "work", None) or getattr(config, "latency", None)
            if own is None:
                return none
            if getattr(config, "primary", None) and not self.ways.copies(name):
                apply = (config.replication.apply or own).mean
                return np.where(self.ways.reads, float(own.mean), float(apply))
            return none + float(own.mean)
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
