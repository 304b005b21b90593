"""Zone-aware balancing keeps traffic in the caller's zone as far as the instances there can take it.

Crossing a zone costs time and money. But if the caller's zone has a smaller share of the instances than of the callers,
its instances would be overloaded; then the rest spills over to the zones that have more instances than callers, in
proportion to what they have too much. Inside a zone any algorithm picks.

Source: Envoy, zone aware routing.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import ClassVar

from pydantic import Field

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.kernel import Uniform
from sim.request import Request
from sim.values import Config, Count

EVERYWHERE = ""
"""The zone of all zones: where there are too few instances to tell zones apart, one balancer picks from all."""


class ZoneAwareConfig(Config):
    """How far traffic is kept in the caller's zone."""

    shorthand: ClassVar[str | None] = "min_instances"

    min_instances: Count = Field(
        6, ge=1, description="With fewer healthy instances than this in all zones together, zones are not looked at."
    )


class ZoneAware(Balancer):
    """Picks the zone first, by its share, and leaves the rest to a balancer of that zone.

    Args:
        config: When zones matter.
        make: Makes the balancer of one zone.
        home: The caller's zone.
        zones: The zone of each instance, by index.
        callers: How many callers there are in each zone now.
        uniform: The stream that draws the zone of what spills over.
    """

    def __init__(
        self,
        config: ZoneAwareConfig,
        make: Callable[[], Balancer],
        home: str,
        zones: Sequence[str],
        callers: Callable[[], Mapping[str, int]],
        uniform: Uniform,
    ) -> None:
        self._config = config
        self._home = home
        self._zones = zones
        self._callers = callers
        self._uniform = uniform
        self._balancers = {zone: make() for zone in dict.fromkeys((EVERYWHERE, *zones))}
        one = self._balancers[EVERYWHERE]
        self.learns, self.weighted, self.probes = one.learns, one.weighted, one.probes  # type: ignore[misc]
        self._names: list[str] = [EVERYWHERE]
        self._borders: list[float] = [1.0]

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        groups: dict[str, list[Endpoint]] = {zone: [] for zone in self._balancers}
        groups[EVERYWHERE] = list(eligible)
        for endpoint in eligible:
            groups[self._zones[endpoint.index]].append(endpoint)
        for zone, group in groups.items():
            self._balancers[zone].update(group, now)
        counts = Counter(self._zones[endpoint.index] for endpoint in eligible)
        shares = {EVERYWHERE: 1.0}
        if len(eligible) >= self._config.min_instances:
            shares = zone_shares(self._home, counts, self._callers())
        self._names = list(shares)
        self._borders = list(accumulate(shares.values()))

    def pick(self, request: Request, now: float) -> Endpoint:
        names = self._names
        zone = names[0]
        if len(names) > 1:
            zone = names[min(bisect(self._borders, self._uniform.next()), len(names) - 1)]
        return self._balancers[zone].pick(request, now)

    def answered(self, endpoint: Endpoint, latency: float, success: bool, now: float) -> None:
        for zone in (EVERYWHERE, self._zones[endpoint.index]):
            self._balancers[zone].answered(endpoint, latency, success, now)

    def probe_targets(self, now: float) -> list[Endpoint]:
        return self._balancers[self._home if self._home in self._names else EVERYWHERE].probe_targets(now)

    def probed(self, endpoint: Endpoint, in_flight: int, latency: float, now: float) -> None:
        for zone in (EVERYWHERE, self._zones[endpoint.index]):
            self._balancers[zone].probed(endpoint, in_flight, latency, now)


def zone_shares(home: str, instances: Mapping[str, int], callers: Mapping[str, int]) -> dict[str, float]:
    """Where the traffic of the callers of one zone goes.

    Args:
        home: The callers' zone.
        instances: How many instances each zone has.
        callers: How many callers each zone has.

    Returns:
        The share of each zone that gets any, home first; they add up to 1.
    """
    total, asking = sum(instances.values()), sum(callers.values())
    if not total or not callers.get(home):
        return {EVERYWHERE: 1.0}
    too_much = {
        zone: count / total - callers.get(zone, 0) / asking for zone, count in instances.items() if zone != home
    }
    local = min(1.0, (instances.get(home, 0) / total) / (callers[home] / asking))
    room = sum(max(0.0, rest) for rest in too_much.values())
    if local >= 1.0 or not room:
        return {home: 1.0} if instances.get(home) else {EVERYWHERE: 1.0}
    rest = {zone: (1.0 - local) * more / room for zone, more in too_much.items() if more > 0.0}
    return ({home: local} if local else {}) | rest
