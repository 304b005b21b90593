"""An applier does at a replica what the primary has done: it applies the writes that have been received.

It uses the replica's own connections and waits for one like any query, so it is slow where readers keep them busy.
Several writes may be applied at a time; readers see one when all before it have been applied too.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from simpy.events import Event

from sim.components.component import Steps
from sim.components.health_checker import Uncounted
from sim.components.meter import APPLY
from sim.kernel import Flow
from sim.request import Request

if TYPE_CHECKING:
    from sim.components.replica import Replica

AGAIN = 0.01
"""How long it waits before it tries again to apply a write that found the replica's queue full, s."""


class Applier:
    """Applies writes in the order of their numbers.

    Args:
        replica: Where.
        at_a_time: How many at most are being applied.
        then: Called with the number of the last write that has been applied, whenever that is a new one.

    Attributes:
        applied: How many writes have been applied, from the first on.
    """

    def __init__(self, replica: "Replica", at_a_time: int, then: Callable[[int], None]) -> None:
        self.replica = replica
        self.env = replica.env
        self.applied = 0
        self._at_a_time = at_a_time
        self._then = then
        self._door = Uncounted(replica.server)
        self._waiting: deque[int] = deque()
        self._under_way: set[Request] = set()
        self._done: set[int] = set()
        self._awaited: dict[int, Event] = {}

    def add(self, first: int, last: int) -> None:
        """Lets it apply some more writes, given the numbers of the first and the last one."""
        self._waiting.extend(range(first, last + 1))
        self._go_on()

    def rewind(self, number: int) -> None:
        """Forgets all writes but the first so many; what it still has of them is to be added anew."""
        self.applied = min(self.applied, number)
        self._waiting.clear()
        self._under_way.clear()
        self._done.clear()
        self.wake()

    def has_applied(self, number: int) -> Event:
        """What happens when a write has been applied, or never will be: whoever waits has to look."""
        return self._awaited.setdefault(number, Event(self.env))

    def wake(self) -> None:
        """Makes all look who wait for a write."""
        for event in self._awaited.values():
            event.succeed()
        self._awaited.clear()

    def _go_on(self) -> None:
        while self._waiting and len(self._under_way) < self._at_a_time:
            request = Request(self._waiting.popleft(), APPLY, "a replica", self.env.now)
            self._under_way.add(request)
            Flow(self.env, self._apply(request), request)

    def _apply(self, request: Request) -> Steps:
        while not (response := (yield from self._door.handle(request))).success:
            yield AGAIN if self.replica.alive else self.replica.revival
        if request in self._under_way:
            self._under_way.remove(request)
            self._finish(request.id)
            self._go_on()
        return response

    def _finish(self, number: int) -> None:
        self._done.add(number)
        while self.applied + 1 in self._done:
            self.applied += 1
            self._done.remove(self.applied)
            event = self._awaited.pop(self.applied, None)
            if event is not None:
                event.succeed()
            self._then(self.applied)
