"""A hang is a black hole: instances accept requests and never answer, so that callers see only their own time-outs.

What was swallowed is reset when the process is restarted at the end.
"""

from typing import ClassVar

from pydantic import Field

from sim.components import World
from sim.faults.event import EventConfig, Targets, Undo


class Hang(EventConfig):
    """Makes instances accept and never answer."""

    verb: ClassVar[str] = "hang"
    deadly: ClassVar[bool] = True

    hang: Targets = Field(description="Which service or component; search[1] for one certain instance.")

    def begin(self, world: World) -> Undo:
        """Hangs them; undoing it restarts them."""
        servers = self.servers(world)
        for server in servers:
            server.hang(self)

        def restart() -> None:
            for server in servers:
                server.end_hang(self)

        return restart
