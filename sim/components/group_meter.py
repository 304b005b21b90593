"""What is counted of a queue for one group of consumers: messages, how many waited, how long, and how old they are."""

from array import array
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.components.message import ACKNOWLEDGED, BEHIND, READY, TAKEN, Message
from sim.kernel import Environment
from sim.metrics.latency import latency_figures

COUNTS: Final = (
    "published",
    "delivered",
    "acknowledged",
    "redelivered",
    "duplicates",
    "dead_letters",
    "lost",
    "shed",
)
"""What a group counts: see `ConsumerGroup`."""

AGES_KEPT: Final = 1000


class GroupMeter:
    """The counters of a group.

    Args:
        env: The environment.

    Attributes:
        waiting: Messages that wait now: for their time, for their turn, for a consumer.
        in_flight: Messages that are with a consumer now.
        published: Messages that it was to get.
        delivered: Deliveries, of which `redelivered` were of a message that had been delivered before.
        acknowledged: Messages that were acknowledged.
        duplicates: Times that a message was processed to the end although it had been already.
        dead_letters: Messages that were given up after `max_deliveries`.
        lost: Messages that are gone: the broker lost them, or with at-most-once delivery their consumer failed.
        shed: Messages that made room for newer ones.
        depth_max: The most that waited.
        lag_max: How old the oldest message has been that was taken out of the queue for good, s.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.waiting = self.in_flight = 0
        self.published = self.delivered = self.acknowledged = self.redelivered = self.duplicates = 0
        self.dead_letters = self.lost = self.shed = 0
        self.depth_max = 0
        self.lag_max = 0.0
        self._ages: deque[Message] = deque()
        self._early: dict[Message, None] = {}
        self._times = array("d")
        self._counted_from = 0.0
        self._before: dict[str, int] = dict.fromkeys(COUNTS, 0)
        self._carried_over = 0

    def _one_more(self) -> None:
        self.waiting += 1
        if self.waiting > self.depth_max:
            self.depth_max = self.waiting

    def _count_acknowledged(self, message: Message) -> None:
        self.acknowledged += 1
        if message.published >= self._counted_from:
            self._times.append(self.env._now - message.published)

    def _count_out(self, message: Message) -> None:
        if message.state == TAKEN:
            self.in_flight -= 1
        else:
            self.waiting -= 1
        age = self.env._now - message.due
        if age > self.lag_max:
            self.lag_max = age

    def lag(self) -> float:
        """How old the oldest message is that is due and not acknowledged, s."""
        ages = self._ages
        while ages and ages[0].state >= ACKNOWLEDGED:
            ages.popleft()
        if len(ages) > AGES_KEPT + 2 * (self.waiting + self.in_flight):
            self._ages = ages = deque(message for message in ages if message.state < ACKNOWLEDGED)
        return self.env.now - ages[0].due if ages else 0.0

    def counters(self) -> dict[str, Any]:
        """What was counted since `start_counting`, and what is there now, counted message by message."""
        lag = self.lag()
        states = [message.state for message in self._ages]
        return {
            **{name: getattr(self, name) - self._before[name] for name in COUNTS},
            "carried_over": self._carried_over,
            "depth": states.count(BEHIND) + states.count(READY) + len(self._early),
            "in_flight": states.count(TAKEN),
            "depth_max": self.depth_max,
            "lag_max_s": max(self.lag_max, lag),
            "oldest_s": lag if states else None,
            "end_to_end_s": latency_figures(self.times),
        }

    @property
    def times(self) -> NDArray[np.float64]:
        """From publishing to acknowledgement, of each message published and acknowledged since `start_counting`, s."""
        return np.array(self._times)

    def start_counting(self) -> None:
        """Forgets what was counted so far; the messages stay."""
        self._before = {name: getattr(self, name) for name in COUNTS}
        self._carried_over = self.waiting + self.in_flight
        self._times = array("d")
        self._counted_from = self.env.now
        self.depth_max = self.waiting
        self.lag_max = 0.0
