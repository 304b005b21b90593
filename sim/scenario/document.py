"""The document is a scenario as it is written: every key of the language, with its default and its meaning."""

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from sim.components import KINDS, ClientConfig, NetworkConfig
from sim.faults import Event
from sim.values import Config, Duration

if TYPE_CHECKING:
    ComponentConfig = Any
else:
    ComponentConfig = Annotated[Union[tuple(kind.config for kind in KINDS.values())], Field(discriminator="kind")]


class Document(Config):
    """A scenario: clients, components, and what happens to them."""

    scenario: str = Field(description="The title.")
    about: str = Field("", description="What the scenario is about, in a few sentences.")
    watch_for: list[str] = Field(default_factory=list, description="What to look for in the results.")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="Of all randomness: the same seed gives the same run.")
    duration: Duration | None = Field(
        None, gt=0, description="How long the run lasts; a replay may leave it out and runs to its log's end."
    )
    warmup: Duration = Field(0.0, description="Requests that arrive earlier do not count; default none.")
    network: NetworkConfig = Field(
        default_factory=NetworkConfig, description="The links between components; by default without latency."
    )
    clients: dict[str, ClientConfig] = Field(min_length=1, description="Who sends requests.")
    components: dict[str, ComponentConfig] = Field(min_length=1, description="What requests meet.")
    events: list[Event] = Field(default_factory=list, description="What happens to the system, and when.")
    objectives: list[str] = Field(
        default_factory=list, description="What the run has to achieve, such as `browser p99 < 300ms`."
    )
