"""A cache is a fast store beside a slow one: services look there first, and put what they had to fetch.

It keeps everything in memory, as memcached does: after a crash it is empty.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.cache_store import CacheConfig, CacheStore
from sim.components.caching import Caching
from sim.components.database import SingleServer
from sim.components.program import Program, Work
from sim.components.region import Placed
from sim.components.server import Server
from sim.request import ANSWERS, Outcome, Request
from sim.values import Constant, Distribution

if TYPE_CHECKING:
    from sim.components.world import World

MISS = ANSWERS[Outcome.NOT_FOUND]


class CacheServerConfig(Placed, CacheConfig):
    """A cache server: what it keeps, for how long, and how fast it answers."""

    kind: Literal["cache"] = Field(description="A cache that services read through.")
    latency: Distribution = Field(Constant(0.0), description="How long a look-up takes at the cache; default none.")


class Lookup:
    """The step of the cache's server: is it there?

    Args:
        caching: The keys.
    """

    hop = None

    def __init__(self, caching: Caching) -> None:
        self.caching = caching

    def run(self, request: Request, server: Server) -> Any:
        """Goes on for a hit and answers `not_found` for a miss."""
        if not self.caching.lookup(request):
            return MISS
        self.caching.add_latency(request)
        return None
        yield


class CacheServer(Server):
    """The process that holds the keys.

    Args:
        name: As the scenario calls it.
        world: What it lives in.
        program: What it does for a look-up.
        store: The keys.
    """

    __slots__ = ("_store",)

    def __init__(self, name: str, world: "World", program: Program, store: CacheStore) -> None:
        super().__init__(name, world.env, world.recorder, program, workers=None)
        self._store = store

    def crash(self) -> None:
        """See `Mortal.crash`; the keys are lost too."""
        super().crash()
        self._store.flush()


class Cache(SingleServer):
    """A server that looks keys up.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "cache"

    def __init__(self, name: str, config: CacheServerConfig, world: "World") -> None:
        self.caching = Caching(config, world.env, world.recorder, world.streams, name)
        work = Work(world.demand(f"{name}.latency", config.latency))
        server = CacheServer(name, world, Program([work, Lookup(self.caching)]), self.caching.store)
        super().__init__(name, config, world, server)

    def counters(self) -> dict[str, Any]:
        """The server's counters and the keys'."""
        return super().counters() | self.caching.counters()

    def start_counting(self) -> None:
        """Forgets what was counted so far; the keys stay."""
        super().start_counting()
        self.caching.start_counting()
