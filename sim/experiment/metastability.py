"""A metastable failure is an overload that outlives its cause: the trigger is gone, and the system stays down.

Something keeps it there, mostly work that the overload itself makes, such as retries. Only less load ends it (N.
Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; L. Huang et al., "Metastable Failures in the
Wild", OSDI 2022). The verdict on a run is read off its time line of whole seconds:

- **Triggers** are the events of the scenario, but for spikes that lower traffic: those shed load.
- **Before** is the time from warm-up to the start of the first trigger, five seconds at least. It says what is normal:
  successes per request offered, and the p99 of a typical second (the median of the p99s of five seconds; of those the
  highest).
- A span of time is **good** if, for each client that had successes before, successes are at least 90% of what is normal
  for the requests offered in it, less three standard deviations, and the p99 of its typical second is at most twice
  what is normal, where fifty requests or more ended.
- **After** begins when the last trigger has ended. Its last quarter, five seconds at least, decides: a system that is
  not good then has `never` recovered within the run. Otherwise it is back from the moment after which no five seconds
  were bad; where the run's events say how long the recovery from the last trigger took, from that moment.
- **Load was shed** if, between the end of the last trigger and the moment when it was back, a spike lowered traffic; or
  the traffic of clients that do not wait for answers (open loops, replays) was less than 90% of what it was before, for
  five seconds and by more than four standard deviations; or at least a tenth more of the requests than before were
  turned away on purpose (`rate_limited`, `shed`, `circuit_open`).

There is no verdict where a trigger lasts to the end, where there is too little before or after (ten seconds) to judge
by, or where the traffic is still above 110% of what it was before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, sqrt
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.faults import EventConfig
from sim.request import Outcome
from sim.scenario import Scenario

SUCCESSES: Final = tuple(outcome.word for outcome in Outcome if outcome.is_success)
TURNED_AWAY: Final = (Outcome.RATE_LIMITED.word, Outcome.SHED.word, Outcome.CIRCUIT_OPEN.word)
_SPAN: Final = 5
_FEWEST: Final = 50
_LEAST_AFTER: Final = 10
_GOOD: Final = 0.9
_SLOWER: Final = 2.0
_MORE_LOAD: Final = 1.1
_TURNED_AWAY: Final = 0.1
_SIGMAS: Final = 3.0
_SURE_SIGMAS: Final = 4.0

Event = Mapping[str, Any]
"""An event as `summary["events"]` has it."""


class Verdict(StrEnum):
    """Whether a system came back after its last trigger had ended."""

    RECOVERED = "recovered"
    SHED = "recovered after load was shed"
    NEVER = "never"


@dataclass(frozen=True)
class Level:
    """How a system does in a stretch of time.

    Attributes:
        seconds: How long it is.
        offered: Requests sent by users, 1/s.
        goodput: Successes, 1/s.
        attempts: Attempts per request; None where no request was sent.
        p99: Of a typical second, of the client for which it is highest, s; None where no request ended.
    """

    seconds: int
    offered: float
    goodput: float
    attempts: float | None
    p99: float | None


@dataclass(frozen=True)
class Aftermath:
    """What became of a system after its triggers.

    Attributes:
        verdict: Whether it came back; None where that cannot be said.
        reason: Why there is no verdict.
        trigger: The last one to end, as `summary["events"]` has it.
        back_s: From the end of the last trigger until it was back, s; None if it never was.
        before: How it did before the first trigger.
        meanwhile: How it did between the end of the last trigger and when it was back, or the run's end.
        after: How it did in the last quarter.
        shed: How load was shed, in words; empty where it was not.
    """

    verdict: Verdict | None
    reason: str
    trigger: Event
    back_s: float | None = None
    before: Level | None = None
    meanwhile: Level | None = None
    after: Level | None = None
    shed: str = ""


def judge(summary: Mapping[str, Any], timeline: pd.DataFrame, scenario: Scenario) -> Aftermath | None:
    """Says what became of a system after its triggers had ended.

    Args:
        summary: What `summarize` made of the run.
        timeline: What users saw, second by second.
        scenario: As it ran.

    Returns:
        The verdict and what it rests on; None for a run without triggers.
    """
    triggers = [event for event in summary["events"] if not sheds_load(event_config(scenario, event))]
    if not triggers:
        return None
    last = max(triggers, key=lambda event: np.inf if event["end_s"] is None else event["end_s"])
    start = min(event["start_s"] for event in triggers)
    run = _Clients(timeline, summary["duration_s"], scenario)
    if last["end_s"] is None or last["end_s"] >= run.end:
        return Aftermath(None, f"the {last['kind']} of {last['target']} lasts to the end of the run", last)
    before, after = (ceil(summary["warmup_s"]), int(start)), (ceil(last["end_s"]), run.end)
    if before[1] - before[0] < _SPAN:
        return Aftermath(None, "there are less than 5s between warm-up and the first event", last)
    if after[1] - after[0] < _LEAST_AFTER:
        return Aftermath(None, f"the run ends less than {_LEAST_AFTER}s after the last event", last)
    normal = run.normal(*before)
    if not normal.successes:
        return Aftermath(None, "no request succeeded before the first event", last)
    end_begins = min(after[1] - (after[1] - after[0]) // 4, after[1] - _SPAN)
    if run.load_is_up(before, (end_begins, after[1])):
        return Aftermath(None, "the traffic at the end is still above that before the first event", last)
    found = Aftermath(
        Verdict.NEVER, "", last, None, run.level(*before), run.level(*after), run.level(end_begins, after[1])
    )
    if not run.is_good(normal, end_begins, after[1]):
        return found
    back = _back(run, normal, last, summary["events"], end_begins)
    moment = ceil(last["end_s"] + back)
    shed = run.shed(before, after[0], moment) or _lowered(summary["events"], scenario, last["end_s"], moment)
    meanwhile = run.level(after[0], moment) if moment > after[0] else None
    verdict = Verdict.SHED if shed else Verdict.RECOVERED
    return replace(found, verdict=verdict, back_s=back, meanwhile=meanwhile, shed=shed)


def event_config(scenario: Scenario, event: Event) -> EventConfig | None:
    """What the scenario says of an event.

    Args:
        scenario: As it ran.
        event: Of the summary.
    """
    for config in scenario.document.events:
        targets = ", ".join(str(target) for target in config.targets)
        if (config.verb, targets) == (event["kind"], event["target"]) and abs(config.at - event["start_s"]) < 1e-6:
            return config
    return None


def sheds_load(config: EventConfig | None) -> bool:
    """Whether an event lowers traffic."""
    return config is not None and config.verb == "spike" and getattr(config, "factor", 1.0) < 1.0


def _back(run: "_Clients", normal: "_Normal", last: Event, events: Sequence[Event], until: int) -> float:
    """From the end of the last trigger to the moment from which on everything was good, s."""
    if last["recovery_s"] is not None and not any(event["start_s"] > last["end_s"] for event in events):
        return float(last["recovery_s"])
    first = ceil(last["end_s"])
    bad = [second for second in range(first, until - _SPAN + 1) if not run.is_good(normal, second, second + _SPAN)]
    return bad[-1] + 1 - last["end_s"] if bad else 0.0


def _lowered(events: Sequence[Event], scenario: Scenario, start: float, end: float) -> str:
    """Which spike lowered traffic between two times, in words; empty if none did."""
    for event in events:
        over = np.inf if event["end_s"] is None else event["end_s"]
        if sheds_load(event_config(scenario, event)) and event["start_s"] < end and over > start:
            return f"a spike lowered the traffic of {event['target']}"
    return ""


@dataclass(frozen=True)
class _Normal:
    """What is normal for each client that had successes.

    Attributes:
        successes: Per request offered.
        p99: The highest of a typical second, s.
    """

    successes: dict[str, float]
    p99: dict[str, float]


class _Clients:
    """The whole seconds of a run, client by client.

    Args:
        timeline: A row for each second and client.
        duration: Of the run, s.
        scenario: As it ran.
    """

    def __init__(self, timeline: pd.DataFrame, duration: float, scenario: Scenario) -> None:
        self.end = int(duration + 1e-6)
        rows = timeline[timeline["t_s"] < self.end]
        self.clients = {str(name): part.set_index("t_s") for name, part in rows.groupby("client", sort=False)}
        self.successes = {name: part[list(SUCCESSES)].sum(axis=1) for name, part in self.clients.items()}
        waiting = {name for name, client in scenario.document.clients.items() if client.traffic.way == "closed"}
        self.steady = [name for name in self.clients if name not in waiting]

    def level(self, start: int, end: int) -> Level:
        """How all clients together do from one second to another."""
        span, seconds = slice(start, end - 1), max(end - start, 1)
        offered = sum(float(part["offered"].loc[span].sum()) for part in self.clients.values())
        attempts = sum(float(part["attempts"].loc[span].sum()) for part in self.clients.values())
        goodput = sum(float(part.loc[span].sum()) for part in self.successes.values())
        p99 = [value for name in self.clients if (value := self._p99(name, start, end)) is not None]
        ratio = attempts / offered if offered else None
        return Level(end - start, offered / seconds, goodput / seconds, ratio, max(p99, default=None))

    def normal(self, start: int, end: int) -> _Normal:
        """What is normal, from the time before the first trigger."""
        successes, p99 = {}, {}
        for name, part in self.clients.items():
            offered = part["offered"].loc[start : end - 1].sum()
            good = self.successes[name].loc[start : end - 1].sum()
            if good:
                successes[name] = min(1.0, float(good / offered)) if offered else 1.0
                spans = [self._p99(name, first, first + _SPAN) for first in range(start, end - _SPAN + 1)]
                p99[name] = max((value for value in spans if value is not None), default=np.inf)
        return _Normal(successes, p99)

    def is_good(self, normal: _Normal, start: int, end: int) -> bool:
        """Whether a span is good for every client."""
        for name, share in normal.successes.items():
            expected = share * float(self.clients[name]["offered"].loc[start : end - 1].sum())
            slack = _SIGMAS * sqrt(expected * (1.0 - share) + 1.0)
            if float(self.successes[name].loc[start : end - 1].sum()) < _GOOD * expected - slack:
                return False
            p99, ended = self._p99(name, start, end), float(self.clients[name]["ended"].loc[start : end - 1].sum())
            if p99 is not None and p99 > _SLOWER * normal.p99[name] and ended >= _FEWEST:
                return False
        return True

    def load_is_up(self, before: tuple[int, int], after: tuple[int, int]) -> bool:
        """Whether more traffic came than before, beyond chance."""
        expected, deviation = self._expected(before, after[1] - after[0])
        more = float(self._sent(*after).sum()) - expected
        return more > (_MORE_LOAD - 1.0) * expected and more > _SURE_SIGMAS * deviation

    def shed(self, before: tuple[int, int], start: int, end: int) -> str:
        """How load was shed between two seconds, in words; empty where it was not."""
        away, away_before = self._turned_away(start, end), self._turned_away(*before)
        if away >= away_before + _TURNED_AWAY:
            return f"{100.0 * away:.0f}% of the requests were turned away at the door"
        sums = self._sent(start, end).rolling(_SPAN).sum().dropna()
        expected, deviation = self._expected(before, _SPAN)
        least = float(sums.min()) if len(sums) else expected
        if least < _GOOD * expected and expected - least > _SURE_SIGMAS * deviation:
            return f"the traffic fell to {least / _SPAN:.3g}/s, from {expected / _SPAN:.3g}/s before"
        return ""

    def _p99(self, name: str, start: int, end: int) -> float | None:
        values = self.clients[name]["p99"].loc[start : end - 1].dropna()
        return float(values.median()) if len(values) else None

    def _sent(self, start: int, end: int) -> "pd.Series[float]":
        """What clients that do not wait for answers sent, second by second."""
        zero = pd.Series(0.0, index=range(start, end))
        return sum((self.clients[name]["offered"].loc[start : end - 1] for name in self.steady), zero)

    def _expected(self, before: tuple[int, int], seconds: int) -> tuple[float, float]:
        """How many requests so many seconds bring if nothing has changed, and the standard deviation of that guess.

        Counts vary as those of the seconds before do (their index of dispersion), on both sides of the comparison.
        """
        counts = self._sent(*before)
        mean = float(counts.mean())
        dispersion = max(1.0, float(counts.var()) / mean) if mean > 0.0 else 1.0
        expected = mean * seconds
        return expected, sqrt(dispersion * expected * (1.0 + seconds / len(counts)))

    def _turned_away(self, start: int, end: int) -> float:
        """The share of the requests that ended between two seconds that were turned away on purpose."""
        rows = [part.loc[start : end - 1] for part in self.clients.values()]
        ended = sum(float(part["ended"].sum()) for part in rows)
        return sum(float(part[list(TURNED_AWAY)].to_numpy().sum()) for part in rows) / ended if ended else 0.0
