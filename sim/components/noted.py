"""Where calls are noted on their way, so that it can be said how fast they move elsewhere (`sim.metrics.calls`)."""

from collections.abc import Callable

from sim.balancing import Endpoint
from sim.components.component import Handler, Steps
from sim.kernel import Environment
from sim.metrics import Calls
from sim.request import Request

Pick = Callable[[Request, float], Endpoint]


def noted_pick(pick: Pick, calls: Calls) -> Pick:
    """The same choice of instances, each of which is noted."""
    when, to = calls.times.append, calls.to.append

    def noted(request: Request, now: float) -> Endpoint:
        endpoint = pick(request, now)
        when(now)
        to(endpoint.index)
        return endpoint

    return noted


class Noted:
    """A way on which calls are noted.

    Args:
        env: The environment.
        way: The way.
        calls: Where they are noted.
        place: Its number there.
    """

    def __init__(self, env: Environment, way: Handler, calls: Calls, place: int) -> None:
        self.env = env
        self._handle = way.handle
        self._calls = calls
        self._place = place

    def handle(self, request: Request) -> Steps:
        """Sends a request on it."""
        self._calls.times.append(self.env.now + request.owed)
        self._calls.to.append(self._place)
        return self._handle(request)
