"""A fleet is the caller's side of a service with several instances: a balancer, and what the caller knows of health.

All calls of one caller share it. It adds no hop. It counts what is outstanding on an instance until the answer is back,
and sees the state of an instance only through the health checks, and through the answers it gets or waits for in vain.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any

from sim.balancing import Endpoint, LatencyByLoad, OutlierDetector, eligible, weight_factor
from sim.components.component import Handler, Steps
from sim.components.deciding import balancer_for
from sim.components.network import NEVER_SENT, Direction, Edge, Link, cross
from sim.components.noted import noted_pick
from sim.components.region import zone_of
from sim.components.server import Server
from sim.kernel import Environment, Flow
from sim.metrics import Reaction
from sim.request import ANSWERS, Outcome, Request

if TYPE_CHECKING:
    from sim.components.service import Service

NO_HEALTHY_INSTANCE = ANSWERS[Outcome.NO_HEALTHY_INSTANCE]
RAMP_STEPS = 20
FINE = ("ok", "4xx", "429")
"""How an instance answers that has nothing wrong with it; the rest of it is the caller's fault."""


class Fleet:
    """What a caller knows of the instances of a service.

    Args:
        service: The service.
        caller: Whose side this is.

    Attributes:
        learns: Whether it has to be told of answers, and of those that have not come in time.
        returning: When an answer that is on its way will be back, s, and from which instance: a heap.
    """

    def __init__(self, service: "Service", caller: str) -> None:
        config, world = service.config, service.world
        self.env = world.env
        self.service = service
        self.recorder = world.recorder
        self.servers: list[Server] = service.servers
        ways = {zone: world.link(caller, service.address(zone)) for zone in dict.fromkeys(service.zones)}
        self.links = [ways[zone] for zone in service.zones]
        self.weights = [config.weight_of(index) for index in range(len(self.servers))]
        self.endpoints = [
            Endpoint(index, server.name, self.weights[index]) for index, server in enumerate(self.servers)
        ]
        self.balancer = balancer_for(self, service, caller, self.endpoints)
        calls = world.calls_of(caller, [(service.name, index) for index in range(len(self.servers))])
        self.pick = self.balancer.pick if calls is None else noted_pick(self.balancer.pick, calls)
        self.panic_threshold: float = config.balancer.panic_threshold
        ejection = config.outlier_ejection
        self.detector = None if ejection is None else OutlierDetector(ejection, len(self.endpoints))
        self.slow_start = config.slow_start
        self.ramps: dict[int, Flow] = {}
        self.learns = self.balancer.learns or self.detector is not None
        self.returning: list[tuple[float, int]] = []
        self.probes = self.balancer.probes
        handlers: list[Handler] = list(self.servers)
        if self.probes:
            handlers = [Reported(*pair) for pair in zip(self.servers, service.load_reports, strict=True)]
        self.link = self.links[0]
        if len(ways) > 1:
            self.link, home = Link.free(world.env), zone_of(caller)
            handlers = [
                ZoneEdge(world.env, link, handler, service, home is not None and zone != home)
                for link, handler, zone in zip(self.links, handlers, service.zones, strict=True)
            ]
        self.serve = [handler.handle for handler in handlers]
        self._asked: dict[Request, tuple[Endpoint, float]] = {}
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

    def sent(self, request: Request, endpoint: Endpoint) -> None:
        """A request goes to an instance: from now on the fleet waits for its answer."""
        self._asked[request] = endpoint, self.env.now

    def answered(self, request: Request, fine: bool) -> None:
        """An answer is back; one that its caller has given up on is no news any more.

        Args:
            request: To what.
            fine: Whether it does not speak against the instance.
        """
        asked = self._asked.pop(request, None)
        if asked is not None:
            self._learn(*asked, fine)

    def timed_out(self, request: Request) -> None:
        """The caller has given up on a request: that speaks against the instance, as far as anybody can tell."""
        self.answered(request, False)

    def forget(self, request: Request) -> None:
        """The caller has died, or has given up before it was through: there will be no answer, and that is no news."""
        self._asked.pop(request, None)

    def _learn(self, endpoint: Endpoint, sent: float, fine: bool) -> None:
        now = self.env.now
        if self.balancer.learns:
            self.balancer.answered(endpoint, now - sent, fine, now)
        if self.detector is not None:
            until = self.detector.observe(endpoint, fine, now)
            if until is not None:
                self.recorder.react(Reaction(now, self.service.name, endpoint.index, "ejected"))
                self.refresh()
                Flow(self.env, self._readmit(endpoint, until - now))

    def _readmit(self, endpoint: Endpoint, seconds: float) -> Any:
        assert self.detector is not None
        yield float(seconds)
        self.detector.readmit(endpoint, self.env.now)
        self.returned(endpoint.index)

    def probe(self) -> None:
        """Asks some instances for their load, out of band, if that is how the balancer decides."""
        for target in self.balancer.probe_targets(self.env.now):
            Flow(self.env, self._probe(target))

    def _probe(self, endpoint: Endpoint) -> Any:
        link = self.links[endpoint.index]
        there = self._way(link, link.out)
        if there == inf:
            return
        yield there
        server = self.servers[endpoint.index]
        if not server.up or server.hangs:
            return
        load = server.outstanding
        server.do_beside(self.balancer.probe_work)
        expected = self.service.load_reports[endpoint.index].expected(load)
        back = self._way(link, link.back)
        if back < inf:
            yield back
            self.balancer.probed(endpoint, load, expected, self.env.now)

    def _way(self, link: Link, direction: Direction) -> float:
        return direction.latency() if link.steady else direction.crossing(0.0)


class FleetEdge:
    """What a caller holds of a fleet for one of its calls: picks an instance, and brings the answer back.

    Args:
        fleet: The fleet.
        salt: Tells the edges that lead to one service apart.
        settle: Whether the caller has to know when the answer is back. Otherwise the way back is left to be slept
            together with what follows, and the answer is counted as back when its time has come.
    """

    def __init__(self, fleet: Fleet, salt: int, settle: bool) -> None:
        self.env = fleet.env
        self.fleet = fleet
        self.link = fleet.link
        self.salt = salt
        self.settle = settle or fleet.learns
        self._learns = fleet.learns
        self._probes = fleet.probes
        self._pick = fleet.pick
        self._endpoints = fleet.endpoints
        self._serve = fleet.serve
        self._returning = fleet.returning
        self._out = fleet.link.out.latency
        self._back = fleet.link.back.latency
        self.gave_up = fleet.timed_out if fleet.learns else None

    def handle(self, request: Request) -> Steps:
        """Picks an instance, sends the request there and brings the answer back."""
        owed = request.owed
        if owed:
            request.owed = 0.0
            request.network += owed
            yield owed
        fleet = self.fleet
        if not fleet.eligible:
            fleet.service.refused += 1
            return NO_HEALTHY_INSTANCE
        env, link, salt = self.env, self.link, self.salt
        now = env._now
        returning = self._returning
        while returning and returning[0][0] <= now:
            self._endpoints[heappop(returning)[1]].outstanding -= 1
        endpoint = self._pick(request, now)
        endpoint.outstanding += 1
        if salt:
            request.call += salt
        if self._probes:
            fleet.probe()
        if self._learns:
            fleet.sent(request, endpoint)
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
                response = NEVER_SENT
                if (yield from cross(link.out, request, request.size)):
                    response = yield from self._serve[endpoint.index](request)
                    yield from cross(link.back, request, request.response_size if response.success else 0.0)
        except BaseException:
            endpoint.outstanding -= 1
            fleet.forget(request)
            raise
        endpoint.outstanding -= 1
        if salt:
            request.call -= salt
        if response is NEVER_SENT:
            fleet.forget(request)
        elif self._learns:
            fleet.answered(request, response.condition in FINE)
        return response


def who_minds_time_outs(entrance: Handler) -> Callable[[Request], None] | None:
    """Who has to be told when a caller gives up on what it has sent to `entrance`; None for nobody."""
    told: Callable[[Request], None] | None = getattr(entrance, "gave_up", None)
    return told


def all_who_mind(ways: Iterable[Handler]) -> Callable[[Request], None] | None:
    """Who has to be told where a request may have gone any of several ways: whoever does not know it does not mind."""
    told = [who for who in map(who_minds_time_outs, ways) if who is not None]

    def tell(request: Request) -> None:
        for who in told:
            who(request)

    return tell if told else None


class ZoneEdge(Edge):
    """The way to an instance in a zone.

    Args:
        env: The environment.
        link: To the zone.
        target: The instance.
        service: Its service, which counts what comes from another zone.
        crosses: Whether this does.
    """

    __slots__ = ("crosses", "service")

    def __init__(self, env: Environment, link: Link, target: Handler, service: "Service", crosses: bool) -> None:
        super().__init__(env, link, target, 0, settle=True)
        self.service = service
        self.crosses = crosses

    def handle(self, request: Request) -> Steps:
        """Sends a request there and brings the answer back."""
        self.service.cross_zone += self.crosses
        return super().handle(request)


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
