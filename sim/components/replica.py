"""A replica is one server of a database that keeps its data in several regions: one of them takes the writes.

A caller reads from the nearest replica and writes to the primary, or to whom it believes to be that. What a replica has
not applied yet its readers do not see: their reads are stale. With sessions, a reader waits for its own writes.
"""

from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from simpy.events import Event

from sim.components.applier import Applier
from sim.components.caching import READS
from sim.components.component import Handler, Steps
from sim.components.database import DatabaseConfig, SingleServer
from sim.components.failover import ReplicaGroup
from sim.components.meter import APPLY
from sim.components.program import Program, Step, Work
from sim.components.region import base_name
from sim.components.replicated_edge import ReplicatedEdge
from sim.components.replication import History, Stream
from sim.components.server import Server
from sim.request import ANSWERS, Outcome, Request, Response

if TYPE_CHECKING:
    from sim.components.world import World

READ_ONLY = ANSWERS[Outcome.UPSTREAM_ERROR]
"""How a replica answers a write."""


class ReplicaServer(Server):
    """The process of a replica.

    Args:
        changed: Called when it has died or hung, and when it is back.
        arguments: Those of a server.
    """

    __slots__ = ("_changed",)

    def __init__(self, changed: Callable[[], None], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._changed = changed

    def crash(self) -> None:
        """See `Mortal.crash`."""
        super().crash()
        self._changed()

    def restart(self) -> None:
        """See `Mortal.restart`."""
        super().restart()
        self._changed()

    def hang(self, why: object) -> None:
        """See `Mortal.hang`."""
        super().hang(why)
        self._changed()


class Act:
    """A step of a replica's program.

    Args:
        run: Takes it; see `Step.run`.
    """

    hop = None

    def __init__(self, run: Callable[[Request, Server], Any]) -> None:
        self.run = run


class Replica(SingleServer):
    """One of the servers of a replicated database, be it the primary or not.

    Args:
        name: Its part's name.
        config: What the scenario says about the database.
        world: What it lives in.

    Attributes:
        history: The writes that it follows, or adds to.
        received: How many of them it has, from the first on.
        applier: Applies them, so that its readers see them.
        leads: Whether it believes to be the primary.
        fenced: Whether it must not accept writes because no majority knows it to be alive.
        short: Whether fewer replicas are in reach than its writes have to wait for.
        draining: Whether it accepts no more writes because another is about to take over.
        revival: What happens when it is alive again.
        feed: What it receives writes by.
        streams: What it sends its own writes by.
    """

    kind: ClassVar[str] = "database"
    config: DatabaseConfig
    server: Server

    def __init__(self, name: str, config: DatabaseConfig, world: "World") -> None:
        rules = config.replication
        program = Program([], self._steps)
        program.add(APPLY, [Work(world.demand(f"{name}.apply", rules.apply or config.work))])
        limit = None if config.queue == "unbounded" else config.queue
        server = ReplicaServer(self._changed, name, world.env, world.recorder, program, config.connections, limit)
        super().__init__(name, config, world, server)
        self._work = Work(world.demand(f"{name}.work", config.work))
        self.draw_lag = None if rules.lag is None else world.streams.drawn(f"{name}.lag", rules.lag.draw).next
        self.received = 0
        self.applier = Applier(self, rules.appliers or config.connections, self._has_applied)
        self.leads = self.fenced = self.short = self.draining = False
        self.revival = Event(world.env)
        self.feed: Stream | None = None
        self.streams: list[Stream] = []
        self._unacknowledged: deque[tuple[int, Event]] = deque()
        self._forget_counts()

    @cached_property
    def group(self) -> ReplicaGroup:
        """All replicas of the database, this one included."""
        parts: list[Any] = [self.world.components[part] for part in self.world.placement.named(base_name(self.name))]
        first: Replica = parts[0]
        return ReplicaGroup(parts) if first is self else first.group

    def connect(self) -> None:
        """Begins to replicate; the first one does it for all."""
        if self.group.replicas[0] is self:
            self.group.begin()

    @property
    def alive(self) -> bool:
        """Whether its process does anything."""
        return self.server.up and not self.server.hangs

    @property
    def accepts(self) -> bool:
        """Whether it accepts writes."""
        return self.leads and self.alive and not (self.fenced or self.short or self.draining)

    @property
    def leader(self) -> "Replica":
        """Whom it takes for the primary."""
        return self if self.feed is None else self.feed.source

    @property
    def position(self) -> int:
        """How many of the database's writes, from the first on, its readers see."""
        history = self.group.history
        applied = self.applier.applied
        return applied if self.history is history else min(applied, history.shared(self.history))

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The ways to all replicas."""
        return ReplicatedEdge(self, caller, settle)

    def _changed(self) -> None:
        if self.alive:
            self.revival.succeed()
            self.revival = Event(self.env)
        else:
            self.applier.wake()
        self.group.changed()

    # -- what it does for a request

    def _steps(self, request: Request) -> list[Step]:
        if request.kind.method in READS:
            return [Act(self._look), self._work]
        return [Act(self._accept), self._work, Act(self._commit)]

    def _look(self, request: Request, server: Server) -> Any:
        """Notes what a reader does not see."""
        self.reads += 1
        history, position = self.group.history, self.position
        if history.latest.get(request.key, 0) > position:
            self.stale_reads += 1
            self._stale_age += self.env.now - history.times[position]
        if not self.config.read_your_writes:
            self.unseen_own_writes += history.sessions.get((request.client, request.caller), 0) > position
        return None
        yield

    def _accept(self, request: Request, server: Server) -> Any:
        return None if self.accepts else self._refuse()
        yield

    def _commit(self, request: Request, server: Server) -> Any:
        """Commits a write, sends it to the replicas, and waits for as many of them as it has to."""
        if not self.accepts:
            return self._refuse()
        history = self.history
        history.times.append(self.env.now)
        number = self.received = self.applier.applied = len(history.times)
        for stream in self.streams:
            stream.send(request.size)
        if self.group.needed:
            begun, heard = self.env.now, Event(self.env)
            self._unacknowledged.append((number, heard))
            acknowledged = yield heard
            request.queue += self.env.now - begun
            if not acknowledged:
                return self._refuse()
        self.writes += 1
        history.acknowledged = max(history.acknowledged, number)
        history.latest[request.key] = history.sessions[request.client, request.caller] = number
        self.group.accepted(self)
        return None

    def _refuse(self) -> Response:
        self.writes_refused += 1
        return READ_ONLY

    def in_session(self, request: Request) -> Steps:
        """Serves a read that waits, without a connection, until what its caller has written before is applied here."""
        yield from request.settle()
        begun, caller = self.env.now, (request.client, request.caller)
        written = number = self.history.sessions.get(caller, 0)
        while self.alive and number > self.applier.applied:
            yield self.applier.has_applied(number)
            number = min(written, self.history.sessions.get(caller, 0))  # it may have been lost meanwhile
        request.queue += self.env.now - begun
        return (yield from self.server.handle(request))

    # -- as the source of writes

    def hear(self) -> None:
        """Looks which writes enough replicas have by now."""
        heard = sorted((stream.acknowledged for stream in self.streams), reverse=True)
        there = heard[self.group.needed - 1] if len(heard) >= self.group.needed else 0
        while self._unacknowledged and self._unacknowledged[0][0] <= there:
            self._unacknowledged.popleft()[1].succeed(True)

    def give_up_writes(self) -> None:
        """Refuses the writes that wait for replicas: it can not tell any more whether they will be kept."""
        while self._unacknowledged:
            self._unacknowledged.popleft()[1].succeed(False)

    def lead(self, history: History) -> None:
        """Takes the writes from now on."""
        self.history, self.leads, self.draining = history, True, False
        self._stop_feed()

    # -- as their target

    def follow(self, leader: "Replica") -> None:
        """Receives another's writes from now on; what it has and the other has not is thrown away."""
        self.leads = self.draining = False
        self.give_up_writes()
        self._stop_feed()
        self.received = min(self.received, leader.history.shared(self.history))
        self.history = leader.history
        self.applier.rewind(self.received)
        self.applier.add(self.applier.applied + 1, self.received)
        self.feed = Stream(leader, self)
        leader.streams.append(self.feed)

    def _stop_feed(self) -> None:
        if self.feed is not None:
            self.feed.stop()
            self.feed.source.streams.remove(self.feed)
            self.feed = None

    def receive(self, number: int) -> None:
        """Receives a write, and all before it."""
        first, self.received = self.received + 1, number
        if self.group.rules.mode == "semi_sync" and self.feed is not None:
            self.feed.acknowledge(number)
        self.applier.add(first, number)

    def _has_applied(self, number: int) -> None:
        if self.group.rules.mode == "sync" and self.feed is not None:
            self.feed.acknowledge(number)

    # -- what is counted

    def gauges(self) -> dict[str, float]:
        """How far it is behind, s, and whether it is the primary (1) or not (0)."""
        times, position = self.group.history.times, self.position
        behind = self.env.now - times[position] if position < len(times) else 0.0
        return {"replication_lag": behind, "primary": float(self.leads)}

    def counters(self) -> dict[str, Any]:
        """What its server has counted, and what became of reads and writes."""
        return super().counters() | {
            "reads": self.reads,
            "writes": self.writes,
            "stale_reads": self.stale_reads,
            "stale_age_mean": self._stale_age / self.stale_reads if self.stale_reads else None,
            "unseen_own_writes": self.unseen_own_writes,
            "writes_lost": self.writes_lost,
            "split_brain_writes": self.split_brain_writes,
            "writes_refused": self.writes_refused,
        }

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self._forget_counts()

    def _forget_counts(self) -> None:
        self.reads = self.writes = self.stale_reads = self.unseen_own_writes = 0
        self.writes_lost = self.split_brain_writes = self.writes_refused = 0
        self._stale_age = 0.0
