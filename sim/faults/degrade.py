"""A region degrades: everything in it is slower, nothing is dead, and shallow checks find nothing (gray failure).

Source: P. Huang et al., Gray Failure: The Achilles' Heel of Cloud-Scale Systems, HotOS 2017.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.event import EventConfig, Hits, Targets, Undo
from sim.faults.slow import slow_down
from sim.values import Number


class Degrade(EventConfig):
    """Makes a whole region slower."""

    verb: ClassVar[str] = "degrade"
    hits: ClassVar[Hits] = "regions"

    degrade: Targets = Field(description="Which region.")
    factor: Number = Field(gt=0, le=1e6, description="Multiplies all service times there.")

    def begin(self, world: World) -> Undo:
        """Slows it; undoing it brings its speed back."""
        return slow_down(self.servers(world), self.factor)
