"""A consumer is an instance of a service that asks for messages, as many at a time as it has seats for.

One that has died, or hangs, asks for none. When it is started again all its seats are free, whatever it had in work.
"""

from sim.components.component import Steps
from sim.components.network import Edge
from sim.components.server import UPSTREAM_ERROR, Server
from sim.request import Request


class Spoiled:
    """A consumer as a poison message meets it: all work is done, and then it fails.

    Args:
        server: The consumer.
    """

    def __init__(self, server: Server) -> None:
        self.server = server

    def handle(self, request: Request) -> Steps:
        """Lets the consumer do its work, and counts the answer as an error."""
        response = yield from self.server.handle(request)
        if not response.success:
            return response
        self.server.served -= 1
        self.server.errors += 1
        return UPSTREAM_ERROR


class Seat:
    """Room for one message at a consumer, as long as that does not die.

    Args:
        server: The consumer.
        way: The way there.
        spoiled: The way there for a poison message.
    """

    __slots__ = ("life", "server", "spoiled", "way")

    def __init__(self, server: Server, way: Edge, spoiled: Edge) -> None:
        self.server = server
        self.way = way
        self.spoiled = spoiled
        self.life = server.deaths

    @property
    def taken_away(self) -> bool:
        """Whether the consumer does not ask for messages any more: it has died, or hangs."""
        return self.life != self.server.deaths or bool(self.server.hangs)
