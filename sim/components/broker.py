"""A broker is a process that stores messages and acknowledges them: a server for publishers, with room for all of them.

What happens to servers happens to it: it is slow, it fails, it hangs, it is down.
"""

from typing import TYPE_CHECKING, Any, Final

from simpy.events import Event

from sim.components.component import Steps
from sim.components.server import Server
from sim.kernel import Demand
from sim.request import ANSWERS, Outcome, Request

if TYPE_CHECKING:
    from sim.components.queue import Queue

FULL: Final = ANSWERS[Outcome.QUEUE_FULL]


class Broker(Server):
    """The process that takes messages, any number at a time."""

    __slots__ = ()

    def stand_aside(self, request: Request, turn: Event) -> Any:
        """Lets a publisher wait for room, as a request that waits in a queue."""
        deaths, joined = self.deaths, self.env.now
        self._measure()
        self.busy -= 1
        self.waiting += 1
        self.queue_max = max(self.queue_max, self.waiting)
        try:
            yield turn
        finally:
            if self.deaths == deaths and not self.hangs:
                self._measure()
                self.waiting -= 1
                self.busy += 1
        request.queue += self.env.now - joined


class Accept:
    """The step of a broker: it stores the message.

    Args:
        queue: Where.
    """

    hop = None

    def __init__(self, queue: "Queue") -> None:
        self.queue = queue

    def run(self, request: Request, server: Any) -> Any:
        """Stores it, if there is room or once there is; see `Step.run`."""
        queue = self.queue
        if queue.full:
            if queue.on_full == "reject":
                queue.refused += 1
                return FULL
            if queue.on_full == "block":
                yield from server.stand_aside(request, queue.turn(request))
                return None
            queue.shed()
        queue.store(request)
        return None


class Door:
    """The way into a queue for messages that are published in a way of their own.

    Args:
        queue: The queue.
        delay: How long its messages wait until they are delivered, s.
        poison: Share of messages that cannot be processed.
        coin: Decides which those are, by user request and call.
    """

    def __init__(self, queue: "Queue", delay: float, poison: float, coin: Demand) -> None:
        self.queue = queue
        self.delay = delay
        self.poison = poison
        self.coin = coin

    def handle(self, request: Request) -> Steps:
        """Publishes one."""
        terms = self.queue.terms
        terms[request] = self.delay, bool(self.poison) and self.coin.at(request.id, request.call) < self.poison
        try:
            return (yield from self.queue.server.handle(request))
        finally:
            del terms[request]
