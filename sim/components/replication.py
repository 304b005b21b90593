"""Replication copies every write of a database's primary to its replicas, in the order in which it was committed.

Asynchronous, the primary acknowledges a write at once, and what has not got across when it dies is lost. In
semi-synchronous and synchronous modes a write is acknowledged when a quorum of replicas has received it, or has applied
it; until then it holds its connection. The busier a replica is, the longer it takes to apply what it has received.

What makes writes arrive late (a long transaction, a slow disk) lasts for a while, so the lag of a replica is drawn anew
every ten seconds, not for every write; and no write overtakes an earlier one.

Sources: MySQL 8.4 Reference Manual, chapter 19 (semisynchronous replication, parallel appliers); PostgreSQL 17
documentation, synchronous_commit (on, remote_apply); MongoDB manual, write concern and causal consistency.
"""

from array import array
from collections import deque
from collections.abc import Hashable
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator
from simpy.events import Event

from sim.components.network import Direction
from sim.kernel import Flow
from sim.values import Config, Count, Distribution, wrong_key

if TYPE_CHECKING:
    from sim.components.replica import Replica

MODES: Final = {"async": (), "semi_sync": ("quorum",), "sync": ("quorum",)}
"""The modes, and for each of them the keys beside it that only some modes read."""

LAG_HOLDS = 10.0
"""How long a replica's lag stays as it was drawn, s."""


class ReplicationConfig(Config):
    """How writes get from the primary to the replicas, and what their writers wait for."""

    shorthand: ClassVar[str | None] = "mode"

    mode: Literal["async", "semi_sync", "sync"] = Field(
        "async",
        description="When a write is acknowledged: at once (async), when a quorum of replicas has received it "
        "(semi_sync), or when a quorum has applied it (sync).",
    )
    lag: Distribution | None = Field(
        None,
        description="How long after its commit a replica has received a write, the network included; drawn anew every "
        "10s. By default what the network takes, which is also the least.",
    )
    quorum: Count | None = Field(
        None,
        ge=1,
        description="How many replicas a write waits for; by default one if semi_sync, all if sync.",
    )
    apply: Distribution | None = Field(
        None, description="How long a replica's connection is busy with applying a write; by default as `work`."
    )
    appliers: Count | None = Field(
        None, ge=1, description="How many writes a replica applies at a time; by default as many as it has connections."
    )

    @model_validator(mode="after")
    def _waits_for_somebody(self) -> Self:
        if self.mode == "async" and self.quorum is not None:
            raise wrong_key("quorum", "means nothing to async replication; it belongs to semi_sync and sync")
        return self

    def needed(self, replicas: int) -> int:
        """How many of so many replicas a write waits for."""
        if self.mode == "async":
            return 0
        return self.quorum or (1 if self.mode == "semi_sync" else replicas)


class History:
    """The writes that have been committed under one primary, after those of an earlier one that it knew of.

    Args:
        parent: The history under the primary before.
        known: How many of its writes, from the first on, the new primary had.

    Attributes:
        term: How many primaries there have been, this one included.
        times: When each write was committed, s.
        acknowledged: How many writes, from the first on, their writers know of.
        latest: For each key the number of the last write that was acknowledged.
        sessions: For each caller the number of the last write that was acknowledged.
    """

    def __init__(self, parent: "History | None" = None, known: int = 0) -> None:
        self.parent = parent
        self.known = known
        self.acknowledged = 0
        self.term = 1
        self.times = array("d")
        self.latest: dict[Hashable, int] = {}
        self.sessions: dict[Hashable, int] = {}
        if parent is not None:
            self.term = parent.term + 1
            self.times = parent.times[:known]
            self.acknowledged = min(parent.acknowledged, known)
            self.latest = {key: min(number, known) for key, number in parent.latest.items()}
            self.sessions = {caller: min(number, known) for caller, number in parent.sessions.items()}

    def shared(self, earlier: "History") -> int:
        """How many writes, from the first on, it has in common with itself or with an earlier one."""
        shared, history = len(self.times), self
        while history is not earlier and history.parent is not None:
            shared, history = min(shared, history.known), history.parent
        return shared


class Stream:
    """What carries the writes of one replica to another.

    Args:
        source: Whose writes.
        target: Who receives them; it begins with what it has not got yet.

    Attributes:
        acknowledged: How many writes the source knows to have arrived, from the first on.
    """

    def __init__(self, source: "Replica", target: "Replica") -> None:
        self.source = source
        self.target = target
        self.env = source.env
        self.link = source.world.link(source.name, target.name)
        self.acknowledged = target.applier.applied
        self._waiting: deque[tuple[int, float]] = deque()
        self._lag, self._lag_until, self._due = 0.0, 0.0, 0.0
        self._wake = Event(self.env)
        if target.received < len(source.history.times):
            self.send(0.0)
        self._flow = Flow(self.env, self._run())

    def send(self, size: float) -> None:
        """Sends the source's latest write, and all that have not been sent yet.

        Args:
            size: Of the write, bytes.
        """
        now = self.env.now
        seconds = self.link.out.crossing(size) if self.link.out.dead_until <= now else 0.0
        self._due = max(self._due, now + max(seconds, self._lag_at(now)))
        self._waiting.append((len(self.source.history.times), self._due))
        if not self._wake.triggered:
            self._wake.succeed()

    def stop(self) -> None:
        """Ends: what is under way is lost."""
        self._flow.cancel()

    def acknowledge(self, number: int) -> None:
        """Lets the source know that a write, and all before it, has arrived."""
        Flow(self.env, self._acknowledge(number))

    def _acknowledge(self, number: int) -> Any:
        yield from self._contact(self.link.back)
        yield self.link.back.crossing(0.0)
        self.acknowledged = max(self.acknowledged, number)
        self.source.hear()

    def _run(self) -> Any:
        env, waiting = self.env, self._waiting
        while True:
            if not waiting:
                self._wake = Event(env)
                yield self._wake
            if waiting[0][1] > env.now:
                yield waiting[0][1] - env.now
            if (yield from self._contact(self.link.out)):
                yield self.link.out.crossing(0.0)
                continue
            number = 0
            while waiting and waiting[0][1] <= env.now:
                number = waiting.popleft()[0]
            self.target.receive(number)

    def _contact(self, direction: Direction) -> Any:
        """Waits until both are alive and the link is whole; returns whether it had to."""
        waited = False
        while True:
            dead_until = direction.dead_until
            if dead_until > self.env.now:
                yield self.env.never() if dead_until == inf else dead_until - self.env.now
            elif not self.source.alive:
                yield self.source.revival
            elif not self.target.alive:
                yield self.target.revival
            else:
                return waited
            waited = True

    def _lag_at(self, now: float) -> float:
        if now >= self._lag_until and self.target.draw_lag is not None:
            self._lag, self._lag_until = self.target.draw_lag(), now + LAG_HOLDS
        return self._lag
