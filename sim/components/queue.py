"""A queue takes messages at once and hands them out later: publishers go on, consumers work at their own pace.

What is published is kept by a broker until each group of consumers has acknowledged it. A burst becomes a backlog that
drains with what the consumers can do beyond what arrives; if they can do less than arrives, it never does. A bounded
queue says so to its publishers when it is full; an unbounded one says nothing, and grows.

Sources: AWS, Amazon SQS Developer Guide; RabbitMQ, Queue Length Limit (reject-publish, drop-head) and Consumer
Prefetch; Apache Kafka, Design (partitions, consumer groups, delivery semantics).
"""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from simpy.events import Event

from sim.balancing.hashing import stable_hash
from sim.components.broker import Accept, Broker, Door
from sim.components.component import Handler
from sim.components.consumer_group import ConsumerGroup
from sim.components.database import SingleServer
from sim.components.group_meter import COUNTS
from sim.components.message import Message
from sim.components.names import QueueName, ServiceName
from sim.components.network import Edge
from sim.components.program import Program, Step, Work
from sim.components.region import Placed
from sim.kernel import Uniform
from sim.metrics.latency import latency_figures
from sim.policies.backoff import BackoffConfig
from sim.request import Request
from sim.values import Config, Constant, Count, Distribution, Duration, wrong_key
from sim.values.words import quote

if TYPE_CHECKING:
    from sim.components.world import World

DELIVERIES: Final = {
    "at_least_once": ("visibility_timeout", "max_deliveries", "dead_letter_queue", "backoff"),
    "at_most_once": (),
}
"""What each way of delivery reads."""

SIZES: Final = {"unbounded": (), "bounded": ("on_full",)}
"""What a queue reads that is unbounded, or is not."""

PLAIN: Final = (0.0, False)
"""How most messages are published: without delay, and such that they can be processed."""


class ConsumerConfig(Config):
    """A group of consumers: the instances of a service."""

    shorthand: ClassVar[str | None] = "service"

    service: ServiceName = Field(description="The service whose instances process the messages.")
    prefetch: Count = Field(
        1,
        ge=1,
        le=10_000,
        description="How many messages an instance has for each of its workers: one is being processed, further ones "
        "wait beside it.",
    )


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _one_or_several(schema: dict[str, Any]) -> None:
    several = {key: schema.pop(key) for key in ("type", "items", "minItems")}
    schema["anyOf"] = [several["items"], several]


class QueueConfig(Placed):
    """A broker's queue: who consumes it, what it holds, and what becomes of messages that fail."""

    kind: Literal["queue"] = Field(description="A broker that keeps messages until consumers have processed them.")
    consumers: Annotated[list[ConsumerConfig], BeforeValidator(_as_list)] = Field(
        min_length=1,
        description="The services that consume it; each of them gets every message.",
        json_schema_extra=_one_or_several,
    )
    size: Annotated[Count, Field(ge=1)] | Literal["unbounded"] = Field(
        10_000, description="How many messages may wait, those being processed left out; or unbounded."
    )
    on_full: Literal["block", "reject", "shed"] = Field(
        "reject",
        description="What happens to a message that finds the queue full: its publisher waits for room (block) or gets "
        "an error (reject), or the oldest message that waits is dropped for it (shed).",
    )
    partitions: Count | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Keeps messages about one item (`key`) in order, in one of so many partitions, and processes one "
        "message of a partition at a time; by default any consumer takes the next message.",
    )
    delivery: Literal["at_least_once", "at_most_once"] = Field(
        "at_least_once",
        description="Whether a message is kept until it has been acknowledged, or forgotten when it is delivered.",
    )
    visibility_timeout: Duration = Field(
        30.0,
        gt=0,
        description="How long a delivered message is hidden; not acknowledged by then, it is delivered again.",
    )
    max_deliveries: Count | None = Field(
        None, ge=1, description="How often a message is delivered before it becomes a dead letter; default any number."
    )
    dead_letter_queue: QueueName | None = Field(
        None,
        description="The queue that dead letters are published in; by default, or if it refuses them, they are counted "
        "and gone.",
    )
    backoff: BackoffConfig | None = Field(
        None,
        description="How long a message waits after its consumer has answered with an error; by default until its "
        "visibility time-out.",
    )
    latency: Distribution = Field(
        Constant(0.0), description="How long the broker takes to store a message and acknowledge it; default no time."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set
        if self.delivery == "at_most_once":
            for key in DELIVERIES["at_least_once"]:
                if key in given:
                    raise wrong_key(key, "means nothing with delivery at_most_once: nothing is delivered again")
        if self.dead_letter_queue is not None and self.max_deliveries is None:
            raise wrong_key("dead_letter_queue", "stays empty without max_deliveries, after which a message goes there")
        if self.size == "unbounded" and "on_full" in given:
            raise wrong_key("on_full", "means nothing to an unbounded queue, which is never full")
        if self.on_full == "shed" and self.partitions is not None:
            raise wrong_key(
                "on_full", "shed drops the oldest message, and each of the partitions has one: block or reject"
            )
        if self.backoff is not None and self.backoff.base == 0.0:
            raise wrong_key("backoff", "without a pause a message that always fails would go round without end")
        if self.resident is not None:
            raise wrong_key("resident", "is not for queues; place one in each region")
        names = [consumer.service for consumer in self.consumers]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise wrong_key("consumers", f"names {quote(twice)} twice; a group gets each message once")
        return self


class Queue(SingleServer):
    """A broker with one queue.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.

    Attributes:
        blocked: Publishers that wait for room.
        groups: The consumers.
        terms: The delay, s, of requests that are about to publish, and whether their messages are poison.
        dead_letter_way: The way to its dead-letter queue, if it has one.
    """

    kind: ClassVar[str] = "queue"

    def __init__(self, name: str, config: QueueConfig, world: "World") -> None:
        steps: list[Step] = [Accept(self)]
        if config.latency != Constant(0.0):
            steps.insert(0, Work(world.demand(f"{name}.latency", config.latency)))
        server = Broker(name, world.env, world.recorder, Program(steps), workers=None)
        super().__init__(name, config, world, server)
        self.on_full = config.on_full
        self.groups: list[ConsumerGroup] = []
        self.terms: dict[Request, tuple[float, bool]] = {}
        self._limit = inf if config.size == "unbounded" else config.size
        self._partitions = config.partitions
        self._next_partition = 0
        self.blocked: deque[tuple[Event, Request]] = deque()
        self._letting_in = False
        self._losing: list[tuple[float, Uniform]] = []
        self.published = self._published_before = self._lost = 0
        self.dead_letter_way: Handler | None = None

    def connect(self) -> None:
        """Finds the consumers, which begin to ask for messages."""
        for consumer in self.config.consumers:
            service: Any = self.world.components[consumer.service]
            self.groups.append(ConsumerGroup(self, consumer, service))
        if self.config.dead_letter_queue is not None:
            self.dead_letter_way = self.world.entrance(self.config.dead_letter_queue, self.name)
        self.server.when_up.append(self._wake)

    def publisher(self, caller: str, delay: float, poison: float, name: str) -> Callable[[bool], Handler]:
        """What makes the way in for messages that are published in a way of their own; see `Door`.

        Args:
            caller: Who publishes them.
            delay: How long they wait until they are delivered, s.
            poison: Share of them that cannot be processed.
            name: Of the random stream that decides which.
        """
        door = Door(self, delay, poison, self.world.streams.demand(name, lambda rng, n: rng.random(n)))

        def entrance(settle: bool) -> Handler:
            salt = self.world.calls_to(self.name, caller)
            return Edge(self.env, self.world.link(caller, self.name), door, salt, settle)

        return entrance

    # -- what the broker does

    @property
    def awake(self) -> bool:
        """Whether it delivers messages and hears acknowledgements."""
        return self.server.up and not self.server.hangs

    def _wake(self) -> None:
        for group in self.groups:
            group.dispatch()
        self.make_room()

    @property
    def full(self) -> bool:
        """Whether some group has as many messages waiting as there may be."""
        limit = self._limit
        return limit < inf and any(group.waiting >= limit for group in self.groups)

    def store(self, request: Request) -> None:
        """Keeps a message for each group."""
        self.published += 1
        delay, poison = self.terms.get(request, PLAIN) if self.terms else PLAIN
        if self._losing and any(coin.next() < share for share, coin in self._losing):
            self._lost += 1
            for group in self.groups:
                group.lose()
            return
        partition = 0 if self._partitions is None else self._partition(request, self._partitions)
        for group in self.groups:
            group.take(Message(request, self.env._now, poison, partition), delay)

    def _partition(self, request: Request, count: int) -> int:
        """The partition of an item; what is about none goes to each in turn."""
        if request.kind.keyed:
            return stable_hash(request.key) % count
        self._next_partition = (self._next_partition + 1) % count
        return self._next_partition

    def turn(self, request: Request) -> Event:
        """What happens when there has been room for a publisher's message, which is then stored."""
        turn = Event(self.env)
        self.blocked.append((turn, request))
        return turn

    def make_room(self) -> None:
        """Lets publishers in that wait for room, if there is some; the next when every group has the message before."""
        if self._letting_in:
            return
        self._letting_in, blocked = True, self.blocked
        while blocked and not self.full:
            turn, request = blocked.popleft()
            if turn.callbacks:
                turn.succeed()
                self.store(request)
        self._letting_in = False

    def shed(self) -> None:
        """Drops the oldest message of each group that has no room."""
        for group in self.groups:
            if group.waiting >= self._limit:
                group.shed_oldest()

    def lose_by(self, share: float, coin: Uniform) -> None:
        """Acknowledges a share of what is published from now on and loses it.

        Args:
            share: The share.
            coin: Decides which.
        """
        self._losing.append((share, coin))

    def undo_lose(self, share: float, coin: Uniform) -> None:
        """Takes one `lose_by(share, coin)` back."""
        self._losing.remove((share, coin))

    # -- what it tells

    def lost_for_good(self) -> int:
        """See `Component.lost_for_good`; messages that it has lost are among them."""
        return super().lost_for_good() + self._lost

    def gauges(self) -> dict[str, float]:
        """Messages that wait and are with consumers, the age of the oldest, s, and how many there have been of each."""
        groups = self.groups
        return {
            "depth": sum(group.waiting for group in groups),
            "in_flight": sum(group.in_flight for group in groups),
            "lag_s": max((group.lag() for group in groups), default=0.0),
            "published": self.published,
            "acknowledged": sum(group.acknowledged for group in groups),
            "dead_letters": sum(group.dead_letters for group in groups),
        }

    def counters(self) -> dict[str, Any]:
        """The broker's own counters, those of each group, and their sums; the lag is that of the slowest group."""
        own = super().counters()
        groups = {group.name: group.counters() for group in self.groups}
        sums = {key: sum(group[key] for group in groups.values()) for key in (*COUNTS, "depth", "in_flight")}
        worst = {
            key: max((group[key] for group in groups.values() if group[key] is not None), default=None)
            for key in ("depth_max", "lag_max_s", "oldest_s")
        }
        times = np.concatenate([group.times for group in self.groups])
        return {
            **own,
            "refused": own["refused"] + self.refused,
            "errors": own["errors"] - self.refused,
            **sums,
            "published": self.published - self._published_before,
            **worst,
            "end_to_end_s": latency_figures(times),
            "groups": groups,
        }

    def start_counting(self) -> None:
        """Forgets what was counted so far; the messages stay."""
        super().start_counting()
        self.refused = 0
        self._published_before = self.published
        for group in self.groups:
            group.start_counting()
