"""A broker goes down: it refuses what is published, delivers nothing, and hears no acknowledgement until it is back.

The messages that it has stored are there again when it is back. Those that consumers were working on are delivered once
more after their visibility time-out: the acknowledgements were in vain.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.components.names import Names
from sim.faults.event import EventConfig, Hits, Target, Targets, Undo
from sim.values.words import a, quote


class QueueEvent(EventConfig):
    """An event that happens to queues."""

    hits: ClassVar[Hits] = "components"

    @classmethod
    def _check(cls, target: Target, names: Names) -> None:
        super()._check(target, names)
        kind = names.kind(target.name)
        if kind not in ("queue", None):
            raise ValueError(f"{quote(target.name)} is {a(kind)}; {cls.verb} is for queues")


class BrokerDown(QueueEvent):
    """Takes brokers away."""

    verb: ClassVar[str] = "broker_down"
    deadly: ClassVar[bool] = True

    broker_down: Targets = Field(description="Which queue.")

    def begin(self, world: World) -> Undo:
        """Stops them; undoing it starts them again."""
        brokers = self.components(world)
        for broker in brokers:
            broker.stop()

        def start() -> None:
            for broker in brokers:
                broker.start()

        return start
