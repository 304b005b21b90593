"""The cost of an event: which requests failed while it was felt, how much slower they became, how many more attempts.

An event is felt from its start until success ratio and p99 are back, or until the next event begins. What was usual is
the time from warm-up, or from the return after an earlier event, to its start. Failures count as its cost where there
are more of a kind than is usual, by more than three standard deviations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Final

import pandas as pd

from sim.report.explain.evidence import SPAN, Evidence
from sim.request import Outcome

_SLOWER: Final = {"p99": 2.0, "p50": 1.5}
_SIGMAS: Final = 3.0
_FAILURES: Final = tuple(outcome.word for outcome in Outcome if not outcome.is_success)

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Slowdown:
    """How a percentile of a client rose.

    Attributes:
        client: Whose.
        figure: `p99` or `p50`.
        before: In the worst second before, s.
        worst: In the worst second while the event was felt, s.
    """

    client: str
    figure: str
    before: float
    worst: float

    @property
    def ratio(self) -> float:
        """How many times as long it became."""
        return self.worst / self.before

    @property
    def counts(self) -> bool:
        """Whether it is more than the difference between two stretches of time that are alike."""
        return self.ratio >= _SLOWER[self.figure]


@dataclass(frozen=True)
class Cost:
    """What an event cost.

    Attributes:
        failed: Requests that failed beyond what is usual, by outcome.
        lost: Requests lost as the summary counts them, by when they were sent; 0 where it counts none.
        silent: Requests that got no answer, though all but few others had one after so long.
        slower: How the percentile that rose most did, p99 before p50; None where nothing is known.
        attempts: Attempts beyond what is usual.
        attempts_per_request: While it was felt; None where no request was sent.
    """

    failed: dict[str, int]
    lost: int
    silent: int
    slower: Slowdown | None
    attempts: int
    attempts_per_request: float | None

    @property
    def failures(self) -> int:
        """All that failed."""
        told = sum(self.failed.values()) + self.silent
        return self.lost or told if told else 0


def cost_of(evidence: Evidence, event: Event, events: list[Event]) -> Cost | None:
    """Works out what an event cost.

    Args:
        evidence: Of the run.
        event: Which.
        events: All events, in the order of time.

    Returns:
        The cost; None where too little came before the event to say what is usual.
    """
    before = _before(evidence, event, events)
    felt = int(event["start_s"]), _felt_until(evidence, event, events)
    if before is None or felt[1] <= felt[0]:
        return None
    usual, during = (evidence.seconds.loc[first : last - 1] for first, last in (before, felt))
    offered, ended = float(during["offered"].sum()), float(during["ended"].sum())
    ratio = float(usual["attempts"].sum() / max(usual["offered"].sum(), 1))
    failed = {word: more for word in _FAILURES if (more := _more(usual, during, word, ended))}
    lost = event.get("requests_lost", 0)
    overdue = evidence.summary["requests"].get("overdue", 0)
    return Cost(
        failed,
        lost,
        min(overdue, max(lost - sum(failed.values()), 0)),
        _slowdown(evidence, before, felt),
        round(max(float(during["attempts"].sum()) - ratio * offered, 0.0)),
        float(during["attempts"].sum()) / offered if offered else None,
    )


def _before(evidence: Evidence, event: Event, events: list[Event]) -> tuple[int, int] | None:
    """The stretch before an event that says what is usual, in whole seconds; None if there is too little of it."""
    begin, best = evidence.first, None
    for each in events:
        if int(each["start_s"]) - begin >= SPAN:
            best = begin, int(each["start_s"])
        if each is event:
            return best
        back = None if each["end_s"] is None or each["recovery_s"] is None else each["end_s"] + each["recovery_s"]
        begin = evidence.end if back is None else max(begin, ceil(back))
    return best


def _felt_until(evidence: Evidence, event: Event, events: list[Event]) -> int:
    """The second until which an event is looked at."""
    later = [each["start_s"] for each in events if each["start_s"] > event["start_s"]]
    ends = [float(evidence.end), *later[:1]]
    if event["end_s"] is not None and event["recovery_s"] is not None:
        ends.append(max(ceil(event["end_s"] + event["recovery_s"]), int(event["start_s"]) + 1))
    return int(min(ends))


def _more(usual: pd.DataFrame, during: pd.DataFrame, word: str, ended: float) -> int:
    """How many more requests than usual ended in a failure."""
    expected = float(usual[word].sum() / max(usual["ended"].sum(), 1)) * ended
    more = float(during[word].sum()) - expected
    chance = sqrt(expected * (1.0 + ended / max(float(usual["ended"].sum()), 1.0)))
    return round(more) if more >= 1.0 and more > _SIGMAS * chance else 0


def _slowdown(evidence: Evidence, before: tuple[int, int], felt: tuple[int, int]) -> Slowdown | None:
    """The percentile that rose most: a p99 if any rose enough, else a p50 if any did."""
    found = []
    for figure in _SLOWER:
        for name in evidence.clients:
            usual = evidence.worst_second(name, figure, *before)
            worst = evidence.worst_second(name, figure, *felt)
            if usual and worst is not None:
                found.append(Slowdown(name, figure, usual, worst))
    ranked = sorted(found, key=lambda each: -each.ratio)
    counting = [each for figure in _SLOWER for each in ranked if each.figure == figure and each.counts]
    return next(iter(counting or [each for each in ranked if each.figure == "p99"]), None)
