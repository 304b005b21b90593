"""A promotion makes another replica of a database the primary: a planned switch-over, or a failover by hand.

In a switch-over the old primary accepts no more writes, and hands over when the other has them all: nothing is lost. If
the old primary is out of reach, the other is promoted with what it has; with fencing only if a majority misses the old.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import Placement, Replica, World
from sim.components.names import Names
from sim.faults.event import Hits, Moment, Target, Targets, Undo
from sim.metrics import Calls
from sim.values.words import a, quote


class Promote(Moment):
    """Makes another replica the primary."""

    verb: ClassVar[str] = "promote"
    hits: ClassVar[Hits] = "components"
    returns: ClassVar[bool] = True

    promote: Targets = Field(description="Which replica of a database, written name@region.")

    @classmethod
    def _check(cls, target: Target, names: Names) -> None:
        super()._check(target, names)
        kind = names.kind(target.name)
        if kind not in ("database", None):
            raise ValueError(f"{quote(target.name)} is {a(kind)}; promote is for databases with replicas")
        if target.region is None:
            raise ValueError(f"which replica of {quote(target.name)}? Write {target.name}@region")

    def touches(self, world: World) -> set[str]:
        """See `EventConfig.touches`."""
        return set(self.watches(world.placement))

    def watches(self, placement: Placement) -> list[str]:
        """All parts of the databases."""
        return [part for target in self.targets for part in placement.named(target.name)]

    def moves(self, calls: Calls, world: World) -> bool:
        """Writes: only they have to go to the primary."""
        return calls.of == "writes"

    def begin(self, world: World) -> Undo:
        """Begins the switch-over; there is nothing to undo."""
        for component in self.components(world):
            if isinstance(component, Replica):
                component.group.promote(component)
        return lambda: None
