"""Failover of a database: replicas that do not hear their primary any more elect one of them to take its place.

Whoever has missed the primary for as long as it may be silent holds an election, and the winner is promoted as soon as
it has applied what it has received. Acknowledged writes that it never received are lost. When the old primary is back
it follows the new one, and throws its own writes away.

With fencing, an election needs a majority of the replicas, and a primary that is in touch with no majority accepts no
writes: its lease has run out. Without, whoever misses the primary takes its place, and the old one goes on if it is not
dead: a split brain.

Sources: D. Ongaro, J. Ousterhout, In Search of an Understandable Consensus Algorithm, 2014 (elections, terms); C. Gray,
D. Cheriton, Leases, 1989; MySQL Orchestrator (promotion of the most advanced replica, graceful take-over).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, StrictBool

from sim.components.failover_cost import FailoverCost
from sim.components.heartbeats import Heartbeats
from sim.components.names import RegionName
from sim.components.replication import History
from sim.kernel import Flow
from sim.metrics import Reaction
from sim.metrics.recorder import What
from sim.values import Config, Duration

if TYPE_CHECKING:
    from sim.components.replica import Replica
    from sim.components.replicated_edge import ReplicatedEdge


class FailoverConfig(Config):
    """How a dead primary is found, and how another takes its place."""

    detect: Duration = Field(
        10.0, gt=0, description="How long a primary is silent until it is missed; it is to be heard ten times in that."
    )
    election: Duration = Field(5.0, description="How long an election takes.")
    promote_to: RegionName | None = Field(
        None,
        description="The region whose replica is promoted if it takes part in the election; else, and by default, the "
        "one that has received the most.",
    )
    discovery: Duration = Field(0.0, description="How long callers take to learn of a new primary.")
    fencing: StrictBool = Field(
        True,
        description="Whether an election needs a majority, and a primary without one stops accepting writes. Otherwise "
        "whoever misses the primary takes its place, and the old one goes on: a split brain.",
    )


class ReplicaGroup:
    """The replicas of one database, and who of them is the primary.

    Args:
        replicas: In the scenario's order, the first primary first.

    Attributes:
        primary: The one that was promoted last; another may still believe to be it.
        history: The writes of the database, as the primary has them.
        needed: How many replicas a write waits for.
        edges: What the callers hold.
        cost: What failovers have cost.
    """

    def __init__(self, replicas: "Sequence[Replica]") -> None:
        self.replicas = replicas
        self.primary = first = replicas[0]
        self.world, self.env = first.world, first.env
        self.rules = first.config.replication
        self.needed = self.rules.needed(len(replicas) - 1)
        self.history = History()
        self.edges: list[ReplicatedEdge] = []
        self.cost = FailoverCost(self.env)
        self._automatic = first.config.failover is not None
        self._failover: FailoverConfig = first.config.failover or FailoverConfig()
        self._fencing = self._automatic and self._failover.fencing
        self._heartbeats = Heartbeats(replicas, self._failover.detect)
        self._change: Flow | None = None
        self._goes_on: Callable[[], bool] = lambda: True
        self._heir: Replica | None = None

    def begin(self) -> None:
        """Begins to replicate, and to watch."""
        for replica in self.replicas:
            replica.history = self.history
        self.primary.lead(self.history)
        for replica in self.replicas[1:]:
            replica.follow(self.primary)
        self._heartbeats.begin(self._judge)

    def changed(self) -> None:
        """Some replica has died, is back, or may or may not accept writes any more."""
        self.cost.accepts(any(replica.accepts for replica in self.replicas))

    def accepted(self, replica: "Replica") -> None:
        """Notes that a replica has acknowledged a write."""
        self.cost.accepted()
        if replica.history is not self.history:
            replica.split_brain_writes += 1
            replica.writes_lost += 1
            self.cost.split(replica.history)

    # -- at each beat

    def _judge(self) -> None:
        beats = self._heartbeats
        for replica in self.replicas:
            if replica.leads:
                self._judge_leader(replica)
        for replica in self.replicas:
            if replica.history is not self.history and beats.heard(replica.name, self.primary.name):
                replica.follow(self.primary)
                self._react(replica, "rejoined")
        if self._change is not None and not self._change.ended:
            if not self._goes_on():
                self._call_off()
        elif self._automatic and self._candidates():
            self._begin(self._elect(), self._can_be_elected)
        self.changed()

    def _judge_leader(self, leader: "Replica") -> None:
        """Fences a primary that has lost its majority, and stops one that has lost its quorum."""
        beats = self._heartbeats
        near = [voter for voter in beats.voters if not beats.misses(leader.name, voter)]
        leader.fenced = self._fencing and len(near) < beats.majority
        leader.short = sum(stream.target.name in near for stream in leader.streams) < self.needed
        if leader.fenced or leader.short:
            leader.give_up_writes()

    def _candidates(self) -> "list[Replica]":
        """The replicas that have nobody to follow, and the votes of enough others that have nobody either."""
        beats = self._heartbeats
        leaders = {replica.name: {self.primary, replica.leader} for replica in self.replicas}
        alone = [
            voter
            for voter in beats.voters
            if beats.alive(voter)
            and all(beats.misses(voter, leader.name) for leader in leaders.get(voter, (self.primary,)))
        ]
        enough = beats.majority if self._fencing else 1
        return [
            replica
            for replica in self.replicas
            if replica.name in alone and sum(not beats.misses(voter, replica.name) for voter in alone) >= enough
        ]

    def _can_be_elected(self) -> bool:
        candidates = self._candidates()
        return bool(candidates) if self._heir is None else self._heir in candidates

    # -- changes of the primary

    def promote(self, heir: "Replica") -> None:
        """Makes a replica the primary, as an operator does; one that is dead is not.

        Where the primary is in reach it accepts no more writes, and hands over when the other has them all; otherwise
        the other is promoted with what it has, with fencing only if it could be elected.
        """
        former = self.primary
        if heir is former or not heir.alive:
            return
        if self._heartbeats.in_touch(heir.name, former.name):
            self._begin(self._hand_over(heir), lambda: self._heartbeats.in_touch(heir.name, former.name))
        elif not self._fencing or heir in self._candidates():
            self._begin(self._promote(heir, self.env.now), lambda: heir.alive)

    def _begin(self, change: Any, goes_on: Callable[[], bool]) -> None:
        """Begins to change the primary, for as long as `goes_on` says at each beat."""
        self._call_off()
        self._heir, self._goes_on = None, goes_on
        self._change = Flow(self.env, change)

    def _call_off(self) -> None:
        if self._change is not None:
            self._change.cancel()
        self.primary.draining = False
        self.changed()

    def _elect(self) -> Any:
        missed, rules = self.env.now, self._failover
        self._react(self.primary, "unhealthy")
        yield rules.election
        candidates = self._candidates()
        if candidates:
            named = [each for each in candidates if self.world.placement.region(each.name) == rules.promote_to]
            self._heir = named[0] if named else max(candidates, key=self._known)
            yield from self._promote(self._heir, missed)

    def _hand_over(self, heir: "Replica") -> Any:
        self.primary.draining = True
        self.changed()
        while heir.applier.applied < len(self.history.times):
            yield heir.applier.has_applied(len(self.history.times))
        self._crown(heir, self.env.now)

    def _promote(self, heir: "Replica", missed: float) -> Any:
        """Promotes a replica as soon as it has applied what it has received."""
        while heir.applier.applied < heir.received:
            yield heir.applier.has_applied(heir.received)
        self._crown(heir, missed)

    def _known(self, replica: "Replica") -> int:
        """How many of the database's writes, from the first on, a replica has."""
        return min(replica.received, self.history.shared(replica.history))

    def _crown(self, heir: "Replica", missed: float) -> None:
        former, before, known = self.primary, self.history, self._known(heir)
        lost = before.times[known : before.acknowledged]
        former.writes_lost += len(lost)
        self.cost.replaced(before, missed, lost)
        self.primary, self.history = heir, History(before, known)
        heir.lead(self.history)
        self._react(heir, "promoted")
        for replica in self.replicas:
            if replica is not heir and self._heartbeats.in_touch(replica.name, heir.name):
                replica.follow(heir)
        for edge in self.edges:
            Flow(self.env, edge.learn(heir, self._failover.discovery))
        self.changed()

    def _react(self, replica: "Replica", what: What) -> None:
        self.world.recorder.react(Reaction(self.env.now, replica.name, -1, what))
