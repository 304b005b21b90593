"""Errors: a share of requests is answered at once with a server error, before any work is done for them.

Health checks still pass: the process lives. A balancer that looks at outstanding requests finds such an instance idle.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.event import EventConfig, Targets, Undo
from sim.values import Share


class Errors(EventConfig):
    """Answers a share of requests with 5xx."""

    verb: ClassVar[str] = "errors"

    errors: Targets = Field(description="Which service or component; search[1] for one certain instance.")
    rate: Share = Field(1.0, description="Share of requests that fail; default all.")

    def begin(self, world: World) -> Undo:
        """Makes them fail; undoing it heals them."""
        failing = [
            (server, world.streams.uniform(world.stream_name(f"{server.name}.errors.{self.at}")))
            for server in self.servers(world)
        ]
        for server, coin in failing:
            server.fail_by(self.rate, coin)

        def heal() -> None:
            for server, coin in failing:
                server.undo_fail(self.rate, coin)

        return heal
