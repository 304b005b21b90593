"""An objective is one line that a run must meet: `[SUBJECT] METRIC OP VALUE`, such as `browser p99 < 300ms`.

It is what the SRE literature calls a service level objective: an indicator, a comparison and a target (Google, "Site
Reliability Engineering", 2016, chapter 4). The subject is a client, a route, a component or a kind of event; without a
subject the objective is about everything:

- of traffic (all of it, a client's, a route's): latencies are of every request that ended, whatever its outcome, and
  shares of success count those that are overdue at the end as failed (`sim.metrics.overdue`);
- of components: the worst one, but counters are added up; so it is with the parts of one in several regions;
- of events: the worst one, but `lost`, `requests_lost` and `writes_lost` are added up; a recovery that never came, or
  of which there is too little data to say whether it did, misses every target.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sim.metrics.latency import PERCENTILES
from sim.values import (
    did_you_mean,
    format_count,
    format_duration,
    format_rate,
    format_share,
    parse_count,
    parse_duration,
    parse_rate,
    parse_share,
)

TOO_LITTLE: Final = "too little data"
"""What to call a failover or recovery that nobody can tell: too few requests, or too little time."""

Kind = Literal["client", "route", "component", "event"]

OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARTICLES: Final[dict[Kind, str]] = {
    "client": "a client",
    "route": "a route",
    "component": "a component",
    "event": "an event",
}
_SECTIONS: Final[dict[Kind, str]] = {"client": "clients", "route": "routes", "component": "components"}
_SHAPE: Final = re.compile(r"\s*(?P<left>.*?)\s*(?P<operator>[<>=!]+)\s*(?P<value>[^<>=!]+?)\s*")
_LIKE: Final = "an objective is written like p99 < 300ms or browser availability >= 99.9%"


@dataclass(frozen=True)
class Unit:
    """What kind of number a metric is.

    Attributes:
        parse: Reads a target.
        format: Spells a value for people.
    """

    parse: Callable[[str], float]
    format: Callable[[float], str]


def _parse_number(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text) is None:
        raise ValueError(f"'{text}' is not a plain number; one is written like 2 or 1.5")
    return float(text)


_DURATION: Final = Unit(parse_duration, format_duration)
_SHARE: Final = Unit(parse_share, format_share)
_RATE: Final = Unit(parse_rate, format_rate)
_COUNT: Final = Unit(parse_count, format_count)
_NUMBER: Final = Unit(_parse_number, "{:.3g}".format)


Reader = Callable[[Mapping[str, Any]], float | None]


@dataclass(frozen=True)
class Metric:
    """Something that an objective can be about.

    Attributes:
        unit: What kind of number it is.
        read: Finds it in a block of the summary; None if there is no such figure.
        kinds: Whose blocks have it.
        whole: Whether the summary of the whole run has it too.
        added: Whether values are added up where there is no subject; the worst counts otherwise.
        missing: What to call a value that is None.
    """

    unit: Unit
    read: Reader
    kinds: tuple[Kind, ...]
    whole: bool = False
    added: bool = False
    missing: str = "no data"

    @property
    def owners(self) -> str:
        """Whose figure it is, as messages say it."""
        return " or ".join(_ARTICLES[kind] for kind in self.kinds) or "the whole run"


def _at(*path: str) -> Reader:
    """Reads what a block keeps under nested keys."""

    def read(block: Mapping[str, Any]) -> float | None:
        value: Any = block
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if value is None else float(value)

    return read


def _overdue(block: Mapping[str, Any]) -> int:
    return int(block.get("requests", {}).get("overdue", 0))


def _success_share(block: Mapping[str, Any]) -> float | None:
    """Successes among what ended or is overdue."""
    ratio, late = block["rates"]["success_ratio"], _overdue(block)
    if ratio is None or not late:
        return None if ratio is None else float(ratio)
    return float(block["requests"]["ok"] / (block["requests"]["completed"] + late))


def _drop_share(block: Mapping[str, Any]) -> float | None:
    if not _overdue(block):
        return _at("rates", "drop_ratio")(block)
    share = _success_share(block)
    return None if share is None else 1.0 - share


def _wasted_share(summary: Mapping[str, Any]) -> float | None:
    wasted, useful = summary["attempts"]["wasted_work_s"], summary["attempts"]["useful_work_s"]
    return float(wasted / (wasted + useful)) if wasted + useful > 0 else None


def _of_traffic(unit: Unit, *path: str, read: Reader | None = None) -> Metric:
    return Metric(unit, read or _at(*path), ("client", "route"), whole=True)


def _of_component(unit: Unit, *path: str, added: bool = False) -> Metric:
    return Metric(unit, _at(*path), ("component",), added=added)


def _of_event(name: str) -> Metric:
    return Metric(_DURATION, _at(name), ("event",), missing="never")


METRICS: Final[dict[str, Metric]] = {
    **{figure: _of_traffic(_DURATION, "latency_s", "all", figure) for figure in (*PERCENTILES, "mean", "max")},
    "availability": _of_traffic(_SHARE, read=_success_share),
    "success_ratio": _of_traffic(_SHARE, read=_success_share),
    "drop_ratio": _of_traffic(_SHARE, read=_drop_share),
    "goodput": _of_traffic(_RATE, "rates", "goodput_rps"),
    "throughput": _of_traffic(_RATE, "rates", "throughput_rps"),
    "in_flight": _of_traffic(_COUNT, "requests", "in_flight"),
    "attempts": Metric(_NUMBER, _at("attempts", "per_request"), ("client",), whole=True),
    "wasted_work": Metric(_SHARE, _wasted_share, (), whole=True),
    "utilization": _of_component(_SHARE, "utilization"),
    "queue_mean": _of_component(_NUMBER, "queue_mean"),
    "queue_max": _of_component(_COUNT, "queue_max"),
    "hit_ratio": _of_component(_SHARE, "hit_ratio"),
    "refused": _of_component(_COUNT, "refused", added=True),
    "duplicate_effects": _of_component(_COUNT, "duplicate_effects", added=True),
    "detection": _of_event("detection_s"),
    "failover": _of_event("failover_s"),
    "recovery": _of_event("recovery_s"),
    "moved_10": _of_event("moved_10_s"),
    "moved_50": _of_event("moved_50_s"),
    "moved_99": _of_event("moved_99_s"),
    "lost": Metric(_COUNT, _at("lost"), ("event",), added=True),
    "requests_lost": Metric(_COUNT, _at("requests_lost"), ("event",), added=True),
    "rto": _of_event("rto_s"),
    "rpo": _of_event("rpo_s"),
    "writes_lost": Metric(_COUNT, _at("writes_lost"), ("event",), added=True),
    "stale_reads": _of_component(_COUNT, "stale_reads", added=True),
    "split_brain_writes": _of_component(_COUNT, "split_brain_writes", added=True),
    "writes_refused": _of_component(_COUNT, "writes_refused", added=True),
    "lag": _of_component(_DURATION, "lag_max_s"),
    "depth": _of_component(_COUNT, "depth", added=True),
    "depth_max": _of_component(_COUNT, "depth_max"),
    "dead_letters": _of_component(_COUNT, "dead_letters", added=True),
    "redelivered": _of_component(_COUNT, "redelivered", added=True),
    "duplicates": _of_component(_COUNT, "duplicates", added=True),
    "messages_lost": _of_component(_COUNT, "lost", added=True),
    "end_to_end_p50": _of_component(_DURATION, "end_to_end_s", "p50"),
    "end_to_end_p99": _of_component(_DURATION, "end_to_end_s", "p99"),
}


@dataclass(frozen=True)
class Objective:
    """A target for one figure of a run.

    Attributes:
        text: As the scenario spells it.
        subject: Whose figure; None for everything.
        metric: Which figure, a key of `METRICS`.
        operator: How it compares, a key of `OPERATORS`.
        target: What it is compared with: seconds, a ratio, a rate per second or a plain number.
    """

    text: str
    subject: str | None
    metric: str
    operator: str
    target: float

    def evaluate(self, summary: Mapping[str, Any]) -> tuple[float | None, bool]:
        """Judges a run.

        Args:
            summary: What `summarize` returned, or a dict read from `summary.json`.

        Returns:
            The figure, None if there is no data or it never came about, and whether the objective is met; None is not.
        """
        metric = METRICS[self.metric]
        if self.subject is None and metric.whole:
            actual = metric.read(summary)
        else:
            actual = self._combined([metric.read(block) for block in self._blocks(summary)])
        return actual, actual is not None and OPERATORS[self.operator](actual, self.target)

    def overdue(self, summary: Mapping[str, Any]) -> int:
        """How many requests its figure counts as failed because they were overdue at the end."""
        if METRICS[self.metric].read not in (_success_share, _drop_share):
            return 0
        return sum(map(_overdue, [summary] if self.subject is None else self._blocks(summary)))

    def missing(self, summary: Mapping[str, Any]) -> str:
        """What to call a figure that `evaluate` did not find: `no data`, `never`, `too little data`."""
        metric = METRICS[self.metric]
        events = self._blocks(summary) if metric.kinds == ("event",) else []
        nothing = [event for event in events if metric.read(event) is None]
        unknown = [f"{self.metric}_s" in event.get("unknown", ()) for event in nothing]
        return TOO_LITTLE if unknown and all(unknown) else metric.missing

    def format_actual(self, actual: float | None) -> str:
        """Spells what `evaluate` found for people: `1.2s`, `99.1%`; `never` or `no data` for None."""
        metric = METRICS[self.metric]
        return metric.missing if actual is None else metric.unit.format(actual)

    def _blocks(self, summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        metric = METRICS[self.metric]
        if metric.kinds == ("event",):
            return [event for event in summary["events"] if self.subject in (None, event["kind"])]
        sections = [summary[_SECTIONS[kind]] for kind in metric.kinds]
        if self.subject is not None:
            named = [section[self.subject] for section in sections if self.subject in section][:1]
            return named or self._parts(summary)
        return [block for section in sections for block in section.values() if metric.read(block) is not None]

    def _parts(self, summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The parts, in several regions, of the component that the objective is about."""
        if METRICS[self.metric].kinds != ("component",):
            return []
        return [block for name, block in summary["components"].items() if name.startswith(f"{self.subject}@")]

    def _combined(self, values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        if len(known) < len(values) or not known:
            return None
        if METRICS[self.metric].added:
            return sum(known)
        if self.operator in ("==", "!="):
            return max(known, key=lambda value: abs(value - self.target) * (1 if self.operator == "==" else -1))
        return min(known) if self.operator in (">", ">=") else max(known)


def parse_objective(text: str, subjects: Mapping[str, Kind] | None = None) -> Objective:
    """Reads an objective.

    Args:
        text: As the scenario spells it.
        subjects: The names that the scenario knows, and what each is; None accepts any subject.

    Returns:
        The objective.

    Raises:
        ValueError: It cannot be understood, or no such thing has such a figure; the message offers the nearest word.
    """
    parts = _SHAPE.fullmatch(text)
    words = parts["left"].rsplit(maxsplit=1) if parts is not None else []
    if parts is None or not words:
        raise ValueError(f"'{text}' is not an objective; {_LIKE}")
    if parts["operator"] not in OPERATORS:
        raise ValueError(f"'{parts['operator']}' is not a comparison; those are {' '.join(OPERATORS)}")
    name = words[-1]
    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f"'{name}' is not a metric{did_you_mean(name, METRICS)}")
    subject = words[0] if len(words) == 2 else None
    if subjects is not None:
        check_subject(name, metric, subject, subjects)
    return Objective(text, subject, name, parts["operator"], metric.unit.parse(parts["value"]))


def check_subject(name: str, metric: Metric, subject: str | None, subjects: Mapping[str, Kind]) -> None:
    """Raises ValueError where nothing that the scenario knows by this name has such a figure."""
    fitting = [known for known, kind in subjects.items() if kind in metric.kinds]
    if subject is None:
        if not metric.whole and not fitting:
            raise ValueError(f"{name} is a figure of {metric.owners}, and the scenario has none")
    elif subject in subjects and subject not in fitting:
        raise ValueError(f"{name} is a figure of {metric.owners}; '{subject}' is {_ARTICLES[subjects[subject]]}")
    elif subject not in fitting:
        raise ValueError(f"'{subject}' is not {metric.owners}{did_you_mean(subject, fitting)}")
