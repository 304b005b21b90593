"""What a caller holds of a replicated database: the way to each replica, and whom it believes to be the primary.

It reads from the nearest replica and writes to the primary. Of a new primary it hears after a while, and not before
news can come through to it: on the wrong side of a partition it goes on writing to the old one.
"""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from sim.components.caching import READS
from sim.components.component import Handler, Steps
from sim.components.network import Edge
from sim.components.noted import Noted
from sim.metrics import Calls
from sim.request import Request

if TYPE_CHECKING:
    from sim.components.replica import Replica


class ReplicatedEdge:
    """The ways to all replicas.

    Args:
        nearest: The replica that is nearest to the caller.
        caller: Who sends the requests.
        settle: Whether the caller has to know when the answer is back.
    """

    def __init__(self, nearest: "Replica", caller: str, settle: bool) -> None:
        world, self.group = nearest.world, nearest.group
        self.env = world.env
        salt = world.calls_to(nearest.name, caller)
        self.ways = {
            replica: Edge(world.env, world.link(caller, replica.name), replica.server, salt, settle)
            for replica in self.group.replicas
        }
        self._reads: Mapping[Replica, Handler] = self.ways
        if nearest.config.read_your_writes:
            self._reads = {
                replica: Edge(world.env, way.link, InSession(replica), salt, settle)
                for replica, way in self.ways.items()
            }
        places = [(replica.name, 0) for replica in self.ways]
        self._reads = self._noted(self._reads, world.calls_of(caller, places))
        self._writes = self._noted(self.ways, world.calls_of(caller, places, "writes"))
        home = world.placement.region(caller)

        def distance(replica: "Replica") -> tuple[bool, float]:
            region = world.placement.region(replica.name)
            return region != home, world.distance(home, region)

        self._near = sorted(self.ways, key=distance)
        self._primary = self.group.primary
        self._term = self.group.history.term
        self._reads_from = nearest.config.read_from
        self.group.edges.append(self)

    def handle(self, request: Request) -> Steps:
        """Sends a read to the replica that is to answer reads, and a write to the primary."""
        if request.kind.method in READS:
            return self._reads[self._reader()].handle(request)
        return self._writes[self._primary].handle(request)

    def _noted(self, ways: "Mapping[Replica, Handler]", calls: Calls | None) -> "Mapping[Replica, Handler]":
        """The same ways, where it is noted which of them each call takes, if anybody wants to know."""
        if calls is None:
            return ways
        return {replica: Noted(self.env, way, calls, number) for number, (replica, way) in enumerate(ways.items())}

    def _reader(self) -> "Replica":
        """The nearest replica that has not closed its connections."""
        if self._reads_from == "primary":
            return self._primary
        for replica in self._near:
            if self._reads_from == "replicas" and replica is self._primary:
                continue
            if replica.server.up or self._cut_off_until(replica) > self.env.now:
                return replica
        return self._primary

    def learn(self, primary: "Replica", discovery: float) -> Any:
        """Hears of a new primary, after some time and not before news of it can come through.

        Args:
            primary: The new one.
            discovery: How long it takes, s.
        """
        term = primary.history.term
        yield discovery
        while (until := self._cut_off_until(primary)) > self.env.now:
            yield self.env.never() if until == inf else until - self.env.now
        if term > self._term:
            self._primary, self._term = primary, term

    def _cut_off_until(self, replica: "Replica") -> float:
        link = self.ways[replica].link
        return max(link.out.dead_until, link.back.dead_until)


class InSession:
    """A replica as a reader meets it who waits for its own writes.

    Args:
        replica: The replica.
    """

    def __init__(self, replica: "Replica") -> None:
        self.handle = replica.in_session
