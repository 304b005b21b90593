"""A fleet is the caller's side of a service with several instances: a balancer, and what the caller knows of health.

It adds no hop. It counts what is outstanding on an instance until the answer is back, and sees the state of an
instance only through the health checks and through the answers it gets.
"""

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from sim.balancing import Endpoint, LatencyByLoad, OutlierDetector, eligible, make_balancer, weight_factor
from sim.components.component import Steps
from sim.components.network import Link, cross
from sim.components.server import Server
from sim.kernel import Flow
from sim.metrics import Reaction
from sim.request import ANSWERS, Outcome, Request

if TYPE_CHECKING:
    from sim.components.service import Service

NO_HEALTHY_INSTANCE = ANSWERS[Outcome.NO_HEALTHY_INSTANCE]
RAMP_STEPS = 20


class Fleet:
    """Sends each request to one instance of a service.

    Args:
        service: The service.
        caller: Whose side this is.
        link: Between the two.
        salt: Tells the edges that lead to one service apart.
        settle: Whether the caller has to know when the answer is back. Otherwise the way back is left to be slept
            together with what follows, and the answer is counted as back when its time has come.
    """

    def __init__(self, service: "Service", caller: str, link: Link, salt: int, settle: bool) -> None:
        config, world = service.config, service.world
        self.env = world.env
        self.service = service
        self.recorder = world.recorder
        self.link = link
        self.salt = salt
        self.servers: list[Server] = service.servers
        name = f"{caller}.{service.name}.balancer"
        self.weights = [config.weight_of(index) for index in range(len(self.servers))]
        self.endpoints = [
            Endpoint(index, server.name, self.weights[index]) for index, server in enumerate(self.servers)
        ]
        self.balancer = make_balancer(config.balancer, self.endpoints, world.streams.uniform(name))
        self.panic_threshold: float = config.balancer.panic_threshold
        ejection = config.outlier_ejection
        self.detector = None if ejection is None else OutlierDetector(ejection, len(self.endpoints))
        self.slow_start = config.slow_start
        self.ramps: dict[int, Flow] = {}
        self.learns = self.balancer.learns or self.detector is not None
        self.settle = settle or self.learns
        self._returning: list[tuple[float, int]] = []
        self._pick = self.balancer.pick
        self._probes = self.balancer.probes
        self._serve = [server.handle for server in self.servers]
        if self._probes:
            reports = service.load_reports
            self._serve = [Reported(*pair).handle for pair in zip(self.servers, reports, strict=True)]
        self._out = link.out.latency
        self._back = link.back.latency
        self.refresh()

    def refresh(self) -> None:
        """Tells the balancer whom it may pick now."""
        healthy = self.service.healthy
        ejected = [self.detector is not None and self.detector.ejected(endpoint) for endpoint in self.endpoints]
        self.eligible = eligible(self.endpoints, healthy, ejected, self.panic_threshold)
        self.balancer.update(self.eligible, self.env.now)

    def returned(self, index: int) -> None:
        """An instance takes traffic again: with slow start its share grows step by step."""
        if self.slow_start is not None:
            if index in self.ramps:
                self.ramps.pop(index).cancel()
            self.ramps[index] = Flow(self.env, self._ramp(index))
        self.refresh()

    def _ramp(self, index: int) -> Any:
        assert self.slow_start is not None
        step = self.slow_start.window / RAMP_STEPS
        for number in range(RAMP_STEPS):
            factor = weight_factor(number * step, self.slow_start)
            self.endpoints[index].weight = self.weights[index] * factor
            self.balancer.update(self.eligible, self.env.now)
            yield step
        self.endpoints[index].weight = self.weights[index]
        self.balancer.update(self.eligible, self.env.now)

    def handle(self, request: Request) -> Steps:
        """Picks an instance, sends the request there and brings the answer back."""
        owed = request.owed
        if owed:
            request.owed = 0.0
            request.network += owed
            yield owed
        if not self.eligible:
            self.service.refused += 1
            return NO_HEALTHY_INSTANCE
        env, link, salt = self.env, self.link, self.salt
        sent = env._now
        returning = self._returning
        while returning and returning[0][0] <= sent:
            self.endpoints[heappop(returning)[1]].outstanding -= 1
        endpoint = self._pick(request, sent)
        endpoint.outstanding += 1
        if salt:
            request.call += salt
        if self._probes:
            for target in self.balancer.probe_targets(sent):
                Flow(env, self._probe(target))
        try:
            if link.steady:
                request.owed = self._out()
                response = yield from self._serve[endpoint.index](request)
                delay = self._back() + request.owed
                if not self.settle:
                    request.owed = delay
                    heappush(returning, (env._now + delay, endpoint.index))
                    request.call -= salt
                    return response
                if delay:
                    request.owed = 0.0
                    request.network += delay
                    yield delay
            else:
                yield from cross(link.out, request, request.size)
                response = yield from self._serve[endpoint.index](request)
                yield from cross(link.back, request, request.response_size if response.success else 0.0)
        except BaseException:
            endpoint.outstanding -= 1
            raise
        endpoint.outstanding -= 1
        if salt:
            request.call -= salt
        if self.learns:
            self._learn(endpoint, env._now - sent, response.success)
        return response

    def _learn(self, endpoint: Endpoint, latency: float, success: bool) -> None:
        now = self.env.now
        if self.balancer.learns:
            self.balancer.answered(endpoint, latency, success, now)
        if self.detector is not None:
            until = self.detector.observe(endpoint, success, now)
            if until is not None:
                self.recorder.react(Reaction(now, self.service.name, endpoint.index, "ejected"))
                self.refresh()
                Flow(self.env, self._readmit(endpoint, until - now))

    def _readmit(self, endpoint: Endpoint, seconds: float) -> Any:
        assert self.detector is not None
        yield float(seconds)
        self.detector.readmit(endpoint, self.env.now)
        self.returned(endpoint.index)

    def _probe(self, endpoint: Endpoint) -> Any:
        """Asks an instance for its load, out of band."""
        yield self.link.out.latency()
        server = self.servers[endpoint.index]
        if not server.up or server.hung:
            return
        load = server.outstanding
        expected = self.service.load_reports[endpoint.index].expected(load)
        yield self.link.back.latency()
        self.balancer.probed(endpoint, load, expected, self.env.now)


class Reported:
    """An instance that keeps account of how long requests take at which load, for those who probe it.

    Args:
        server: The instance.
        report: Its account.
    """

    def __init__(self, server: Server, report: LatencyByLoad) -> None:
        self.server = server
        self.report = report

    def handle(self, request: Request) -> Steps:
        """Lets the instance answer, and notes how long that took."""
        yield from request.settle()
        server, env = self.server, self.server.env
        load, arrived = server.outstanding, env.now
        response = yield from server.handle(request)
        if response.success:
            self.report.answered(load, env.now + request.owed - arrived)
        return response
