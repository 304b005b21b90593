"""A capacity search finds the largest load, or the fewest instances, with which a scenario still meets its objectives.

At each value the scenario runs with several seeds, the same ones everywhere. An objective is met when the 95% interval
of its figure lies on the right side of the target, missed when it lies on the wrong side, and unsure otherwise, which
takes more seeds. The search doubles or halves the value until it has one that meets and one that misses, and then
halves what lies between (bisection under noise; R. Waeber, P. I. Frazier, S. G. Henderson, "Bisection search with
noisy responses", SIAM Journal on Control and Optimization 51(3), 2013, treat the general case). Where seeds run out
before a value is sure, both of its sides are narrowed, and what stays between them is the uncertainty of the answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any, Final

from sim.experiment.bottleneck import find_bottleneck
from sim.experiment.capacity import Capacity, Point, Reading, Verdict
from sim.experiment.direction import harder
from sim.experiment.offered_load import offered_load
from sim.experiment.replication import Replication, Trial
from sim.experiment.run_many import Runner, RunsFailed
from sim.experiment.statistics import mean_interval
from sim.experiment.study import known_subjects, least_known
from sim.experiment.variation import Range, Variation, parse_variation, spell
from sim.experiment.whole import fitted, is_whole
from sim.metrics import OPERATORS, Objective, parse_objective
from sim.scenario import Scenario, override
from sim.scenario.paths import parse_path

SEEDS: Final = (5, 10, 20)
"""How many seeds a value gets: the first number, and the next one for as long as it is unsure."""

_DOUBLINGS: Final = 12


class NoAnswer(ValueError):
    """A search has nothing to find: no value that was tried meets the objectives, or all do."""


@dataclass
class _Search:
    scenario: Scenario
    path: str
    span: Range
    objectives: tuple[Objective, ...]
    runner: Runner
    seeds: tuple[int, ...]
    origin: str
    calls: Mapping[str, list[str]]
    points: dict[float, Point] = field(default_factory=dict)

    def at(self, number: float) -> Point:
        """What a value does; more seeds for as long as it is unsure."""
        number = self.span.rounded(number)
        if number not in self.points:
            value = self.span.spell(number)
            variant = override(self.scenario, {self.path: value}, self.origin)
            runs: list[Replication] = []
            for count in self.seeds:
                trials = [
                    Trial(variant, self.scenario.document.seed + seed)
                    for seed in range(len(runs), max(count, len(runs)))
                ]
                runs += self.runner.run(trials)
                point = self._judge(number, value, runs)
                if point.verdict != "unsure":
                    break
            self.points[number] = point
        return self.points[number]

    def _judge(self, number: float, value: object, runs: list[Replication]) -> Point:
        failed = [f"{self.path}={spell(value)}, seed {run.seed}: {run.error}" for run in runs if run.error is not None]
        summaries = [run.summary for run in runs if run.error is None]
        if len(summaries) < 2:
            raise RunsFailed(failed)
        readings = tuple(_read(objective, summaries) for objective in self.objectives)
        bottleneck = find_bottleneck([run for run in runs if run.error is None], self.calls)
        return Point(number, value, readings, len(runs), bottleneck, tuple(failed))


def _read(objective: Objective, summaries: list[dict[str, Any]]) -> Reading:
    actual = [objective.evaluate(summary)[0] for summary in summaries]
    figures = [figure for figure in actual if figure is not None]
    if len(figures) < len(actual):
        without = (summary for summary, figure in zip(summaries, actual, strict=True) if figure is None)
        return Reading(objective, None, "missed", least_known(map(objective.missing, without)))
    interval = mean_interval(figures)
    holds = OPERATORS[objective.operator]
    ends = [holds(interval.lo, objective.target), holds(interval.hi, objective.target)]
    return Reading(objective, interval, "met" if all(ends) else "unsure" if any(ends) else "missed")


def capacity(
    scenario: Scenario,
    variation: Variation | str,
    runner: Runner,
    objectives: tuple[str, ...] = (),
    precision: float = 0.02,
    seeds: tuple[int, ...] = SEEDS,
    origin: str = "--vary",
    watch: Callable[[Point], None] = lambda point: None,
) -> Capacity:
    """Searches for the capacity.

    Args:
        scenario: What is varied.
        variation: The place, with both ends of the search (`PATH=LOW..HIGH`) or without: then it starts from the value
            that the scenario has.
        runner: Where and how runs are made.
        objectives: What has to be met; the scenario's own if there are none.
        precision: How close to come, as a share of the value; whole numbers are found exactly.
        seeds: How many seeds a value gets, and how many next for as long as it is unsure.
        origin: What error messages call the place where values come from.
        watch: Told of each value that was tried.

    Raises:
        ValueError: There is no objective, the objective or the variation cannot be used, or there is nothing to find.
        ScenarioError: A value is wrong.
        RunsFailed: Too many runs of a value failed.
        KeyboardInterrupt: It was stopped; finished runs are in the runner's store.
    """
    variation = fitted(parse_variation(variation) if isinstance(variation, str) else variation, scenario)
    if variation.path == "seed":
        raise ValueError("seed cannot be varied: a search runs every value with the same seeds")
    if variation.values:
        raise ValueError(f"{variation.path}: a search tries values by itself; give it both ends, LOW..HIGH, or none")
    texts = objectives or tuple(scenario.document.objectives)
    if not texts:
        raise ValueError("there is no objective to meet; give one, such as 'p99 < 300ms'")
    known = known_subjects(scenario)
    judged = tuple(parse_objective(text, known) for text in texts)
    for objective in judged:
        if objective.operator in ("==", "!="):
            raise ValueError(f"'{objective.text}': a search needs < <= > or >=")
    span, start = _start(scenario, variation)
    search = _Search(scenario, variation.path, span, judged, runner, seeds, origin, _calls(scenario))

    def attempt(number: float) -> Point:
        seen = len(search.points)
        point = search.at(number)
        if len(search.points) > seen:
            watch(point)
        return point

    good, bad = _ends(attempt, span.low, span.high) if start is None else _bracket(attempt, start, span)
    if bad.verdict == "missed":
        _narrow(attempt, good.number, bad.number, span, precision)
    points = tuple(sorted(search.points.values(), key=lambda point: point.number))
    largest = (good.number < bad.number) == (bad.verdict == "missed")
    return Capacity(scenario, variation.path, judged, largest, points, span, precision)


def _calls(scenario: Scenario) -> dict[str, list[str]]:
    calls: dict[str, list[str]] = {}
    for edge in offered_load(scenario).edges:
        calls.setdefault(edge.caller, []).append(edge.callee)
    return calls


def _start(scenario: Scenario, variation: Variation) -> tuple[Range, float | None]:
    """How the parameter is spelled, and where to start; None where both ends are given."""
    if variation.range is not None:
        return variation.range, None
    value: Any = scenario.data
    for segment in parse_path(variation.path):
        try:
            value = value[segment]
        except (KeyError, IndexError, TypeError):
            raise ValueError(
                f"{variation.path} is not written in the scenario, so there is no value to start from; "
                f"give both ends: --vary {variation.path}=LOW..HIGH"
            ) from None
    text = spell(value)
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/%")
    try:
        number = float(digits)
    except ValueError:
        raise ValueError(f"{variation.path} is {text}, and a search needs a number") from None
    if number <= 0.0:
        raise ValueError(f"{variation.path} is {text}; give both ends: --vary {variation.path}=LOW..HIGH")
    unit = text[len(digits) :]
    whole = not unit and number.is_integer() and is_whole(scenario, variation.path, number)
    return Range(number, number, unit, whole=whole), number


def _ends(attempt: Callable[[float], Point], low: float, high: float) -> tuple[Point, Point]:
    """Both ends of the range: one that meets the objectives, and one that misses them, or meets them more easily."""
    first, second = attempt(low), attempt(high)
    if {first.verdict, second.verdict} == {"met", "missed"}:
        return (first, second) if first.verdict == "met" else (second, first)
    return _one_sided(first, second)


def _bracket(attempt: Callable[[float], Point], start: float, span: Range) -> tuple[Point, Point]:
    """Doubles and halves in turn until one value is sure to meet the objectives and one is sure to miss them.

    Where none misses them it is a value that meets them and one that meets them more easily, as for `_ends`.
    """
    smallest = 1.0 if span.whole else 0.0
    up = down = start
    tried = [attempt(start)]
    for _ in range(_DOUBLINGS):
        numbers = [up * 2.0, *([max(down / 2.0, smallest)] if down > smallest else [])]
        up, down = up * 2.0, max(down / 2.0, smallest)
        for number in numbers:
            tried.append(attempt(number))
            met = [point for point in tried if point.verdict == "met"]
            missed = [point for point in tried if point.verdict == "missed"]
            if met and missed:
                good, bad = min(
                    ((one, other) for one in met for other in missed),
                    key=lambda pair: abs(pair[0].number - pair[1].number),
                )
                return good, bad
        least, most = attempt(down), attempt(up)
        if down == smallest and least.verdict == most.verdict == "met" and harder(least, most) is least:
            return least, most
    return _one_sided(attempt(down), attempt(up))


def _one_sided(least: Point, most: Point) -> tuple[Point, Point]:
    """The value that strains the system more, and the other; raises unless both meet the objectives.

    Args:
        least: The least that was tried.
        most: The most that was tried.
    """
    verdicts, worse = {least.verdict, most.verdict}, harder(least, most)
    tried = f"from {spell(least.value)} to {spell(most.value)}"
    if "unsure" in verdicts:
        words = {"met": "met", "missed": "missed", "unsure": "neither met nor missed for sure"}
        raise NoAnswer(
            f"the objectives are {words[least.verdict]} at {spell(least.value)} and {words[most.verdict]} at "
            f"{spell(most.value)}; widen the range or add seeds"
        )
    if verdicts == {"met"}:
        if worse is None:
            raise NoAnswer(f"the objectives are met {tried}, and no value strains the system more than another")
        return worse, most if worse is least else least
    nearest = most if worse is least else least
    failing = [reading for reading in nearest.readings if reading.verdict != "met"]
    figures = " and ".join(
        f"'{each.objective.text}' is missed with "
        + each.objective.format_actual(None if each.interval is None else each.interval.mean)
        for each in failing
    )
    raise NoAnswer(f"no value {tried} meets the objectives; at {spell(nearest.value)}, which comes nearest, {figures}")


def _narrow(attempt: Callable[[float], Point], good: float, bad: float, span: Range, precision: float) -> None:
    """Halves what lies between a value that meets and one that misses; splits in two where a middle is unsure."""

    def close(one: float, other: float) -> bool:
        if span.whole:
            return abs(one - other) <= 1.0
        return isclose(one, other, rel_tol=precision)

    while not close(good, bad):
        middle = round((good + bad) / 2.0) if span.whole else (good + bad) / 2.0
        verdict = attempt(middle).verdict
        if verdict == "met":
            good = middle
        elif verdict == "missed":
            bad = middle
        else:
            _edge(attempt, good, middle, close, span, "met")
            _edge(attempt, bad, middle, close, span, "missed")
            return


def _edge(
    attempt: Callable[[float], Point],
    sure: float,
    unsure: float,
    close: Callable[[float, float], bool],
    span: Range,
    word: Verdict,
) -> None:
    """Moves the outermost sure value towards an unsure one."""
    while not close(sure, unsure):
        middle = round((sure + unsure) / 2.0) if span.whole else (sure + unsure) / 2.0
        if attempt(middle).verdict == word:
            sure = middle
        else:
            unsure = middle
