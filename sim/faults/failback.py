"""A failback by hand: traffic returns to a region that is well again and has waited to be let back."""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.drain import steered
from sim.faults.event import Hits, Moment, Targets, Undo


class Failback(Moment):
    """Lets traffic return to a region."""

    verb: ClassVar[str] = "failback"
    hits: ClassVar[Hits] = "regions"
    returns: ClassVar[bool] = True

    failback: Targets = Field(description="Which region may have its traffic back, if its checks find it well.")

    def begin(self, world: World) -> Undo:
        """Lets it return; there is nothing to undo."""
        for steering, region in steered(world, {target.name for target in self.targets}):
            steering.fail_back(region)
        return lambda: None
