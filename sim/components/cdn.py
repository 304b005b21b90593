"""A content delivery network answers near the user what it has kept, and passes the rest on to the origin."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from sim.components.cache_store import CacheConfig
from sim.components.caching import CACHED, READS, Caching
from sim.components.component import Handler, Steps
from sim.components.names import ComponentName
from sim.components.proxy import Proxy
from sim.components.region import Placed
from sim.components.single_flight import SingleFlight
from sim.request import Request, Response
from sim.values import Share, wrong_key

if TYPE_CHECKING:
    from sim.components.world import World


class CdnConfig(Placed):
    """A CDN in front of something: a share of hits, or a cache with keys."""

    kind: Literal["cdn"] = Field(description="A content delivery network.")
    to: ComponentName = Field(description="The origin: where misses go.")
    hit_ratio: Share | None = Field(None, description="Share of requests that hit; short for a cache without keys.")
    cache: CacheConfig | None = Field(None, description="What is kept, how much of it and for how long.")

    @model_validator(mode="after")
    def _one_cache(self) -> "CdnConfig":
        if self.hit_ratio is not None and self.cache is not None:
            raise wrong_key("hit_ratio", "is short for a cache without keys: give either 'hit_ratio' or 'cache'")
        return self


class CachedOrigin:
    """An origin behind a cache with keys.

    Args:
        caching: The cache.
        origin: What misses go to.
    """

    def __init__(self, caching: Caching, origin: Handler) -> None:
        self.caching = caching
        self.origin = origin
        self.flights = SingleFlight(caching.env)

    def handle(self, request: Request) -> Steps:
        """Answers from the cache, or from the origin."""
        return (yield from self.caching.answer(request, self.origin.handle, self.flights))


class Cdn(Proxy):
    """Answers hits, passes misses on.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "cdn"
    origin: Handler

    def __init__(self, name: str, config: CdnConfig, world: "World") -> None:
        super().__init__(name, config, world)
        rules = config.cache
        if config.hit_ratio is not None:
            rules = CacheConfig(hit_ratio=config.hit_ratio)
        self.caching = None if rules is None else Caching(rules, self.env, world.recorder, world.streams, name)

    def connect(self) -> None:
        """Looks up the origin."""
        keyed = self.caching is not None and self.caching.config.hit_ratio is None
        self.origin = self.world.entrance(self.config.to, self.name, settle=keyed)
        if self.caching is not None:
            self.keyed = CachedOrigin(self.caching, self.origin)

    def forward(self, request: Request) -> Response | Handler:
        """Answers a hit of a cache without keys; otherwise passes on, through the cache if it has keys."""
        self.offered += 1
        caching = self.caching
        if caching is None or request.kind.method not in READS or not caching.may_keep(request):
            return self.origin
        if caching.hit_ratio is None:
            return self.keyed
        if caching.hits_by_ratio(request):
            caching.add_latency(request)
            return CACHED
        return self.origin

    def counters(self) -> dict[str, Any]:
        """What it answered itself, and the cache's counters."""
        return super().counters() | ({} if self.caching is None else self.caching.counters())

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        if self.caching is not None:
            self.caching.start_counting()
