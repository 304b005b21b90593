"""Read through: look in the cache, on a miss fetch from the origin and put the answer into the cache (look-aside).

A cache that does not answer is a miss that nobody writes back. With the cache's `coalesce`, concurrent misses of one
key share one fetch (single flight).
"""

from typing import TYPE_CHECKING, Any

from pydantic import Field
from simpy.events import Event

from sim.components.cache import MISS, Cache
from sim.components.caching import key_of
from sim.components.server import Server
from sim.components.steps.call import CallConfig, caller_of
from sim.request import QUEUE, Request
from sim.values import Config

if TYPE_CHECKING:
    from sim.components.world import World


class ReadThroughConfig(Config):
    """A read from a cache, and from the origin where the cache has nothing."""

    cache: CallConfig = Field(description="The cache that is asked first.")
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
        self.env = world.env
        self.caching = cache.caching
        self.cache = caller_of(config.cache, caller, world, f"{name}.cache.retry")
        self.origin = caller_of(config.origin, caller, world, f"{name}.origin.retry")
        self.coalesce = self.caching.config.coalesce
        self._under_way: dict[Any, Event] = {}

    def run(self, request: Request, server: Server) -> Any:
        """Reads; see `Step.run`."""
        found = yield from self.cache.handle(request)
        if found.success:
            return None
        key = key_of(request)
        if not self.coalesce:
            response = yield from self._fetch(request, found.outcome is MISS.outcome)
        elif key in self._under_way:
            self.caching.coalesced += 1
            joined = self.env.now
            request.doing = QUEUE
            response = yield self._under_way[key]
            request.queue += self.env.now - joined
        else:
            done = self._under_way[key] = Event(self.env)
            response = found
            try:
                response = yield from self._fetch(request, found.outcome is MISS.outcome)
            finally:
                del self._under_way[key]
                done.succeed(response)
        return None if response.success else response.relay

    def _fetch(self, request: Request, put: bool) -> Any:
        response = yield from self.origin.handle(request)
        if put and response.success:
            self.caching.put(request)
        return response
