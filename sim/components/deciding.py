"""What decides for one caller of a service: the algorithm, and what it is wrapped in (old reports, zones, sessions)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.balancing import Balancer, Endpoint, LoadBoard, Stale, Sticky, ZoneAware, make_balancer
from sim.components.region import owner, zone_of
from sim.kernel import Environment, Flow

if TYPE_CHECKING:
    from sim.components.fleet import Fleet
    from sim.components.service import Service


def balancer_for(fleet: "Fleet", service: "Service", caller: str, endpoints: Sequence[Endpoint]) -> Balancer:
    """The balancer of one caller.

    Args:
        fleet: Whose it will be.
        service: What it spreads requests over.
        caller: Whose side this is.
        endpoints: The instances.
    """
    config, world = service.config.balancer, service.world
    name = f"{caller}.{service.name}.balancer"

    def make() -> Balancer:
        balancer = make_balancer(config, endpoints, world.streams.uniform(name))
        if service.board is None:
            return balancer
        stale = Stale(balancer, endpoints, service.board.loads)
        service.board.readers.append(stale)
        return stale

    home = zone_of(caller)
    if config.zone_aware is not None and home is not None and len(set(service.zones)) > 1:
        component = world.components[owner(caller)]
        component.calling.append(fleet)
        spill = world.streams.uniform(f"{name}.zone")
        balancer: Balancer = ZoneAware(config.zone_aware, make, home, service.zones, component.zone_counts, spill)
    else:
        balancer = make()
    if config.affinity is not None:
        balancer = Sticky(balancer, endpoints, config.affinity, service.cookies if config.affinity == "cookie" else {})
    return balancer


class Bulletin:
    """Tells all callers of a service at intervals how loaded its instances are.

    Args:
        env: The environment.
        service: The service.
        interval: From one report to the next, s.
    """

    def __init__(self, env: Environment, service: "Service", interval: float) -> None:
        self.service = service
        self.loads = LoadBoard(len(service.servers))
        self.readers: list[Stale] = []
        Flow(env, self._report(interval))

    def _report(self, interval: float) -> Any:
        while True:
            self.loads.report([server.outstanding for server in self.service.servers])
            for reader in self.readers:
                reader.read()
            yield interval
