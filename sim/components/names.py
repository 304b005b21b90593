"""The names of a scenario are what it calls its clients and components; whatever names one of them must say it right.

They can be told from the scenario's keys alone, so validation knows them from its start and carries them in its context
as `names`: a mistyped name is found beside everything else that is wrong. Without such a context, as where a config is
built in Python, any name will do.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, ValidationInfo
from pydantic.fields import FieldInfo

from sim.values import Config, nearest, parts
from sim.values.words import a, hint, quote

_MOST_WORDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Unclear:
    """What may have a name though nobody can tell, for it is written wrongly.

    Attributes:
        words: What is written there.
        misnamed: Whether some of these words stand for names that are quite different.
        anything: Whether it may have any name, for it is not told by words.
    """

    words: Collection[str] = ()
    misnamed: bool = False
    anything: bool = False

    def may_be(self, name: str, known: Collection[str] = ()) -> bool:
        """Whether a name that is not known may be meant there.

        Args:
            name: What is not known.
            known: The names that are; something misnamed is not meant where one of these is, mistyped.
        """
        if self.anything or len(self.words) > _MOST_WORDS or nearest(name, self.words) is not None:
            return True
        return self.misnamed and nearest(name, known) is None


class Declared(dict[str, str | None]):
    """The names that a section declares, each with its kind, or None where that is not said rightly.

    Args:
        kinds: The names and their kinds.
        unclear: What it may declare besides.
    """

    def __init__(self, kinds: Mapping[str, str | None], unclear: Unclear) -> None:
        super().__init__(kinds)
        self.unclear = unclear

    def lacks(self, name: str) -> bool:
        """Whether it is sure that nothing is declared by this name."""
        return name not in self and not self.unclear.may_be(name, self)


@dataclass(frozen=True, slots=True)
class Names:
    """What a scenario calls its clients, components and regions.

    Attributes:
        clients: The clients.
        components: The components.
        regions: The regions; None where nobody judges them.
        places: The regions that each component stands in, where that is said rightly.
        zones: The zones of each region, where they are said rightly.
    """

    clients: Declared
    components: Declared
    regions: Declared | None = None
    places: Mapping[str, Sequence[str]] | None = None
    zones: Mapping[str, Sequence[str]] | None = None

    def is_client(self, name: str) -> bool:
        """Whether a client is known by this name."""
        return name in self.clients

    def kind(self, name: str) -> str | None:
        """The kind of a component; None where it cannot be told.

        Raises:
            ValueError: There is no such component.
        """
        if not self.components.lacks(name):
            return self.components.get(name)
        if self.is_client(name):
            raise ValueError(f"{quote(name)} is a client, not a component{hint('', self.components)}")
        raise ValueError(f"there is no component {quote(name)}{hint(name, self.components)}")

    def check_region(self, name: str) -> None:
        """Raises ValueError where no region has this name."""
        if self.regions is not None and self.regions.lacks(name):
            text = hint(name, self.regions) if self.regions else "; the scenario declares none under 'regions'"
            raise ValueError(f"there is no region {quote(name)}{text}")

    def check_zone(self, name: str) -> None:
        """Raises ValueError where no region has such a zone, written `region/zone`."""
        region, _, zone = name.partition("/")
        if not zone:
            raise ValueError(f"{quote(name)} is not a zone; write region/zone, such as us-east/a")
        self.check_region(region)
        zones = None if self.zones is None else self.zones.get(region)
        if zones is not None and zone not in zones:
            text = hint(zone, zones) if zones else "; it has no zones"
            raise ValueError(f"{quote(region)} has no zone {quote(zone)}{text}")

    def check_stands(self, name: str, region: str) -> None:
        """Raises ValueError where a component does not stand in a region."""
        where = None if self.places is None else self.places.get(name)
        if where is not None and region not in where:
            text = f"it stands in {' and '.join(where)}" if where else "it stands in no region"
            raise ValueError(f"{quote(name)} does not stand in {quote(region)}; {text}")

    def has_end(self, name: str) -> bool:
        """Whether a component, client or region may have this name, as ends of links do."""
        sections = (self.components, self.clients, self.regions)
        return not all(section is None or section.lacks(name) for section in sections)

    def check_end(self, name: str) -> None:
        """Raises ValueError where no component, client or region has this name."""
        if not self.has_end(name):
            what = "region, component or client" if self.regions else "component or client"
            known = [*(self.regions or ()), *self.components, *self.clients]
            raise ValueError(f"there is no {what} {quote(name)}{hint(name, known)}")

    def check_either(self, name: str, what: str) -> None:
        """Raises ValueError where neither a component nor a client has this name; `what` says so for messages."""
        if self.components.lacks(name) and self.clients.lacks(name):
            raise ValueError(f"there is no {what} {quote(name)}{hint(name, [*self.components, *self.clients])}")


class Reference(str):
    """The name of a component, where another one names it."""

    __slots__ = ()


class CacheReference(Reference):
    """The name of a cache, where a component reads it."""

    __slots__ = ()


def names_in(info: ValidationInfo) -> Names | None:
    """The names that a validation carries; None where it does not judge them."""
    return info.context.get("names") if isinstance(info.context, dict) else None


def _takes_requests(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is not None and names.kind(name) == "cache":
        raise ValueError(f"{quote(name)} is a cache: a read_through step reads it, requests do not go there")
    return Reference(name)


def _is_cache(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("cache", None):
        raise ValueError(f"{quote(name)} is {a(kind)}, not a cache")
    return CacheReference(name)


def _is_queue(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("queue", None):
        raise ValueError(f"{quote(name)} is {a(kind)}, not a queue")
    return Reference(name)


def _is_service(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("service", None):
        raise ValueError(f"{quote(name)} is {a(kind)}; the consumers of a queue are services")
    return Reference(name)


def _is_region(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is not None:
        names.check_region(name)
    return name


_IS_CACHE: Final = AfterValidator(_is_cache)

ComponentName = Annotated[str, AfterValidator(_takes_requests)]
"""A component that requests are sent to."""

CacheName = Annotated[str, _IS_CACHE]
"""A cache that is read before its origin is asked."""

QueueName = Annotated[str, AfterValidator(_is_queue)]
"""A queue that messages are published to."""

ServiceName = Annotated[str, AfterValidator(_is_service)]
"""A service that consumes a queue."""

RegionName = Annotated[str, AfterValidator(_is_region)]
"""A region that something stands in."""


def references(config: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a config names components: the path inside it, and the name."""
    return ((path, part) for path, part in parts(config) if isinstance(part, Reference))


def may_name_cache(field: Any) -> bool:
    """Whether a cache can be named in the value of a config's field."""
    if isinstance(field, FieldInfo):
        return any(map(may_name_cache, (field.annotation, *field.metadata)))
    if isinstance(field, type) and issubclass(field, Config):
        return any(map(may_name_cache, field.model_fields.values()))
    return field is _IS_CACHE or any(map(may_name_cache, get_args(field)))
