"""Active health checks: a probe to every instance in a fixed rhythm, and a verdict after several in a row agree.

A probe travels the network and occupies a worker like any other request; one that finds the queue full, the
connection refused or no answer in time has failed. Each instance has its own phase, so that probes do not come in
bursts. Source: Envoy, health checking; NGINX Plus; AWS target groups.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.balancing import HealthCheckConfig, HealthState
from sim.components.component import Component, Handler, Steps
from sim.components.meter import PROBE
from sim.components.network import Edge
from sim.components.program import Step, Work
from sim.components.server import Server
from sim.kernel import TIMED_OUT, Environment, FixedDemand, Flow
from sim.request import ANSWERS, Outcome, Request

if TYPE_CHECKING:
    from sim.components.service import Service


class Prober:
    """Probes one place in a fixed rhythm, and tells when the verdict on it has changed.

    Args:
        env: The environment.
        config: The rhythm and the thresholds.
        way: What a probe is sent to.
        phase: When the first probe is sent, as a share of the interval.
        verdict: Told whether the place is healthy when that has changed.
    """

    def __init__(
        self,
        env: Environment,
        config: HealthCheckConfig,
        way: Handler,
        phase: float,
        verdict: Callable[[bool], None],
    ) -> None:
        self.env = env
        self.config = config
        self.way = way
        self.verdict = verdict
        self.state = HealthState(config)
        self.timer = env.timer(config.timeout)
        Flow(env, self._watch(phase * config.interval))

    def _watch(self, phase: float) -> Any:
        yield phase
        while True:
            begun = self.env.now
            healthy = yield from self._probe()
            if self.state.probe_result(healthy):
                self.verdict(self.state.healthy)
            yield max(0.0, begun + self.config.interval - self.env.now)

    def _probe(self) -> Any:
        probe = Request(-1, PROBE, "health check", self.env.now)
        flow = Flow(self.env, self.way.handle(probe), probe)
        if not flow.ended:
            self.timer.watch(flow)
        response = yield flow
        return response is not TIMED_OUT and response.success


class HealthChecker:
    """Probes the instances of one service and tells it when the verdict on one has changed.

    Args:
        service: The service.
    """

    def __init__(self, service: "Service") -> None:
        world = service.world
        config = service.config.health_check
        name = f"{service.name}.health_check"
        phases = world.streams.uniform(name)
        for server in service.servers:
            server.program.add(PROBE, [Work(FixedDemand(config.work))])
        self.probers = [
            Prober(
                world.env,
                config,
                Edge(world.env, world.link(name, service.address(zone)), Uncounted(server), 0, settle=True),
                phases.next(),
                partial(service.verdict, index),
            )
            for index, (server, zone) in enumerate(zip(service.servers, service.zones, strict=True))
        ]


class Uncounted:
    """A server as health checks see it: they are load, but no user's requests.

    Args:
        server: The server.
    """

    def __init__(self, server: Server) -> None:
        self.server = server

    def handle(self, request: Request) -> Steps:
        """Lets the server answer, and takes the probe out of its counters in the instants in which it is counted."""
        yield from request.settle()
        server = self.server
        server.offered -= server.up
        response = yield from server.handle(request)
        server.forget(response)
        return response


class Front:
    """A whole component as checks from outside see it: it is well if what they reach of it answers.

    A proxy answers by itself. What has instances lets the next answer that its own checks have not taken out.

    Args:
        component: The component.
        work: How long a probe occupies a worker, s.
    """

    def __init__(self, component: Component, work: float) -> None:
        self.component = component
        self.servers = [Uncounted(server) for server in component.servers]
        self._next = 0
        self._steps: list[Step] = [Work(FixedDemand(work))]

    def handle(self, request: Request) -> Steps:
        """Answers a probe."""
        yield from request.settle()
        if not self.servers:
            return ANSWERS[Outcome.OK if self.component.up else Outcome.REFUSED]
        if self._steps:
            for server in self.component.servers:
                server.program.add(PROBE, self._steps)
            self._steps = []
        healthy = getattr(self.component, "healthy", None) or [True] * len(self.servers)
        count = len(self.servers)
        for step in range(count):
            index = (self._next + step) % count
            if healthy[index]:
                self._next = index + 1
                return (yield from self.servers[index].handle(request))
        return ANSWERS[Outcome.NO_HEALTHY_INSTANCE]
