"""The capacity of a scenario: the largest load, or the fewest instances, with which it still meets its objectives.

It is what a search leaves behind: all values that were tried, what each showed, and so where the answer lies.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.statistics import Interval
from sim.experiment.study import as_json
from sim.experiment.variation import Range, spell
from sim.metrics import Objective
from sim.scenario import Scenario

Verdict = Literal["met", "missed", "unsure"]


@dataclass(frozen=True)
class Reading:
    """What an objective's figure was at one value.

    Attributes:
        objective: The objective.
        interval: Mean of its figure over seeds; None if some run had no such figure.
        verdict: Whether it is met.
        missing: What to call the figure where there is no interval: `no data`, `never`, `too little data`.
    """

    objective: Objective
    interval: Interval | None
    verdict: Verdict
    missing: str = ""


@dataclass(frozen=True)
class Point:
    """What was found at one value.

    Attributes:
        number: The value, in the unit of the search.
        value: The value as the scenario spells it.
        readings: Of each objective.
        runs: How many runs it took.
        bottleneck: What it had least left of; None if nothing has workers that could run out.
        failures: One line for each run that failed: its parameter, its seed, and why.
    """

    number: float
    value: object
    readings: tuple[Reading, ...]
    runs: int
    bottleneck: Bottleneck | None
    failures: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Missed if any objective is, met if all are."""
        verdicts = {reading.verdict for reading in self.readings}
        return "missed" if "missed" in verdicts else "unsure" if "unsure" in verdicts else "met"


@dataclass(frozen=True)
class Capacity:
    """The answer of a search.

    Attributes:
        scenario: The scenario before anything was varied.
        path: What was varied.
        objectives: What had to be met.
        largest: Whether the answer is the largest value that meets them; otherwise the smallest.
        points: All that was tried, by rising value.
        span: How numbers of this parameter are spelled.
        precision: How close the search was to come, as a share of the value.
    """

    scenario: Scenario
    path: str
    objectives: tuple[Objective, ...]
    largest: bool
    points: tuple[Point, ...]
    span: Range
    precision: float

    @property
    def met(self) -> Point | None:
        """The outermost value that was sure to meet the objectives."""
        met = [point for point in self.points if point.verdict == "met"]
        return (max if self.largest else min)(met, key=lambda point: point.number, default=None)

    @property
    def missed(self) -> Point | None:
        """The nearest value beyond it that was sure to miss them."""
        missed = [point for point in self.points if point.verdict == "missed"]
        return (min if self.largest else max)(missed, key=lambda point: point.number, default=None)

    @property
    def number(self) -> float | None:
        """The answer, in the unit of the search.

        Whole numbers: the outermost one that was sure to meet. Others: where the figure of the objective that is missed
        first crosses its target, on a straight line between the tried values on both sides; None if nothing met.
        """
        met, missed = self.met, self.missed
        if met is None or missed is None or self.span.whole:
            return None if met is None else met.number
        between = sorted(
            (point for point in self.points if _between(point.number, met.number, missed.number)),
            key=lambda point: abs(point.number - met.number),
        )
        crossings = []
        for number in range(len(self.objectives)):
            previous = None
            for point in between:
                gap = _gap(point.readings[number])
                if gap is None:
                    previous = None
                    continue
                if previous is not None and previous[1] <= 0.0 <= gap and previous[1] < gap:
                    share = -previous[1] / (gap - previous[1])
                    crossings.append(previous[0] + share * (point.number - previous[0]))
                    break
                previous = point.number, gap
        nearest = min(crossings, key=lambda crossing: abs(crossing - met.number), default=None)
        return (met.number + missed.number) / 2.0 if nearest is None else nearest

    @property
    def bottleneck(self) -> Bottleneck | None:
        """What gave out where the objectives were first missed; None if they never were."""
        return None if self.missed is None else self.missed.bottleneck

    @property
    def failures(self) -> list[str]:
        """One line for each run that failed: its parameter, its seed, and why."""
        return [failure for point in self.points for failure in point.failures]

    def spelled(self, number: float | None) -> str | None:
        """A number of this search as the scenario spells it; None for None."""
        return None if number is None else spell(self.span.spell(number))

    def to_json(self) -> dict[str, Any]:
        """The content of `capacity.json`: numbers of the parameter are in `unit`, figures in s, ratios 0..1.

        `value` is the answer; it lies between `lo` and `hi`, of which one is the outermost number that was sure to meet
        the objectives, and the other the nearest that was sure to miss them. Where everything up to the end of the
        search meets them, that other one is None, `value` is that end, and there is no `bottleneck`.
        """
        ends = [None if point is None else point.number for point in (self.met, self.missed)]
        low, high = ends if self.largest else reversed(ends)
        return {
            "scenario": self.scenario.name,
            "parameter": self.path,
            "answer": "largest" if self.largest else "smallest",
            "value": self.number,
            "lo": low,
            "hi": high,
            "unit": self.span.unit,
            "objective": [objective.text for objective in self.objectives],
            "bottleneck": self.bottleneck and self.bottleneck.to_json(),
            "runs": sum(point.runs for point in self.points),
            "failed": self.failures,
            "points": [
                {
                    "value": point.number,
                    "verdict": point.verdict,
                    "runs": point.runs,
                    "objectives": [
                        {
                            "objective": reading.objective.text,
                            **as_json(reading.interval),
                            "verdict": reading.verdict,
                            **({"missing": reading.missing} if reading.missing else {}),
                        }
                        for reading in point.readings
                    ],
                    "bottleneck": point.bottleneck and point.bottleneck.to_json(),
                }
                for point in self.points
            ],
        }


def _between(number: float, one: float, other: float) -> bool:
    return min(one, other) <= number <= max(one, other)


def _gap(reading: Reading) -> float | None:
    """How far a figure is beyond its target, in the direction of missing it."""
    if reading.interval is None:
        return None
    beyond = reading.interval.mean - reading.objective.target
    return -beyond if reading.objective.operator in (">", ">=") else beyond
