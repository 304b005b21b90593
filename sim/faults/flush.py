"""A flush empties a cache: everything that it kept has to be fetched again."""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.event import Hits, Moment, Targets, Undo


class Flush(Moment):
    """Empties caches."""

    verb: ClassVar[str] = "flush"
    hits: ClassVar[Hits] = "caches"

    flush: Targets = Field(description="Which cache or CDN.")

    def begin(self, world: World) -> Undo:
        """Empties them; there is nothing to undo."""
        for component in self.components(world):
            caching = getattr(component, "caching", None)
            if caching is not None:
                caching.store.flush()
        return lambda: None
