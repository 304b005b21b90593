"""A session step finds a caller's session state: in the memory of the instance, or in a store that all instances share.

What is in memory is gone when the instance dies, and of no use to another instance: then the session is lost, and is
rebuilt at a cost (a new login, an empty cart filled again). A store costs a call for every request and loses nothing
with an instance.
"""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from sim.balancing import Affinity, session_of
from sim.components.cache import MISS, Cache
from sim.components.caching import key_of
from sim.components.component import Handler
from sim.components.names import CacheName
from sim.components.region import base_name, owner
from sim.components.server import Server
from sim.components.steps.call import QuestionConfig, caller_of
from sim.request import QUEUE, SERVICE, Request, RequestKind
from sim.values import Config, Constant, Distribution, wrong_key

if TYPE_CHECKING:
    from sim.components.world import World


SESSION = RequestKind(path="/session", label="session")
"""The kind of what is asked of a session store."""


class StoreConfig(QuestionConfig):
    """A request to the cache that keeps the sessions."""

    to: CacheName = Field(description="The cache that keeps the sessions.")


class SessionConfig(Config):
    """Where session state is kept, and what losing it costs."""

    by: Affinity = Field("cookie", description="What tells sessions apart: cookie, source or header:NAME.")
    store: StoreConfig | None = Field(
        None, description="The cache that keeps them for all instances; by default each instance's own memory."
    )
    rebuild: Distribution = Field(
        Constant(0.0), description="What an instance has to work to make a session, new or lost; default nothing."
    )

    @model_validator(mode="after")
    def _store_alone(self) -> Self:
        if self.store is not None and self.store.retry is not None:
            raise wrong_key("store", "a session store that does not answer is passed over; it takes no 'retry'")
        return self


class Sessions:
    """Where the session of each caller is, in all parts of a service.

    Attributes:
        at: The server that has it in memory, and how often that had died by then.
        lost: Sessions that were somewhere, and not there when they were needed.
        started: Sessions that had not been anywhere.
    """

    def __init__(self) -> None:
        self.at: dict[Hashable, tuple[Server, int]] = {}
        self.lost = self.started = 0

    def counters(self) -> dict[str, Any]:
        """What was counted since `start_counting`."""
        return {"sessions_started": self.started, "sessions_lost": self.lost}

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        self.lost = self.started = 0


class Session:
    """Finds the session.

    Args:
        config: Where.
        caller: The service.
        world: Where it lives.
        name: Of the step, unique in the world.
    """

    hop = None

    def __init__(self, config: SessionConfig, caller: str, world: "World", name: str) -> None:
        self.by = config.by
        self.env = world.env
        self.rebuild = world.demand(f"{name}.rebuild", config.rebuild)
        component = world.components[owner(caller)]
        self.sessions: Sessions = world.shared(f"{base_name(component.name)}.sessions", Sessions)
        if self.sessions not in component.also_count:
            component.also_count.append(self.sessions)
        self.store: Handler | None = None
        if config.store is not None:
            cache = world.components[config.store.to]
            assert isinstance(cache, Cache)
            self.caching = cache.caching
            self.store = caller_of(config.store, caller, world, f"{name}.store")

    def run(self, request: Request, server: Server) -> Any:
        """Finds it or makes it anew; see `Step.run`."""
        session = session_of(request, self.by)
        if session is None:
            return None
        known = self.sessions.at.get(session)
        if self.store is None:
            if known == (server, server.deaths):
                return None
        elif (yield from self._ask(self.store, request, session)):
            return None
        if known is None:
            self.sessions.started += 1
        else:
            self.sessions.lost += 1
        self.sessions.at[session] = server, server.deaths
        seconds = self.rebuild.at(request.id, request.call) * server.pace
        request.service += seconds
        request.work += seconds
        request.doing = SERVICE
        yield seconds
        request.doing = QUEUE
        return None

    def _ask(self, store: Handler, request: Request, session: Hashable) -> Any:
        """Asks the store for the session, and has it kept there from now on if it was not there."""
        yield from request.settle()
        question = request.branch(self.env.now)
        question.kind, question.key, question.flow = SESSION, session, request.flow
        request.child = question
        found = yield from store.handle(question)
        yield from question.settle()
        request.child = None
        request.absorb(question)
        if found.outcome is MISS.outcome:
            self.caching.store.put(key_of(question), self.env.now)
        return found.success
