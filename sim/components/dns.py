"""DNS gives a region's address to resolvers, which keep it for its TTL: so a region that is dead goes on being called.

Clients ask their resolver; a resolver whose record has run out asks DNS, which answers as its steering sees the world
at that moment. The phases of the resolvers are spread evenly, so what is left of a record is uniform in its TTL. Some
resolvers keep records for longer than they may. Where DNS itself does not answer, resolvers remember that too.

Sources: RFC 1035 (TTL); RFC 2308 (negative caching); J. Pang et al., On the Responsiveness of DNS-based Network
Control, IMC 2004 (resolvers that ignore the TTL).
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Component, Handler
from sim.components.steered_edge import SteeredEdge
from sim.components.steering import Region, Steered, Steering
from sim.request import Request
from sim.values import Config, Count, Distribution, Duration, Share

if TYPE_CHECKING:
    from sim.components.world import World

TIMES_TOO_LONG = 10.0
"""How many TTLs a resolver that ignores them keeps a record, where the scenario does not say."""


class IgnoreTtlConfig(Config):
    """Resolvers that keep a record for longer than they may."""

    shorthand: ClassVar[str | None] = "share"

    share: Share = Field(description="Share of the resolvers that do, or of clients with a cache of their own.")
    for_: Duration | None = Field(
        None, gt=0, alias="for", description="How long they keep a record; ten times its TTL if left out."
    )


class DnsConfig(Steered):
    """DNS with health checks, and the resolvers that ask it."""

    kind: Literal["dns"] = Field(description="DNS: gives out the addresses of regions, which resolvers keep.")
    ttl: Duration = Field(60.0, description="How long a resolver may keep a record.")
    ignore_ttl: IgnoreTtlConfig | None = Field(None, description="Resolvers that keep a record for longer.")
    negative_ttl: Duration = Field(5.0, description="How long a resolver remembers that it got no answer.")
    resolvers: Count = Field(100, ge=1, le=100_000, description="How many resolvers stand between each client and DNS.")
    lookup: Distribution | None = Field(
        None, description="How long a resolver takes to ask; what it keeps is there at once. Default no time."
    )


class Resolver:
    """A cache of one record.

    Attributes:
        keeps: How long it keeps a record, s.
        region: What the record says; None for no answer.
        until: When it has run out, s.
    """

    __slots__ = ("keeps", "region", "until")

    def __init__(self, keeps: float, region: Region | None, until: float) -> None:
        self.keeps = keeps
        self.region = region
        self.until = until


class Dns(Component):
    """Gives out addresses.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "dns"

    def __init__(self, name: str, config: DnsConfig, world: "World") -> None:
        super().__init__(name, config, world)
        self.steering = Steering(self)
        self.lookups = self.failed_lookups = 0

    def connect(self) -> None:
        """Begins to check the regions."""
        self.steering.watch()

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The ways to all regions, behind the resolvers of the caller."""
        config, world, home = self.config, self.world, self.world.placement.region(caller)
        name = f"{self.name}.{caller}.resolver"
        phases = world.streams.uniform(f"{name}.phase")
        client = world.clients.get(caller)
        crowd = client is None or not client.has_callers
        which = world.streams.demand(name, lambda rng, n: rng.random(n)) if crowd else None
        lookup = None if config.lookup is None else world.streams.drawn(f"{name}.lookup", config.lookup.draw).next
        count = config.resolvers
        resolvers = []
        for number in range(count):
            keeps = self._keeps(number)
            resolvers.append(Resolver(keeps, self.steering.choose(home), keeps * phases.next()))

        def choose(request: Request) -> Region | None:
            number = request.caller % count if which is None else int(which.at(request.id) * count)
            resolver = resolvers[number]
            now = self.env.now + request.owed
            if now >= resolver.until:
                self.lookups += 1
                if lookup is not None:
                    request.owed += lookup()
                if self.up:
                    resolver.region, resolver.until = self.steering.choose(home), now + resolver.keeps
                else:
                    self.failed_lookups += 1
                    resolver.region, resolver.until = None, now + config.negative_ttl
            return resolver.region

        return SteeredEdge(self, self.steering, caller, choose, settle)

    def _keeps(self, number: int) -> float:
        """How long a resolver keeps a record, s."""
        config: DnsConfig = self.config
        ignore = config.ignore_ttl
        if ignore is None or number >= round(ignore.share * config.resolvers):
            return config.ttl
        return TIMES_TOO_LONG * config.ttl if ignore.for_ is None else ignore.for_

    def gauges(self) -> dict[str, float]:
        """Requests sent to each region so far."""
        return self.steering.sent()

    def counters(self) -> dict[str, Any]:
        """Where requests have gone, and how often resolvers have asked."""
        asked = {"lookups": self.lookups, "failed_lookups": self.failed_lookups}
        return super().counters() | asked | self.steering.counters()

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.lookups = self.failed_lookups = 0
        self.steering.start_counting()

    @classmethod
    def targets(cls, config: Config) -> list[tuple[tuple[str | int, ...], str]]:
        """The parts that its records may name."""
        assert isinstance(config, Steered)
        return [(("to",), part) for part in config.ways.values()]
