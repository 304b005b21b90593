"""A web application firewall inspects every request and blocks what looks like an attack, some honest ones included."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Handler
from sim.components.names import ComponentName
from sim.components.proxy import Proxy
from sim.components.region import Placed
from sim.request import ANSWERS, Outcome, Request, Response
from sim.values import Constant, Distribution, Share

if TYPE_CHECKING:
    from sim.components.world import World


class WafConfig(Placed):
    """A firewall: what it costs and what it blocks."""

    kind: Literal["waf"] = Field(description="A web application firewall.")
    to: ComponentName = Field(description="Where requests that pass go.")
    latency: Distribution = Field(Constant(0.0), description="How long an inspection takes; default none.")
    block: Share = Field(0.0, description="Share of all requests that it rightly blocks; default none.")
    detection: Share = Field(1.0, description="Share of the requests marked as an attack that it recognises.")
    false_positives: Share = Field(0.0, description="Share of honest requests that it blocks by mistake; default none.")


class Waf(Proxy):
    """Blocks or passes on.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "waf"
    upstream: Handler

    def __init__(self, name: str, config: WafConfig, world: "World") -> None:
        super().__init__(name, config, world)
        self.latency = world.demand(f"{name}.latency", config.latency)
        self.coin = world.streams.demand(f"{name}.verdict", lambda rng, n: rng.random(n))
        self.doubt = world.streams.demand(f"{name}.mistake", lambda rng, n: rng.random(n))
        self.blocked = self.false_positives = 0

    def connect(self) -> None:
        """Looks up what is behind it."""
        self.upstream = self.world.entrance(self.config.to, self.name, settle=False)

    def forward(self, request: Request) -> Response | Handler:
        """Inspects a request, and passes it on if nothing is found."""
        self.offered += 1
        seconds = self.latency.at(request.id, request.call)
        request.owe_policy(seconds)
        if self._blocks(request):
            self.refused += 1
            return ANSWERS[Outcome.BLOCKED]
        return self.upstream

    def _blocks(self, request: Request) -> bool:
        config: WafConfig = self.config
        coin = self.coin.at(request.id)
        if coin < config.block or (request.kind.malicious and coin < config.detection):
            self.blocked += 1
            return True
        if not request.kind.malicious and self.doubt.at(request.id) < config.false_positives:
            self.false_positives += 1
            return True
        return False

    def counters(self) -> dict[str, Any]:
        """What it blocked, rightly and by mistake."""
        return super().counters() | {"blocked": self.blocked, "false_positives": self.false_positives}

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        super().start_counting()
        self.blocked = self.false_positives = 0
