"""Faults of links: more latency, lost packets, or a cut between two parts of the system (a partition)."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from sim.components import World
from sim.components.network import Direction, Link
from sim.faults.event import EventConfig, Hits, Target, TargetName, Targets, Undo, once_each
from sim.metrics import Reaction, Ways
from sim.values import Distribution, Share, wrong_key


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

    hits: ClassVar[Hits] = "links"

    def links(self, world: World) -> list[Link]:
        """All links that lead to or from a target; for a region, those that cross its border."""
        return [
            link
            for ends, link in world.links.items()
            if any(len({_is_in(end, target, world) for end in ends}) == 2 for target in self.targets)
        ]

    def ways(self, world: World) -> Ways:
        """Those of user traffic between a region that it hits and the others."""
        hit = [target.name for target in self.targets if target.name in world.placement.regions]
        return tuple(permutations(hit, 2)) if len(hit) == 2 else _in_and_out(hit, list(world.placement.regions))

    def noticed(self, reaction: Reaction, world: World) -> bool:
        """Whether somebody's reaction was to what is on one of its sides."""
        return any(_is_in(reaction.component, target, world) for target in self.targets)


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

    partition: Ends = Field(
        description="The two parts, or regions, that cannot reach each other, or one cut off from all."
    )
    one_way: StrictBool = Field(
        False, description="Whether only what goes from the first to the second is lost, not what comes back."
    )

    @model_validator(mode="after")
    def _from_one_to_another(self) -> Self:
        if self.one_way and len(self.partition) == 1:
            raise wrong_key("one_way", "needs two ends: from where, and to where?")
        return self

    def links(self, world: World) -> list[Link]:
        """The links between the two, those of the callers' health checks included."""
        return list(dict.fromkeys(link for link, _ in self._ways(world)))

    def _ways(self, world: World) -> Iterator[tuple[Link, Direction]]:
        """What is cut: each direction, and the link that it belongs to."""
        if len(self.partition) == 1:
            for link in super().links(world):
                yield from ((link, link.out), (link, link.back))
            return
        first, second = self.partition
        for (caller, callee), link in world.links.items():
            check, _, ours = caller.partition(".")
            if ours and check == callee and callee in {*_parts(first, world), *_parts(second, world)}:
                yield from ((link, link.out), (link, link.back))  # checks are made from the other side
            elif _is_in(caller, first, world) and _is_in(callee, second, world):
                yield link, link.out
                if not self.one_way:
                    yield link, link.back
            elif _is_in(caller, second, world) and _is_in(callee, first, world):
                yield link, link.back
                if not self.one_way:
                    yield link, link.out

    def begin(self, world: World) -> Undo:
        """Cuts them; they heal by themselves when the time has come."""
        until = float("inf") if self.for_ is None else world.env.now + self.for_
        for _, direction in self._ways(world):
            direction.cut_until = max(direction.cut_until, until)
        return lambda: None


def _in_and_out(regions: Sequence[str], everywhere: Sequence[str]) -> Ways:
    """The ways between some regions and all others."""
    ways = product(regions, everywhere)
    return tuple(way for one, other in ways if one != other for way in ((one, other), (other, one)))


def _parts(target: Target, world: World) -> Sequence[str]:
    return () if target.name in world.placement.regions else world.placement.named(target.part)


def _is_in(end: str, target: Target, world: World) -> bool:
    """Whether one end of a link is what a target means, or stands in the region that it means."""
    return end in _parts(target, world) or world.placement.region(end) == target.name
