"""A publish step hands a message to a queue and goes on when the broker has acknowledged it: an early answer.

What is done with the message is done later, by the queue's consumers; the request does not wait for it. A broker that
refuses the message, because it is full or down, fails the request, unless the step is optional.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from sim.components.names import QueueName
from sim.components.queue import Queue
from sim.components.steps.call import Call, CallConfig
from sim.values import Duration, Share

if TYPE_CHECKING:
    from sim.components.world import World


class PublishConfig(CallConfig):
    """A message for a queue."""

    to: QueueName = Field(description="The queue.")
    delay: Duration = Field(0.0, description="How long the message waits in the queue until it may be delivered.")
    poison: Share = Field(0.0, description="Share of the messages whose processing always fails; default none.")


class Publish(Call):
    """Publishes.

    Args:
        config: What and how.
        caller: The component that publishes.
        world: Where both live.
        name: Of the step, unique in the world.
    """

    def __init__(self, config: PublishConfig, caller: str, world: "World", name: str) -> None:
        queue = world.components[config.to]
        assert isinstance(queue, Queue)
        plain = not config.delay and not config.poison
        way = None if plain else queue.publisher(caller, config.delay, config.poison, f"{name}.poison")
        super().__init__(config, caller, world, name, way)
