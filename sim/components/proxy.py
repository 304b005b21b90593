"""A proxy stands in the way of a request: it refuses it, answers it, or passes it on.

The decision is a plain function; what moves the request is the edge that leads to the proxy. So a chain of proxies
costs a request little more than the delays that it adds.
"""

from typing import TYPE_CHECKING, Any

from sim.components.component import Component, Handler, Steps
from sim.components.mortal import Killed
from sim.components.network import Edge
from sim.kernel import Flow
from sim.policies.timeout import Attempt
from sim.request import ANSWERS, Outcome, Request, Response

if TYPE_CHECKING:
    from sim.components.world import World

REFUSED = ANSWERS[Outcome.REFUSED]
RESET = ANSWERS[Outcome.RESET]


class Proxy(Component):
    """A component that decides without waiting.

    Attributes:
        needs_time: Whether `forward` has to be called at the exact time of the request's arrival.
    """

    def __init__(self, name: str, config: Any, world: "World") -> None:
        super().__init__(name, config, world)
        self.mortal = name in world.mortal
        self.needs_time = self.mortal
        self.inside: dict[Flow, Request] = {}
        self._lost = 0

    def passage(self, onward: Handler) -> "Handler":
        """The way on; from a proxy that may die it is one that can be cut."""
        return Passage(self, onward) if self.mortal else onward

    def stop(self) -> None:
        """Dies: what is on its way through is reset, what comes is refused, until `start`."""
        super().stop()
        for flow in list(self.inside):
            if not flow.ended:
                self._lost += 1
                flow.interrupt(Killed(self))

    def lost_for_good(self) -> int:
        """See `Component.lost_for_good`."""
        return self._lost

    def forward(self, request: Request) -> Response | Handler:
        """The answer, or whatever gives it; only called while it is up."""
        raise NotImplementedError

    def turn_away(self, request: Request) -> Response:
        """The answer while it is down."""
        self.offered += 1
        self.refused += 1
        self._lost += 1
        return REFUSED

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The link to the proxy."""
        link, salt = self.world.link(caller, self.name), self.world.calls_to(self.name, caller)
        return ProxyEdge(self.env, link, self, salt, settle)

    def handle(self, request: Request) -> Steps:
        """Answers, or passes on."""
        onward = self.forward(request) if self.up else self.turn_away(request)
        if isinstance(onward, Response):
            return onward
        return (yield from self.passage(onward).handle(request)).relay


class ProxyEdge(Edge):
    """The way to a proxy, through it and whatever proxies stand behind it, and back."""

    __slots__ = ()

    target: Proxy

    def handle(self, request: Request) -> Steps:
        """Takes a request as far as the proxies pass it on, and the answer back."""
        if not self.link.steady:
            return (yield from super().handle(request))
        edge, way_back, salt = self, 0.0, self.salt
        while True:
            request.owed += edge.out()
            request.call += edge.salt
            way_back += edge.back()
            proxy = edge.target
            if proxy.needs_time and request.owed:
                delay, request.owed = request.owed, 0.0
                request.network += delay
                yield delay
            onward = proxy.forward(request) if proxy.up else proxy.turn_away(request)
            if onward.__class__ is ProxyEdge and onward.link.steady and not proxy.mortal:
                edge = onward
                salt += edge.salt
                continue
            if isinstance(onward, Response):
                response = onward if edge is self else onward.relay
                break
            if proxy.mortal:
                onward = proxy.passage(onward)
            response = (yield from onward.handle(request)).relay
            break
        request.owed += way_back
        request.call -= salt
        if self.settle and request.owed:
            delay, request.owed = request.owed, 0.0
            request.network += delay
            yield delay
        return response


class Settled:
    """Sleeps what is left of an answer's way back before it hands the answer on.

    Args:
        inner: What answers.
    """

    def __init__(self, inner: Handler) -> None:
        self.inner = inner

    def handle(self, request: Request) -> Steps:
        """Answers when the answer is there."""
        response = yield from self.inner.handle(request)
        yield from request.settle()
        return response


class Passage:
    """The way on from a proxy that may die: what is behind it then goes on, and the caller sees a reset.

    Args:
        proxy: The proxy.
        onward: Where it passes the request on to.
    """

    def __init__(self, proxy: Proxy, onward: Handler) -> None:
        self.proxy = proxy
        self.attempt = Attempt(proxy.env, proxy.world.recorder, Settled(onward))

    def handle(self, request: Request) -> Steps:
        """Answers what comes back, or a reset."""
        flow, inside = request.flow, self.proxy.inside
        inside[flow] = request
        try:
            return (yield from self.attempt.handle(request))
        except Killed as killed:
            if killed.place is not self.proxy:
                raise
            request.cut_short(self.proxy.env.now)
            return RESET
        finally:
            del inside[flow]
