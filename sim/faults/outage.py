"""An outage takes a whole component away: connections are refused until it is back."""

from typing import ClassVar, Literal

from pydantic import Field

from sim.components import World
from sim.faults.event import EventConfig, Targets, Undo


class Outage(EventConfig):
    """Takes whole components away."""

    verb: ClassVar[str] = "outage"
    hits: ClassVar[Literal["servers", "clients", "links", "caches", "components"]] = "components"

    outage: Targets = Field(description="Which component.")

    def begin(self, world: World) -> Undo:
        """Stops it; undoing it starts it again."""
        components = self.components(world)
        for component in components:
            component.stop()

        def start() -> None:
            for component in components:
                component.start()

        return start
