"""A consumer group works through a queue: it has a copy of every message, which one of its consumers processes.

A consumer with a free worker asks for a message and gets the oldest that is ready; it acknowledges it when it is done,
and asks for the next. Whoever has died asks for nothing. A message that has not been acknowledged within the visibility
time-out is delivered again, whatever became of the first delivery: so nothing is lost, and some work is done twice.
One that has been delivered too often becomes a dead letter, and is moved to a queue for those, if there is one.
In a partition the next message waits until the one before it is done for good.

Sources: AWS, Amazon SQS Developer Guide (visibility timeout, dead-letter queues, FIFO message groups); RabbitMQ,
Consumer Acknowledgements and Publisher Confirms (prefetch, nack); J. Kreps et al., Kafka, NetDB 2011 (groups).
"""

from collections import deque
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from simpy.events import Event

from sim.components.component import Handler
from sim.components.consumer import Seat, Spoiled
from sim.components.group_meter import GroupMeter
from sim.components.message import ACKNOWLEDGED, BEHIND, GONE, READY, TAKEN, Message
from sim.components.network import Edge
from sim.kernel import Flow
from sim.request import Request, Response

if TYPE_CHECKING:
    from sim.components.queue import ConsumerConfig, Queue
    from sim.components.service import Service


class ConsumerGroup(GroupMeter):
    """The instances of a service as consumers of a queue.

    Args:
        queue: The queue.
        config: How they consume.
        service: Which service.
    """

    def __init__(self, queue: "Queue", config: "ConsumerConfig", service: "Service") -> None:
        super().__init__(queue.env)
        self.queue = queue
        self.name = service.name
        self.recorder = queue.world.recorder
        rules = queue.config
        self.once = rules.delivery == "at_most_once"
        self.max_deliveries = rules.max_deliveries
        self.backoff = None if rules.backoff is None else rules.backoff.build()
        self.jitter = queue.world.streams.uniform(f"{queue.name}.{self.name}.backoff")
        self.timer = queue.env.timer(rules.visibility_timeout)
        self.ready: deque[Message] = deque()
        self.lines: list[deque[Message]] = [deque() for _ in range(rules.partitions or 0)]
        self.seats: deque[Seat] = deque()
        self._dispatching = False
        self._connect(service, config.prefetch)

    def _connect(self, service: "Service", prefetch: int) -> None:
        world, name = self.queue.world, self.queue.name
        salt = world.calls_to(service.name, name)
        consumers = []
        for server, zone in zip(service.servers, service.zones, strict=True):
            link = world.link(name, service.address(zone))
            way, spoiled = (Edge(self.env, link, target, salt, settle=True) for target in (server, Spoiled(server)))
            consumer = partial(Seat, server, way, spoiled)
            room = int(server.workers * prefetch)
            consumers.append(consumer)
            server.when_up.append(partial(self._join, consumer, room))
        for _ in range(int(service.config.workers * prefetch)):
            self.seats.extend(consumer() for consumer in consumers)

    def _join(self, consumer: "partial[Seat]", room: int) -> None:
        """A consumer has been started again, with nothing to do."""
        self.seats.extend(consumer() for _ in range(room))
        self.dispatch()

    # -- messages come

    def take(self, message: Message, delay: float) -> None:
        """Keeps a message, and delivers it when its delay, s, is over and a consumer is free."""
        self.published += 1
        self._one_more()
        if delay:
            message.due += delay
            self._early[message] = None
            Flow(self.env, self._after(delay, message))
        else:
            self._offer(message)

    def lose(self) -> None:
        """The broker has lost a message."""
        self.published += 1
        self.lost += 1

    def _after(self, delay: float, message: Message) -> Any:
        yield delay
        if message.state == BEHIND:
            del self._early[message]
            self._offer(message)

    def _offer(self, message: Message) -> None:
        self._ages.append(message)
        if self.lines:
            line = self.lines[message.partition]
            line.append(message)
            if len(line) > 1:
                return
        message.state = READY
        self.ready.append(message)
        self.dispatch()

    # -- messages go

    def dispatch(self) -> None:
        """Delivers what is ready to whoever is free."""
        if self._dispatching or not self.queue.awake:
            return
        self._dispatching = True
        ready, seats = self.ready, self.seats
        while ready and seats:
            if ready[0].state != READY:
                ready.popleft()
                continue
            seat = seats.popleft()
            if not seat.taken_away:
                self._deliver(ready.popleft(), seat)
        self._dispatching = False

    def _deliver(self, message: Message, seat: Seat) -> None:
        message.state = TAKEN
        self.waiting -= 1
        self.in_flight += 1
        self.delivered += 1
        self.redelivered += message.deliveries > 0
        request = message.delivered(self.env._now)
        flow = Flow(self.env, self._process(message, seat, request), request)
        if not self.once and not flow.ended:
            self.timer.watch(flow, self._expired, message)
        if self.queue.blocked:
            self.queue.make_room()

    def _process(self, message: Message, seat: Seat, request: Request) -> Any:
        number = message.deliveries
        response: Response = yield from (seat.spoiled if message.poison else seat.way).handle(request)
        if not seat.taken_away:
            self.seats.append(seat)
        heard = self.once or self.queue.awake
        if response.success:
            settled = self._done(message, request, heard)
        else:
            self.recorder.waste(request)
            mine = message.state == TAKEN and message.deliveries == number
            settled = not mine or self._failed(message, request, response, heard)
        self.dispatch()
        if not settled:
            yield Event(self.env)  # until its time-out, which it is watched for

    def _done(self, message: Message, request: Request, heard: bool) -> bool:
        """A consumer is done with a message; returns whether the broker has been told so."""
        self.duplicates += message.processed
        (self.recorder.waste if message.processed else self.recorder.use)(request)
        message.processed = True
        if not heard:
            return False
        self.timer.forget(request.flow)
        if message.state < ACKNOWLEDGED:
            self._count_acknowledged(message)
            self._end(message, ACKNOWLEDGED)
        return True

    def _failed(self, message: Message, request: Request, response: Response, heard: bool) -> bool:
        """A delivery has failed; returns whether that is known: a consumer that has died says nothing."""
        if self.once:
            self.lost += 1
            self._end(message, GONE)
            return True
        if not heard or self.backoff is None or response.condition in ("reset", "connect_failure"):
            return False
        self.timer.forget(request.flow)
        if not self._is_dead(message):
            message.pause = self.backoff.pause(message.deliveries, message.pause, self.jitter)
            message.state = BEHIND
            self.in_flight -= 1
            self._one_more()
            Flow(self.env, self._again(message))
        return True

    def _again(self, message: Message) -> Any:
        yield float(message.pause)
        if message.state == BEHIND:
            self._put_back(message)

    def _expired(self, message: Message) -> None:
        """Nobody has acknowledged a message in time."""
        if message.state == TAKEN and not self._is_dead(message):
            self.in_flight -= 1
            self._one_more()
            self._put_back(message)

    def _is_dead(self, message: Message) -> bool:
        """Whether a message has had its last delivery; it is moved to the dead letters then."""
        if self.max_deliveries is None or message.deliveries < self.max_deliveries:
            return False
        self.dead_letters += 1
        self._end(message, GONE)
        way = self.queue.dead_letter_way
        if way is not None:
            request = message.delivered(self.env._now)
            Flow(self.env, self._move(request, way), request)
        self.dispatch()
        return True

    def _move(self, request: Request, way: Handler) -> Any:
        """Publishes a dead letter in the queue for those."""
        response: Response = yield from way.handle(request)
        (self.recorder.use if response.success else self.recorder.waste)(request)

    def _put_back(self, message: Message) -> None:
        """Makes a message that was delivered before the next one to be delivered."""
        message.state = READY
        self.ready.appendleft(message)
        self.dispatch()

    def _end(self, message: Message, state: int) -> None:
        """A message is out of the queue for good."""
        self._count_out(message)
        message.state = state
        if self.lines:
            line = self.lines[message.partition]
            line.popleft()
            if line:
                line[0].state = READY
                self.ready.append(line[0])
        if self.queue.blocked:
            self.queue.make_room()

    def shed_oldest(self) -> None:
        """Drops the oldest message that a consumer could get; if there is none, the oldest that waits for its time."""
        while self.ready:
            message = self.ready.popleft()
            if message.state == READY:
                break
        else:
            message = next(message for message in chain(self._ages, self._early) if message.state == BEHIND)
            self._early.pop(message, None)
        self.shed += 1
        self._end(message, GONE)
