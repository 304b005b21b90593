"""Whom requests reach that are sent to a name: the part that has the data, a replica, the region that is steered to.

It is told for a system that is whole: no region is out, a standby region gets nothing, and the first primary has not
changed.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.balancing.hashing import stable_hash
from sim.components import Placement
from sim.components.caching import READS
from sim.components.region import base_name
from sim.experiment.expected_traffic import Floats, RequestFlow
from sim.scenario.document import Document

Way = tuple[str, Floats]
"""A part of a component, and the share of each flow that reaches it."""

Home = str | None
"""The region of whoever calls."""

_HASHED = 20_000
"""How many of a flow's items are hashed to find where each is kept; further ones are spread evenly."""

_ROUNDS = 60
_LEAST = 1e-9


class Ways:
    """Who answers whose requests.

    Args:
        document: A scenario, written out.
        placement: Who stands where in it.
        flows: All of its flows.
    """

    def __init__(self, document: Document, placement: Placement, flows: Sequence[RequestFlow]) -> None:
        self.document = document
        self.placement = placement
        self.flows = flows
        self.reads: NDArray[np.bool_] = np.array([flow.kind.method in READS for flow in flows], dtype=np.bool_)
        self.reached = cache(self._reached)

    def parts(self, name: str) -> Sequence[str]:
        """All that requests can reach that are sent to a component."""
        config = self.document.components[name]
        spread = getattr(config, "resident", None) or getattr(config, "primary", None)
        return self.placement.named(base_name(name)) if spread else (name,)

    def copies(self, name: str) -> Sequence[str]:
        """The replicas to which a component sends its writes; none if it is no primary."""
        replicas = self.parts(name) if getattr(self.document.components[name], "primary", None) else ()
        return replicas[1:] if replicas[:1] == (name,) else ()

    def distance(self, home: Home, name: str) -> float:
        """Mean one-way latency from a region to a component, s; 0 within it, and to what stands in none."""
        return self.document.network.distances.get(frozenset((home, self.placement.region(name))), 0.0)

    def _reached(self, caller: str, name: str) -> list[Way]:
        """Whom the requests of a caller reach that are sent to a component."""
        config, parts = self.document.components[name], self.parts(name)
        if getattr(config, "resident", None) == "client":
            return self._by_client(parts)
        if getattr(config, "resident", None) == "key":
            return self._by_key(parts)
        if getattr(config, "primary", None):
            return self._by_method(config, parts, self.placement.region(caller))
        return [(name, np.ones(len(self.flows)))]

    def _by_client(self, parts: Sequence[str]) -> list[Way]:
        regions = [self.placement.region(part) for part in parts]
        homes = [self.placement.data_homes.get(flow.client) for flow in self.flows]
        there = [regions.index(home) if home in regions else 0 for home in homes]
        return [(part, np.array([float(each == number) for each in there])) for number, part in enumerate(parts)]

    def _by_key(self, parts: Sequence[str]) -> list[Way]:
        shares = np.zeros((len(parts), len(self.flows)))
        for column, flow in enumerate(self.flows):
            shares[:, column] = float(flow.weights[_HASHED:].sum()) / len(parts)
            for key, weight in zip(flow.keys[:_HASHED].tolist(), flow.weights.tolist(), strict=False):
                shares[stable_hash(flow.kind.path, key) % len(parts), column] += weight
        return list(zip(parts, shares, strict=True))

    def _by_method(self, config: Any, parts: Sequence[str], home: Home) -> list[Way]:
        primary, *others = parts
        near = sorted(parts, key=lambda part: (self.placement.region(part) != home, self.distance(home, part)))
        reader = {
            "primary": primary,
            "replicas": next((part for part in near if part in others), primary),
            "nearest": near[0],
        }[config.read_from]
        shares = {part: np.where(self.reads, part == reader, part == primary).astype(float) for part in parts}
        return [(part, share) for part, share in shares.items() if share.any()]

    def steered(
        self, config: Any, asked: Mapping[Home, float], seen: Callable[[Home, str], float]
    ) -> tuple[dict[Home, dict[str, float]], bool]:
        """To which region requests are steered.

        A region that takes no more than so many a second has room now and then; how often follows from how many ask for
        it, and those who find none ask the next one.

        Args:
            config: What steers.
            asked: How many requests come from each region, 1/s.
            seen: How long a part takes to answer a request from a region, s.

        Returns:
            For each region that requests come from, the share of them that each part gets; and whether a region was
            full, so that some spilled over.
        """
        regions = self.placement.regions
        active = [name for name in config.ways if name not in regions or regions[name].role == "active"]
        candidates = active or list(config.ways)

        def wanted(home: Home, among: Collection[str]) -> dict[str, float]:
            chosen = [region for region in candidates if region in among] or candidates
            return _preferred(config, home, chosen, self.distance, seen)

        capacity: Mapping[str, float] = getattr(config, "capacity", {})
        room = {region: rate for region, rate in capacity.items() if region in candidates}
        opens = dict.fromkeys(candidates, 1.0)
        for _ in range(_ROUNDS if room else 0):
            for region, rate in room.items():
                others = {other: share for other, share in opens.items() if other != region}
                asks = sum(
                    asked[home] * chance * wanted(home, {*among, region}).get(region, 0.0)
                    for home in asked
                    for chance, among in _open_at_once(others)
                )
                opens[region] = 0.5 * (opens[region] + min(1.0, rate / max(asks, _LEAST)))
        got = {
            home: {
                part: sum(chance * wanted(home, among).get(region, 0.0) for chance, among in _open_at_once(opens))
                for region, part in config.ways.items()
            }
            for home in asked
        }
        return got, min(opens.values()) < 1.0 - _LEAST


def _open_at_once(opens: Mapping[str, float]) -> Iterator[tuple[float, list[str]]]:
    """Which regions have room at once, and how often that is so, from how often each has."""
    for states in product((True, False), repeat=len(opens)):
        chance = prod(share if state else 1.0 - share for state, share in zip(states, opens.values(), strict=True))
        if chance > 0.0:
            yield chance, [region for state, region in zip(states, opens, strict=True) if state]


def _preferred(
    config: Any,
    home: Home,
    among: Sequence[str],
    distance: Callable[[Home, str], float],
    seen: Callable[[Home, str], float],
) -> dict[str, float]:
    """The shares of some regions in the requests from a region, had each of them room enough."""
    match config.steering:
        case "weighted" if any(config.weights.get(region, 1.0) for region in among):
            weights = {region: config.weights.get(region, 1.0) for region in among}
            return {region: weight / sum(weights.values()) for region, weight in weights.items()}
        case "weighted":
            return {among[-1]: 1.0}
        case "round_robin":
            return {region: 1.0 / len(among) for region in among}
        case "latency":
            return {min(among, key=lambda region: seen(home, config.ways[region])): 1.0}
        case "geo":
            return {min(among, key=lambda region: distance(home, config.ways[region])): 1.0}
        case _:
            return {among[0]: 1.0}
