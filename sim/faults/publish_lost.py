"""Published messages get lost: the broker acknowledges them and then has them no more, and nobody is told.

So does a broker that acknowledges before it has stored a message on disk or on a replica, and then fails over.
Source: Apache Kafka, Producer Configs (acks=1).
"""

from typing import ClassVar

from pydantic import Field

from sim.components import Queue, World
from sim.faults.broker_down import QueueEvent
from sim.faults.event import Targets, Undo
from sim.values import Share


class PublishLost(QueueEvent):
    """Loses a share of what is published."""

    verb: ClassVar[str] = "publish_lost"

    publish_lost: Targets = Field(description="Which queue.")
    rate: Share = Field(1.0, description="Share of the messages that are lost; default all.")

    def begin(self, world: World) -> Undo:
        """Makes them lose messages; undoing it stops that."""
        losing = [
            (queue, world.streams.uniform(f"{queue.name}.publish_lost.{self.at}"))
            for queue in self.components(world)
            if isinstance(queue, Queue)
        ]
        for queue, coin in losing:
            queue.lose_by(self.rate, coin)

        def stop() -> None:
            for queue, coin in losing:
                queue.undo_lose(self.rate, coin)

        return stop
