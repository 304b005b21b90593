"""A client is a crowd of callers of one kind: it sends requests, waits for answers, gives up, and tries again.

Open loop, it sends when its users want to, however slow the answers are; closed loop, each of a fixed number of users
waits for an answer and thinks before the next request. User latency runs from the user's first try to the end of the
last one; attempt latency is kept apart.
"""

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator
from simpy.events import Event

from sim.components.component import Handler
from sim.components.fleet import who_minds_time_outs
from sim.components.names import ComponentName, RegionName
from sim.components.network import LossyAccess
from sim.components.network_config import AccessConfig
from sim.components.traffic import (
    Mix,
    PopulationConfig,
    Replay,
    RequestConfig,
    Row,
    Spike,
    TrafficConfig,
    arrival_times,
    read_access_log,
    stays,
)
from sim.kernel import SENDER_BITS, Flow
from sim.policies.retry import Retry, RetryConfig
from sim.policies.retry_budget import RetryBudget
from sim.policies.timeout import GAVE_UP, Attempt
from sim.request import Request, RequestKind, Response
from sim.values import Config, Duration, wrong_key

if TYPE_CHECKING:
    from sim.components.world import World

SHORTEST_ROUND = 0.001
"""How long a user takes for a request that takes no time at all, s: otherwise time would stand still."""


class ClientConfig(Config):
    """Who sends requests, how many, which, and how patiently."""

    traffic: TrafficConfig = Field(description="When requests are sent: at a rate, by users who wait, or from a log.")
    to: ComponentName = Field(description="The component that requests go to.")
    requests: list[RequestConfig] = Field(
        default_factory=list, min_length=1, description="The mix of requests; by default GET / only."
    )
    region: RegionName | None = Field(None, description="The region that its users are in or near.")
    home: RegionName | None = Field(
        None, description="The region of its users' data, for what is resident by client; by default their own."
    )
    population: PopulationConfig | None = Field(None, description="How many distinct callers there are; default one.")
    network: AccessConfig | None = Field(None, description="The client's access link; by default the network's.")
    timeout: Duration | None = Field(None, gt=0, description="How long an attempt may take; by default for ever.")
    retry: RetryConfig | None = Field(None, description="Whether and how a failed attempt is repeated.")

    @model_validator(mode="after")
    def _sends_something(self) -> "ClientConfig":
        if self.requests and not any(request.weight for request in self.requests):
            raise wrong_key("requests", "no request has a weight above 0, so none is ever sent")
        return self

    @model_validator(mode="after")
    def _a_replay_brings_all(self) -> "ClientConfig":
        for key, brought in (("requests", "requests: leave them out"), ("population", "callers: leave it out")):
            if self.traffic.way == "replay" and getattr(self, key):
                raise wrong_key(key, f"a replay brings its own {brought}")
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
        self._waiting: dict[int, Event] = {}
        self._next_number = number << SENDER_BITS
        self._timer = None if config.timeout is None else world.env.timer(config.timeout)
        self._late = self._give_up
        self._first_ended = self._first_attempt_ended
        self._retry: Retry | None = None
        self._budget: RetryBudget | None = None

    def connect(self) -> None:
        """Builds what a request goes through first: retry, time-out, access link."""
        config, world = self.config, self.world
        target = world.entrance(config.to, self.name)
        entrance: Handler = target
        if config.network is not None and config.network.lose_response:
            coin = world.streams.uniform(f"{self.name}.lost_responses")
            entrance = LossyAccess(self.env, self.recorder, target, config.network.lose_response, coin)
        self._entrance = entrance
        self._gave_up = who_minds_time_outs(target)
        if config.retry is not None:
            attempt = Attempt(
                self.env, self.recorder, entrance, config.timeout, self._answered, self._sent, self._gave_up
            )
            jitter = world.streams.uniform(f"{self.name}.retry")
            self._retry = Retry(config.retry, attempt, self.recorder, jitter)
            self._budget = self._retry.budget

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

    @property
    def has_callers(self) -> bool:
        """Whether its requests come from callers that can be told apart."""
        traffic = self.config.traffic
        return self.config.population is not None or traffic.users is not None or traffic.replay is not None

    # -- open loop and replay

    def _open_loop(self) -> Iterator[tuple[list[float], list[Row]]]:
        config, world = self.config, self.world
        rate = config.traffic.rate_function(world.duration, self.spikes)
        mix = Mix(config.requests, config.population, world.streams, self.name)
        blocks = mix.blocks()
        for times in arrival_times(config.traffic, rate, world.streams, self.name, world.duration):
            yield times.tolist(), next(blocks).rows(mix.kinds, len(times))

    def _replayed(self) -> Iterator[tuple[list[float], list[Row]]]:
        traffic = self.config.traffic
        assert traffic.replay is not None
        log = read_access_log(traffic.replay, traffic.format)
        self.notes.extend(log.notes())
        replay = Replay(log, traffic.speed)
        for times, block in replay.blocks(self.world.duration):
            yield times.tolist(), block.rows(replay.kinds)

    def _send_all(self, blocks: Iterator[tuple[list[float], list[Row]]]) -> Any:
        env = self.env
        yield 0.0
        for times, rows in blocks:
            for time, row in zip(times, rows, strict=True):
                wait = time - env._now
                if wait > 0.0:
                    yield wait
                self._send(*row)

    # -- closed loop

    def _start_users(self) -> None:
        config, world = self.config, self.world
        users = config.traffic.users
        assert users is not None
        mix = Mix(config.requests, config.population, world.streams, self.name)
        rows = mix.rows()
        think = config.traffic.think
        pauses = None if think is None else world.streams.drawn(f"{self.name}.think", think.draw)
        for user, stay in enumerate(stays(users, self.spikes, world.duration)):
            Flow(self.env, self._user(user, stay, rows, pauses))

    def _user(self, user: int, stay: list[tuple[float, float]], rows: Iterator[Row], pauses: Any) -> Any:
        """Sends one request after the other as long as the user is there."""
        env = self.env
        for begin, end in stay:
            yield max(begin - env._now, 0.0)
            while env._now < end:
                begun = env._now
                if pauses is not None:
                    yield pauses.next()
                kind, key, caller, size, response_size = next(rows)
                if self.config.population is None:
                    caller = user
                done = Event(env)
                self._waiting[self.recorder.opened] = done
                self._send(kind, key, caller, size, response_size)
                yield done
                if env._now == begun:
                    yield SHORTEST_ROUND

    # -- one request

    def _send(self, kind: RequestKind, key: Any, caller: Any, size: float, response_size: float) -> None:
        """Sends a request. It is its own first attempt, as long as that is waited for."""
        env = self.env
        now = env._now
        number = self._next_number
        self._next_number = number + 1
        request = Request(number, kind, self.name, now, caller, key, size, response_size)
        self.recorder.open(request)
        self._starts.append(now)
        if self._budget is not None:
            self._budget.first_try()
        request.attempts = 1
        timer = self._timer
        if timer is not None:
            request.deadline = now + timer.seconds
        flow = Flow(env, self._entrance.handle(request), request, self._first_ended)
        if timer is not None and not flow.ended:
            if timer.armed:
                timer.watched[flow] = request.deadline, self._late, request
            else:
                timer.watch(flow, self._late, request)

    def _first_attempt_ended(self, request: Request, response: Response) -> None:
        recorder = self.recorder
        if request.given_up:
            recorder.waste(request)
            return
        request.given_up = True
        if self._timer is not None:
            self._timer.watched.pop(request.flow, None)
        arrived = request.arrived
        latency = self.env._now - arrived
        if arrived >= recorder.warmup:
            self._latencies.append(latency)
        if not response.success and self._retry is not None:
            request.deadline = inf
            Flow(self.env, self._go_on(self._retry, request, response))
        elif self._waiting:
            self._close(request, latency, response)
        else:
            recorder.close(request, self.number, latency, response.outcome)

    def _give_up(self, request: Request) -> None:
        """The time-out of the first attempt rings: the user goes on without it."""
        if not request.given_up:
            request.given_up = True
            if self._gave_up is not None:
                self._gave_up(request)
            heir = request.successor(self.env.now)
            self.recorder.flying[request.row] = heir
            if self._retry is None:
                self._close(heir, self.env.now - heir.arrived, GAVE_UP)
            else:
                Flow(self.env, self._go_on(self._retry, heir, GAVE_UP))

    def _go_on(self, retry: Retry, request: Request, response: Response) -> Any:
        response = yield from retry.go_on(request, response)
        self._close(request, self.env.now - request.arrived, response)

    def _close(self, request: Request, latency: float, response: Response) -> None:
        self.recorder.close(request, self.number, latency, response.outcome)
        if self._waiting:
            done = self._waiting.pop(request.row, None)
            if done is not None:
                done.succeed()

    def _sent(self, request: Request, now: float) -> None:
        request.attempts += 1
        self._starts.append(now)

    def _answered(self, request: Request, latency: float) -> None:
        if request.arrived >= self.recorder.warmup:
            self._latencies.append(latency)
