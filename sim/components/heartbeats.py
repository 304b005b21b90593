"""Heartbeats show the replicas of a database that the others are alive and in reach, ten times within a time-out.

Two that have not been in touch for that long miss each other. Both have to be alive, and the network between them has
to carry messages both ways. Where the number of replicas is even, a witness that keeps no data counts as one more.

Sources: MongoDB manual, replica set elections and arbiters; D. Ongaro, J. Ousterhout, In Search of an Understandable
Consensus Algorithm, 2014.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from sim.components.region import base_name
from sim.kernel import Flow

if TYPE_CHECKING:
    from sim.components.replica import Replica

BEATS = 10
"""How many heartbeats must be missed in a row."""


class Heartbeats:
    """Who is in touch with whom.

    Args:
        replicas: Of one database.
        timeout: How long two are out of touch until they miss each other, s.

    Attributes:
        voters: The names of the replicas, and of the witness if there is one: an odd number.
        majority: How many of them are more than half.
    """

    def __init__(self, replicas: "Sequence[Replica]", timeout: float) -> None:
        self._replicas = {replica.name: replica for replica in replicas}
        self.world, self.env = replicas[0].world, replicas[0].env
        self.interval = timeout / BEATS
        self._name = base_name(replicas[0].name)
        witness = [f"{self._name}.witness"] if len(replicas) % 2 == 0 else []
        self.voters = [*self._replicas, *witness]
        self.majority = len(self.voters) // 2 + 1
        self._missed = dict.fromkeys(combinations(self.voters, 2), 0)

    def begin(self, then: Callable[[], None]) -> None:
        """Begins to beat; `then` is called after each beat."""
        self._links = {pair: self.world.link(*pair) for pair in self._missed}
        Flow(self.env, self._beat(then, self.world.streams.uniform(f"{self._name}.heartbeat").next()))

    def _beat(self, then: Callable[[], None], phase: float) -> Any:
        yield phase * self.interval
        while True:
            for pair, missed in self._missed.items():
                self._missed[pair] = 0 if self.in_touch(*pair) else missed + 1
            then()
            yield self.interval

    def alive(self, voter: str) -> bool:
        """Whether a voter does anything; a witness always does."""
        return voter not in self._replicas or self._replicas[voter].alive

    def in_touch(self, one: str, other: str) -> bool:
        """Whether both are alive and can talk to each other now."""
        link, now = self._links[self._pair(one, other)], self.env.now
        return self.alive(one) and self.alive(other) and max(link.out.dead_until, link.back.dead_until) <= now

    def heard(self, one: str, other: str) -> bool:
        """Whether two were in touch at the last beat."""
        return not self._missed[self._pair(one, other)]

    def misses(self, one: str, other: str) -> bool:
        """Whether two have been out of touch for too long."""
        return one != other and self._missed[self._pair(one, other)] >= BEATS

    def _pair(self, one: str, other: str) -> tuple[str, str]:
        return (one, other) if (one, other) in self._missed else (other, one)
