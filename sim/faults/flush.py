"""A flush empties a cache: everything that it kept has to be fetched again."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from sim.components import World
from sim.faults.event import EventConfig, Hits, Targets, Undo
from sim.values import wrong_key


class Flush(EventConfig):
    """Empties caches."""

    verb: ClassVar[str] = "flush"
    hits: ClassVar[Hits] = "caches"

    flush: Targets = Field(description="Which cache or CDN.")

    @model_validator(mode="after")
    def _over_at_once(self) -> Self:
        if self.for_ is not None:
            raise wrong_key("for", "a flush is over at once; leave it out")
        return self

    @property
    def lasts(self) -> float | None:
        """It is over at once."""
        return 0.0

    def begin(self, world: World) -> Undo:
        """Empties them; there is nothing to undo."""
        for component in self.components(world):
            caching = getattr(component, "caching", None)
            if caching is not None:
                caching.store.flush()
        return lambda: None
