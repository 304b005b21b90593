"""A service is a fleet of identical instances behind a name: workers, a bounded queue, and steps for each request."""

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, StrictBool, model_validator

from sim.balancing import (
    ALGORITHMS,
    BalancerConfig,
    HealthCheckConfig,
    LatencyByLoad,
    OutlierEjectionConfig,
    SlowStartConfig,
)
from sim.components.component import Component, Handler
from sim.components.deciding import Bulletin
from sim.components.fleet import Fleet, FleetEdge
from sim.components.health_checker import HealthChecker
from sim.components.meter import server_counters
from sim.components.network import Edge
from sim.components.program import Errands, Program, Step
from sim.components.region import Placed
from sim.components.server import Server
from sim.components.steps import STEPS, StepConfig, make_steps
from sim.components.warm_up import WarmUpConfig, warm
from sim.kernel import Flow
from sim.metrics import Reaction
from sim.request import ANSWERS, Outcome, Request
from sim.values import Config, Count, Distribution, Duration, Match, Number, wrong_key

if TYPE_CHECKING:
    from sim.components.world import World

__all__ = ["STEPS", "Service", "ServiceConfig"]

Speed = Annotated[Number, Field(ge=0.001, le=1000)]
Weight = Annotated[Number, Field(ge=0.01, le=100)]


class EndpointConfig(Config):
    """What an instance does for the requests that match."""

    match: Match = Field(description="Which requests this is for; the first endpoint that matches is taken.")
    work: Distribution | None = Field(None, description="Service time; short for one step.")
    steps: list[StepConfig] | None = Field(None, min_length=1, description="What is done, in order.")

    @model_validator(mode="after")
    def _one_way(self) -> "EndpointConfig":
        if self.work is None and self.steps is None:
            raise ValueError("'work' or 'steps' is missing: what is done for these requests?")
        _either(self)
        return self


class ServiceConfig(Placed):
    """A service: instances, workers, a queue and what they do for a request."""

    kind: Literal["service"] = Field(description="A fleet of instances with workers and a queue.")
    instances: Count = Field(1, ge=1, le=10_000, description="How many instances there are.")
    workers: Count = Field(1, ge=1, description="How many requests an instance works on at a time.")
    queue: Count | Literal["unbounded"] = Field(
        1000, description="How many requests may wait at an instance; unbounded for any number, 0 for none."
    )
    order: Literal["fifo", "lifo"] = Field("fifo", description="Who is served next: the oldest or the newest.")
    speed: list[Speed] | Speed = Field(1.0, description="Divides service times: one number, or one for each instance.")
    weight: list[Weight] | Weight = Field(
        1.0, description="For weighted balancing: one number, or one for each instance."
    )
    work: Distribution | None = Field(None, description="Service time; short for one step.")
    steps: list[StepConfig] | None = Field(
        None, min_length=1, description="What an instance does for a request, in order."
    )
    endpoints: list[EndpointConfig] = Field(
        default_factory=list, description="Different steps for different requests; first match wins."
    )
    balancer: BalancerConfig = Field(default_factory=BalancerConfig, description="How callers choose an instance.")
    health_check: HealthCheckConfig | None = Field(None, description="Probes that take dead instances out.")
    outlier_ejection: OutlierEjectionConfig | None = Field(
        None, description="Takes instances out whose answers are failures."
    )
    slow_start: SlowStartConfig | None = Field(
        None, description="Gives an instance that comes back its share of traffic step by step."
    )
    startup: Duration = Field(0.0, description="How long a restarted instance takes until it accepts requests.")
    warm_up: WarmUpConfig | None = Field(None, description="How a restarted instance is slow at first.")
    deadline_propagation: StrictBool = Field(
        False, description="Whether a request whose caller has given up is dropped when its turn comes."
    )

    @model_validator(mode="after")
    def _one_for_each_instance(self) -> "ServiceConfig":
        for name in ("speed", "weight"):
            value = getattr(self, name)
            if isinstance(value, list) and len(value) != self.instances:
                there = f"{self.instances} instance{'s' if self.instances > 1 else ''}"
                raise wrong_key(name, f"has {len(value)} numbers for {there}; give one for each, or one for all")
        return self

    @model_validator(mode="after")
    def _does_something(self) -> "ServiceConfig":
        if not self.endpoints and self.work is None and self.steps is None:
            raise ValueError("'work', 'steps' or 'endpoints' is missing: what does an instance do for a request?")
        _either(self)
        return self

    @model_validator(mode="after")
    def _slow_start_has_weights(self) -> "ServiceConfig":
        if self.slow_start is not None and not ALGORITHMS[self.balancer.algorithm].weighted:
            raise wrong_key(
                "slow_start", f"needs a balancer that looks at weights, which {self.balancer.algorithm} does not"
            )
        return self

    def speed_of(self, index: int) -> float:
        """Speed factor of one instance."""
        return self.speed[index] if isinstance(self.speed, list) else self.speed

    def weight_of(self, index: int) -> float:
        """Configured weight of one instance."""
        return self.weight[index] if isinstance(self.weight, list) else self.weight

    @property
    def limit(self) -> int | None:
        """How many may wait at an instance; None for any number."""
        return None if self.queue == "unbounded" else int(self.queue)


def _either(config: EndpointConfig | ServiceConfig) -> None:
    if config.work is not None and config.steps is not None:
        raise wrong_key("work", "is short for one step: give either 'work' or 'steps'")


class NotFound:
    """The step for requests that no endpoint matches."""

    hop = None

    def run(self, request: Request, server: Server) -> Any:
        """Answers 404."""
        return ANSWERS[Outcome.NOT_FOUND]
        yield


class Service(Component):
    """Instances of one program.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "service"

    def __init__(self, name: str, config: ServiceConfig, world: "World") -> None:
        super().__init__(name, config, world)
        self._servers = [self._make_server(index) for index in range(config.instances)]
        self.healthy = [True] * config.instances
        zones = world.placement.zones(name)
        self._zones = [zones[index % len(zones)] if zones else "" for index in range(config.instances)]
        self.fleets: dict[str, Fleet] = {}
        self.cross_zone = 0
        self.cookies: dict[Hashable, int] = {}
        reports = config.balancer.load_reports
        self.board = None if reports is None else Bulletin(world.env, self, reports)
        self.load_reports = [LatencyByLoad() for _ in self._servers]
        self._warming: dict[int, Flow] = {}

    def _make_server(self, index: int) -> Server:
        config: ServiceConfig = self.config
        return Server(
            f"{self.name}[{index}]" if config.instances > 1 else self.name,
            self.env,
            self.world.recorder,
            Program([]),
            config.workers,
            config.limit,
            config.order == "lifo",
            config.speed_of(index),
            config.deadline_propagation,
        )

    @property
    def servers(self) -> list[Server]:
        """Its instances."""
        return self._servers

    @property
    def zones(self) -> list[str]:
        """The zone of each instance, an empty text where its region has none: they are spread evenly."""
        return self._zones

    def connect(self) -> None:
        """Builds the steps, which look up what they call."""
        config: ServiceConfig = self.config
        for server, program in zip(self._servers, self._programs(), strict=True):
            server.program = program
        if config.health_check is not None:
            HealthChecker(self)

    def address(self, zone: str) -> str:
        """What its instances in a zone are called, as ends of links."""
        return f"{self.name}/{zone}" if zone else self.name

    def _programs(self) -> list[Program]:
        """What each instance does: in each zone the same, called from there."""
        programs = {zone: self._program(self.address(zone)) for zone in dict.fromkeys(self.zones)}
        return [programs[zone] for zone in self.zones]

    def _program(self, caller: str) -> Program:
        """What its instances in one zone do; `caller` is what they are called."""
        config: ServiceConfig = self.config
        default = self._make_steps(config, self.name, caller)
        branches: list[tuple[Match, list[Step]]] = [
            (endpoint.match, self._make_steps(endpoint, f"{self.name}.{number}", caller))
            for number, endpoint in enumerate(config.endpoints)
        ]

        def choose(request: Request) -> list[Step]:
            for match, steps in branches:
                if match.matches(request.kind, request.client):
                    return steps
            return default

        return Program(default, choose if branches else None)

    def _make_steps(self, config: ServiceConfig | EndpointConfig, name: str, caller: str) -> list[Step]:
        steps = make_steps(config.work, config.steps, name, self.world, caller) or [NotFound()]
        return [Errands(), *steps] if ALGORITHMS[self.config.balancer.algorithm].probes else steps

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The caller's balancer; a single instance that nobody checks needs none."""
        config: ServiceConfig = self.config
        salt = self.world.calls_to(self.name, caller)
        if config.instances == 1 and config.health_check is None and config.outlier_ejection is None:
            link = self.world.link(caller, self.address(self.zones[0]))
            return Edge(self.env, link, self._servers[0], salt, settle)
        if caller not in self.fleets:
            self.fleets[caller] = Fleet(self, caller)
        return FleetEdge(self.fleets[caller], salt, settle)

    def verdict(self, index: int, healthy: bool) -> None:
        """The health checks have changed their mind about an instance."""
        self.healthy[index] = healthy
        self.world.recorder.react(Reaction(self.env.now, self.name, index, "healthy" if healthy else "unhealthy"))
        for fleet in self.fleets.values():
            if healthy:
                fleet.returned(index)
            else:
                fleet.refresh()
        for fleet in self.calling:
            fleet.refresh()

    def restart(self, index: int) -> None:
        """Starts an instance again: it accepts requests after `startup`, and is slow while it warms up.

        It takes as many restarts as there were crashes.
        """
        Flow(self.env, self._boot(index))

    def _boot(self, index: int) -> Any:
        config: ServiceConfig = self.config
        if config.startup:
            yield config.startup
        server = self._servers[index]
        server.restart()
        if not server.up:
            return
        if config.health_check is None:
            for fleet in self.fleets.values():
                fleet.returned(index)
        if config.warm_up is not None:
            if index in self._warming:
                self._warming[index].cancel()
            self._warming[index] = Flow(self.env, warm(server, config.warm_up))

    def zone_counts(self) -> dict[str, int]:
        """See `Component.zone_counts`."""
        return dict(Counter(zone for zone, healthy in zip(self.zones, self.healthy, strict=True) if healthy))

    def counters(self) -> dict[str, Any]:
        """Sums over the instances, and each of them."""
        counters = server_counters(self._servers) | {"refused": self.refused + sum(s.refused for s in self._servers)}
        for other in self.also_count:
            counters |= other.counters()
        return counters | {"cross_zone": self.cross_zone} if any(self.zones) else counters

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.cross_zone = 0
        for other in self.also_count:
            other.start_counting()
        for server in self._servers:
            server.start_counting()
