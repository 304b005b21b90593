"""An event is something that the scenario does to the system at a given time, and undoes after a given time.

Each kind is one file: its config is what the scenario may say, `begin` does it and returns what undoes it.
"""

import re
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.components import Component, Placement, Server, World
from sim.components.names import Names, names_in
from sim.components.network import Link
from sim.components.region import base_name
from sim.metrics import Calls, Place, Reaction, Ways
from sim.values import Config, Duration, shown, wrong_key, wrong_values
from sim.values.words import a, hint, quote

Undo = Callable[[], None]

WITHOUT_INSTANCES: Final = ("cdn", "waf", "gateway", "dns", "traffic_manager")
"""The kinds of components that no event can hit an instance of."""

_TARGET = re.compile(
    r"(?P<name>[^\[\]@\s]+)(?:\[(?P<first>[0-9]{1,9})(?:\.\.(?P<last>[0-9]{1,9}))?\])?(?:@(?P<region>[^\[\]@\s]+))?"
)


class Target(NamedTuple):
    """What an event hits: a component, client or region, or some instances of a component.

    Attributes:
        name: Of the component, client or region.
        first: The first instance, or None for all.
        last: The last instance, or None for all.
        region: The region in which the component is hit, or None for all in which it stands.
    """

    name: str
    first: int | None = None
    last: int | None = None
    region: str | None = None

    def __str__(self) -> str:
        where = "" if self.region is None else f"@{self.region}"
        if self.first is None:
            return self.name + where
        last = "" if self.first == self.last else f"..{self.last}"
        return f"{self.name}[{self.first}{last}]{where}"

    @property
    def part(self) -> str:
        """The name of what it hits, with its region where that is said."""
        return self.name if self.region is None else f"{self.name}@{self.region}"

    def overlaps(self, other: "Target") -> bool:
        """Tells whether both mean one and the same instance."""
        if self.name != other.name or (self.region != other.region and self.region and other.region):
            return False
        if self.first is None or self.last is None:
            return True
        return other.first is None or other.last is None or (self.first <= other.last and other.first <= self.last)

    def means(self, component: str, instance: int) -> bool:
        """Whether an instance of a component, or of the part of one in a region, is meant."""
        if component != self.part and (self.region is not None or base_name(component) != self.name):
            return False
        return self.first is None or self.last is None or self.first <= instance <= self.last

    def components(self, world: World) -> list[Component]:
        """The components it means, one for each region."""
        return [world.components[part] for part in world.placement.named(self.part)]

    def servers(self, component: Component) -> list[Server]:
        """The servers of a component that it means."""
        return component.servers[self.indices(component)]

    def indices(self, component: Component) -> slice:
        """Which instances of a component it means."""
        return slice(None) if self.first is None or self.last is None else slice(self.first, self.last + 1)


def _parse_target(value: Any) -> Any:
    if isinstance(value, Target):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a target is a name such as search, search[1] or search[0..2], not {shown(value)}")
    match = _TARGET.fullmatch(value)
    if match is None:
        raise ValueError(f"{shown(value)} is not a target; write a name such as search, search[1] or search[0..2]")
    first = None if match["first"] is None else int(match["first"])
    last = first if match["last"] is None else int(match["last"])
    if first is not None and last is not None and last < first:
        raise ValueError(f"{shown(value)} ends before it begins")
    return Target(match["name"], first, last, match["region"])


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) and not isinstance(value, Target) else [value]


def once_each(targets: list[Target]) -> list[Target]:
    """The same targets.

    Raises:
        ValueError: Two of them mean one and the same instance.
    """
    for first, second in combinations(targets, 2):
        if first.overlaps(second):
            raise ValueError(f"'{first}' stands here twice" if first == second else f"'{first}' and '{second}' overlap")
    return targets


TargetName = Annotated[
    Target, BeforeValidator(_parse_target), WithJsonSchema({"type": "string", "examples": ["search", "search[0..2]"]})
]
Targets = Annotated[
    list[TargetName],
    Field(min_length=1, max_length=1000),
    BeforeValidator(_as_list),
    AfterValidator(once_each),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["search", "search[0..2]", ["search", "checkout"]],
        }
    ),
]


def _check_client(verb: str, name: str, names: Names) -> None:
    if name in names.components:
        kind = names.components[name] or "component"
        raise ValueError(f"{quote(name)} is {a(kind)}; {verb} is for clients{hint('', names.clients)}")
    if names.clients.lacks(name):
        raise ValueError(f"there is no client {quote(name)}{hint(name, names.clients)}")


Hits = Literal["servers", "clients", "links", "caches", "components", "regions", "zones"]
"""What a kind of event can happen to."""


class EventConfig(Config):
    """When something happens, and for how long."""

    verb: ClassVar[str]
    hits: ClassVar[Hits] = "servers"
    deadly: ClassVar[bool] = False
    returns: ClassVar[bool] = False

    at: Duration = Field(description="When it begins, from the start of the run.")
    for_: Duration | None = Field(None, gt=0, alias="for", description="How long it lasts; by default to the end.")

    @field_validator("*", mode="wrap")
    @classmethod
    def _can_hit(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Judges the targets, each where it is written."""
        checked, names = handler(value), names_in(info)
        if info.field_name != cls.verb or names is None:
            return checked
        inside = ("between",) if isinstance(value, dict) else ()
        wrong: list[tuple[tuple[str | int, ...], ValueError]] = []
        for number, target in enumerate(checked):
            try:
                cls._check(target, names)
            except ValueError as error:
                wrong.append(((*inside, number), error))
        if wrong:
            raise wrong_values(checked, wrong)
        return checked

    @classmethod
    def _check(cls, target: Target, names: Names) -> None:
        """Raises ValueError where such an event cannot happen to a target of this name."""
        name = target.name
        if target.region is not None:
            names.check_region(target.region)
            names.check_stands(name, target.region)
        if cls.hits == "regions":
            names.check_region(name)
        elif cls.hits == "zones":
            names.check_zone(name)
        elif cls.hits == "clients":
            _check_client(cls.verb, name, names)
        elif cls.hits == "links":
            names.check_end(name)
        elif names.is_client(name):
            raise ValueError(f"{quote(name)} is a client; {cls.verb} is for components")
        else:
            kind = names.kind(name)
            if cls.hits == "caches" and kind not in ("cache", "cdn", None):
                raise ValueError(f"{quote(name)} is {a(kind)}; {cls.verb} is for caches and CDNs")
            if cls.hits == "servers" and kind in WITHOUT_INSTANCES:
                raise ValueError(f"{quote(name)} is {a(kind)} without instances; use outage, latency or loss")
        if cls.hits != "servers" and target.first is not None:
            raise ValueError(f"{cls.verb} is for all of {quote(name)}, not for single instances; write {name}")
        if cls.hits in ("regions", "zones", "clients") and target.region is not None:
            raise ValueError(f"{cls.verb} is for all of {quote(name)}, not for a part of it; write {name}")

    @property
    def targets(self) -> list[Target]:
        """What it hits."""
        targets: list[Target] = getattr(self, self.verb)
        return targets

    @property
    def lasts(self) -> float | None:
        """How long until it is undone, s; None for never."""
        return self.for_

    def begin(self, world: World) -> Undo:
        """Does it; returns what undoes it."""
        raise NotImplementedError

    def parts(self, placement: Placement) -> list[str]:
        """The parts of components that it hits: those that a target names, or all that stand in a region."""
        if self.hits in ("regions", "zones"):
            return [part for target in self.targets for part in placement.inside(target.name.partition("/")[0])]
        return [part for target in self.targets for part in placement.named(target.part)]

    def components(self, world: World) -> list[Component]:
        """The components it hits."""
        return [world.components[part] for part in self.parts(world.placement)]

    def servers(self, world: World) -> list[Server]:
        """The servers it hits."""
        if self.hits == "regions":
            return [server for component in self.components(world) for server in component.servers]
        hit = [(target, component) for target in self.targets for component in target.components(world)]
        return [server for target, component in hit for server in target.servers(component)]

    def kills(self, placement: Placement) -> list[str]:
        """The parts of components that it may kill or hang."""
        return self.parts(placement) if self.deadly else []

    def links(self, world: World) -> Iterable[Link]:
        """The links whose crossings it changes."""
        return ()

    def ways(self, world: World) -> Ways:
        """The steered ways of user traffic that it hits: those to the regions whose entrance it hits as a whole."""
        whole = self.whole(world)
        steered = [getattr(component, "steering", None) for component in world.components.values()]
        regions = [region for steering in steered if steering is not None for region in steering.regions]
        return tuple(dict.fromkeys((None, region.name) for region in regions if region.front in whole and region.name))

    @property
    def is_partial(self) -> bool:
        """Whether it hits only some instances of a component, or one of the parts of it."""
        return any(target.first is not None or target.region is not None for target in self.targets)

    def watches(self, placement: Placement) -> list[str]:
        """The parts of components whose calls may go elsewhere because of it, to other instances or parts."""
        return self.parts(placement) if self.is_partial else []

    def places(self, world: World) -> set[Place]:
        """The instances that it hits; asked just before it begins."""
        if self.hits not in ("servers", "components"):
            return set()
        hit = [(target, component) for target in self.targets for component in target.components(world)]
        return {
            (component.name, index)
            for target, component in hit
            for index in range(len(component.servers))[target.indices(component)]
        }

    def moves(self, calls: Calls, world: World) -> bool:
        """Whether some calls are traffic that it may make go elsewhere."""
        return True

    def whole(self, world: World) -> set[str]:
        """The parts of components of which it leaves nothing."""
        return {part for part in self.parts(world.placement) if all(target.first is None for target in self.targets)}

    def touches(self, world: World) -> set[str]:
        """The parts of components that it may kill or hang, or whose links it changes."""
        changed = set(self.links(world))
        ends = {end for ends, link in world.links.items() if link in changed for end in ends}
        return ends | set(self.kills(world.placement))

    def noticed(self, reaction: Reaction, world: World) -> bool:
        """Whether somebody's reaction shows that it has been noticed."""
        if self.hits == "regions":
            return reaction.component in self.parts(world.placement)
        return any(target.means(reaction.component, reaction.instance) for target in self.targets)


class Moment(EventConfig):
    """An event that is over at once."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        del schema["properties"]["for"]
        return schema

    @model_validator(mode="after")
    def _over_at_once(self) -> Self:
        if self.for_ is not None:
            raise wrong_key("for", f"{a(self.verb)} is over at once; leave it out")
        return self

    @property
    def lasts(self) -> float | None:
        """It is over at once."""
        return 0.0
