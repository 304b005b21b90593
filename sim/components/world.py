"""The world of one run: the clock, the random streams, the recorder, and who is connected with whom."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from sim.components.component import Component, Handler
from sim.components.network import Direction, Link, LinkConfig, NetworkConfig
from sim.components.region import Placement, base_name, owner, zone_of
from sim.components.residency import ResidentEdge
from sim.components.standby import StandbyRegions
from sim.kernel import Demand, Environment, FixedDemand, Streams
from sim.metrics import Recorder
from sim.values import Constant, Distribution

_REGION: Final = re.compile(r"@[\w-]+")


@dataclass
class World:
    """What the components of one run share.

    Attributes:
        env: The clock.
        streams: The random streams.
        recorder: Keeps what happens.
        network: The links between components.
        duration: When the run ends, s.
        placement: Who stands in which region.
        spikes: For each client, the spikes of the scenario: (start, end, factor).
        mortal: Components that an event of the scenario kills or hangs: what they call goes on without them.
        components: By name.
        clients: By name.
    """

    env: Environment
    streams: Streams
    recorder: Recorder
    network: NetworkConfig
    duration: float
    placement: Placement = field(default_factory=Placement)
    spikes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    mortal: set[str] = field(default_factory=set)
    access: dict[str, LinkConfig] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    _calls: dict[tuple[str, str], int] = field(default_factory=dict)
    _shared: dict[str, Any] = field(default_factory=dict)
    _edges: dict[str, dict[tuple[str, int], int]] = field(default_factory=dict)

    @cached_property
    def standby(self) -> StandbyRegions:
        """The regions that wait for others to fail."""
        return StandbyRegions(self)

    def add(self, component: Component) -> None:
        """Takes a component in, before it looks up what is behind it."""
        self.components[component.name] = component

    def demand(self, name: str, distribution: Distribution) -> Demand | FixedDemand:
        """What user requests need at one place, by request and call: service times, latencies.

        It is the same in whichever region a request is served, so that steering changes no request.
        """
        if isinstance(distribution, Constant):
            return FixedDemand(distribution.mean)
        return self.streams.demand(_REGION.sub("", name), distribution.draw)

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """What several parts share, by name; made when the first of them asks for it."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    def distance(self, one: str | None, other: str | None) -> float:
        """Mean one-way latency between two regions, s; 0 within one, and to what stands in none."""
        return self.network.distances.get(frozenset((one, other)), 0.0)

    def entrance(self, name: str, caller: str, settle: bool = True) -> Handler:
        """What `caller` sends its requests for a component to; see `Component.entrance`."""
        component = self.components[name]
        resident = getattr(component.config, "resident", None)
        if resident is None:
            return component.entrance(caller, settle)
        return ResidentEdge(self, self.placement.named(base_name(name)), resident, caller, settle)

    def link(self, caller: str, callee: str) -> Link:
        """The link between two parts; both ways of a pair share it."""
        link = self.links.get((caller, callee))
        if link is None:
            link = self.links[caller, callee] = self._lay(caller, callee)
        return link

    def calls_to(self, name: str, caller: str) -> int:
        """A number for the next edge from a caller to a component, apart from those of all its other edges and callers.

        The parts of a caller in several regions or zones have the same edges, and so have those of the component: where
        a request goes does not change what it needs.
        """
        ordinal = self._calls.get((caller, name), 0)
        self._calls[caller, name] = ordinal + 1
        numbers = self._edges.setdefault(base_name(name), {})
        return numbers.setdefault((base_name(owner(caller)), ordinal), len(numbers)) << 16

    def _lay(self, caller: str, callee: str) -> Link:
        config: LinkConfig = self.access.get(caller, self.network)
        latency = config.latency if config.latency is not None else self.network.latency
        ends = {owner(caller), owner(callee)}
        regions = {self.placement.region(caller), self.placement.region(callee)}
        zones = {zone_of(caller), zone_of(callee)}
        if len(regions) == 1 and len(zones) == 2 and None not in zones:
            across = self.placement.regions[str(regions.pop())].zone_latency
            latency = latency if across is None else across
        for pair, distribution in self.network.between.items():
            if set(pair.split("/")) == ends:
                latency = distribution
                break
            if set(pair.split("/")) == regions:
                latency = distribution
        one_way: Distribution = latency if latency is not None else Constant(0.0)
        name = f"link.{caller}.{callee}"
        out = Direction(self.env, one_way, config, self.streams, f"{name}.out")
        back = Direction(self.env, one_way, config, self.streams, f"{name}.back")
        return Link(out, back)
