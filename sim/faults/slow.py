"""A slow instance does the same work in more time: a noisy neighbour, a throttled CPU, a failing disk."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from sim.components import Server, World
from sim.faults.event import EventConfig, Targets, Undo
from sim.values import Number


class Slow(EventConfig):
    """Multiplies service times."""

    verb: ClassVar[str] = "slow"

    slow: Targets = Field(description="Which service or component; search[1] for one certain instance.")
    factor: Number = Field(gt=0, le=1e6, description="Multiplies the service time of what begins during the event.")

    def begin(self, world: World) -> Undo:
        """Slows them; undoing it brings their speed back."""
        return slow_down(self.servers(world), self.factor)


def slow_down(servers: Sequence[Server], factor: float) -> Undo:
    """Multiplies the service times of instances; undoing it divides them again."""
    for server in servers:
        server.slow_by(factor)

    def recover() -> None:
        for server in servers:
            server.undo_slow(factor)

    return recover
