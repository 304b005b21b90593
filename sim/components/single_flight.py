"""Single flight: whoever asks for what is being fetched already waits for that fetch and does not start another one.

Without it every request for a popular item goes to the origin as soon as the item has expired: a stampede, also called
a thundering herd. Sources: Go, `golang.org/x/sync/singleflight`; NGINX, `proxy_cache_lock`.
"""

from collections.abc import Hashable

from simpy.events import Event

from sim.components.component import Steps
from sim.kernel import Environment
from sim.request import ANSWERS, QUEUE, Outcome, Request, Response

OK = ANSWERS[Outcome.OK]
CACHED = ANSWERS[Outcome.CACHED]
RESET = ANSWERS[Outcome.RESET]


class SingleFlight:
    """The fetches that are under way, by what they fetch; `key in flights` tells whether there is one.

    Args:
        env: The environment.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._under_way: dict[Hashable, Event] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._under_way

    def lead(self, key: Hashable, fetch: Steps) -> Steps:
        """Fetches, for itself and for all who join meanwhile; who dies on the way fails them too.

        Args:
            key: What is fetched.
            fetch: A generator that returns the response.
        """
        response: Response = RESET
        done = self._under_way[key] = Event(self.env)
        try:
            response = yield from fetch
        finally:
            del self._under_way[key]
            done.succeed(response)
        return response

    def join(self, request: Request, key: Hashable) -> Steps:
        """Waits for the fetch that is under way.

        Args:
            request: Who waits.
            key: What is fetched.
        """
        joined = self.env.now
        request.doing = QUEUE
        shared: Response = yield self._under_way[key]
        request.queue += self.env.now - joined
        return CACHED if shared is OK else shared
