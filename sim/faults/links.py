"""Faults of links: more latency, lost packets, or a cut between two parts of the system (a partition)."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sim.components import World
from sim.components.network import Link
from sim.faults.event import EventConfig, Target, TargetName, Targets, Undo, once_each
from sim.values import Distribution, Share


def _pair(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) != {"between"}:
            raise ValueError(
                "two parts are written [search, search_db], search/search_db or {between: [search, search_db]}"
            )
        value = value["between"]
    if isinstance(value, str) and "/" in value:
        value = value.split("/")
    return value if isinstance(value, list | tuple) and not isinstance(value, Target) else [value]


_ENDS: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
    ]
}
Ends = Annotated[
    list[TargetName],
    Field(min_length=1, max_length=2),
    BeforeValidator(_pair),
    AfterValidator(once_each),
    WithJsonSchema(
        {
            "anyOf": [
                *_ENDS["anyOf"],
                {
                    "type": "object",
                    "properties": {"between": _ENDS | {"description": "The two parts."}},
                    "required": ["between"],
                    "additionalProperties": False,
                },
            ],
            "examples": ["search/search_db", ["search", "search_db"], "search"],
        }
    ),
]


class LinkEvent(EventConfig):
    """An event that touches links."""

    hits: ClassVar[Literal["servers", "clients", "links", "caches", "components"]] = "links"

    def links(self, world: World) -> list[Link]:
        """All links that lead to or from a target."""
        names = {target.name for target in self.targets}
        return [link for ends, link in world.links.items() if names & set(ends)]


class Latency(LinkEvent):
    """Adds latency."""

    verb: ClassVar[str] = "latency"

    latency: Targets = Field(description="Whose links, to and from it.")
    add: Distribution = Field(description="What is added to each crossing, in each direction.")

    def begin(self, world: World) -> Undo:
        """Adds it; undoing it takes it off."""
        extra = world.streams.drawn(world.stream_name(f"latency.{self.at}.{self.targets[0]}"), self.add.draw).next
        directions = [direction for link in self.links(world) for direction in (link.out, link.back)]
        for direction in directions:
            direction.extra.append(extra)

        def remove() -> None:
            for direction in directions:
                direction.extra.remove(extra)

        return remove


class Loss(LinkEvent):
    """Loses packets, which TCP sends again."""

    verb: ClassVar[str] = "loss"

    loss: Targets = Field(description="Whose links, to and from it.")
    rate: Share = Field(description="Share of messages lost on each crossing.")

    def begin(self, world: World) -> Undo:
        """Loses them; undoing it stops that."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        loss = self.rate, until
        directions = [direction for link in self.links(world) for direction in (link.out, link.back)]
        for direction in directions:
            direction.losses.append(loss)

        def stop() -> None:
            for direction in directions:
                direction.losses.remove(loss)

        return stop


class Partition(LinkEvent):
    """Cuts links: silence on both sides until it heals."""

    verb: ClassVar[str] = "partition"

    partition: Ends = Field(description="The two parts that cannot reach each other, or one cut off from all.")

    def links(self, world: World) -> list[Link]:
        """The links between the two, those of the callers' health checks included."""
        names = {target.name for target in self.partition}
        if len(self.partition) == 1:
            return super().links(world)
        checks = {f"{name}.health_check" for name in names}
        return [link for ends, link in world.links.items() if set(ends) <= names | checks]

    def begin(self, world: World) -> Undo:
        """Cuts them; they heal by themselves when the time has come."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        directions = [direction for link in self.links(world) for direction in (link.out, link.back)]
        for direction in directions:
            direction.cut_until = max(direction.cut_until, until)
        return lambda: None
