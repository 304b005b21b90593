"""A zone goes dark: the instances in it die, and whoever calls them hears nothing until they are back."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from sim.components import Component, Server, World
from sim.components.network import Link
from sim.components.region import zone_of
from sim.faults.event import EventConfig, Hits, Target, Targets, Undo
from sim.metrics import Calls, Place, Reaction


class ZoneDown(EventConfig):
    """Takes a zone away."""

    verb: ClassVar[str] = "zone_down"
    hits: ClassVar[Hits] = "zones"
    deadly: ClassVar[bool] = True

    zone_down: Targets = Field(description="Which zone, written region/zone.")

    def servers(self, world: World) -> list[Server]:
        """The instances in it."""
        return [component.servers[index] for component, index in self._instances(world)]

    def links(self, world: World) -> Iterable[Link]:
        """All that lead to instances in it, or away from them."""
        return [
            link
            for ends, link in world.links.items()
            if any(_is_in(end, target, world) for end in ends for target in self.targets)
        ]

    @property
    def is_partial(self) -> bool:
        """A zone is a part of its region."""
        return True

    def places(self, world: World) -> set[Place]:
        """The instances in it."""
        return {(component.name, index) for component, index in self._instances(world)}

    def moves(self, calls: Calls, world: World) -> bool:
        """Calls from elsewhere; who called inside it is dead."""
        return not any(_is_in(calls.caller, target, world) for target in self.targets)

    def whole(self, world: World) -> set[str]:
        """The parts of components that have no instance elsewhere."""
        parts = (world.components[part] for part in self.parts(world.placement))
        hit = self.places(world)
        return {c.name for c in parts if c.zones and all((c.name, index) in hit for index in range(len(c.zones)))}

    def noticed(self, reaction: Reaction, world: World) -> bool:
        """Whether somebody's reaction was to an instance in it, or to a region of which it leaves nothing."""
        if reaction.instance < 0:
            return reaction.component in self.whole(world)
        return (reaction.component, reaction.instance) in self.places(world)

    def begin(self, world: World) -> Undo:
        """Switches it off; undoing it starts its instances again."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        for link in self.links(world):
            for direction in (link.out, link.back):
                direction.cut_until = max(direction.cut_until, until)
        gone = self._instances(world)
        for component, index in gone:
            component.servers[index].crash()

        def start() -> None:
            for component, index in gone:
                component.restart(index)

        return start

    def _instances(self, world: World) -> list[tuple[Component, int]]:
        return [
            (component, index)
            for target in self.targets
            for component in self.components(world)
            for index, zone in enumerate(component.zones)
            if f"{world.placement.region(component.name)}/{zone}" == target.name
        ]


def _is_in(end: str, target: Target, world: World) -> bool:
    return f"{world.placement.region(end)}/{zone_of(end)}" == target.name
