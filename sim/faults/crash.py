"""A crash kills instances: what they had in work or in their queue is lost, and until the restart they refuse."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from sim.components import Component, World
from sim.faults.event import EventConfig, Targets, Undo
from sim.metrics import Place
from sim.values import Count, Duration, wrong_key


class Crash(EventConfig):
    """Kills instances."""

    verb: ClassVar[str] = "crash"
    deadly: ClassVar[bool] = True

    crash: Targets = Field(description="Which service; search[1] for one certain instance.")
    instances: Count | None = Field(
        None, ge=1, description="How many instances, the first that are up; by default all that the target means."
    )
    restart_after: Duration | None = Field(
        None, gt=0, description="When they start again; by default never (or after `for`)."
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.for_ is not None and self.restart_after is not None:
            raise wrong_key("restart_after", "a restart ends the crash, and so does for: give one of them")
        return self

    @property
    def lasts(self) -> float | None:
        """How long until the restart, s; None for never."""
        return self.for_ if self.restart_after is None else self.restart_after

    @property
    def is_partial(self) -> bool:
        """See `EventConfig.is_partial`."""
        return self.instances is not None or super().is_partial

    def places(self, world: World) -> set[Place]:
        """The instances that it kills."""
        return {(component.name, index) for component, index in self._chosen(world)}

    def begin(self, world: World) -> Undo:
        """Crashes them; undoing it starts them again."""
        down = self._chosen(world)
        for component, index in down:
            component.servers[index].crash()

        def restart() -> None:
            for component, index in down:
                component.restart(index)

        return restart

    def _chosen(self, world: World) -> list[tuple[Component, int]]:
        chosen: list[tuple[Component, int]] = []
        for target in self.targets:
            for component in target.components(world):
                servers = component.servers
                meant = list(range(len(servers))[target.indices(component)])
                if self.instances is not None:
                    meant = [index for index in meant if servers[index].up][: self.instances]
                chosen += [(component, index) for index in meant]
        return chosen
