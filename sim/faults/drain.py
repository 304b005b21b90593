"""Draining a region takes its traffic elsewhere by hand, before it dies: nothing that is under way there is lost."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.components.steering import Region, Steering
from sim.faults.event import EventConfig, Hits, Targets, Undo


class Drain(EventConfig):
    """Takes traffic away from a region by hand."""

    verb: ClassVar[str] = "drain"
    hits: ClassVar[Hits] = "regions"

    drain: Targets = Field(description="Which region gets no new requests from DNS and traffic managers.")

    def begin(self, world: World) -> Undo:
        """Drains it; undoing it lets traffic return as the failback says."""
        drained = list(steered(world, {target.name for target in self.targets}))
        for steering, region in drained:
            steering.take_out(region, "drained")

        def clear() -> None:
            for steering, region in drained:
                steering.clear(region, "drained")

        return clear


def steered(world: World, names: set[str]) -> Iterator[tuple[Steering, Region]]:
    """Regions as everything that steers traffic in a world sees them."""
    for component in world.components.values():
        steering = getattr(component, "steering", None)
        if steering is not None:
            yield from ((steering, region) for region in steering.regions if region.name in names)
