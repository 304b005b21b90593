"""The world of one run: the clock, the random streams, the recorder, and who is connected with whom."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sim.components.component import Component
from sim.components.network import AccessConfig, Direction, Link, NetworkConfig
from sim.kernel import Demand, Environment, FixedDemand, Streams
from sim.metrics import Recorder
from sim.values import Constant, Distribution


@dataclass
class World:
    """What the components of one run share.

    Attributes:
        env: The clock.
        streams: The random streams.
        recorder: Keeps what happens.
        network: The links between components.
        duration: When the run ends, s.
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
    spikes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    mortal: set[str] = field(default_factory=set)
    access: dict[str, AccessConfig] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    _calls: Counter[str] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)

    def add(self, component: Component) -> None:
        """Takes a component in, before it looks up what is behind it."""
        self.components[component.name] = component

    def demand(self, name: str, distribution: Distribution) -> Demand | FixedDemand:
        """What user requests need at one place, by request and call: service times, latencies."""
        if isinstance(distribution, Constant):
            return FixedDemand(distribution.mean)
        return self.streams.demand(name, distribution.draw)

    def link(self, caller: str, callee: str) -> Link:
        """The link between two parts; both ways of a pair share it."""
        link = self.links.get((caller, callee))
        if link is None:
            link = self.links[caller, callee] = self._lay(caller, callee)
        return link

    def calls_to(self, name: str, caller: str) -> int:
        """A number for the next edge that leads to a component, apart from those of all earlier edges.

        Clients share one: no request is sent by two of them.

        Args:
            name: Of the component.
            caller: Who calls it; clients do so after all components.
        """
        number = self._calls[name]
        if caller in self.components:
            self._calls[name] += 1
        return number << 16

    def stream_name(self, name: str) -> str:
        """The name of a random stream for one part alone: of those that ask for the same, the second gets `name#2`."""
        self._asked[name] += 1
        return name if self._asked[name] == 1 else f"{name}#{self._asked[name]}"

    def _lay(self, caller: str, callee: str) -> Link:
        config = self.network.link(caller, callee, self.access.get(caller))
        name = f"link.{caller}.{callee}"
        out = Direction(self.env, config, self.streams, f"{name}.out")
        back = Direction(self.env, config, self.streams, f"{name}.back")
        return Link(out, back)
