"""The tipping point of a system is the size of a trigger beyond which it does not recover by itself any more.

The trigger is made longer or stronger, and shorter or weaker, until runs with several seeds agree on both sides: below
all recover, above none does (N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021, call what is
below the vulnerable state). Between the two chance decides. A longer trigger makes the run longer by as much, so that
there is never less time to recover in, and a run that ends while the system is recovering is made twice as long.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

from sim.experiment.metastability import Verdict, judge, sheds_load
from sim.experiment.run import Progress, run
from sim.faults import EventConfig
from sim.metrics import components_timeline, summarize, timeline
from sim.scenario import Scenario
from sim.values import DURATION

By = Literal["for", "factor"]
RunMany = Callable[[Sequence[tuple[Mapping[str, object], int]]], list[Verdict]]
"""Runs the scenario once for each pair of overrides and seed, and returns the verdicts in the same order."""

PRECISION: Final = 1.2
"""The search ends when neighbouring sizes differ by less than this factor."""

_FARTHEST: Final = 32.0
_LONGER_RUNS: Final = 5


class NoTrigger(ValueError):
    """The scenario has no event that can be made larger, or not the one that was asked for."""


class NoVerdict(ValueError):
    """Of a run it cannot be said whether the system recovered; the message says why."""


@dataclass(frozen=True)
class Trigger:
    """An event whose size is varied.

    Attributes:
        number: Its position in `events`.
        event: What the scenario says of it.
        by: What is varied: its duration (`for`) or its strength (`factor`).
        key: The same as the event spells it: a crash that ends by `restart_after` lasts that long.
        size: In the scenario: seconds, or the factor.
        duration: Of the scenario, s.
    """

    number: int
    event: EventConfig
    by: By
    key: str
    size: float
    duration: float

    @property
    def name(self) -> str:
        """What it is and what it hits: `spike of app`."""
        return f"{self.event.verb} of {', '.join(str(target) for target in self.event.targets)}"

    def overrides(self, size: float) -> dict[str, object]:
        """What to change in the scenario to give the trigger another size."""
        path = f"events[{self.number}].{self.key}"
        if self.by == "factor":
            return {path: size}
        changed: dict[str, object] = {path: DURATION.spell(size)}
        if size > self.size:
            changed["duration"] = DURATION.spell(self.duration + size - self.size)
        return changed

    def scaled(self, by: float) -> float:
        """The size of a trigger so many times as large; of a factor what counts is what it adds to 1."""
        if by == 1.0:
            return self.size
        return _rounded(self.size * by if self.by == "for" else 1.0 + (self.size - 1.0) * by)

    def between(self, low: float, high: float) -> float:
        """A size in the middle of two, on a scale of ratios."""
        return _rounded(sqrt(low * high) if self.by == "for" else 1.0 + sqrt((low - 1.0) * (high - 1.0)))

    def ratio(self, low: float, high: float) -> float:
        """How many times as large one size is as another."""
        return high / low if self.by == "for" else (high - 1.0) / (low - 1.0)


@dataclass(frozen=True)
class Trial:
    """The runs with one size of the trigger.

    Attributes:
        size: Seconds, or the factor.
        recovered: How many runs recovered.
        runs: How many there were.
    """

    size: float
    recovered: int
    runs: int


@dataclass(frozen=True)
class Tipping:
    """What a search found.

    Attributes:
        trigger: What was varied.
        trials: All sizes tried, the smallest first.
    """

    trigger: Trigger
    trials: list[Trial]

    @property
    def recovers(self) -> Trial | None:
        """The largest size up to which all runs recovered; None if even the smallest tips some."""
        below = _leading(self.trials, lambda trial: trial.recovered == trial.runs)
        return below[-1] if below else None

    @property
    def never(self) -> Trial | None:
        """The smallest size from which on no run recovered; None if even the largest does not tip all."""
        above = _leading(self.trials[::-1], lambda trial: trial.recovered == 0)
        return above[-1] if above else None

    @property
    def between(self) -> list[Trial]:
        """The sizes at which chance decides."""
        low, high = self.recovers, self.never
        return [
            trial
            for trial in self.trials
            if (low is None or trial.size > low.size) and (high is None or trial.size < high.size)
        ]


def find_trigger(scenario: Scenario, number: int | None = None, by: By | None = None) -> Trigger:
    """Chooses what to vary.

    Args:
        scenario: Whose event.
        number: Which of its events; by default the last one that has a duration or a factor.
        by: What to vary; by default the duration where there is one.

    Raises:
        NoTrigger: There is no such event, or it has no such size; the message says what there is.
    """
    events = scenario.document.events
    if number is not None and number >= len(events):
        there = f"events[0] to events[{len(events) - 1}]" if events else "none"
        raise NoTrigger(f"there is no events[{number}]; the scenario has {there}")
    chosen = range(len(events) - 1, -1, -1) if number is None else [number]
    for candidate in chosen:
        event = events[candidate]
        sizes = {} if sheds_load(event) else _sizes(event)
        for word in ("for", "factor") if by is None else (by,):
            if word in sizes:
                key, size = sizes[word]
                return Trigger(candidate, event, word, key, size, scenario.duration)
    what = "'for' or 'factor' above 1" if by is None else f"'{by}'{' above 1' if by == 'factor' else ''}"
    if number is not None:
        raise NoTrigger(f"events[{number}] ({events[number].verb}) has no {what} that can be varied")
    raise NoTrigger(f"the scenario has no event with {what}: there is no trigger to vary")


def find_tipping(trigger: Trigger, seeds: Sequence[int], run_many: RunMany) -> Tipping:
    """Searches for the size of a trigger that tips a system from recovering to never recovering.

    It doubles or halves the size until all runs recover on one side and none on the other (32 times at the most), then
    halves the widest gap between two sizes that do not agree, on a scale of ratios.

    Args:
        trigger: What to vary.
        seeds: Of the runs at each size.
        run_many: Runs them.

    Raises:
        NoVerdict: `run_many` raised it.
    """
    trials: dict[float, Trial] = {}

    def tried(size: float) -> Trial:
        if size not in trials:
            verdicts = run_many([(trigger.overrides(size), seed) for seed in seeds])
            recovered = sum(verdict is not Verdict.NEVER for verdict in verdicts)
            trials[size] = Trial(size, recovered, len(verdicts))
        return trials[size]

    for direction, is_enough in ((2.0, _none_recovered), (0.5, _all_recovered)):
        scale = 1.0
        while not is_enough(tried(trigger.scaled(scale))) and 1.0 / _FARTHEST < scale < _FARTHEST:
            scale *= direction
    while (size := _next(trigger, list(trials.values()))) is not None:
        tried(size)
    return Tipping(trigger, sorted(trials.values(), key=lambda trial: trial.size))


def verdict_of(
    scenario: Scenario, overrides: Mapping[str, object], seed: int, progress: Progress | None = None
) -> Verdict:
    """Runs a scenario and judges it; a run that ends while it was recovering is made again, twice as long.

    Args:
        scenario: What to run.
        overrides: What to change in it.
        seed: Of the run.
        progress: Told how far it is.

    Raises:
        NoVerdict: It cannot be said whether the system recovered.
        ScenarioError: With these overrides it is wrong.
        KeyboardInterrupt: The run was interrupted.
    """
    changed, reason = scenario.with_(overrides), ""
    for _ in range(_LONGER_RUNS):
        result = run(changed, seed, progress)
        if result.interrupted:
            raise KeyboardInterrupt
        aftermath = judge(summarize(result), timeline(result), components_timeline(result), changed)
        if aftermath is None:
            raise NoVerdict("there is no event to recover from")
        if aftermath.verdict is not None:
            return aftermath.verdict
        reason = aftermath.reason
        if not aftermath.on_its_way:
            break
        changed = changed.with_({"duration": DURATION.spell(2.0 * changed.duration)})
    raise NoVerdict(reason)


def _next(trigger: Trigger, trials: list[Trial]) -> float | None:
    """The size in the middle of the widest gap that is worth a look; None if there is none."""
    found = Tipping(trigger, sorted(trials, key=lambda trial: trial.size))
    low, high = found.recovers, found.never
    if low is None or high is None:
        return None
    inside = [low, *found.between, high]
    gaps = [(inside[0], inside[1]), (inside[-2], inside[-1])]
    below, above = max(gaps, key=lambda gap: trigger.ratio(gap[0].size, gap[1].size))
    middle = trigger.between(below.size, above.size)
    is_new = below.size < middle < above.size
    return middle if is_new and trigger.ratio(below.size, above.size) > PRECISION else None


def _all_recovered(trial: Trial) -> bool:
    return trial.recovered == trial.runs


def _none_recovered(trial: Trial) -> bool:
    return trial.recovered == 0


def _leading(trials: Sequence[Trial], holds: Callable[[Trial], bool]) -> list[Trial]:
    """The trials before the first for which something does not hold."""
    first = next((number for number, trial in enumerate(trials) if not holds(trial)), len(trials))
    return list(trials[:first])


def _sizes(event: EventConfig) -> dict[str, tuple[str, float]]:
    """What can be varied of an event: under which key, and its size."""
    sizes = {}
    for key in ("for_", "restart_after"):
        lasts = getattr(event, key, None)
        if lasts is not None:
            sizes["for"] = key.rstrip("_"), float(lasts)
    factor = getattr(event, "factor", None)
    if factor is not None and factor > 1.0:
        sizes["factor"] = "factor", float(factor)
    return sizes


def _rounded(size: float) -> float:
    return float(f"{size:.2g}")
