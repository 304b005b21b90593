"""A region goes dark: what runs there dies, and whoever calls it from elsewhere hears nothing until it is back.

Its users are no part of it: they are alive, and find their way to another region or do not.
"""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from sim.components import Placement, World
from sim.components.component import Component
from sim.components.network import Link
from sim.faults.event import EventConfig, Hits, Targets, Undo
from sim.metrics import Reaction


class RegionDown(EventConfig):
    """Takes a whole region away."""

    verb: ClassVar[str] = "region_down"
    hits: ClassVar[Hits] = "regions"

    region_down: Targets = Field(description="Which region.")

    def kills(self, placement: Placement) -> Iterable[str]:
        """All that stands there."""
        return [part for target in self.targets for part in placement.inside(target.name)]

    def components(self, world: World) -> list[Component]:
        """All that stands there."""
        return [world.components[part] for part in self.kills(world.placement)]

    def links(self, world: World) -> Iterable[Link]:
        """All that lead to what stands there, or away from it."""
        gone = set(self.kills(world.placement))
        return [link for (caller, callee), link in world.links.items() if callee in gone or caller in gone]

    def noticed(self, reaction: Reaction, world: World) -> bool:
        """Whether somebody's reaction was to what stands there."""
        return reaction.component in self.kills(world.placement)

    def begin(self, world: World) -> Undo:
        """Switches it off; undoing it starts everything there again."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        for link in self.links(world):
            for direction in (link.out, link.back):
                direction.cut_until = max(direction.cut_until, until)
        components = self.components(world)
        for component in components:
            component.stop()

        def start() -> None:
            for component in components:
                component.start()

        return start
