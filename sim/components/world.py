"""The world of one run: the clock, the random streams, the recorder, and who is connected with whom."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from sim.components.component import Component, Handler
from sim.components.network import AccessConfig, Direction, Link, NetworkConfig
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
        access: The clients' own links, by name.
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
    access: dict[str, AccessConfig] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    _calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _edges: dict[str, dict[tuple[str, int], int]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _shared: dict[str, Any] = field(default_factory=dict)

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

        Clients share one, for no request is sent by two of them. The parts of a caller in several regions or zones have
        the same edges, and so have those of the component: where a request goes does not change what it needs.

        Args:
            name: Of the component.
            caller: Who calls it; clients do so after all components.
        """
        numbered = self._edges.setdefault(base_name(name), {})
        if owner(caller) not in self.components:
            return len(numbered) << 16
        ordinal = self._calls[caller, name]
        self._calls[caller, name] += 1
        return numbered.setdefault((base_name(owner(caller)), ordinal), len(numbered)) << 16

    def stream_name(self, name: str) -> str:
        """The name of a random stream for one part alone: of those that ask for the same, the second gets `name#2`."""
        self._asked[name] += 1
        return name if self._asked[name] == 1 else f"{name}#{self._asked[name]}"

    def _lay(self, caller: str, callee: str) -> Link:
        across, (here, there) = None, (zone_of(caller), zone_of(callee))
        regions = {self.placement.region(caller), self.placement.region(callee)}
        if len(regions) == 1 and here != there and here is not None and there is not None:
            across = self.placement.regions[str(*regions)].zone_latency
        access = self.access.get(caller)
        config = self.network.link(owner(caller), owner(callee), access, regions, across)
        name = f"link.{caller}.{callee}"
        out = Direction(self.env, config, self.streams, f"{name}.out")
        back = Direction(self.env, config, self.streams, f"{name}.back")
        return Link(out, back)
