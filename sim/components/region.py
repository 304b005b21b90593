"""A region is a place far from others: parts of the architecture stand in it, fail with it, are far from the rest.

A component that stands in several regions is one part in each, `feed@us-east` and `feed@eu-west`, built alike. Calls
stay in the caller's region where the callee stands there too, and go to the nearest of its regions otherwise.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from sim.components.names import RegionName
from sim.values import Config, Distribution, Duration, Share, wrong_key

Residency = Literal["client", "key"]


def _check_zones(name: str) -> str:
    if re.fullmatch(r"[\w-]{1,100}", name):
        return name
    raise ValueError("a zone's name is made of letters, digits, - and _")


ZoneName = Annotated[str, AfterValidator(_check_zones)]


class RegionConfig(Config):
    """A region, and whether it serves or waits for another to fail."""

    zones: list[ZoneName] = Field(
        default_factory=list, max_length=20, description="Its zones; instances of services are spread evenly over them."
    )
    zone_latency: Distribution | None = Field(
        None, description="One-way latency between two of its zones; by default as within one."
    )
    role: Literal["active", "standby"] = Field(
        "active", description="Whether it takes traffic always, or only while an active region is out."
    )
    standby: Literal["hot", "warm", "cold"] = Field(
        "hot",
        description="How a standby region waits: ready at once (hot), ready after `warm_up` (warm), or with nothing "
        "running until it is provisioned (cold).",
    )
    warm_up: Duration = Field(
        30.0,
        description="How long a warm standby takes from its activation until it takes traffic; a cold one too, "
        "once provisioned.",
    )
    provision: Duration = Field(300.0, description="How long a cold standby takes until its instances run.")
    capacity: Share | None = Field(
        None, description="Share of its instances that run while a warm standby waits; a half if left out."
    )

    @model_validator(mode="after")
    def _zones_once(self) -> "RegionConfig":
        if len(set(self.zones)) < len(self.zones):
            twice = next(name for name in self.zones if self.zones.count(name) > 1)
            raise wrong_key("zones", f"names {twice!r} twice")
        if self.zone_latency is not None and len(self.zones) < 2:
            raise wrong_key("zone_latency", "means nothing with fewer than two 'zones'")
        return self

    @model_validator(mode="after")
    def _read_by_the_role(self) -> "RegionConfig":
        given = self.model_fields_set
        if self.role == "active":
            for key in ("standby", "warm_up", "provision", "capacity"):
                if key in given:
                    raise wrong_key(key, "is for a region whose 'role' is standby")
        readers = {"warm_up": ("warm", "cold"), "provision": ("cold",), "capacity": ("warm",)}
        for key, kinds in readers.items():
            if key in given and self.standby not in kinds:
                raise wrong_key(key, f"means nothing to a {self.standby} standby; it belongs to {' and '.join(kinds)}")
        return self

    @property
    def running(self) -> float:
        """The share of its instances that run while it waits, 0..1."""
        if self.role == "active" or self.standby == "hot":
            return 1.0
        return 0.0 if self.standby == "cold" else 0.5 if self.capacity is None else self.capacity

    @property
    def until_ready(self) -> float:
        """How long it takes from its activation until it takes traffic, s."""
        if self.role == "active" or self.standby == "hot":
            return 0.0
        return self.warm_up + (self.provision if self.standby == "cold" else 0.0)


class Placed(Config):
    """A component that stands somewhere."""

    region: RegionName | None = Field(None, description="The region that it stands in.")
    regions: list[RegionName] | None = Field(
        None, min_length=1, description="The regions that it stands in, with all that is said here in each of them."
    )

    resident: Residency | None = Field(
        None,
        description="What pins data to one of the regions: each client's data is in its `home`, or each key in a "
        "region of its own; calls go there, however far. By default every region has everything.",
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "Placed":
        if self.resident is not None and self.spread is None:
            raise wrong_key("resident", "is for what stands in several regions: give 'regions'")
        if self.region is not None and self.regions is not None:
            raise wrong_key("region", "is for a component in one region: give either 'region' or 'regions'")
        if self.regions is not None and len(set(self.regions)) < len(self.regions):
            twice = next(name for name in self.regions if self.regions.count(name) > 1)
            raise wrong_key("regions", f"names {twice!r} twice")
        return self

    @property
    def spread(self) -> Sequence[str] | None:
        """The regions in each of which it has a part; None where it is one whole."""
        return self.regions

    @property
    def places(self) -> Sequence[str]:
        """The regions that it stands in; none where it is not said."""
        return self.spread or ([] if self.region is None else [self.region])


@dataclass(frozen=True)
class Placement:
    """Who stands where.

    Attributes:
        regions: The regions by name.
        homes: The region of each client and of each part of a component that stands in one.
        data_homes: The region of each client's data.
        parts: The parts of each component by its name in the scenario: itself, or one for each of its regions.
    """

    regions: Mapping[str, RegionConfig] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    data_homes: Mapping[str, str] = field(default_factory=dict)

    def region(self, end: str) -> str | None:
        """The region of one end of a link, see `owner`."""
        return self.homes.get(owner(end))

    def zones(self, name: str) -> Sequence[str]:
        """The zones of the region that a component stands in."""
        region = self.regions.get(self.homes.get(name, ""))
        return () if region is None else region.zones

    def named(self, name: str) -> Sequence[str]:
        """The parts that a name means: `feed` all of its parts, `feed@us-east` that one."""
        return self.parts.get(name, (name,))

    def inside(self, region: str) -> Iterator[str]:
        """The parts of components that stand in a region."""
        for parts in self.parts.values():
            yield from (part for part in parts if self.homes.get(part) == region)


def owner(end: str) -> str:
    """The client or component that one end of a link is, or acts for.

    Args:
        end: `feed@us`, its instances in a zone (`feed@us/a`), one of its nodes (`lb#0`), or `feed@us.health_check`.
    """
    return re.split("[./#]", end, maxsplit=1)[0]


def zone_of(end: str) -> str | None:
    """The zone of one end of a link, where it is in one."""
    return end.partition(".")[0].partition("#")[0].partition("/")[2] or None


def base_name(part: str) -> str:
    """What the scenario calls the component that a part belongs to."""
    return part.partition("@")[0]
