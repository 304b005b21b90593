"""A sweep runs a scenario over a grid, or a Latin hypercube, of values: how each measure answers to a parameter.

On a grid with numbers it also says where the system saturates: where its busiest resource is busy for 95% of the time
after warm-up. That resource is a component, or one of its instances where that one is at least 5 points busier than the
component as a whole (a hot key, a slow machine): it gives out first. The mean over time is what the question is about,
a steady load; a rush that saturates something for a while is for a run's explanation, and for a capacity search.

The point of saturation lies between two values of the grid; where exactly is reckoned from the one that is not
saturated, since utilization is proportional to load, and inversely proportional to what there is of a resource (the
utilization law; P. J. Denning, J. P. Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing
Surveys 10(3), 1978).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Final, Literal

import numpy as np

from sim.experiment.numeric import Format, as_numbers
from sim.experiment.run_many import Runner
from sim.experiment.study import Study, choose_measures, run_variants
from sim.experiment.variation import Variation, grid, latin_hypercube, spell
from sim.metrics import Measure
from sim.scenario import Scenario

SATURATED: Final = 0.95
HOT: Final = 0.05
"""By how much an instance has to be busier than its component to be named in its place."""

Design = Literal["grid", "latin_hypercube"]


@dataclass(frozen=True)
class Line:
    """The variants that differ in the first varied place alone.

    Attributes:
        others: The values of the other varied places, spelled; empty if there are none.
        variants: Their numbers, by rising value.
        numbers: The values, in their base unit.
        spell: Spells such numbers for people.
    """

    others: str
    variants: tuple[int, ...]
    numbers: tuple[float, ...]
    spell: Format


@dataclass(frozen=True)
class Saturation:
    """Where a line reaches saturation.

    Attributes:
        line: The line.
        value: Of the first varied place, in its base unit.
        component: The busiest component there, or its instance that is.
    """

    line: Line
    value: float
    component: str


@dataclass(frozen=True)
class Sweep(Study):
    """A study over numbers.

    Attributes:
        design: How the values were chosen.
    """

    design: Design = "grid"

    def lines(self) -> list[Line]:
        """The variants, cut into lines along the first varied place; none unless its values are numbers."""
        path = self.variations[0].path
        numbers = as_numbers([variant.values[path] for variant in self.variants])
        if numbers is None or self.design != "grid":
            return []
        others = [
            ", ".join(
                f"{name.rpartition('.')[2]} {spell(value)}" for name, value in variant.values.items() if name != path
            )
            for variant in self.variants
        ]
        order = {name: number for number, name in reversed(list(enumerate(others)))}
        ranked = sorted(range(len(others)), key=lambda number: (order[others[number]], numbers[0][number]))
        return [
            Line(name, tuple(members), tuple(numbers[0][number] for number in members), numbers[1])
            for name, group in groupby(ranked, key=lambda number: others[number])
            for members in [list(group)]
        ]

    def saturations(self) -> list[Saturation]:
        """Where each line crosses 95% utilization of its busiest place, if it does."""
        found = []
        for line in self.lines():
            busiest = [self.busiest(number) for number in line.variants]
            for (low, (name, below)), (high, (other, above)) in pairwise(zip(line.numbers, busiest, strict=True)):
                if below < SATURATED <= above:
                    value = min(low * SATURATED / below, high) if below else high
                    found.append(Saturation(line, value, other))
                    break
                if above < SATURATED <= below:
                    found.append(Saturation(line, max(high * above / SATURATED, low), name))
                    break
        return found

    def to_json(self) -> dict[str, Any]:
        """The content of `sweep.json`: where lines saturate, and each measure of each variant with its interval."""
        return {
            "scenario": self.scenario.name,
            "design": self.design,
            "measure": self.measure.text,
            "saturations": [
                {
                    "parameter": self.variations[0].path,
                    "value": saturation.value,
                    "component": saturation.component,
                    "others": saturation.line.others,
                }
                for saturation in self.saturations()
            ],
            "variants": self.variants_json(),
            "failed": self.failures,
        }

    def busiest(self, variant: int) -> tuple[str, float]:
        """A variant's place with the highest utilization, the mean over its runs, and that utilization."""
        return busiest_place([run.summary for run in self.finished(variant)])


def busiest_place(summaries: Sequence[Mapping[str, Any]]) -> tuple[str, float]:
    """The component with the highest mean utilization over several runs, or an instance that is much busier than it.

    Returns:
        Its name, such as `api` or `api[3]`, and its utilization; an empty name where nothing has workers.
    """
    used: dict[str, list[float]] = {}
    home: dict[str, str] = {}
    for summary in summaries:
        for name, block in summary["components"].items():
            if block.get("utilization") is None:
                continue
            used.setdefault(name, []).append(block["utilization"])
            for instance, figures in block.get("instances", {}).items():
                if instance != name:
                    used.setdefault(instance, []).append(figures["utilization"])
                    home[instance] = name
    means = {name: float(np.mean(values)) for name, values in used.items()}
    hot = {name: mean for name, mean in means.items() if name not in home or mean >= means[home[name]] + HOT}
    name = max(hot, key=hot.__getitem__, default="")
    return name, hot.get(name, 0.0)


def sweep(
    scenario: Scenario,
    variations: Sequence[Variation],
    runner: Runner,
    replications: int = 5,
    measure: str = "p99",
    samples: int | None = None,
    origin: str = "--vary",
) -> Sweep:
    """Runs a scenario over many values.

    Args:
        scenario: What is varied.
        variations: Of each varied place; the first becomes the x-axis of figures.
        runner: Where and how runs are made.
        replications: Seeds for each variant: the scenario's own and those that follow it.
        measure: What figures show, `[SUBJECT] METRIC`.
        samples: Size of a Latin hypercube; None runs the whole grid.
        origin: What error messages call the place where the values come from.

    Raises:
        ValueError: The measure or a variation is wrong.
        ScenarioError: A variant is wrong.
        RunsFailed: Not one run of some variant finished.
        KeyboardInterrupt: It was stopped; finished runs are in the runner's store.
    """
    if replications < 1:
        raise ValueError("a sweep needs one replication or more")
    measures: tuple[Measure, ...] = choose_measures(scenario, measure, runner.own)
    design: Design = "grid" if samples is None else "latin_hypercube"
    variants = grid(variations) if samples is None else latin_hypercube(variations, samples, scenario.document.seed)
    runs = run_variants(scenario, variants, runner, range(replications), False, origin)
    return Sweep(
        scenario, tuple(variations), tuple(variants), tuple(map(tuple, runs)), measures[0], measures, design=design
    )
