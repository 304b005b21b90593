"""A database serves queries over a pool of connections: what finds none free waits its turn, first in, first out."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sim.components.component import Component, Handler
from sim.components.meter import server_counters
from sim.components.network import Edge
from sim.components.program import Program, Work
from sim.components.server import Server
from sim.values import Config, Count, Distribution

if TYPE_CHECKING:
    from sim.components.world import World


class DatabaseConfig(Config):
    """A database: its connections and what a query takes."""

    kind: Literal["database"] = Field(description="A database behind a connection pool.")
    connections: Count = Field(10, ge=1, description="How many queries run at a time; further ones wait.")
    work: Distribution = Field(description="How long a query takes.")
    queue: Count | Literal["unbounded"] = Field("unbounded", description="How many queries may wait for a connection.")


class SingleServer(Component):
    """A component that is one server.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
        server: The server.
    """

    def __init__(self, name: str, config: Config, world: "World", server: Server) -> None:
        super().__init__(name, config, world)
        self.server = server

    @property
    def servers(self) -> list[Server]:
        """The one server."""
        return [self.server]

    def entrance(self, caller: str, settle: bool = True) -> Handler:
        """The link to the server."""
        link, salt = self.world.link(caller, self.name), self.world.calls_to(self.name, caller)
        return Edge(self.env, link, self.server, salt, settle)

    def counters(self) -> dict[str, Any]:
        """What the server has counted."""
        return server_counters(self.servers)

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        self.server.start_counting()


class Database(SingleServer):
    """Connections in front of one queue.

    Args:
        name: As the scenario calls it.
        config: What it says about it.
        world: What it lives in.
    """

    kind: ClassVar[str] = "database"

    def __init__(self, name: str, config: DatabaseConfig, world: "World") -> None:
        work = Work(world.demand(f"{name}.work", config.work))
        limit = None if config.queue == "unbounded" else config.queue
        server = Server(name, world.env, world.recorder, Program([work]), config.connections, limit)
        super().__init__(name, config, world, server)
