"""A proxy stands in the way of a request: it refuses it, answers it, or passes it on.

The decision is a plain function; what moves the request is the edge that leads to the proxy. So a chain of proxies costs
a request little more than the delays that it adds.
"""

from sim.components.component import Component, Handler, Steps
from sim.components.network import Edge, cross
from sim.request import Request, Response


class Proxy(Component):
    """A component that decides without waiting.

    Attributes:
        needs_time: Whether `forward` has to be called at the exact time of the request's arrival.
    """

    needs_time = False

    def forward(self, request: Request) -> Response | Handler:
        """The answer, or whatever gives it."""
        raise NotImplementedError

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The link to the proxy."""
        return ProxyEdge(self.env, self.world.link(caller, self.name), self, self.world.calls_to(self.name), settle)

    def handle(self, request: Request) -> Steps:
        """Answers, or passes on."""
        onward = self.forward(request)
        if onward.__class__ is Response:
            return onward
        return (yield from onward.handle(request)).relay  # type: ignore[union-attr]


class ProxyEdge(Edge):
    """The way to a proxy, through it, and back."""

    target: Proxy

    def handle(self, request: Request) -> Steps:
        """Takes a request to the proxy, further if it passes it on, and the answer back."""
        salt = self.salt
        if salt:
            request.call += salt
        link = self.link
        if link.steady:
            delay = self._out()
            request.network += delay
            request.owed += delay
        else:
            yield from cross(link.out, request, request.size)
        proxy = self.target
        if proxy.needs_time:
            owed = request.owed
            if owed:
                request.owed = 0.0
                yield owed
        onward = proxy.forward(request)
        if onward.__class__ is Response:
            response = onward
        else:
            response = (yield from onward.handle(request)).relay  # type: ignore[union-attr]
        if link.steady:
            delay = self._back()
            request.network += delay
            request.owed += delay
        else:
            yield from cross(link.back, request, request.response_size if response.success else 0.0)  # type: ignore[union-attr]
        if salt:
            request.call -= salt
        if self.settle:
            owed = request.owed
            if owed:
                request.owed = 0.0
                yield owed
        return response  # type: ignore[return-value]
