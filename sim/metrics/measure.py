"""A measure is one figure of a run, named as objectives name it: `p99`, `browser p99`, `crash failover`.

Experiments compare runs by measures, so each knows which way is better. Without a subject it is about everything, as an
objective is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sim.metrics.objectives import METRICS, Kind, Objective, check_subject
from sim.values import did_you_mean

_HIGHER_IS_BETTER: Final = frozenset({"availability", "success_ratio", "goodput", "throughput", "hit_ratio"})


@dataclass(frozen=True)
class Measure:
    """One figure of a run.

    Attributes:
        text: As a user writes it.
        subject: Whose figure; None for everything.
        metric: Which figure, a key of `METRICS`.
    """

    text: str
    subject: str | None
    metric: str

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger figure is the better one."""
        return self.metric in _HIGHER_IS_BETTER

    def read(self, summary: Mapping[str, Any]) -> float | None:
        """Finds the figure in a run's summary; None if there is no data or it never came about."""
        return self._objective.evaluate(summary)[0]

    def missing(self, summary: Mapping[str, Any]) -> str:
        """What to call a figure that `read` did not find: `no data`, `never`, `too little data`."""
        return self._objective.missing(summary)

    @property
    def _objective(self) -> Objective:
        return Objective(self.text, self.subject, self.metric, ">" if self.higher_is_better else "<", 0.0)

    def format(self, value: float | None) -> str:
        """Spells a figure for people: `12.5ms`, `99.1%`."""
        metric = METRICS[self.metric]
        return metric.missing if value is None else metric.unit.format(value)


@dataclass(frozen=True)
class OwnMeasure(Measure):
    """A figure that somebody works out of each run: a plain number, of which less is better."""

    def read(self, summary: Mapping[str, Any]) -> float | None:
        """Finds the figure among the run's `measures`; None if there is none."""
        value: float | None = summary.get("measures", {}).get(self.text)
        return value

    def missing(self, summary: Mapping[str, Any]) -> str:
        """What to call a figure that is not there."""
        return self.format(None)

    def format(self, value: float | None) -> str:
        """Spells a figure for people: `12.35`."""
        return "no data" if value is None else f"{value:.4g}"


def own_measure(name: str) -> OwnMeasure:
    """A measure that somebody works out of each run.

    Args:
        name: What it is called.

    Raises:
        ValueError: Something else is called so already.
    """
    if name.rpartition(" ")[2] in METRICS or not name.strip():
        raise ValueError(f"'{name}' cannot be the name of a measure of your own; choose one that no other measure has")
    return OwnMeasure(name, None, name)


def parse_measure(text: str, subjects: Mapping[str, Kind] | None = None) -> Measure:
    """Reads a measure.

    Args:
        text: `[SUBJECT] METRIC`.
        subjects: The names that the scenario knows, and what each is; None accepts any subject.

    Raises:
        ValueError: There is no such figure; the message offers the nearest word.
    """
    words = text.strip().rsplit(maxsplit=1)
    if not words:
        raise ValueError("a measure is written like p99 or browser p99")
    name, subject = words[-1], words[0] if len(words) == 2 else None
    if name not in METRICS:
        raise ValueError(f"'{name}' is not a metric{did_you_mean(name, METRICS)}")
    if subjects is not None:
        check_subject(name, METRICS[name], subject, subjects)
    return Measure(text.strip(), subject, name)


def whole_measures(kinds: Iterable[Kind]) -> list[Measure]:
    """The measures that need no subject in a scenario with such things in it.

    Args:
        kinds: Of what the scenario has: `component`, `event`, ….
    """
    there = set(kinds)
    return [Measure(name, None, name) for name, metric in METRICS.items() if metric.whole or there & set(metric.kinds)]
