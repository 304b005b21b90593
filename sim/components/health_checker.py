"""Active health checks: a probe to every instance in a fixed rhythm, and a verdict after several in a row agree.

A probe travels the network and occupies a worker like any other request; one that finds the queue full, the
connection refused or no answer in time has failed. Each instance has its own phase, so that probes do not come in
bursts. Source: Envoy, health checking; NGINX Plus; AWS target groups.
"""

from typing import TYPE_CHECKING, Any

from sim.balancing import HealthState
from sim.components.component import Steps
from sim.components.meter import PROBE
from sim.components.network import Edge
from sim.components.program import Work
from sim.components.server import Server
from sim.kernel import TIMED_OUT, FixedDemand, Flow
from sim.request import Request

if TYPE_CHECKING:
    from sim.components.service import Service


class HealthChecker:
    """Probes the instances of one service and tells it when the verdict on one has changed.

    Args:
        service: The service.
    """

    def __init__(self, service: "Service") -> None:
        world = service.world
        self.service = service
        self.env = world.env
        self.config = service.config.health_check
        self.timer = self.env.timer(self.config.timeout)
        self.states = [HealthState(self.config) for _ in service.servers]
        link = world.link(f"{service.name}.health_check", service.name)
        self.edges = [Edge(self.env, link, Uncounted(server), 0, settle=True) for server in service.servers]
        phases = world.streams.uniform(f"{service.name}.health_check")
        service.servers[0].program.add(PROBE, [Work(FixedDemand(self.config.work))])
        for index in range(len(service.servers)):
            Flow(self.env, self._watch(index, phases.next() * self.config.interval))

    def _watch(self, index: int, phase: float) -> Any:
        yield phase
        while True:
            begun = self.env.now
            healthy = yield from self._probe(index)
            if self.states[index].probe_result(healthy):
                self.service.verdict(index, self.states[index].healthy)
            yield max(0.0, begun + self.config.interval - self.env.now)

    def _probe(self, index: int) -> Any:
        probe = Request(-1, PROBE, "health check", self.env.now)
        flow = Flow(self.env, self.edges[index].handle(probe), probe)
        if not flow.ended:
            self.timer.watch(flow)
        response = yield flow
        return response is not TIMED_OUT and response.success


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
