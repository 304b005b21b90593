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
from sim.components.network import NetworkConfig
from sim.components.region import Placed, Placement, RegionConfig
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
    "RegionConfig",
    "Server",
    "Service",
    "Steered",
    "World",
]


@dataclass(frozen=True)
class Kind:
    """One kind of component: what YAML may say, and how it is made (name, config, world)."""

    config: type[Config]
    make: Any


KINDS: Final = {
    "cdn": Kind(CdnConfig, Cdn),
    "waf": Kind(WafConfig, Waf),
    "gateway": Kind(GatewayConfig, Gateway),
    "service": Kind(ServiceConfig, Service),
    "cache": Kind(CacheServerConfig, Cache),
    "database": Kind(DatabaseConfig, Database),
    "external": Kind(ExternalConfig, External),
    "dns": Kind(DnsConfig, Dns),
    "traffic_manager": Kind(TrafficManagerConfig, TrafficManager),
}
