"""Read through: look in the cache, on a miss fetch from the origin and put the answer into the cache (look-aside).

A cache that does not answer is a miss that nobody writes back. With the cache's `coalesce`, concurrent misses of one
key in one service share one fetch (single flight). Stale items are served as the cache's rules allow.
"""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from sim.components.cache import MISS, Cache
from sim.components.component import Steps
from sim.components.names import CacheName
from sim.components.server import Server
from sim.components.single_flight import SingleFlight
from sim.components.steps.call import Call, CallConfig, QuestionConfig, caller_of
from sim.request import Request
from sim.values import Config

if TYPE_CHECKING:
    from sim.components.world import World


class CacheReadConfig(QuestionConfig):
    """A request to a cache, as part of serving another."""

    to: CacheName = Field(description="The cache that is asked.")


class ReadThroughConfig(Config):
    """A read from a cache, and from the origin where the cache has nothing."""

    cache: CacheReadConfig = Field(description="The cache that is asked first.")
    origin: CallConfig = Field(description="Where misses are fetched.")


class ReadThrough:
    """Reads.

    Args:
        config: Which cache and which origin.
        caller: The component that reads.
        world: Where everything lives.
        name: Of the step, unique in the world.
    """

    hop = None

    def __init__(self, config: ReadThroughConfig, caller: str, world: "World", name: str) -> None:
        cache = world.components[config.cache.to]
        assert isinstance(cache, Cache)
        self.caching = cache.caching
        self.cache = caller_of(config.cache, caller, world, f"{name}.cache.retry")
        self.origin = Call(config.origin, caller, world, f"{name}.origin")
        self.flights = SingleFlight(world.env)

    def run(self, request: Request, server: Server) -> Any:
        """Reads; see `Step.run`."""
        if not self.caching.may_keep(request):
            return (yield from self.origin.run(request, server))
        found = yield from self.cache.handle(request)
        if found.success:
            return None

        def fetch(request: Request) -> Steps:
            return self.origin.run(request, server)

        answered = found.outcome is MISS.outcome
        get = self.caching.miss if answered else self.caching.fetch
        return (yield from get(request, fetch, self.flights))
