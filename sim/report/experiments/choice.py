"""Which variants a crowded figure shows: the first, which all are compared with, and the best ones."""

from collections.abc import Sequence

from sim.experiment.comparison import Comparison
from sim.experiment.numeric import as_number
from sim.experiment.study import Study
from sim.metrics import Result
from sim.report import units
from sim.report.experiments.spelling import last_word


def choose(comparison: Comparison, among: Sequence[int], most: int) -> list[int]:
    """The first variant and the best of the others.

    Args:
        comparison: The comparison.
        among: The variants that have what the figure shows.
        most: How many the figure has room for.

    Returns:
        Their numbers, in the order of variants.
    """
    intervals = {number: comparison.interval(number, comparison.measure) for number in among}
    sign = -1.0 if comparison.measure.higher_is_better else 1.0
    ranks = {number: sign * interval.mean for number, interval in intervals.items() if interval is not None}
    ranked = sorted(among, key=lambda number: (number != 0, ranks.get(number, float("inf")), number))
    return sorted(ranked[:most])


def left_out(shown: Sequence[int], among: Sequence[object]) -> str:
    """What a figure says of the variants that it does not show; empty if there are none."""
    number = len(among) - len(shown)
    return f"{number} more {'is' if number == 1 else 'are'} left out" if number else ""


def names(study: Study) -> list[str]:
    """How figures and sentences call each variant: a bare number or switch says of what it is."""
    found = []
    for variant, label in zip(study.variants, study.labels, strict=True):
        path, value = next(iter(variant.values.items()))
        bare = len(variant.values) == 1 and (value is None or isinstance(value, bool) or as_number(value) is not None)
        words = f"{last_word(path)} {label}" if bare else label
        found.append(units.plain(words.removeprefix("{").removesuffix("}")))
    return found


def example_runs(comparison: Comparison) -> dict[int, Result]:
    """The run of each variant with the scenario's own seed, where it was kept."""
    kept = {number: runs[0].result for number, runs in enumerate(comparison.runs) if runs}
    return {number: result for number, result in kept.items() if result is not None}
