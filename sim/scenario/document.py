"""The document is a scenario as it is written: every key of the language, with its default and its meaning."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Union

from pydantic import AfterValidator, Field, StrictInt, ValidationInfo

from sim.components import KINDS, ClientConfig, NetworkConfig, RegionConfig
from sim.components.names import names_in
from sim.faults import Event
from sim.metrics import parse_objective
from sim.scenario.answers import Answer
from sim.values import Config, Duration
from sim.values.words import quote

if TYPE_CHECKING:
    ComponentConfig = Any
else:
    ComponentConfig = Annotated[Union[tuple(kind.config for kind in KINDS.values())], Field(discriminator="kind")]


_NAME: Final = re.compile(r"[\w-]{1,100}")


def is_name(name: str) -> bool:
    """Whether a client or a component may be called so: no dots, brackets or slashes, which paths and targets need."""
    return _NAME.fullmatch(name) is not None


def _check_name(name: str) -> str:
    if is_name(name):
        return name
    raise ValueError("a name is made of letters, digits, - and _, a hundred at most")


def _check_no_client(name: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is not None and names.is_client(name):
        raise ValueError(f"{quote(name)} is also the name of a client")
    return name


def _check_objective(text: str) -> str:
    parse_objective(text)
    return text


Name = Annotated[str, AfterValidator(_check_name)]
Objective = Annotated[str, AfterValidator(_check_objective)]

_NAMED: Final[Any] = {"propertyNames": {"pattern": f"^{_NAME.pattern}$"}}


class Document(Config):
    """A scenario: clients, components, and what happens to them."""

    scenario: str = Field(min_length=1, description="The title.")
    about: str = Field("", description="What the scenario is about, in a few sentences.")
    watch_for: list[str] = Field(default_factory=list, description="What to look for in the results.")
    seed: StrictInt = Field(1, ge=0, le=2**63 - 1, description="Of all randomness: the same seed gives the same run.")
    duration: Duration | None = Field(
        None,
        gt=0,
        le=366 * 86_400,
        description="How long the run lasts; a replay may leave it out and runs to its log's end.",
    )
    warmup: Duration = Field(0.0, description="Requests that arrive earlier do not count; default none.")
    regions: dict[Name, RegionConfig] = Field(
        default_factory=dict,
        max_length=100,
        description="The regions that clients and components are in, by name; by default none.",
    )
    network: NetworkConfig = Field(
        default_factory=NetworkConfig, description="The links between components; by default without latency."
    )
    clients: dict[Name, ClientConfig] = Field(
        min_length=1, description="Who sends requests, by name.", json_schema_extra=_NAMED
    )
    components: dict[Annotated[Name, AfterValidator(_check_no_client)], ComponentConfig] = Field(
        min_length=1, description="What requests meet, by name.", json_schema_extra=_NAMED
    )
    events: list[Event] = Field(default_factory=list, description="What happens to the system, and when.")
    objectives: list[Objective] = Field(
        default_factory=list, description="What the run has to achieve, such as `browser p99 < 300ms`."
    )
    question: str = Field("", description="What a reader asks, and `answer` answers; reports show both.")
    answer: Answer = Field(
        "",
        description="The answer in two sentences at most; figures in braces are filled in from the run, written as "
        "objectives name them: `{p99}`, `{browser availability}`; `{{` is a brace. With any other value set by "
        "`--set` it is left out, for its words are about the scenario as written.",
    )
