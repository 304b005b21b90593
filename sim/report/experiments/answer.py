"""The answer of an experiment in a few plain sentences: what is best, where it saturates, how much it carries."""

from bisect import bisect_right
from itertools import accumulate
from math import isfinite
from typing import Final

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.capacity import Capacity, Point
from sim.experiment.comparison import Comparison, Judgement
from sim.experiment.numeric import as_numbers
from sim.experiment.study import Study
from sim.experiment.sweep import SATURATED, Saturation, Sweep
from sim.experiment.variation import spell
from sim.metrics import Measure
from sim.report import units
from sim.report.experiments.choice import names
from sim.report.experiments.scatter import measured, rank_correlation
from sim.report.experiments.search import answer_words, objective_measure
from sim.report.experiments.spelling import figure, plus_minus, relative, several, signed
from sim.report.experiments.tracks import is_saturated_throughout
from sim.report.explain.wording import place

_MOST_NAMED: Final = 4
_MOST_LETTERS: Final = 100
_LATENCIES: Final = frozenset({"mean", "p50", "p90", "p95", "p99", "p999", "max"})
_SUCCESS: Final = Measure("success_ratio", None, "success_ratio")


def summary_lines(study: Comparison | Sweep | Capacity) -> list[str]:
    """The answer in sentences.

    Args:
        study: What was found.

    Returns:
        One to three sentences, and one more if runs failed.
    """
    if isinstance(study, Capacity):
        lines, made = _capacity(study), sum(point.runs for point in study.points)
    else:
        lines = _comparison(study) if isinstance(study, Comparison) else _sweep(study)
        made = sum(map(len, study.runs))
    return [*lines, *_failed(len(study.failures), made)]


def _quoted(study: Study) -> list[str]:
    """Names of variants, in quotation marks where they have commas of their own."""
    return [f"“{name}”" if "," in name else name for name in names(study)]


def _failed(number: int, made: int) -> list[str]:
    return [f"{number} of {made} runs failed and {'is' if number == 1 else 'are'} left out."] if number else []


def _comparison(comparison: Comparison) -> list[str]:
    best, titles, measure = comparison.best, _quoted(comparison), comparison.measure
    if not best:
        return [f"No variant has a figure of {measure.text} in every run, so none can be called the best."]
    first, ties = best[0], best[1:]
    known = sum(comparison.interval(number, measure) is not None for number in range(len(titles)))
    reached = plus_minus(measure, comparison.interval(first, measure))
    word = "highest" if measure.higher_is_better else "lowest"
    lines = []
    if len(best) == known and known > 1:
        others = _some([titles[number] for number in ties])
        lines.append(
            f"It is a tie: {titles[first]} has the {word} {measure.text}, {reached}, "
            f"but no difference to {others} is sure."
        )
    elif ties:
        others = _some([titles[number] for number in ties])
        lines.append(f"{titles[first]} has the {word} {measure.text}, {reached}, but ties with {others}.")
    else:
        lines.append(f"{titles[first]} is best: its {measure.text} is {reached}, the {word} of {known} variants.")
    lines += _lead(comparison, first, titles)
    lines += _price(comparison, first, titles)
    return [*lines, *_imprecise(comparison, titles)]


def _imprecise(comparison: Comparison, titles: list[str]) -> list[str]:
    """A warning where the precision that was asked for was not reached."""
    wide = comparison.imprecise
    if not wide or comparison.precision is None:
        return []
    seeds, whose = max(map(len, comparison.runs)), _some([titles[number] for number in wide])
    return [
        f"The precision asked for was not reached: after {seeds} seeds, the most allowed, {comparison.measure.text} is "
        f"not known within {100.0 * comparison.precision:.3g}% with {whose}."
    ]


def _lead(comparison: Comparison, first: int, titles: list[str]) -> list[str]:
    """How far the best is from the first variant, or where it is the first, how far the next is from it."""
    judgements, base = comparison.judge(0, comparison.measure), comparison.interval(0, comparison.measure)
    if first == 0:
        worse = [judgement for judgement in judgements if judgement.verdict == "worse"]
        chosen = min(worse, key=lambda judgement: abs(judgement.difference.interval.mean), default=None)
    else:
        chosen = next((judgement for judgement in judgements if judgement.of == first), None)
    if chosen is None or chosen.verdict == "tie" or base is None:
        return []
    amount, sure = _amount(chosen, base.mean), _surely(chosen, len(comparison.levels(comparison.measure)))
    if first == 0:
        return [f"The next, {titles[chosen.of]}, has {amount} ({sure})."]
    return [f"That is {amount} than {titles[0]}, the first ({sure})."]


def _amount(judgement: Judgement, base: float) -> str:
    """A difference in words: `4.16s (98%) less`."""
    mean = judgement.difference.interval.mean
    size = signed(judgement.measure, mean).lstrip("+−")
    share, how = relative(mean, base).lstrip("+−"), "more" if mean > 0.0 else "less"
    return f"{size} ({share}) {how}" if share.endswith("%") else f"{size} {how}{f', {share}' if share else ''}"


def _surely(judgement: Judgement, judged: int) -> str:
    interval, measure = judgement.difference.interval, judgement.measure
    ends = [abs(interval.lo), abs(interval.hi)]
    if interval.lo <= 0.0 <= interval.hi or not all(map(isfinite, ends)):
        return "its interval holds zero"
    between = f"{figure(measure, min(ends))} to {figure(measure, max(ends))}"
    return f"95% interval {between}" if judged == 1 else f"interval {between}, widened for {judged} comparisons"


def _price(comparison: Comparison, first: int, titles: list[str]) -> list[str]:
    """A warning where the quickest is quick because it gives up: another has a surely higher success ratio."""
    if comparison.measure.metric not in _LATENCIES:
        return []
    higher = [judgement for judgement in comparison.judge(first, _SUCCESS) if judgement.verdict == "better"]
    if not higher:
        return []
    most = max(higher, key=lambda judgement: judgement.difference.interval.mean).of
    mine, other = (comparison.interval(number, _SUCCESS) for number in (first, most))
    return [
        f"Mind that it succeeds less often: {plus_minus(_SUCCESS, mine)} of its requests do, against "
        f"{plus_minus(_SUCCESS, other)} with {titles[most]}."
    ]


def _some(titles: list[str]) -> str:
    """A few names in a sentence, as many as can be read, and how many more there are."""
    lengths = list(accumulate(map(len, titles)))
    shown = titles[: max(1, bisect_right(lengths, _MOST_LETTERS))]
    more = len(titles) - len(shown)
    return several([*shown, f"{more} more"]) if more else several(shown)


def _sweep(sweep: Sweep) -> list[str]:
    return [*_range(sweep), *(_saturation(sweep) if sweep.design == "grid" else _ranks(sweep))]


def _range(sweep: Sweep) -> list[str]:
    """From where to where the deciding measure goes."""
    known, values = measured(sweep)
    measure, titles = sweep.measure, _quoted(sweep)
    if not known:
        return [f"No variant has a figure of {measure.text} in every run."]
    least, most = known[int(values.argmin())], known[int(values.argmax())]
    silent = _silent(sweep)
    if least == most:
        return [f"{measure.text} is {plus_minus(measure, sweep.interval(least, measure))}{silent}."]
    low, high = (plus_minus(measure, sweep.interval(number, measure)) for number in (least, most))
    return [f"{measure.text} goes from {low} ({titles[least]}) to {high} ({titles[most]}){silent}."]


def _silent(sweep: Sweep) -> str:
    """Names the variants in which nothing ended; empty if there are none."""
    silent = [
        title
        for number, title in enumerate(_quoted(sweep))
        if not any(run.summary["requests"]["completed"] for run in sweep.finished(number))
    ]
    return f"; nothing ended with {_some(silent)}" if silent else ""


def _saturation(sweep: Sweep) -> list[str]:
    """Where each line saturates; or how busy the busiest component gets."""
    found = sweep.saturations()
    if found:
        return [_saturates(found), *_throughout(sweep)]
    busy = [sweep.busiest(number) for number in range(len(sweep.variants))]
    name, most = max(busy, key=lambda pair: pair[1])
    least = min(share for _, share in busy)
    if not name:
        return []
    if least >= SATURATED:
        return [f"Everything that was tried is beyond saturation: {name} is at least {units.busy(least)} busy."]
    if most >= SATURATED:
        titles = [title for title, (_, share) in zip(_quoted(sweep), busy, strict=True) if share >= SATURATED]
        return [f"{name} is saturated ({SATURATED:.0%} busy or more) with {_some(titles)}."]
    return [f"Nothing saturates: the busiest component, {name}, reaches {units.busy(most)}."]


def _saturates(found: list[Saturation]) -> str:
    """Which component saturates where, line by line."""
    words = [
        f"at {one.line.spell(one.value)}" + (f" with {one.line.others}" if one.line.others else "") for one in found
    ]
    components = list(dict.fromkeys(one.component for one in found))
    if len(components) > 1:
        words = [f"{one.component} {word}" for one, word in zip(found, words, strict=True)]
        return f"What saturates ({SATURATED:.0%} busy): {_some(words)}."
    return f"{components[0]} saturates ({SATURATED:.0%} busy) {_some(words)}."


def _throughout(sweep: Sweep) -> list[str]:
    """The lines that are beyond saturation from their first value on."""
    lines = [line.others for line in sweep.lines() if is_saturated_throughout(sweep, line.variants)]
    return [f"It is saturated throughout with {_some(lines)}."] if lines else []


def _ranks(sweep: Sweep) -> list[str]:
    """Which parameter decides most."""
    known, values = measured(sweep)
    found = []
    for variation in sweep.variations:
        numbers = as_numbers([sweep.variants[number].values[variation.path] for number in known])
        if numbers is not None and len(known) > 2:
            found.append((rank_correlation(numbers[0], values), variation.path))
    if not found:
        return []
    ranked = sorted(found, key=lambda pair: -abs(pair[0]))
    words = [f"{path} ({'−' if rank < 0 else '+'}{abs(rank):.2f})" for rank, path in ranked[:_MOST_NAMED]]
    return [f"It depends most on {words[0]}{', then ' + several(words[1:]) if words[1:] else ''}, by rank correlation."]


def _capacity(capacity: Capacity) -> list[str]:
    met, missed = capacity.met, capacity.missed
    goals = several([objective.text for objective in capacity.objectives])
    extreme = "largest" if capacity.largest else "smallest"
    if met is None:
        return [f"No {extreme} {capacity.path} was found that meets {goals}."]
    runs = sum(point.runs for point in capacity.points)
    made = f"It took {runs} runs at {len(capacity.points)} values."
    if missed is None:
        return [*_one_sided(capacity, met, goals), made]
    sure, wrong = (spell(point.value) for point in (met, missed))
    lines = [
        f"The {extreme} {capacity.path} that meets {goals} is {answer_words(capacity)}: {sure} meets "
        f"{'it' if len(capacity.objectives) == 1 else 'them'} for sure, {wrong} does not."
    ]
    if missed.bottleneck is not None:
        lines.append(_gives_out(missed.bottleneck, wrong))
    return [*lines, made]


def _one_sided(capacity: Capacity, met: Point, goals: str) -> list[str]:
    """The answer where everything up to the end of the search meets the objectives."""
    measures = [(objective_measure(reading), reading.interval) for reading in met.readings]
    figures = several([f"{measure.text} is {plus_minus(measure, interval)}" for measure, interval in measures])
    there = f"At {spell(met.value)} {figures}."
    if not capacity.largest:
        which = "asked about" if capacity.span.low < capacity.span.high else "tried"
        return [f"{capacity.path} {spell(met.value)} is enough for {goals} (the smallest {which}).", there]
    if capacity.span.low < capacity.span.high:
        where = "the top of the range; ask for a wider range to find the limit"
    else:
        where = "the largest tried; nothing seems to limit it"
    return [f"The largest {capacity.path} that meets {goals} is {answer_words(capacity)} ({where}).", there]


def _gives_out(bottleneck: Bottleneck, value: str) -> str:
    """What gave out at a value."""
    name, busy = place(bottleneck.component, bottleneck.instances), units.busy(bottleneck.utilization)
    if bottleneck.saturated:
        seconds = units.duration(bottleneck.saturated)
        return f"What gives out first is {name}: saturated for {seconds} of a run at {value}, {busy} busy on average."
    if bottleneck.utilization >= units.HOT:
        return f"What gives out first is {name}: {busy} busy on average at {value}."
    return f"Nothing gives out at {value}: the busiest is {name}, {busy} busy on average."
