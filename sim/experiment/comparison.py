"""A comparison runs variants of one scenario on the same traffic and says which is better, by how much, and how surely.

Every variant runs with the same seeds, so that all meet the same requests (common random numbers) and differences are
taken seed by seed. A difference counts when its interval leaves zero out; where several are judged at once, the
intervals are widened by Holm's procedure, so that the chance of even one wrong verdict stays at 5%.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sim.experiment.replication import Replication
from sim.experiment.run_many import Runner
from sim.experiment.statistics import (
    FIRST_REPLICATIONS,
    Difference,
    Interval,
    compare_all,
    is_precise,
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
    """A study whose variants are compared with the first, and with the best."""

    def judge(self, to: int, measure: Measure) -> list[Judgement]:
        """Compares every other variant with one, in one measure.

        Returns:
            A judgement for each variant that has the measure in every run and shares two seeds or more with that one,
            in the order of variants.
        """
        base = self.values(to, measure)
        others, pairs = [], []
        for number in range(len(self.variants)):
            mine = self.values(number, measure)
            seeds = [seed for seed in base if seed in mine]
            known = self.interval(number, measure) is not None and self.interval(to, measure) is not None
            if number != to and known and len(seeds) > 1:
                others.append(number)
                pairs.append(([base[seed] for seed in seeds], [mine[seed] for seed in seeds]))
        return [
            Judgement(number, to, measure, difference, _verdict(difference.interval, measure))
            for number, difference in zip(others, compare_all(pairs), strict=True)
        ]

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
        comparison = Comparison(scenario, tuple(variations), tuple(variants), tuple(runs), measures[0], measures)
        wanted = min(count + _missing(comparison, precision), max(most, count))
        if wanted == count:
            return comparison


def _missing(comparison: Comparison, precision: float | None) -> int:
    """How many more seeds it takes until every variant's measure is known as precisely as wanted."""
    if precision is None:
        return 0
    intervals = [comparison.interval(number, comparison.measure) for number in range(len(comparison.variants))]
    wide = [interval for interval in intervals if interval is not None and not is_precise(interval, precision)]
    return max((replications_needed(interval, precision) for interval in wide), default=0)
