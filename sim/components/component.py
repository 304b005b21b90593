"""The contract: everything that a request can meet is a Handler, and everything that a scenario names is a Component.

A handler is a generator: `response = yield from handler.handle(request)`. It yields seconds to sleep or events to wait
for, and returns a Response. A refusal is a Response with an outcome, never an exception. Pure delays that follow each
other are added to `request.owed` and slept once, by the next one that has to know the time.
"""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from sim.components.names import references
from sim.request import Request, Response
from sim.values import Config

if TYPE_CHECKING:
    from sim.components.fleet import Fleet
    from sim.components.server import Server
    from sim.components.world import World

Steps = Generator[Any, Any, Response]


class Handler(Protocol):
    """Answers requests."""

    def handle(self, request: Request) -> Steps:
        """Serves one request; the generator returns its response."""
        ...


class Counting(Protocol):
    """Something that counts beside a component, and is reported with it."""

    def counters(self) -> dict[str, Any]:
        """Its counters since `start_counting`."""
        ...

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        ...


class Component:
    """One named part of the architecture.

    Args:
        name: As the scenario calls it.
        config: What the scenario says about it.
        world: What it lives in.

    Attributes:
        also_count: What else counts for it: sessions.
        calling: What it calls whose balancers look at how healthy it is itself, zone by zone.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, config: Any, world: "World") -> None:
        self.name = name
        self.config = config
        self.world = world
        self.env = world.env
        self.up = True
        self.offered = 0
        self.refused = 0
        self.calling: list[Fleet] = []
        self.also_count: list[Counting] = []

    def stop(self) -> None:
        """Goes away: whatever comes is refused, until `start`."""
        self.up = False
        for server in self.servers:
            server.crash()

    def start(self) -> None:
        """Is back."""
        self.up = True
        for server in self.servers:
            server.restart()

    def connect(self) -> None:
        """Looks up what is behind it; called once all components exist."""

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """What `caller` sends its requests to: the link and, for a fleet, the balancer on the caller's side.

        Args:
            caller: Name of the client or component that calls.
            settle: Whether the caller has to know when the answer is back; a proxy that only passes it on has not.
        """
        raise NotImplementedError

    @property
    def servers(self) -> "list[Server]":
        """The places with workers and a queue, for faults and samples."""
        return []

    @property
    def zones(self) -> Sequence[str]:
        """The zone of each of its instances, where its instances are in zones."""
        return ()

    def restart(self, index: int) -> None:
        """Starts one of its servers again."""
        self.servers[index].restart()

    def zone_counts(self) -> dict[str, int]:
        """How many of its instances are healthy in each zone, as far as its own checks know."""
        return {}

    def lost_for_good(self) -> int:
        """Requests that it killed, or refused because it was down, since the beginning of the run."""
        return sum(server.lost_for_good() for server in self.servers)

    def gauges(self) -> dict[str, float]:
        """What is worth a look once a second, by name: levels as they are, counts since the beginning of the run."""
        return {}

    def counters(self) -> dict[str, Any]:
        """Its own counters since `start_counting`."""
        return {"offered": self.offered, "refused": self.refused}

    def start_counting(self) -> None:
        """Forgets what was counted so far: warm-up is over."""
        self.offered = self.refused = 0

    @classmethod
    def targets(cls, config: Config) -> list[tuple[tuple[str | int, ...], str]]:
        """Where the config names other components: the path inside the config, and the name."""
        return list(references(config))
