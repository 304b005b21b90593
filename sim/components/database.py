"""A database serves queries over a pool of connections: what finds none free waits its turn, first in, first out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, ValidationInfo, model_validator

from sim.components.component import Component, Handler
from sim.components.failover import FailoverConfig
from sim.components.meter import server_counters
from sim.components.names import RegionName, names_in
from sim.components.network import Edge
from sim.components.program import Program, Work
from sim.components.region import Placed
from sim.components.replication import ReplicationConfig
from sim.components.server import Server
from sim.values import Config, Count, Distribution, wrong_key, wrong_values
from sim.values.words import quote

if TYPE_CHECKING:
    from sim.components.world import World


class DatabaseConfig(Placed):
    """A database: its connections and what a query takes; optionally a primary with replicas in other regions."""

    kind: Literal["database"] = Field(description="A database behind a connection pool.")
    connections: Count = Field(10, ge=1, description="How many queries run at a time; further ones wait.")
    work: Distribution = Field(description="How long a query takes.")
    queue: Count | Literal["unbounded"] = Field("unbounded", description="How many queries may wait for a connection.")
    primary: RegionName | None = Field(None, description="The region that takes the writes; needs `replicas`.")
    replicas: list[RegionName] = Field(
        default_factory=list, min_length=1, description="The regions that have a copy, each with as many connections."
    )
    replication: ReplicationConfig = Field(
        default_factory=ReplicationConfig, description="How writes get to the replicas; by default asynchronously."
    )
    failover: FailoverConfig | None = Field(
        None, description="How a replica takes a dead primary's place; by default only a promote event makes one."
    )
    read_from: Literal["nearest", "replicas", "primary"] = Field(
        "nearest",
        description="Who answers reads (GET and HEAD): the nearest of all, the nearest that is not the primary "
        "(replicas), or the primary.",
    )
    read_your_writes: StrictBool = Field(
        False,
        description="Whether a read waits at its replica until that has applied the last write of the same caller, one "
        "of the client's `population`.",
    )

    @model_validator(mode="after")
    def _a_primary_and_its_replicas(self, info: ValidationInfo) -> Self:
        given = self.model_fields_set
        if self.primary is None:
            for key in ("replicas", "replication", "failover", "read_from", "read_your_writes"):
                if key in given:
                    raise wrong_key(key, "means nothing without a 'primary'")
            return self
        if not self.replicas:
            raise wrong_key("primary", "needs 'replicas' beside it; a database in one place has a 'region'")
        for key in ("region", "regions", "resident"):
            if key in given:
                raise wrong_key(
                    key, "does not go with a 'primary': it and its 'replicas' say where the database stands"
                )
        twice = [name for name in self.replicas if [self.primary, *self.replicas].count(name) > 1]
        if twice:
            raise wrong_key("replicas", f"{quote(twice[0])} has more than one copy; a region has one")
        quorum, count = self.replication.quorum or 0, len(self.replicas)
        if quorum > count:
            text = f"{quorum} cannot acknowledge a write where there {'are' if count > 1 else 'is'} {count}"
            raise wrong_values(self, [(("replication", "quorum"), ValueError(text))])
        heir, names = None if self.failover is None else self.failover.promote_to, names_in(info)
        if heir is not None and heir not in self.replicas and names is not None and names.regions is not None:
            text = f"there is no replica in {quote(heir)}, but in {' and '.join(self.replicas)}"
            raise wrong_values(self, [(("failover", "promote_to"), ValueError(text))])
        return self

    @property
    def spread(self) -> Sequence[str] | None:
        """See `Placed.spread`."""
        places = [self.primary, *self.replicas]
        return [place for place in places if place is not None] or self.regions


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
