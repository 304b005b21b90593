"""An API gateway checks every request against ordered policies and sends it to the first route that matches.

What it refuses costs the services nothing: that is why the checks come before the routing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Handler, Steps
from sim.components.names import ComponentName
from sim.components.proxy import Proxy
from sim.components.region import Placed
from sim.components.steps.call import caller_of
from sim.policies.admission import ADMISSION, Admission, AdmissionConfig
from sim.policies.retry import RetryConfig
from sim.request import ANSWERS, Outcome, Request, RequestKind, Response
from sim.values import Config, Constant, Distribution, Duration, Match, chosen

if TYPE_CHECKING:
    from sim.components.world import World


class RouteConfig(Config):
    """One route: which requests, to whom, and how long to wait for it."""

    match: Match = Field(description="Which requests take this route; the first route that matches is taken.")
    to: ComponentName = Field(description="The component that answers.")
    timeout: Duration | None = Field(None, gt=0, description="How long to wait for the answer; by default for ever.")
    retry: RetryConfig | None = Field(None, description="Whether and how the gateway tries again.")


class GatewayConfig(Placed):
    """A gateway: ordered policies, then routes."""

    kind: Literal["gateway"] = Field(description="An API gateway.")
    latency: Distribution = Field(Constant(0.0), description="Its own work on each request; default none.")
    policies: list[AdmissionConfig] = Field(default_factory=list, description="Checks, in the order they are made.")
    routes: list[RouteConfig] = Field(min_length=1, description="Where requests go; first match wins.")


class Gateway(Proxy):
    """Checks and routes.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "gateway"

    def __init__(self, name: str, config: GatewayConfig, world: "World") -> None:
        super().__init__(name, config, world)
        self._latency = world.demand(f"{name}.latency", config.latency).at
        self.policies: list[Admission] = []
        for number, policy in enumerate(config.policies):
            key, rules = chosen(policy)
            self.policies.append(ADMISSION[key].make(rules, world.streams, f"{name}.{number}.{key}"))
        self.needs_time = self.mortal or any(policy.needs_time for policy in self.policies)
        self.routes: list[tuple[Match, Handler]] = []
        self._routed: dict[RequestKind, Handler] = {}
        self.refusals: dict[str, int] = {}
        self.unrouted = 0

    def connect(self) -> None:
        """Looks up what the routes lead to, and in which stages requests are checked."""
        self._first = Stage(self, self.policies, not isinstance(self.config.latency, Constant))
        for number, route in enumerate(self.config.routes):
            handler = caller_of(route, self.name, self.world, f"{self.name}.route.{number}.retry", settle=False)
            self.routes.append((route.match, handler))

    def forward(self, request: Request) -> Response | Handler:
        """Refuses a request, or passes it on to its route."""
        self.offered += 1
        seconds = self._latency(request.id, request.call)
        request.owe_policy(seconds)
        halt = self.check(request, self._first) if self.policies else None
        return self._routed.get(request.kind) or self.route(request) if halt is None else halt

    def check(self, request: Request, stage: "Stage") -> "Response | Stage | None":
        """What keeps a request from its route: a refusal, or the next stage; None if nothing does."""
        for policy in stage.policies:
            refusal = policy.check(request, self.env.now + request.owed)
            if refusal is not None:
                self.refused += 1
                word = refusal.outcome.word
                self.refusals[word] = self.refusals.get(word, 0) + 1
                return refusal
        return stage.following

    def route(self, request: Request) -> Response | Handler:
        """The first route that matches, or that there is none."""
        for match, handler in self.routes:
            if match.matches(request.kind, request.client):
                self._routed[request.kind] = handler
                return handler
        self.unrouted += 1
        return ANSWERS[Outcome.NOT_FOUND]

    def counters(self) -> dict[str, Any]:
        """What it refused, and why."""
        return super().counters() | {"unrouted": self.unrouted} | self.refusals

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.refusals = dict.fromkeys(self.refusals, 0)
        self.unrouted = 0


class Stage:
    """Checks that are made in the instant in which the first of them is due.

    A rate limit counts requests in the order in which they get to it. Behind checks that take longer for some than for
    others that is not the order in which they came: so it begins a stage, for which a request waits until it is there.

    Args:
        gateway: Whose.
        policies: What is left to be checked.
        varies: Whether requests have taken differently long to get here.

    Attributes:
        policies: What is checked in this stage.
        following: The next one.
    """

    def __init__(self, gateway: Gateway, policies: Sequence[Admission], varies: bool = False) -> None:
        self.gateway = gateway
        self.policies = policies
        self.following: Stage | None = None
        for number, policy in enumerate(policies):
            if policy.needs_time and varies:
                self.policies, self.following = policies[:number], Stage(gateway, policies[number:])
                break
            varies = varies or policy.varies

    def handle(self, request: Request) -> Steps:
        """Checks a request when it is there, and passes it on."""
        yield from request.settle()
        onward = self.gateway.check(request, self) or self.gateway.route(request)
        return onward if isinstance(onward, Response) else (yield from onward.handle(request))
