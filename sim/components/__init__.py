"""What a request can meet: one file for each kind of thing.

A new kind is one file and one line in `KINDS`; it appears in the scenario language, the schema and the reports.
"""

from dataclasses import dataclass
from typing import Any, Final

from sim.components.cache import Cache, CacheServerConfig
from sim.components.cdn import Cdn, CdnConfig
from sim.components.client import Client, ClientConfig
from sim.components.component import Component, Handler
from sim.components.database import Database, DatabaseConfig
from sim.components.dns import Dns, DnsConfig
from sim.components.external import External, ExternalConfig
from sim.components.gateway import Gateway, GatewayConfig
from sim.components.load_balancer import LoadBalancer, LoadBalancerConfig
from sim.components.meter import areas_of
from sim.components.network_config import NetworkConfig
from sim.components.queue import Queue, QueueConfig
from sim.components.region import Placed, Placement, RegionConfig
from sim.components.replica import Replica
from sim.components.server import Server
from sim.components.service import Service, ServiceConfig
from sim.components.steering import Steered
from sim.components.traffic_manager import TrafficManager, TrafficManagerConfig
from sim.components.waf import Waf, WafConfig
from sim.components.world import World
from sim.values import Config

__all__ = [
    "KINDS",
    "Cache",
    "Client",
    "ClientConfig",
    "Component",
    "Handler",
    "NetworkConfig",
    "Placed",
    "Placement",
    "Queue",
    "RegionConfig",
    "Replica",
    "Server",
    "Service",
    "Steered",
    "World",
    "areas_of",
]


@dataclass(frozen=True)
class Kind:
    """One kind of component.

    Attributes:
        config: What YAML may say.
        make: Makes one (name, config, world).
        replica: Makes one of several that have a primary, of kinds that can have one.
    """

    config: type[Config]
    make: Any
    replica: Any = None

    def build(self, name: str, config: Any, world: World) -> Component:
        """Makes the component that a config describes."""
        replicated = self.replica is not None and config.primary is not None
        component: Component = (self.replica if replicated else self.make)(name, config, world)
        return component


KINDS: Final = {
    "cdn": Kind(CdnConfig, Cdn),
    "waf": Kind(WafConfig, Waf),
    "gateway": Kind(GatewayConfig, Gateway),
    "service": Kind(ServiceConfig, Service),
    "cache": Kind(CacheServerConfig, Cache),
    "database": Kind(DatabaseConfig, Database, Replica),
    "external": Kind(ExternalConfig, External),
    "queue": Kind(QueueConfig, Queue),
    "balancer": Kind(LoadBalancerConfig, LoadBalancer),
    "dns": Kind(DnsConfig, Dns),
    "traffic_manager": Kind(TrafficManagerConfig, TrafficManager),
}
