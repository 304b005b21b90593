"""A global traffic manager sends each request to a region, with nothing in between that remembers an old answer.

It stands for anycast and for global load balancers: one address for the whole world, announced everywhere. What its
health checks learn takes effect at once. A region that has got more than its `capacity` of late is full, and what comes
then spills over to the next.

Sources: AWS Global Accelerator; Google Cloud Load Balancing; RFC 4786 (operation of anycast services).
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Component, Handler
from sim.components.names import RegionName
from sim.components.steered_edge import SteeredEdge
from sim.components.steering import Region, Steered, Steering
from sim.policies.rate_limit.token_bucket import TokenBucket
from sim.request import Request
from sim.values import Config, Rate

if TYPE_CHECKING:
    from sim.components.world import World


class TrafficManagerConfig(Steered):
    """A global traffic manager, or anycast."""

    kind: Literal["traffic_manager"] = Field(description="Global traffic manager or anycast: chooses for each request.")
    capacity: dict[RegionName, Annotated[Rate, Field(gt=0)]] = Field(
        default_factory=dict,
        description="How many requests a second a region takes; what is above it spills over to the next region.",
    )

    by_region: ClassVar[tuple[str, ...]] = (*Steered.by_region, "capacity")


class TrafficManager(Component):
    """Chooses a region for each request.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "traffic_manager"

    def __init__(self, name: str, config: TrafficManagerConfig, world: "World") -> None:
        super().__init__(name, config, world)
        self.steering = Steering(self)
        self.rooms = {
            region: TokenBucket(config.capacity[region.name], max(1.0, config.capacity[region.name]))
            for region in self.steering.regions
            if region.name in config.capacity
        }

    def connect(self) -> None:
        """Begins to check the regions."""
        self.steering.watch()

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The ways to all regions."""
        home = self.world.placement.region(caller)

        def choose(request: Request) -> Region | None:
            if not self.up:
                return None
            now = self.env.now + request.owed
            full = [region for region, room in self.rooms.items() if room.retry_after(now)]
            region = self.steering.choose(home, full)
            if region in self.rooms:
                self.rooms[region].allows(now)
            return region

        return SteeredEdge(self, self.steering, caller, choose, settle)

    def gauges(self) -> dict[str, float]:
        """Requests sent to each region so far."""
        return self.steering.sent()

    def counters(self) -> dict[str, Any]:
        """Where it has sent requests."""
        return super().counters() | self.steering.counters()

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.steering.start_counting()

    @classmethod
    def targets(cls, config: Config) -> list[tuple[tuple[str | int, ...], str]]:
        """The parts that it sends requests to."""
        assert isinstance(config, Steered)
        return [(("to",), part) for part in config.ways.values()]
