"""The names of a scenario are what it calls its clients and components; whatever names one of them must say it right.

They can be told from the scenario's keys alone, so validation knows them from its start and carries them in its context
as `names`: a mistyped name is found beside everything else that is wrong. Without such a context, as where a config is
built in Python, any name will do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from sim.values.words import a, hint, quote


@dataclass(frozen=True, slots=True)
class Names:
    """What a scenario calls its clients and components.

    Attributes:
        clients: Their names; None where they cannot be told.
        components: The kind of each, None where that is not said rightly; None where the names cannot be told.
        regions: What it calls its regions; None where that cannot be told.
        places: The regions that each component stands in, where that is said rightly.
        zones: The zones of each region, where they are said rightly.
    """

    clients: Collection[str] | None
    components: Mapping[str, str | None] | None
    regions: Collection[str] | None = None
    places: Mapping[str, Sequence[str]] | None = None
    zones: Mapping[str, Sequence[str]] | None = None

    def is_client(self, name: str) -> bool:
        """Whether a client is known by this name."""
        return self.clients is not None and name in self.clients

    def kind(self, name: str) -> str | None:
        """The kind of a component; None where it cannot be told.

        Raises:
            ValueError: There is no such component.
        """
        if self.components is None:
            return None
        if name in self.components:
            return self.components[name]
        if self.is_client(name):
            raise ValueError(f"{quote(name)} is a client, not a component{hint('', self.components)}")
        raise ValueError(f"there is no component {quote(name)}{hint(name, self.components)}")

    def check_region(self, name: str) -> None:
        """Raises ValueError where no region has this name."""
        if self.regions is not None and name not in self.regions:
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

    def check_end(self, name: str) -> None:
        """Raises ValueError where no component, client or region has this name, as ends of links do."""
        if self.components is not None and self.clients is not None and self.regions is not None:
            known = [*self.regions, *self.components, *self.clients]
            if name not in known:
                what = "region, component or client" if self.regions else "component or client"
                raise ValueError(f"there is no {what} {quote(name)}{hint(name, known)}")

    def check_either(self, name: str, what: str) -> None:
        """Raises ValueError where neither a component nor a client has this name; `what` says so for messages."""
        if self.components is not None and self.clients is not None:
            known = [*self.components, *self.clients]
            if name not in known:
                raise ValueError(f"there is no {what} {quote(name)}{hint(name, known)}")


class Ref(str):
    """The name of another component, as a config holds it."""

    __slots__ = ()


def names_in(info: ValidationInfo) -> Names | None:
    """The names that a validation carries; None where it does not judge them."""
    return info.context.get("names") if isinstance(info.context, dict) else None


def _takes_requests(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is not None and names.kind(name) == "cache":
        raise ValueError(f"{quote(name)} is a cache: a read_through step reads it, requests do not go there")
    return Ref(name)


def _is_cache(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("cache", None):
        raise ValueError(f"{quote(name)} is {a(kind)}, not a cache")
    return Ref(name)


def _is_queue(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("queue", None):
        raise ValueError(f"{quote(name)} is {a(kind)}, not a queue")
    return Ref(name)


def _is_service(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    kind = None if names is None else names.kind(name)
    if kind not in ("service", None):
        raise ValueError(f"{quote(name)} is {a(kind)}; the consumers of a queue are services")
    return Ref(name)


def _is_region(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is not None:
        names.check_region(name)
    return name


ComponentName = Annotated[str, AfterValidator(_takes_requests)]
"""A component that requests are sent to."""

CacheName = Annotated[str, AfterValidator(_is_cache)]
"""A cache that is read before its origin is asked."""

QueueName = Annotated[str, AfterValidator(_is_queue)]
"""A queue that messages are published to."""

ServiceName = Annotated[str, AfterValidator(_is_service)]
"""A service that consumes a queue."""

RegionName = Annotated[str, AfterValidator(_is_region)]
"""A region that something stands in."""
