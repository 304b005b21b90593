"""A plan is an experiment before it has run: what is varied in which scenario, and what is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sim.experiment.capacity import Capacity, Point
from sim.experiment.capacity_search import capacity
from sim.experiment.comparison import Comparison, compare
from sim.experiment.run_many import Runner
from sim.experiment.store import digest, scenario_key
from sim.experiment.sweep import Sweep, sweep
from sim.experiment.variation import Variation
from sim.experiment.whole import fitted
from sim.scenario import Scenario

Kind = Literal["compare", "sweep", "capacity"]
Answer = Comparison | Sweep | Capacity
"""What can come of a plan."""

_WORK: Final[dict[str, Callable[..., Answer]]] = {"compare": compare, "sweep": sweep}


@dataclass(frozen=True)
class Plan:
    """An experiment.

    Attributes:
        kind: What is done.
        scenario: The scenario before anything is varied.
        variations: What is varied.
        objectives: What a capacity search has to meet.
        arguments: How many runs are made, and what is read from them: further arguments of `compare`, `sweep` or
            `capacity` by their names, as JSON can hold them.
    """

    kind: Kind
    scenario: Scenario
    variations: tuple[Variation, ...]
    objectives: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variations", tuple(fitted(each, self.scenario) for each in self.variations))

    @property
    def key(self) -> str:
        """The same for the same experiment, however many runs it makes, and for no other."""
        parts = [variation.text for variation in self.variations]
        seed = str(self.scenario.document.seed)
        return digest(self.kind, scenario_key(self.scenario), seed, *parts, *self.objectives)

    @property
    def name(self) -> str:
        """What its folder is called unless somebody says otherwise."""
        return f"{self.scenario.name}-{self.kind}-{self.key[:6]}"

    def carry_out(
        self, runner: Runner, origin: str = "--vary", watch: Callable[[Point], None] = lambda point: None
    ) -> Answer:
        """Makes the runs, and says what came of them.

        Args:
            runner: Where and how runs are made.
            origin: What error messages call the place where values come from.
            watch: Told of each value that a capacity search has tried.

        Raises:
            ValueError: Something that is asked makes no sense.
            ScenarioError: A variant is wrong.
            RunsFailed: Not one run of some variant finished.
            KeyboardInterrupt: It was stopped; finished runs are in the runner's store.
        """
        if self.kind == "capacity":
            (variation,) = self.variations
            return capacity(
                self.scenario, variation, runner, self.objectives, origin=origin, watch=watch, **self.arguments
            )
        return _WORK[self.kind](self.scenario, self.variations, runner, origin=origin, **self.arguments)
