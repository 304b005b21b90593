"""A study is the runs of several variants of a scenario, and what their measures are, with intervals over seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import pandas as pd

from sim.experiment.numeric import as_numbers
from sim.experiment.replication import Replication, Trial
from sim.experiment.run_many import Runner, RunsFailed
from sim.experiment.statistics import Interval, mean_interval
from sim.experiment.variation import Variant, Variation, spell
from sim.metrics import TOO_LITTLE, Kind, Measure, own_measure, parse_measure, whole_measures
from sim.scenario import Scenario, override
from sim.scenario.subjects import subjects
from sim.values import did_you_mean


@dataclass(frozen=True)
class Study:
    """Variants and their runs.

    Attributes:
        scenario: The scenario before anything was varied.
        variations: What was varied.
        variants: All variants.
        runs: For each variant its replications, one a seed, those that failed included.
        measure: The one that matters most.
        measures: All that is reported; `measure` comes first.
    """

    scenario: Scenario
    variations: tuple[Variation, ...]
    variants: tuple[Variant, ...]
    runs: tuple[tuple[Replication, ...], ...]
    measure: Measure
    measures: tuple[Measure, ...]
    _values: dict[tuple[int, str], dict[int, float]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def labels(self) -> list[str]:
        """How each variant is called."""
        return [variant.label for variant in self.variants]

    @property
    def failures(self) -> list[str]:
        """One line for each run that failed: its parameters, its seed, and why."""
        return [
            f"{variant.label}, seed {run.seed}: {run.error}"
            for variant, runs in zip(self.variants, self.runs, strict=True)
            for run in runs
            if run.error is not None
        ]

    def finished(self, variant: int) -> list[Replication]:
        """A variant's runs that did not fail."""
        return [run for run in self.runs[variant] if run.error is None]

    def values(self, variant: int, measure: Measure) -> dict[int, float]:
        """A measure of each run of a variant that has it, by seed."""
        key = variant, measure.text
        if key not in self._values:
            read = ((run.seed, measure.read(run.summary)) for run in self.finished(variant))
            self._values[key] = {seed: value for seed, value in read if value is not None}
        return self._values[key]

    def interval(self, variant: int, measure: Measure) -> Interval | None:
        """The mean of a measure over a variant's runs; None unless each run that did not fail has it."""
        values = self.values(variant, measure)
        return mean_interval(list(values.values())) if values and len(values) == len(self.finished(variant)) else None

    def missing(self, variant: int, measure: Measure) -> str:
        """What to call a measure of a variant that `interval` does not have: `no data`, `never`, `too little data`."""
        without = [run.summary for run in self.finished(variant) if measure.read(run.summary) is None]
        return least_known(map(measure.missing, without)) or measure.format(None)

    def __getitem__(self, place: tuple[str, str]) -> Interval | None:
        """What is known of a variant's measure: `study["least_request", "p99"]`; None where a run has no such figure.

        Raises:
            ValueError: There is no such variant or measure.
        """
        label, text = place
        if label not in self.labels:
            raise ValueError(f"there is no variant '{label}'{did_you_mean(label, self.labels)}")
        own = next((measure for measure in self.measures if measure.text == text), None)
        return self.interval(self.labels.index(label), own or parse_measure(text, known_subjects(self.scenario)))

    def table(self) -> pd.DataFrame:
        """A row for each variant: its values, replications, and each measure's mean with its 95% interval.

        Returns:
            Columns: one for each varied path, `replications`, and `M`, `M_lo`, `M_hi` for each measure M; NaN where a
            measure has no data.
        """
        rows = []
        for number, variant in enumerate(self.variants):
            row: dict[str, Any] = {path: spell(value) for path, value in variant.overrides.items()}
            row["replications"] = len(self.finished(number))
            for measure in self.measures:
                interval = self.interval(number, measure)
                row |= {
                    measure.text: interval.mean if interval else float("nan"),
                    f"{measure.text}_lo": interval.lo if interval else float("nan"),
                    f"{measure.text}_hi": interval.hi if interval else float("nan"),
                }
            rows.append(row)
        return pd.DataFrame(rows, index=pd.Index(self.labels, name="variant"))

    def variants_json(self) -> list[dict[str, Any]]:
        """Each variant's values, replications and measures, as JSON."""
        return [
            {
                "variant": variant.label,
                "vary": variant.overrides,
                "replications": len(self.finished(number)),
                "metrics": {measure.text: self._as_json(number, measure) for measure in self.measures},
            }
            for number, variant in enumerate(self.variants)
        ]

    def _as_json(self, variant: int, measure: Measure) -> dict[str, Any]:
        interval = self.interval(variant, measure)
        return as_json(interval) | ({"missing": self.missing(variant, measure)} if interval is None else {})

    def runs_table(self) -> pd.DataFrame:
        """A row for each run (tidy): the varied values, `variant` for settings, `seed`, every measure, and `error`.

        A varied place has its values as text, under its path; where all are numbers, also `PATH_number`, in base units
        (s, per second, bytes, 0..1).
        """
        chosen = [{**variant.values, **variant.overrides} for variant in self.variants]
        known = {
            path: [each.get(path) for each in chosen]
            for path in dict.fromkeys(path for each in chosen for path in each)
        }
        numbers = {path: found[0] for path, values in known.items() if (found := as_numbers(values)) is not None}
        rows = []
        for number, runs in enumerate(self.runs):
            for run in runs:
                row: dict[str, Any] = {}
                for path, value in chosen[number].items():
                    row[path] = spell(value)
                    row |= {f"{path}_number": numbers[path][number]} if path in numbers else {}
                row["seed"] = run.seed
                row |= {measure.text: measure.read(run.summary) if run.summary else None for measure in self.measures}
                rows.append({**row, "error": run.error})
        return pd.DataFrame(rows)


def least_known(said: Iterable[str]) -> str:
    """What to call a figure that several runs do not have: too little data only if it is so in all of them."""
    words = dict.fromkeys(said)
    return next((each for each in words if each != TOO_LITTLE), TOO_LITTLE if words else "")


def as_json(interval: Interval | None) -> dict[str, float | None]:
    """An interval as JSON; None where there is none, or an end is infinite."""
    if interval is None:
        return {"mean": None, "lo": None, "hi": None}
    return {name: finite_or_none(getattr(interval, name)) for name in ("mean", "lo", "hi")}


def finite_or_none(value: float) -> float | None:
    """A figure that JSON can hold."""
    return value if isfinite(value) else None


def known_subjects(scenario: Scenario) -> Mapping[str, Kind]:
    """What a measure of a scenario's runs may speak of: names, and what each names."""
    return subjects(scenario.document)


def choose_measures(scenario: Scenario, measure: str, own: Iterable[str] = ()) -> tuple[Measure, ...]:
    """The measure that matters most, followed by all others that need no subject.

    Args:
        scenario: Whose runs are measured.
        measure: The one that matters most.
        own: Names of measures that somebody works out of each run.

    Raises:
        ValueError: There is no such measure, or two have the same name.
    """
    known, mine = known_subjects(scenario), {name: own_measure(name) for name in own}
    first = mine[measure] if measure in mine else parse_measure(measure, known)
    others = (*mine.values(), *whole_measures(known.values()))
    return (first, *(other for other in others if other.text != first.text))


def run_variants(
    scenario: Scenario, variants: Sequence[Variant], runner: Runner, seeds: range, keep: bool, origin: str = "--vary"
) -> list[list[Replication]]:
    """Runs each variant with each seed.

    Args:
        scenario: What is varied.
        variants: What to set in it.
        runner: Where and how.
        seeds: How far each is from the scenario's own.
        keep: Whether to keep the whole run of the scenario's own seed, for figures over time.
        origin: What error messages call the place where the values come from.

    Returns:
        For each variant its replications.

    Raises:
        ScenarioError: A variant is wrong; nothing has run.
        RunsFailed: Not one run of some variant finished.
    """
    scenarios = [override(scenario, variant.overrides, origin) for variant in variants]
    first = scenario.document.seed
    trials = [
        Trial(variant, first + number, keep_result=keep and number == 0) for number in seeds for variant in scenarios
    ]
    done = runner.run(trials)
    runs = [done[number :: len(scenarios)] for number in range(len(scenarios))]
    hopeless = [
        f"{variant.label}, seed {run.seed}: {run.error}"
        for variant, ran in zip(variants, runs, strict=True)
        if all(run.error is not None for run in ran)
        for run in ran
    ]
    if hopeless:
        raise RunsFailed(hopeless)
    return runs
