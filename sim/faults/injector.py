"""The injector carries out the scenario's events at their times, and keeps what each of them cost."""

from dataclasses import replace
from typing import Any

from sim.components import Replica, Service, World
from sim.faults.event import EventConfig
from sim.metrics import GOOD_NEWS, Event, Moved, Place, moved_calls, span_of


class _Record:
    """What is known of one event while the run goes on."""

    def __init__(self, config: EventConfig) -> None:
        self.config = config
        self.start: float | None = None
        self.end: float | None = None
        self.before = 0
        self.lost = 0
        self.places: set[Place] = set()


class Injector:
    """Starts one SimPy process for each event.

    Args:
        world: What they happen to.
        events: The events.
    """

    def __init__(self, world: World, events: list[Any]) -> None:
        self.world = world
        self.records = [_Record(event) for event in events]
        for record in self.records:
            world.env.process(self._carry_out(record))

    def _carry_out(self, record: _Record) -> Any:
        env, event = self.world.env, record.config
        if event.at:
            yield env.timeout(event.at)
        record.start = env.now
        record.before = self._losses(event)
        record.places = event.places(self.world)
        undo = event.begin(self.world)
        if event.lasts is None:
            return
        if event.lasts:
            yield env.timeout(event.lasts)
        undo()
        record.end = env.now + self._startup(event)
        yield env.timeout(record.end - env.now)
        record.lost = self._losses(event) - record.before

    def _startup(self, event: EventConfig) -> float:
        if event.verb != "crash":
            return 0.0
        return max((c.config.startup for c in event.components(self.world) if isinstance(c, Service)), default=0.0)

    def _losses(self, event: EventConfig) -> int:
        if event.hits in ("components", "regions"):
            return sum(component.lost_for_good() for component in event.components(self.world))
        if event.hits in ("servers", "zones"):
            return sum(server.lost_for_good() for server in event.servers(self.world))
        return 0

    def finish(self) -> list[Event]:
        """The events that began within the run, with what they cost and who noticed them."""
        begun = [record for record in self.records if record.start is not None]
        events = [self._event(record) for record in begun]
        moved = [self._moved(record, event, events) for record, event in zip(begun, events, strict=True)]
        return [replace(event, moved=how) for event, how in zip(events, moved, strict=True)]

    def _event(self, record: _Record) -> Event:
        event, start = record.config, record.start or 0.0
        if record.end is None or record.end > self.world.env.now:
            record.end = None
            record.lost = self._losses(event) - record.before
        until = self.world.env.now if record.end is None else record.end
        noticed = [
            reaction.when
            for reaction in self.world.recorder.reactions
            if start <= reaction.when <= until
            and reaction.what not in GOOD_NEWS
            and event.noticed(reaction, self.world)
        ]
        rto, rpo, writes_lost = self._databases(event, start, until)
        return Event(
            kind=event.verb,
            target=", ".join(str(target) for target in event.targets),
            start=start,
            end=record.end,
            detected=noticed[0] if noticed else None,
            lost=record.lost,
            rto=rto,
            rpo=rpo,
            writes_lost=writes_lost,
            ways=event.ways(self.world),
            returns=event.returns,
        )

    def _moved(self, record: _Record, event: Event, events: list[Event]) -> Moved:
        """How fast calls moved away from the instances that an event hit, or writes to a new primary."""
        span = span_of(event, events, self.world.recorder.warmup, self.world.env.now)
        calls = [calls for calls in self.world.calls_kept if record.config.moves(calls, self.world)]
        return moved_calls(calls, record.places, span, event.returns) if record.places else Moved()

    def _databases(
        self, event: EventConfig, start: float, until: float
    ) -> tuple[float | None, float | None, int | None]:
        """What an event has cost replicated databases: RTO and RPO of the worst, s, and all writes lost."""
        replicas = [each for each in self.world.components.values() if isinstance(each, Replica)]
        if not replicas:
            return None, None, None
        touched = event.touches(self.world)
        groups = {replica.group for replica in replicas if replica.name in touched}
        costs = [group.cost.of(start, until) for group in groups]
        times = [rto for rto, _, _ in costs]
        known = [rto for rto in times if rto is not None]
        rto = None if len(known) < len(times) else max(known, default=0.0)
        return rto, max((rpo for _, rpo, _ in costs), default=0.0), sum(lost for _, _, lost in costs)
