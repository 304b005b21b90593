"""A client is a crowd of callers of one kind: it sends requests, waits for answers, gives up, and tries again.

Open loop, it sends when its users want to, however slow the answers are; closed loop, each of a fixed number of users
waits for an answer and thinks before the next request. User latency runs from the user's first try to the end of the
last one; attempt latency is kept apart.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from sim.components.component import Handler
from sim.components.network import AccessConfig, LossyAccess
from sim.components.traffic import (
    Mix,
    PopulationConfig,
    Replay,
    RequestBlock,
    RequestConfig,
    Spike,
    TrafficConfig,
    arrival_times,
    read_access_log,
)
from sim.kernel import Flow
from sim.policies.retry import Once, Retry, RetryConfig
from sim.policies.timeout import Attempt
from sim.request import Request, RequestKind
from sim.values import Config, Duration

if TYPE_CHECKING:
    from sim.components.world import World

Shape = tuple[RequestKind, Any, Any, float, float]
"""What one request is: kind, key, caller, size and response size."""


class ClientConfig(Config):
    """Who sends requests, how many, which, and how patiently."""

    traffic: TrafficConfig = Field(description="When requests are sent: at a rate, by users who wait, or from a log.")
    to: str = Field(description="The component that requests go to.")
    requests: list[RequestConfig] = Field(
        default_factory=list, description="The mix of requests; by default GET / only."
    )
    population: PopulationConfig | None = Field(None, description="How many distinct callers there are; default one.")
    network: AccessConfig | None = Field(None, description="The client's access link; by default the network's.")
    timeout: Duration | None = Field(None, gt=0, description="How long an attempt may take; by default for ever.")
    retry: RetryConfig | None = Field(None, description="Whether and how a failed attempt is repeated.")

    @model_validator(mode="after")
    def _consistent(self) -> "ClientConfig":
        if self.traffic.replay is not None and self.requests:
            raise ValueError("a replay brings its own requests: leave 'requests' out")
        if self.traffic.replay is not None and self.population is not None:
            raise ValueError("a replay brings its own callers: leave 'population' out")
        return self


class Client:
    """Sends requests and notes how they ended.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
        number: Its position among the clients.
    """

    kind: ClassVar[str] = "client"

    def __init__(self, name: str, config: ClientConfig, world: "World", number: int) -> None:
        self.name = name
        self.config = config
        self.world = world
        self.env = world.env
        self.recorder = world.recorder
        self.number = number
        self.notes: list[str] = []
        self._starts = world.recorder.attempt_starts[number]
        self._latencies = world.recorder.attempt_latencies[number]
        self._routes: dict[RequestKind, int] = {}

    def connect(self) -> None:
        """Builds what a request goes through first: retry, time-out, access link."""
        config, world = self.config, self.world
        target = world.components[config.to].entrance(self.name)
        entrance: Handler = target
        if config.network is not None and config.network.lose_response:
            coin = world.streams.uniform(f"{self.name}.lost_responses")
            has_timeout = config.timeout is not None
            entrance = LossyAccess(self.env, target, config.network.lose_response, coin, has_timeout)
        attempt = Attempt(self.env, self.recorder, entrance, config.timeout, self._answered, self._starts.append)
        if config.retry is None:
            self.upstream: Handler = Once(attempt)
        else:
            jitter = world.streams.uniform(f"{self.name}.retry")
            self.upstream = Retry(config.retry, attempt, self.recorder, jitter)

    def start(self) -> None:
        """Begins to send."""
        traffic = self.config.traffic
        if traffic.way == "closed":
            self._start_users()
        elif traffic.way == "replay":
            Flow(self.env, self._send_all(self._replayed()))
        else:
            Flow(self.env, self._send_all(self._open_loop()))

    @property
    def spikes(self) -> tuple[Spike, ...]:
        """When its traffic is multiplied."""
        return tuple(Spike(*spike) for spike in self.world.spikes.get(self.name, ()))

    # -- open loop and replay

    def _open_loop(self) -> Iterator[tuple[list[float], list[Shape]]]:
        config, world = self.config, self.world
        rate = config.traffic.rate_function(world.duration, self.spikes)
        mix = Mix(config.requests, config.population, world.streams, self.name)
        blocks = mix.blocks()
        for times in arrival_times(config.traffic, rate, world.streams, self.name, world.duration):
            yield times.tolist(), _shapes(mix.kinds, next(blocks), len(times))

    def _replayed(self) -> Iterator[tuple[list[float], list[Shape]]]:
        traffic = self.config.traffic
        assert traffic.replay is not None
        log = read_access_log(traffic.replay, traffic.format)
        self.notes.extend(log.notes())
        replay = Replay(log, traffic.speed)
        for times, block in replay.blocks(self.world.duration):
            yield times.tolist(), _shapes(replay.kinds, block, len(times))

    def _send_all(self, blocks: Iterator[tuple[list[float], list[Shape]]]) -> Any:
        env = self.env
        for times, shapes in blocks:
            for time, shape in zip(times, shapes, strict=True):
                wait = time - env._now
                if wait > 0.0:
                    yield wait
                request = self._request(shape)
                flow = request.flow = Flow(env, self._journey(request), start=False)
                flow.start()

    # -- closed loop

    def _start_users(self) -> None:
        config, world = self.config, self.world
        users = config.traffic.users
        assert users is not None
        mix = Mix(config.requests, config.population, world.streams, self.name)
        shapes = _endless(mix)
        think = config.traffic.think
        pauses = None if think is None else world.streams.drawn(f"{self.name}.think", think.draw)
        for user in range(users):
            Flow(self.env, self._user(user, shapes, pauses, 0.0, world.duration))
        for begin, end, factor in world.spikes.get(self.name, ()):
            for user in range(users, round(users * factor)):
                Flow(self.env, self._user(user, shapes, pauses, begin, end))

    def _user(self, user: int, shapes: Iterator[Shape], pauses: Any, begin: float, end: float) -> Any:
        env = self.env
        if begin:
            yield begin
        while env._now < end:
            if pauses is not None:
                yield pauses.next()
            kind, key, caller, size, response_size = next(shapes)
            if self.config.population is None:
                caller = user
            request = self._request((kind, key, caller, size, response_size))
            flow = request.flow = Flow(env, self._journey(request), start=False)
            flow.start()
            yield flow

    # -- one request

    def _request(self, shape: Shape) -> Request:
        kind, key, caller, size, response_size = shape
        now = self.env._now
        route = self._routes.get(kind)
        if route is None:
            route = self._routes[kind] = self.recorder.route(kind.label)
        number = self.recorder.open(self.number, route, now)
        return Request(number, kind, self.name, now, caller, key, size, response_size)

    def _journey(self, request: Request) -> Any:
        response = yield from self.upstream.handle(request)
        self.recorder.close(
            request, self.number, self._routes[request.kind], self.env._now - request.arrived, response.outcome
        )

    def _answered(self, request: Request, latency: float) -> None:
        if request.arrived >= self.recorder.warmup:
            self._latencies.append(latency)


def _shapes(kinds: Any, block: RequestBlock, count: int) -> list[Shape]:
    columns = (
        block.kind[:count].tolist(),
        block.key[:count].tolist(),
        block.caller[:count].tolist(),
        block.size[:count].tolist(),
        block.response_size[:count].tolist(),
    )
    return [(kinds[kind], *rest) for kind, *rest in zip(*columns, strict=True)]  # type: ignore[misc]


def _endless(mix: Mix) -> Iterator[Shape]:
    for block in mix.blocks():
        yield from _shapes(mix.kinds, block, len(block.kind))


