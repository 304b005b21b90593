"""A load balancer tier: several nodes in front of a service, each with a view of its own of what it balances over.

Its callers spread connections over the nodes by hashing (ECMP at layer 4), and each node balances requests over the
service (layer 7). A node knows what it has sent itself, not what the others have; one that dies takes what is on its
way through it along, and its share of connections, until somebody notices.

Sources: Google, Maglev (NSDI 2016); RFC 2992 (ECMP); AWS, Network and Application Load Balancers.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.balancing import BalancerConfig, HealthCheckConfig, OutlierEjectionConfig
from sim.components.names import ComponentName
from sim.components.program import Program
from sim.components.region import Placed
from sim.components.service import Service, ServiceConfig
from sim.policies.retry import RetryConfig
from sim.values import Constant, Count, Distribution, Duration

if TYPE_CHECKING:
    from sim.components.world import World

MANY = 1_000_000
"""How many requests a node has under way at a time, at most: more than any node of a model gets."""


class LoadBalancerConfig(Placed):
    """A tier of load balancers."""

    kind: Literal["balancer"] = Field(description="Load balancer nodes in front of a service.")
    nodes: Count = Field(2, ge=1, le=1000, description="How many nodes there are.")
    to: ComponentName = Field(description="The service that they balance requests over.")
    timeout: Duration | None = Field(None, gt=0, description="How long a node waits for an answer; default for ever.")
    retry: RetryConfig | None = Field(None, description="Whether and how a node tries again.")
    latency: Distribution = Field(Constant(0.0), description="A node's own work on each request; default none.")
    balancer: BalancerConfig = Field(
        BalancerConfig(algorithm="ip_hash"),
        description="How callers choose a node: by default by hashing their address, as ECMP at layer 4 does.",
    )
    health_check: HealthCheckConfig | None = Field(None, description="Probes that take dead nodes out.")
    outlier_ejection: OutlierEjectionConfig | None = Field(None, description="Takes nodes out whose answers fail.")

    @property
    def instances(self) -> int:
        """How many nodes there are."""
        return self.nodes

    @property
    def as_service(self) -> ServiceConfig:
        """The same as a service whose instances are the nodes."""
        call = {"to": self.to, "timeout": self.timeout, "retry": self.retry}
        work = [] if self.latency == Constant(0.0) else [{"work": self.latency}]
        return ServiceConfig(
            kind="service",
            region=self.region,
            regions=self.regions,
            instances=self.nodes,
            workers=MANY,
            queue=0,
            steps=[*work, {"call": call}],
            balancer=self.balancer,
            health_check=self.health_check,
            outlier_ejection=self.outlier_ejection,
        )


class LoadBalancer(Service):
    """The nodes, as instances of a service with a view for each.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "balancer"

    def __init__(self, name: str, config: LoadBalancerConfig, world: "World") -> None:
        super().__init__(name, config.as_service, world)

    def _programs(self) -> list[Program]:
        """One for each node, for each is a caller of its own."""
        return [self._program(f"{self.address(zone)}#{index}") for index, zone in enumerate(self.zones)]
