"""The acceptance protocol: when figures from independent runs agree with theory, and when there are too few to tell.

A figure is measured once in each of `SEEDS` runs. Their mean agrees with what is expected if it is within the
tolerance of it, or within the half-width of its own 95% confidence interval (Student's t); and that half-width must not
exceed twice the tolerance, or else anything would agree. Of many right figures one in twenty lies outside its interval,
so what does not agree is measured again in four times as many fresh runs before it is called wrong. Tolerances are
never widened.

Much of what makes short runs differ is chance that can be seen: more work arrived than usual. Where the mean of such a
surplus is known to be zero, a figure is read off by regression at zero (a control variate; S. S. Lavenberg, P. D.
Welch, Management Science 27(3), 1981). The surplus must then itself agree with zero.
"""

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.experiment import run
from sim.metrics import Result, summarize
from sim.request import Outcome
from sim.scenario import Scenario, load
from tests.theory.references import APPROXIMATE, REFERENCES

SEEDS = 10
MORE = 4
"""How many times as many runs decide about a figure that did not agree."""
ROUNDING = 2e-4
"""How closely a formula must give its reference value, which is rounded."""


@dataclass(frozen=True)
class Estimate:
    """A mean over independent runs, and the half-width of its 95% confidence interval."""

    mean: float
    half_width: float

    @classmethod
    def of(cls, samples: Sequence[float], controls: Sequence[float] | None = None) -> "Estimate":
        """From one sample a run.

        Args:
            samples: The figure; equal samples, as of a deterministic case, have no interval.
            controls: Something else in the same run, whose mean is zero.
        """
        y = np.asarray(samples, dtype=float)
        if len(y) < 2:
            return cls(float(y.mean()), 0.0)
        x = np.zeros(len(y)) if controls is None else np.asarray(controls, dtype=float)
        spread = float(((x - x.mean()) ** 2).sum())
        slope = float((x - x.mean()) @ y) / spread if spread else 0.0
        freedom = len(y) - (2 if spread else 1)
        residuals = y - y.mean() - slope * (x - x.mean())
        variance = float(residuals @ residuals) / freedom
        leverage = 1.0 / len(y) + (float(x.mean()) ** 2 / spread if spread else 0.0)
        half_width = float(stats.t.ppf(0.975, freedom)) * (variance * leverage) ** 0.5
        return cls(float(y.mean() - slope * x.mean()), half_width)

    def disagreement(self, expected: float, tolerance: float) -> str | None:
        """In words why it does not agree with what is expected, within a relative tolerance; None if it does."""
        band = tolerance * abs(expected)
        text = f"expected {expected:.6g} within {tolerance:.2%}, found {self.mean:.6g} ± {self.half_width:.2g}"
        if self.half_width > 2.0 * band:
            return f"{text}: too few requests to tell"
        if not abs(self.mean - expected) <= max(band, self.half_width):
            return f"{text}, {self.mean / expected - 1.0:+.2%}" if expected else text
        return None


def accept(samples: Sequence[float], expected: float, tolerance: float) -> Estimate:
    """Fails unless the samples, one of each independent run, agree with what is expected.

    Args:
        samples: What was measured.
        expected: What theory says.
        tolerance: Relative.
    """
    estimate = Estimate.of(samples)
    wrong = estimate.disagreement(expected, tolerance)
    assert wrong is None, wrong
    return estimate


class Run:
    """One run and what is often read from it; latencies in milliseconds.

    Args:
        result: The run.
        tail: How long before its end a request may still be in flight, s.
    """

    def __init__(self, result: Result, tail: float = 0.5) -> None:
        self.tail = tail
        self.result = replace(result, requests=result.requests.copy())  # without the room for more

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Its summary."""
        return summarize(self.result)

    @cached_property
    def rows(self) -> NDArray[Any]:
        """The requests that arrived after warm-up, but not at the very end: those may still be in flight.

        They stand in the order of their arrival.
        """
        rows: NDArray[Any] = self.result.requests
        first, last = np.searchsorted(rows["arrived"], (self.result.warmup, self.result.warmup + self.seconds))
        return rows[first:last]

    @property
    def seconds(self) -> float:
        """How long those requests took to arrive: all measured time but the last twentieth, or the tail."""
        measured = self.result.duration - self.result.warmup
        return measured - max(0.05 * measured, self.tail)

    def latency(self, quantile: float | None = None) -> float:
        """Mean or quantile of the latency of successes."""
        latency = self.rows["latency"][self.rows["outcome"] <= Outcome.DEGRADED]
        return 1e3 * float(latency.mean() if quantile is None else np.quantile(latency, quantile))

    @property
    def mean_wait(self) -> float:
        """Mean time in queues."""
        return 1e3 * float(self.rows["queue"].mean())

    def share(self, outcome: Outcome) -> float:
        """Share of the requests that ended with an outcome."""
        return float((self.rows["outcome"] == outcome).mean())

    def longer_than(self, seconds: float) -> float:
        """Share of the requests that took longer."""
        return float((self.rows["latency"] > seconds).mean())

    @property
    def waited(self) -> float:
        """Share of the requests that found no free worker."""
        return float((self.rows["queue"] > 0.0).mean())

    @property
    def amplification(self) -> float:
        """Attempts per request."""
        return float(self.rows["attempts"].mean())

    @property
    def success(self) -> float:
        """Share of the requests that succeeded."""
        return float(self.summary["rates"]["success_ratio"])

    @property
    def arrived_work(self) -> float:
        """Server seconds that requests have needed, per second; those who were turned away would need the mean."""
        service = self.rows["service"]
        return float(service[service > 0.0].mean() * len(service) / self.seconds)

    def component(self, name: str, counter: str) -> float:
        """A counter of a component."""
        return float(self.result.components[name][counter])


def scenario(text: str) -> Scenario:
    """A scenario from its text."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "theory.yaml"
        file.write_text(f"scenario: theory\n{text}", encoding="utf-8")
        return load(file)


class Trials:
    """Independent trials of one thing, made when they are needed and kept.

    Args:
        trial: Makes the one with a seed.
        seeds: How many there are at first.
        surplus: Something in a trial whose mean is zero, as a control variate.
    """

    def __init__(
        self, trial: Callable[[int], Any], seeds: int = SEEDS, surplus: Callable[[Any], float] | None = None
    ) -> None:
        self.trial = trial
        self.seeds = seeds
        self.surplus = surplus

    @cached_property
    def runs(self) -> list[Any]:
        """The first trials."""
        return self._make(range(1, self.seeds + 1))

    @cached_property
    def more(self) -> list[Any]:
        """Fresh trials, four times as many."""
        return self._make(range(self.seeds + 1, (1 + MORE) * self.seeds + 1))

    def _make(self, seeds: Iterable[int]) -> list[Any]:
        trials = [self.trial(seed) for seed in seeds]
        gc.collect()  # the worlds that they ran in
        return trials

    def estimate(self, runs: Sequence[Any], figure: Callable[[Any], float]) -> Estimate:
        """A figure, from some runs."""
        samples = [figure(each) for each in runs]
        if self.surplus is None:
            return Estimate.of(samples)
        surplus = [self.surplus(each) for each in runs]
        chance = Estimate.of(surplus)
        assert abs(chance.mean) <= 2.0 * chance.half_width, f"the surplus is not zero, but {chance}"
        return Estimate.of(samples, surplus)


class Study(Trials):
    """Independent runs of one scenario.

    Args:
        text: The scenario in YAML, without its title.
        seeds: How many runs there are at first.
        surplus: Something in a run whose mean is zero, as a control variate.
        tail: How long before the end of a run a request may still be in flight, s.
    """

    def __init__(
        self, text: str, seeds: int = SEEDS, surplus: Callable[[Run], float] | None = None, tail: float = 0.5
    ) -> None:
        self.scenario = scenario(text)
        super().__init__(lambda seed: Run(run(self.scenario, seed), tail), seeds, surplus)


def surplus_work(expected: float) -> Callable[[Run], float]:
    """How many server seconds more than expected the requests of a run have needed, per second."""
    return lambda run: run.arrived_work - expected


class Theory:
    """Judges figures of a test, and notes them for the table in the documentation.

    Args:
        note: Told of every judgement.
    """

    def __init__(self, note: Callable[[dict[str, Any]], None]) -> None:
        self._note = note

    def agrees(
        self,
        case: str,
        figure: str,
        study: Trials,
        measure: Callable[[Any], float],
        expected: float | None = None,
        given: str = "",
    ) -> None:
        """Fails unless the simulator agrees with theory.

        Args:
            case: The case's name in `REFERENCES`, where its tolerance and an independent computation stand.
            figure: Which of its figures.
            study: The runs.
            measure: Reads the figure off one of them.
            expected: What the formula says, to be confirmed by the reference; by default the reference itself.
            given: The parameters in words, for the table.
        """
        tolerance, figures = REFERENCES[case]
        reference = figures[figure]
        if expected is None:
            expected = reference
        precision = tolerance if (case, figure) in APPROXIMATE else ROUNDING
        assert abs(expected - reference) <= precision * reference, f"{case} {figure}: {expected} is not {reference}"
        runs = study.runs
        estimate = study.estimate(runs, measure)
        if estimate.disagreement(expected, tolerance) is not None:
            runs = study.more
            estimate = study.estimate(runs, measure)
        self._note(
            {
                "case": case,
                "figure": figure,
                "given": given,
                "expected": float(expected),
                "mean": estimate.mean,
                "half_width": estimate.half_width,
                "tolerance": tolerance,
                "runs": len(runs),
            }
        )
        wrong = estimate.disagreement(expected, tolerance)
        assert wrong is None, f"{case} {figure}: {wrong}"


def surely_positive(differences: Sequence[float]) -> bool:
    """Whether differences, one of each pair of runs, have a mean above zero: the whole 95% interval is."""
    estimate = Estimate.of(differences)
    return estimate.mean - estimate.half_width > 0.0
