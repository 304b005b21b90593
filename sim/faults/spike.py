"""A spike multiplies a client's traffic: a flash sale, a marketing mail, a crawler.

The arrivals of an open loop are drawn with the spike in mind, so that all other arrivals stay the same; a closed loop
gets more users for the time.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.event import EventConfig, Hits, Targets, Undo
from sim.values import Number


class Spike(EventConfig):
    """Multiplies traffic."""

    verb: ClassVar[str] = "spike"
    hits: ClassVar[Hits] = "clients"

    spike: Targets = Field(description="Which client.")
    factor: Number = Field(gt=0, le=10_000, description="Multiplies its rate, or its number of users.")

    def begin(self, world: World) -> Undo:
        """Nothing: the clients knew from the beginning."""
        return lambda: None
