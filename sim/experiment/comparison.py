"""A comparison runs variants of one scenario on the same traffic and says which is better, by how much, and how surely.

Every variant runs with the same seeds, so that all meet the same requests (common random numbers) and differences are
taken seed by seed. A difference counts when its interval leaves zero out. Of more than two variants, all pairs are one
family: their intervals are widened by Holm's procedure, so that in one measure the chance of even one wrong verdict
stays at 5%, whichever variant the others are compared with - the best one, too, which the same figures have chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

from sim.experiment.replication import Replication
from sim.experiment.run_many import Runner
from sim.experiment.statistics import (
    FIRST_REPLICATIONS,
    Difference,
    Interval,
    holm_levels,
    is_precise,
    paired_difference,
    paired_p_value,
    replications_needed,
)
from sim.experiment.study import Study, as_json, choose_measures, finite_or_none, run_variants
from sim.experiment.variation import Variation, grid
from sim.metrics import Measure
from sim.scenario import Scenario

Verdict = Literal["better", "worse", "tie"]


@dataclass(frozen=True)
class Judgement:
    """How one variant differs from another in one measure.

    Attributes:
        of: The variant's number.
        to: The number of the one it is compared with.
        measure: What is compared.
        difference: Seed by seed, of - to.
        verdict: What its interval says of the variant `of`.
    """

    of: int
    to: int
    measure: Measure
    difference: Difference
    verdict: Verdict


@dataclass(frozen=True)
class Comparison(Study):
    """A study whose variants are compared with the first, and with the best.

    Attributes:
        precision: How well `measure` of every variant was to be known, as a share of it; None if nothing was asked.
    """

    precision: float | None = None
    _levels: dict[str, dict[tuple[int, int], float]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def judge(self, to: int, measure: Measure) -> list[Judgement]:
        """Compares every other variant with one, in one measure; of two variants it says the same either way round.

        Returns:
            A judgement for each variant that has the measure in every run and shares two seeds or more with that one,
            in the order of variants.
        """
        levels = self.levels(measure)
        judgements = []
        for number in range(len(self.variants)):
            pair = min(number, to), max(number, to)
            if pair in levels:
                difference = paired_difference(*self._paired(*pair, measure), 1.0 - levels[pair])
                difference = difference if number > to else -difference
                judgements.append(Judgement(number, to, measure, difference, _verdict(difference.interval, measure)))
        return judgements

    def levels(self, measure: Measure) -> dict[tuple[int, int], float]:
        """At which level each pair of variants is judged in a measure, by their numbers, the lower one first.

        They are all pairs in which both have the measure in every run and share two seeds or more, and are one family.
        """
        if measure.text not in self._levels:
            known = [number for number in range(len(self.variants)) if self.interval(number, measure) is not None]
            pairs = {pair: self._paired(*pair, measure) for pair in combinations(known, 2)}
            p_values = {pair: paired_p_value(*both) for pair, both in pairs.items() if len(both[0]) > 1}
            self._levels[measure.text] = dict(zip(p_values, holm_levels(list(p_values.values())), strict=True))
        return self._levels[measure.text]

    def _paired(self, one: int, other: int, measure: Measure) -> tuple[list[float], list[float]]:
        """A measure of two variants, with the seeds that both have."""
        first, second = self.values(one, measure), self.values(other, measure)
        seeds = [seed for seed in first if seed in second]
        return [first[seed] for seed in seeds], [second[seed] for seed in seeds]

    @property
    def imprecise(self) -> list[int]:
        """The variants whose `measure` is not known as precisely as was asked."""
        if self.precision is None:
            return []
        known = [(number, self.interval(number, self.measure)) for number in range(len(self.variants))]
        return [number for number, found in known if found is not None and not is_precise(found, self.precision)]

    @property
    def best(self) -> list[int]:
        """The best variant by `measure`, followed by those that its lead over does not show."""
        known = [(self.interval(number, self.measure), number) for number in range(len(self.variants))]
        means = [(interval.mean, number) for interval, number in known if interval is not None]
        if not means:
            return []
        first = (max if self.measure.higher_is_better else min)(means)[1]
        return [first, *(other.of for other in self.judge(first, self.measure) if other.verdict != "worse")]

    def differences(self) -> list[Judgement]:
        """Every variant against the first in every measure; and against the best one in the measure that decides."""
        judgements = [judgement for measure in self.measures for judgement in self.judge(0, measure)]
        if self.best and self.best[0] != 0:
            judgements += self.judge(self.best[0], self.measure)
        return judgements

    def to_json(self) -> dict[str, Any]:
        """The content of `comparison.json`; times in s, ratios 0..1, None where there is no data."""
        return {
            "scenario": self.scenario.name,
            "measure": self.measure.text,
            "precision": self.precision,
            "imprecise": [self.labels[number] for number in self.imprecise],
            "best": [self.labels[number] for number in self.best],
            "variants": self.variants_json(),
            "differences": [
                {
                    "of": self.labels[judgement.of],
                    "to": self.labels[judgement.to],
                    "metric": judgement.measure.text,
                    **as_json(judgement.difference.interval),
                    "verdict": judgement.verdict,
                    "confidence": judgement.difference.interval.confidence,
                    "variance_reduction": finite_or_none(judgement.difference.variance_reduction),
                }
                for judgement in self.differences()
            ],
            "failed": self.failures,
        }


def _verdict(interval: Interval, measure: Measure) -> Verdict:
    if interval.lo <= 0.0 <= interval.hi:
        return "tie"
    return "better" if (interval.lo > 0.0) == measure.higher_is_better else "worse"


def compare(
    scenario: Scenario,
    variations: Sequence[Variation],
    runner: Runner,
    replications: int = 10,
    measure: str = "p99",
    precision: float | None = None,
    most: int = 200,
    origin: str = "--vary",
) -> Comparison:
    """Compares variants of a scenario.

    Args:
        scenario: What is varied.
        variations: The values of each varied place; every combination is a variant.
        runner: Where and how runs are made.
        replications: Seeds for each variant: the scenario's own and those that follow it.
        measure: What decides which variant is best, `[SUBJECT] METRIC`.
        precision: Goes on until `measure` of every variant is known within this share of it (0.05: within 5%).
        most: How many seeds that may take.
        origin: What error messages call the place where the values come from.

    Raises:
        ValueError: The measure is unknown, or there are fewer than two variants or replications.
        ScenarioError: A variant is wrong.
        RunsFailed: Not one run of some variant finished.
        KeyboardInterrupt: It was stopped; finished runs are in the runner's store.
    """
    variants = grid(variations)
    if len(variants) < 2:
        raise ValueError("a comparison needs two variants or more")
    if replications < 2:
        raise ValueError("an interval needs two replications or more")
    measures = choose_measures(scenario, measure, runner.own)
    count = 0
    wanted = replications if precision is None else max(replications, FIRST_REPLICATIONS)
    runs: list[tuple[Replication, ...]] = [() for _ in variants]
    while True:
        more = run_variants(scenario, variants, runner, range(count, wanted), True, origin)
        runs = [(*old, *new) for old, new in zip(runs, more, strict=True)]
        count = wanted
        comparison = Comparison(
            scenario, tuple(variations), tuple(variants), tuple(runs), measures[0], measures, precision=precision
        )
        wanted = min(count + _missing(comparison), max(most, count))
        if wanted == count:
            return comparison


def _missing(comparison: Comparison) -> int:
    """How many more seeds it takes until every variant's measure is known as precisely as wanted."""
    wide = [comparison.interval(number, comparison.measure) for number in comparison.imprecise]
    return max(
        (replications_needed(each, comparison.precision) for each in wide if each and comparison.precision), default=0
    )
