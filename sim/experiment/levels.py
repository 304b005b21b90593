"""A level is how a system's clients fare in a stretch of time: what they send, what succeeds, how slow it is.

Whether a stretch is as good as another, and whether as much was sent, is judged with the chance in mind that counts of
requests are subject to. Times are whole seconds; one runs from its number to the next.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import pandas as pd

from sim.metrics import dispersion
from sim.request import Outcome
from sim.scenario import Scenario

SUCCESSES: Final = tuple(outcome.word for outcome in Outcome if outcome.is_success)
TURNED_AWAY: Final = (Outcome.RATE_LIMITED.word, Outcome.SHED.word, Outcome.CIRCUIT_OPEN.word)
SPAN: Final = 5
"""The seconds of which the median is a typical one, and the shortest stretch to judge by."""
SURE_SIGMAS: Final = 4.0
"""How many standard deviations are no chance any more."""

_FEWEST: Final = 50
_GOOD: Final = 0.9
_SLOWER: Final = 2.0
_MORE_LOAD: Final = 1.1
_TURNED_AWAY: Final = 0.1
_SIGMAS: Final = 3.0


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
class Normal:
    """What is normal for each client that had successes.

    Attributes:
        successes: Per request offered.
        p99: The highest of a typical second, s.
    """

    successes: dict[str, float]
    p99: dict[str, float]


class Levels:
    """How each client fares, second by second.

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

    def normal(self, start: int, end: int) -> Normal:
        """What is normal, from the time before the first trigger."""
        successes, p99 = {}, {}
        for name, part in self.clients.items():
            offered = part["offered"].loc[start : end - 1].sum()
            good = self.successes[name].loc[start : end - 1].sum()
            if good:
                successes[name] = min(1.0, float(good / offered)) if offered else 1.0
                spans = [self._p99(name, first, first + SPAN) for first in range(start, end - SPAN + 1)]
                p99[name] = max((value for value in spans if value is not None), default=np.inf)
        return Normal(successes, p99)

    def is_good(self, normal: Normal, start: int, end: int) -> bool:
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
        return more > (_MORE_LOAD - 1.0) * expected and more > SURE_SIGMAS * deviation

    def shed(self, before: tuple[int, int], start: int, end: int) -> str:
        """How load was shed between two seconds, in words; empty where it was not."""
        away, away_before = self._turned_away(start, end), self._turned_away(*before)
        if away >= away_before + _TURNED_AWAY:
            return f"{100.0 * away:.0f}% of the requests were turned away at the door"
        sums = self._sent(start, end).rolling(SPAN).sum().dropna()
        expected, deviation = self._expected(before, SPAN)
        least = float(sums.min()) if len(sums) else expected
        if least < _GOOD * expected and expected - least > SURE_SIGMAS * deviation:
            return f"the traffic fell to {least / SPAN:.3g}/s, from {expected / SPAN:.3g}/s before"
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
        expected = float(counts.mean()) * seconds
        return expected, sqrt(dispersion(counts) * expected * (1.0 + seconds / len(counts)))

    def _turned_away(self, start: int, end: int) -> float:
        """The share of the requests that ended between two seconds that were turned away on purpose."""
        rows = [part.loc[start : end - 1] for part in self.clients.values()]
        ended = sum(float(part["ended"].sum()) for part in rows)
        return sum(float(part[list(TURNED_AWAY)].to_numpy().sum()) for part in rows) / ended if ended else 0.0
