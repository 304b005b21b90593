"""An outage takes a whole component away: connections are refused until it is back."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from sim.components import Component, World
from sim.faults.event import EventConfig, Hits, Targets, Undo


class Outage(EventConfig):
    """Takes whole components away."""

    verb: ClassVar[str] = "outage"
    deadly: ClassVar[bool] = True
    hits: ClassVar[Hits] = "components"

    outage: Targets = Field(description="Which component.")

    def begin(self, world: World) -> Undo:
        """Stops it; undoing it starts it again."""
        return switch_off(self.components(world))


def switch_off(components: Sequence[Component]) -> Undo:
    """Stops components; undoing it starts them again."""
    for component in components:
        component.stop()

    def start() -> None:
        for component in components:
            component.start()

    return start
