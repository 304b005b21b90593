"""What failovers of a database cost: how long it accepted no write, and which acknowledged writes it lost.

- **RTO**, the recovery time of an event, runs from its start to the first write that was accepted after it had made
  the database stop accepting any; 0 if it never did.
- **RPO**, the recovery point, is how much of the past is gone: from the commit of the oldest acknowledged write that
  was lost to the event's start, or to the last one that was lost if that came later; 0 if none was.

Source: NIST SP 800-34 Rev. 1, section 3.2.1 (recovery time objective, recovery point objective).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from sim.components.replication import History
from sim.kernel import Environment


@dataclass
class Interruption:
    """A time in which no write was accepted.

    Attributes:
        start: When it began, s.
        ready: Since when writes would be accepted again, s; None if they would not.
        end: When the next one was, s.
    """

    start: float
    ready: float | None = None
    end: float | None = None


@dataclass
class Loss:
    """Acknowledged writes that a new primary did not have.

    Attributes:
        missed: When the old primary was found to be missing, s.
        first: When the oldest of them was committed, s.
        last: When the newest of them was committed, s.
        writes: How many there are.
    """

    missed: float
    first: float = inf
    last: float = 0.0
    writes: int = 0

    def add(self, times: Sequence[float]) -> None:
        """Adds writes that were committed at these times, s."""
        if len(times):
            self.first, self.last = min(self.first, times[0]), times[-1]
            self.writes += len(times)


class FailoverCost:
    """Keeps the books of one database.

    Args:
        env: The environment.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._stops: list[Interruption] = []
        self._losses: dict[History, Loss] = {}
        self._stopped: Interruption | None = None

    def accepts(self, anywhere: bool) -> None:
        """Notes whether any replica accepts writes from now on."""
        stop = self._stopped
        if stop is None:
            if not anywhere:
                self._stopped = Interruption(self.env.now)
                self._stops.append(self._stopped)
        elif not anywhere:
            stop.ready = None
        elif stop.ready is None:
            stop.ready = self.env.now

    def accepted(self) -> None:
        """Notes that a write has been accepted."""
        if self._stopped is not None:
            self._stopped.end = self.env.now
            self._stopped = None

    def replaced(self, history: History, missed: float, lost: Sequence[float]) -> None:
        """Notes that a history goes on without some of its writes.

        Args:
            history: The old one.
            missed: When its primary was found to be missing, s.
            lost: When the acknowledged writes were committed that the new primary does not have, s.
        """
        loss = self._losses[history] = Loss(missed)
        loss.add(lost)

    def split(self, history: History) -> None:
        """Notes that a write has been acknowledged in a history that has been replaced: it will be lost."""
        self._losses[history].add([self.env.now])

    def of(self, start: float, until: float) -> tuple[float | None, float, int]:
        """What an event has cost: RTO, s (None for never), RPO, s, and the number of writes lost.

        Args:
            start: When it began, s.
            until: When it ended, s.
        """
        stops = [stop for stop in self._stops if start <= stop.start <= until]
        ends = [stop.ready if stop.end is None else stop.end for stop in stops]
        known = [end for end in ends if end is not None]
        rto = None if len(known) < len(ends) else max(known, default=start) - start
        losses = [loss for loss in self._losses.values() if loss.writes and start <= loss.missed <= until]
        rpo = max((max(start, loss.last) - loss.first for loss in losses), default=0.0)
        return rto, rpo, sum(loss.writes for loss in losses)
