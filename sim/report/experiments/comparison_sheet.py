"""The table of a comparison: a row a variant, the deciding measure first, then its difference to the first variant."""

from typing import Final

from sim.experiment.comparison import Comparison, Judgement
from sim.experiment.statistics import Interval
from sim.metrics import Measure, OwnMeasure
from sim.report import units
from sim.report.experiments.choice import names
from sim.report.experiments.looks import VERDICTS
from sim.report.experiments.spelling import half_width, of_variant, relative, signed_plus_minus
from sim.report.sheet import Cell, Mark, Sheet

_USUAL: Final = ("mean", "p50", "p95", "p99", "success_ratio", "goodput")


def comparison_sheets(comparison: Comparison) -> list[Sheet]:
    """What decides, and the usual figures beside it.

    Args:
        comparison: The comparison.

    Returns:
        A single table.
    """
    measure = comparison.measure
    own = [other for other in comparison.measures if isinstance(other, OwnMeasure)]
    usual = [other for name in _USUAL for other in comparison.measures if other.text == name]
    others = [other for other in (*own, *usual) if other != measure]
    judgements = {judgement.of: judgement for judgement in comparison.judge(0, measure)}
    best, base = comparison.best, comparison.interval(0, measure)
    titles = names(comparison)
    rows = []
    for number, title in enumerate(titles):
        interval = comparison.interval(number, measure)
        mark: Mark = "best" if best and number == best[0] else "tie" if number in best else ""
        rows.append(
            (
                Cell(title, mark),
                Cell(of_variant(comparison, number, measure), mark if interval else "nothing"),
                Cell({"best": "best", "tie": "tied"}.get(mark, ""), mark),
                *_difference(judgements.get(number), base, is_first=number == 0),
                *(_plain(comparison, number, other) for other in others),
                Cell(_runs(comparison, number)),
                Cell(_saved(judgements.get(number))),
            )
        )
    columns = (
        "variant",
        measure.text,
        "rank",
        "difference to first",
        "verdict",
        *(other.text.replace("_", " ") for other in others),
        "runs",
        "variance saved",
    )
    return [Sheet(f"Variants by {measure.text}", columns, tuple(rows), note=_note(len(comparison.levels(measure))))]


def _difference(judgement: Judgement | None, base: Interval | None, is_first: bool) -> tuple[Cell, Cell]:
    if is_first:
        return Cell("the first", "nothing"), Cell("")
    if judgement is None or base is None:
        return Cell("no data", "nothing"), Cell("")
    interval = judgement.difference.interval
    share = relative(interval.mean, base.mean)
    words = f"{signed_plus_minus(judgement.measure, interval)}{f', {share}' if share else ''}"
    sign = VERDICTS[judgement.verdict].sign
    return Cell(words), Cell(f"{sign} {judgement.verdict}", judgement.verdict)


def _plain(comparison: Comparison, number: int, measure: Measure) -> Cell:
    interval = comparison.interval(number, measure)
    return Cell(of_variant(comparison, number, measure), "" if interval else "nothing")


def _runs(comparison: Comparison, number: int) -> str:
    finished, made = len(comparison.finished(number)), len(comparison.runs[number])
    return str(finished) if finished == made else f"{finished} of {made}"


def _saved(judgement: Judgement | None) -> str:
    """What the same traffic took off the variance of the difference; a negative share was added."""
    if judgement is None or half_width(judgement.difference.interval) == 0.0:
        return units.NOTHING
    return f"{judgement.difference.variance_reduction:.0%}".replace("-0%", "0%").replace("-", "−")


def _note(judged: int) -> str:
    """What the intervals of this table are, with so many pairs of variants judged."""
    words = ["± is half of a 95% interval."]
    if judged > 1:
        words.append(f"Those of differences are widened for {judged} comparisons (Holm).")
    if judged:
        words.append("Variance saved: what running all variants on the same traffic took off that of a difference.")
    return " ".join(words)
