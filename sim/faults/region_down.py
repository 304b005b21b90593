"""A region goes dark: what runs there dies, and whoever calls it from elsewhere hears nothing until it is back.

Its users are no part of it: they are alive, and find their way to another region or do not.
"""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.components.network import Link
from sim.faults.event import EventConfig, Hits, Targets, Undo
from sim.faults.outage import switch_off


class RegionDown(EventConfig):
    """Takes a whole region away."""

    verb: ClassVar[str] = "region_down"
    hits: ClassVar[Hits] = "regions"
    deadly: ClassVar[bool] = True

    region_down: Targets = Field(description="Which region.")

    def links(self, world: World) -> Iterable[Link]:
        """All that lead to what stands there, or away from it."""
        gone = set(self.parts(world.placement))
        return [link for (caller, callee), link in world.links.items() if callee in gone or caller in gone]

    def begin(self, world: World) -> Undo:
        """Switches it off; undoing it starts everything there again."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        for link in self.links(world):
            for direction in (link.out, link.back):
                direction.cut_until = max(direction.cut_until, until)
        return switch_off(self.components(world))
