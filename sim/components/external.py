"""An external service is somebody else's: it has a latency and an error rate, and no queue that we could see."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.components.database import SingleServer
from sim.components.program import Program, Work
from sim.components.region import Placed
from sim.components.server import Server
from sim.values import Distribution, Share

if TYPE_CHECKING:
    from sim.components.world import World


class ExternalConfig(Placed):
    """A provider outside the system."""

    kind: Literal["external"] = Field(description="A service of somebody else, of unlimited capacity.")
    latency: Distribution = Field(description="How long an answer takes, apart from our own network.")
    error_rate: Share = Field(0.0, description="Share of answers that are errors; default none.")


class External(SingleServer):
    """Answers after its latency, sometimes with an error.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "external"

    def __init__(self, name: str, config: ExternalConfig, world: "World") -> None:
        work = Work(world.demand(f"{name}.latency", config.latency))
        server = Server(name, world.env, world.recorder, Program([work]), workers=None)
        server.error_share = config.error_rate
        if config.error_rate:
            server.error_coin = world.streams.demand(f"{name}.error", lambda rng, n: rng.random(n))
        super().__init__(name, config, world, server)
