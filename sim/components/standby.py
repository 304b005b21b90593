"""A standby region waits for an active one to fail: hot it is ready at once, warm and cold only after a time.

What it does not run while it waits it need not pay for; what that saves is paid in failover time.
"""

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

from sim.components.region import RegionConfig
from sim.components.service import Service
from sim.kernel import Flow
from sim.metrics import Reaction, What

if TYPE_CHECKING:
    from sim.components.world import World


class StandbyRegions:
    """The standby regions of a world.

    Args:
        world: The world; its placement says which regions stand by.
    """

    def __init__(self, world: "World") -> None:
        self.world = world
        self._configs: dict[str, RegionConfig] = {
            name: config for name, config in world.placement.regions.items() if config.role == "standby"
        }
        self._ready = {name for name, config in self._configs.items() if config.standby == "hot"}
        self._activated: dict[str, list[Callable[[], None]]] = {}
        self._idle: dict[str, list[tuple[Service, int]]] = {}

    def waits(self, region: str) -> bool:
        """Whether a region stands by."""
        return region in self._configs

    def ready(self, region: str) -> bool:
        """Whether a region can take traffic."""
        return region in self._ready or region not in self._configs

    def stand_by(self) -> None:
        """Switches off what the regions do not run while they wait; called once everything exists."""
        for name, config in self._configs.items():
            idle = self._idle[name] = []
            for part in self.world.placement.inside(name):
                component = self.world.components[part]
                if isinstance(component, Service):
                    running = ceil(config.running * len(component.servers))
                    idle += [(component, index) for index in range(running, len(component.servers))]
            for service, index in idle:
                service.servers[index].crash()
                service.healthy[index] = False

    def activate(self, region: str, on_ready: Callable[[], None]) -> None:
        """Makes a region ready, if it is not; `on_ready` is called when it is."""
        if self.ready(region):
            return
        waiting = self._activated.setdefault(region, [])
        waiting.append(on_ready)
        if len(waiting) == 1:
            self._react(region, "activated")
            Flow(self.world.env, self._prepare(region))

    def _prepare(self, region: str) -> Any:
        yield self._configs[region].until_ready
        self._ready.add(region)
        self._react(region, "ready")
        for service, index in self._idle.pop(region, ()):
            service.restart(index)
            service.healthy[index] = service.config.health_check is None or service.healthy[index]
        for on_ready in self._activated.pop(region, ()):
            on_ready()

    def _react(self, region: str, what: What) -> None:
        part = next(self.world.placement.inside(region), region)
        self.world.recorder.react(Reaction(self.world.env.now, part, -1, what))
