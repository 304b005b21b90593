"""An API gateway checks every request against ordered policies and sends it to the first route that matches.

What it refuses costs the services nothing: that is why the checks come before the routing.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Handler
from sim.components.names import ComponentName
from sim.components.proxy import Proxy
from sim.components.region import Placed
from sim.components.steps.call import caller_of
from sim.policies.admission import ADMISSION, AdmissionConfig
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
        self.policies = []
        for number, policy in enumerate(config.policies):
            key, rules = chosen(policy)
            self.policies.append(ADMISSION[key].make(rules, world.streams, f"{name}.{number}.{key}"))
        self.needs_time = self.mortal or any(policy.needs_time for policy in self.policies)
        self.routes: list[tuple[Match, Handler]] = []
        self._routed: dict[RequestKind, Handler] = {}
        self.refusals: dict[str, int] = {}
        self.unrouted = 0

    def connect(self) -> None:
        """Looks up what the routes lead to."""
        for number, route in enumerate(self.config.routes):
            handler = caller_of(route, self.name, self.world, f"{self.name}.route.{number}.retry", settle=False)
            self.routes.append((route.match, handler))

    def forward(self, request: Request) -> Response | Handler:
        """Refuses a request, or passes it on to its route."""
        self.offered += 1
        seconds = self._latency(request.id, request.call)
        request.owe_policy(seconds)
        if self.policies:
            refusal = self._check(request)
            if refusal is not None:
                return refusal
        handler = self._routed.get(request.kind) or self._route(request)
        if handler is None:
            self.unrouted += 1
            return ANSWERS[Outcome.NOT_FOUND]
        return handler

    def _check(self, request: Request) -> Response | None:
        for policy in self.policies:
            refusal = policy.check(request, self.env.now + request.owed)
            if refusal is not None:
                self.refused += 1
                word = refusal.outcome.word
                self.refusals[word] = self.refusals.get(word, 0) + 1
                return refusal
        return None

    def _route(self, request: Request) -> Handler | None:
        for match, handler in self.routes:
            if match.matches(request.kind, request.client):
                self._routed[request.kind] = handler
                return handler
        return None

    def counters(self) -> dict[str, Any]:
        """What it refused, and why."""
        return super().counters() | {"unrouted": self.unrouted} | self.refusals

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.refusals = dict.fromkeys(self.refusals, 0)
        self.unrouted = 0
