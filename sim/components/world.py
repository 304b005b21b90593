"""The world of one run: the clock, the random streams, the recorder, and who is connected with whom."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final

import numpy as np

from sim.components.component import Component, Handler
from sim.components.network import Direction, Link, Pipe
from sim.components.network_config import AccessConfig, NetworkConfig, Way
from sim.components.region import Placement, base_name, owner, zone_of
from sim.components.residency import ResidentEdge
from sim.components.standby import StandbyRegions
from sim.kernel import Demand, Environment, FixedDemand, Streams
from sim.metrics import Calls, Place, Recorder, Regions, Trail
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
        watched: Components that an event hits in part: where their callers send their calls is kept.
        access: The clients' own links, by name.
        components: By name.
        clients: By name.
        links: Between two parts, by their names.
        calls: How many calls have gone from one region to another.
        calls_kept: Where the calls of what is watched have gone.
    """

    env: Environment
    streams: Streams
    recorder: Recorder
    network: NetworkConfig
    duration: float
    placement: Placement = field(default_factory=Placement)
    spikes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    mortal: set[str] = field(default_factory=set)
    watched: set[str] = field(default_factory=set)
    access: dict[str, AccessConfig] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls_kept: list[Calls] = field(default_factory=list)
    _calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _calls_before: Counter[tuple[str, str]] = field(default_factory=Counter)
    _edges: dict[str, dict[tuple[str, int], int]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def standby(self) -> StandbyRegions:
        """The regions that wait for others to fail."""
        return StandbyRegions(self)

    @cached_property
    def trail(self) -> Trail:
        """Where user requests are sent."""
        return Trail(list(self.placement.regions))

    def trail_of(self, caller: str) -> Trail | None:
        """The trail, where a caller is a client: where its own requests are sent is where they are served."""
        return self.trail if caller in self.placement.data_homes else None

    def calls_of(self, caller: str, places: Sequence[Place], of: str = "calls") -> Calls | None:
        """Keeps where the calls of a caller go, if an event hits some of the places; None if nobody has to note it."""
        if not any(part in self.watched for part, _ in places):
            return None
        self.calls_kept.append(Calls(caller, places, of))
        return self.calls_kept[-1]

    def regions(self) -> Regions | None:
        """Where requests came from and went to so far; None where there are no regions."""
        placement, clients = self.placement, self.recorder.rows()["client"]
        if not placement.regions:
            return None
        numbers = self.trail.numbers
        homes = [placement.region(name) for name in self.clients]
        doors = [placement.region(client.config.to) for client in self.clients.values()]
        entered, living = (np.array([numbers.get(each or "", 0) for each in ends], np.uint8) for ends in (doors, homes))
        first, last = self.trail.columns(entered[clients])
        return Regions(
            names=list(placement.regions),
            standby=[config.standby if config.role == "standby" else None for config in placement.regions.values()],
            homes=living,
            sent_first=first,
            sent_last=last,
            calls=dict(self.calls - self._calls_before),
            parts={name: region for name, region in placement.homes.items() if name in self.components},
        )

    def start_counting(self) -> None:
        """Counts the calls between regions from now on."""
        self._calls_before = self.calls.copy()

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
        across, (zone, other) = None, (zone_of(caller), zone_of(callee))
        regions = {self.placement.region(caller), self.placement.region(callee)}
        if len(regions) == 1 and zone != other and zone is not None and other is not None:
            across = self.placement.regions[str(*regions)].zone_latency
        ends = owner(caller), owner(callee)
        if len(regions) == 1:
            ends = base_name(ends[0]), base_name(ends[1])
        way = self.network.way(*ends, self.access.get(caller), regions, across)
        name = f"link.{caller}.{callee}"
        out = Direction(self.env, way.legs, self.streams, f"{name}.out", self._pipes(way, caller, callee))
        back = Direction(self.env, way.legs, self.streams, f"{name}.back", self._pipes(way, callee, caller)[::-1])
        here, there = (self.placement.region(end) for end in (caller, callee))
        if here and there and here != there and "." not in caller and base_name(ends[0]) != base_name(ends[1]):
            out.latency = self._counted(out.latency, (here, there))
        return Link(out, back)

    def _counted(self, latency: Callable[[], float], border: tuple[str, str]) -> Callable[[], float]:
        """The same latency of calls, each of which is counted where it crosses a border."""
        calls = self.calls

        def crossing() -> float:
            calls[border] += 1
            return latency()

        return crossing

    def _pipes(self, way: Way, sender: str, receiver: str) -> list[Pipe]:
        """What messages from one end of a link to the other are transmitted through, the caller's own link first."""
        makes = [partial(Pipe, leg.bandwidth) for leg in way.legs if leg.bandwidth is not None]
        if not way.shared:
            return [make() for make in makes]
        between = f"pipe.{self.placement.region(sender)}>{self.placement.region(receiver)}"
        return [*(make() for make in makes[:-1]), self.shared(between, makes[-1])]
