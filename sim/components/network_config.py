"""What a scenario may say of its network: latency, jitter, loss and bandwidth, and where two parts or regions differ.

Latency is one way and paid on every crossing. All that goes from one region to another shares the bandwidth that is
given for the two; a client's own link comes before it, and adds to it.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, model_validator

from sim.components.names import names_in
from sim.values import Bandwidth, Config, Constant, Distribution, Share, means_distribution
from sim.values.words import quote


class LinkConfig(Config):
    """The network between components, or a client's access link."""

    latency: Distribution | None = Field(None, description="One-way latency of a hop, paid in each direction.")
    jitter: Share = Field(0.0, description="Varies the latency uniformly by up to this share, up or down.")
    loss: Share = Field(0.0, le=0.99, description="Share of messages lost on the way and sent again by TCP.")
    bandwidth: Bandwidth | None = Field(None, gt=0, description="What a link carries each way; transfers queue on it.")

    @property
    def one_way(self) -> Distribution:
        """Latency of a hop; none at all where none is given."""
        return Constant(0.0) if self.latency is None else self.latency


def _without_defaults(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1
    for described in schema["properties"].values():
        described.pop("default", None)


class PairConfig(LinkConfig):
    """The link between two components where it is not like the others; what is left out is as it is elsewhere."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)
    shorthand: ClassVar[str | None] = "latency"

    latency: Distribution = Field(Constant(0.0), description="One-way latency of a hop, paid in each direction.")

    @classmethod
    def is_short(cls, value: Any) -> bool:
        """Whether a value is a latency alone, which may be a mapping too."""
        return super().is_short(value) or means_distribution(value, cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _is_not_empty(cls, value: Any) -> Any:
        if value == {}:
            raise ValueError(f"is empty; give a latency, or some of {', '.join(cls.model_fields)}")
        return value


def _is_pair(pair: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is None:
        return pair
    ends = pair.split("/")
    if len(ends) != 2:
        text = "is not a pair; write two names with a slash between them, such as gateway/search"
        raise ValueError(f"{quote(pair)} {text}")
    for end in ends:
        names.check_end(end)
    if ends[0] == ends[1]:
        raise ValueError(f"{quote(pair)} names one component twice; nothing calls itself")
    return pair


@dataclass(frozen=True)
class Way:
    """What lies between two parts.

    Attributes:
        legs: Links one after the other: as a rule one; a client's own and then the distance between two regions.
        shared: Whether the bandwidth of the last is shared by all that goes between the two regions.
    """

    legs: Sequence[LinkConfig]
    shared: bool = False

    @property
    def mean(self) -> float:
        """Mean one-way latency, s."""
        return sum(leg.one_way.mean for leg in self.legs)


class NetworkConfig(LinkConfig):
    """The network between all components, and where it differs."""

    between: dict[Annotated[str, AfterValidator(_is_pair)], PairConfig] = Field(
        default_factory=dict,
        description="What is different between two regions or two components, written a/b; both ways are alike.",
    )

    @cached_property
    def distances(self) -> Mapping[frozenset[str | None], float]:
        """Mean one-way latency of each pair, s."""
        return {frozenset(pair.split("/")): config.one_way.mean for pair, config in self.between.items()}

    def way(
        self,
        caller: str,
        callee: str,
        access: LinkConfig | None,
        regions: Set[str | None] = frozenset(),
        across: Distribution | None = None,
    ) -> Way:
        """What lies between two parts.

        Args:
            caller: Name of the component or client that calls.
            callee: Name of what it calls.
            access: The caller's own link, if it has one: it takes the network's place, and its latency if it has none.
                Between two regions the distance is added to it.
            regions: Where the two stand.
            across: The latency between their zones, where they are in two.
        """
        far, near = self._pair(regions), self._pair({caller, callee})
        if access is not None and far is not None and near is None:
            return Way((access, far), shared="bandwidth" in far.model_fields_set)
        base = self if access is None else access
        latency = self.latency if base.latency is None else base.latency
        own: dict[str, Any] = {"latency": latency if across is None else across}
        for config in (far, near):
            if config is not None:
                own |= {key: getattr(config, key) for key in config.model_fields_set}
        given = [config for config in (far, near) if config is not None and "bandwidth" in config.model_fields_set]
        return Way((base.model_copy(update=own),), shared=given[-1:] == [far] and far is not None)

    def _pair(self, ends: Set[str | None]) -> PairConfig | None:
        """What is said of two ends."""
        return next((config for pair, config in self.between.items() if set(pair.split("/")) == ends), None)


class AccessConfig(LinkConfig):
    """A client's own link."""

    lose_response: Share = Field(0.0, description="Share of answers lost for good on their way to the client.")
