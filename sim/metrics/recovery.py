"""Failover and recovery: how long an event was felt, read off what users got, not off what the system believes.

*Failover* is the time from an event's start until the success ratio holds at 99% of its level before. *Recovery* is the
time from its end until success ratio and p99 are back and hold. Both speak of the requests of all clients, by the time
they ended; a success is a success however late it came, and lateness is what p99 is for.

- **Before** is the time from warm-up, or from the recovery of the event before, to the event's start. After an event
  from which there was no recovery, what was normal before that event still counts as normal.
- **Back** means: of the requests that ended, no more failed than 99% of the success ratio before allows, and no more
  than one in a hundred took longer than 1.2 times the p99 before (the highest p99 of its six parts, since the p99 of a
  minute moves). A count may exceed its limit by what chance explains: three standard deviations, widened by how much
  more than those of independent requests the counts before varied (their index of dispersion), because slow requests
  and failures come in clusters.
- **The likeliest end**: chance could explain the last of a faint trouble, so of the moments from which things are back
  that one counts which best parts what failed before from what was normal (the maximum likelihood of a change point; D.
  V. Hinkley, E. A. Hinkley, Biometrika 57(3), 1970). Measured against the end of made-up troubles of ten seconds
  (Poisson arrivals, 60 seeds), failover was on average 0.0 to 0.1 s late, at most half a step, where a quarter or more
  failed, at 50 to 2000 requests a second. It was 0.2 s early where a tenth failed at 50 a second, and 0.8, 0.1 and
  0.0 s where 5% failed at 50, 300 and 2000 a second; at 50 a second the last failure comes 0.4 s before the end.
- **Hold** is asked of a moment, a quarter of a second apart: every span that begins there, a quarter of a second long,
  twice that, twice again, up to the next event or the run's end, must be back. So a ratio that only touches its old
  level between two bad seconds does not hold, and one odd second a minute later does not undo a recovery. The last
  moments of a run are no evidence: five seconds and 200 requests must follow.
- **Too little data** is what there is if fewer than twenty requests ended before the event or after the moment from
  which to look, if less than five seconds were left in which things were bad, or if they seem to be back, but too late
  to be sure: fewer were bad from some moment on than chance explains had all gone on as until then.
- **No answer is no success.** A request that was overdue at the end (`sim.metrics.overdue`) counts as failed at the
  time it was sent plus the p99 of those that ended.
- **Silence is not success.** A second or more in which requests were sent and none ended, longer than any such time
  before, counts as not back, whatever the ratio on both sides.
"""

from dataclasses import dataclass
from math import inf, isfinite, isnan, nan, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sim.metrics.dispersion import dispersion
from sim.metrics.overdue import overdue, patience
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Event, Result
from sim.request import Outcome

Figure = Literal["failover", "recovery"]

LEVEL: Final = 0.99
SLOWER: Final = 1.2
STEP: Final = 0.25
_SIGMAS: Final = 3.0
_HOLD_SECONDS: Final = 5.0
_HOLD_REQUESTS: Final = 200
_FEWEST: Final = 20
_BATCHES: Final = 20
_PARTS: Final = 6
_SILENCE: Final = 1.0
_SILENCE_REQUESTS: Final = 10


@dataclass(frozen=True)
class Recovery:
    """How long an event was felt.

    Attributes:
        failover: From its start until the success ratio holds, s; 0 if it never fell, None if it never held.
        recovery: From its end until success ratio and p99 hold, s; 0 if neither was hurt, None if they never held.
        unknown: Those of the two that are None because there is too little data to say.
    """

    failover: float | None
    recovery: float | None
    unknown: tuple[Figure, ...] = ()


def recoveries(result: Result) -> list[Recovery]:
    """Finds out how long each event was felt.

    Args:
        result: The run.

    Returns:
        One for each of `result.events`, in their order. Both figures are unknown where too few requests ended before
        the event to say what was normal, or none of them well; an event that lasts to the end has no recovery.
    """
    events = result.events
    if not events:
        return []
    answers = _Answers(result)
    found: dict[int, Recovery] = {}
    before, normal_since = (result.warmup, result.warmup), result.warmup
    for number in sorted(range(len(events)), key=lambda number: events[number].start):
        event = events[number]
        if event.start - normal_since >= _HOLD_SECONDS or before[0] == before[1]:
            before = (normal_since, event.start)
        failover = recovery = nan
        normal = answers.normal(*before)
        if normal is not None:
            failover = answers.back(normal, event.start, _next_start(event.start, events, result.duration), slow=False)
            if event.end is not None:
                recovery = answers.back(normal, event.end, _next_start(event.end, events, result.duration), slow=True)
        if event.end is None:
            recovery = inf
        if event.end is not None and isfinite(recovery):
            normal_since = max(normal_since, event.end + recovery)
        elif normal is not None:
            normal_since = result.duration
        found[number] = _recovery(failover, recovery)
    return [found[number] for number in range(len(events))]


def requests_lost(result: Result, event: Event, back: Recovery) -> int:
    """How many more user requests failed while an event was felt than would have as before.

    Those that were in flight when it began count too.

    Args:
        result: The run.
        event: The event.
        back: How long it was felt: until the success ratio held, or else until the next event began.
    """
    rows = result.requests
    until = event.start + back.failover if back.failover is not None else None
    if until is None:
        until = _next_start(event.start, result.events, result.duration)
    failed = (rows["outcome"] > Outcome.DEGRADED) & ((rows["outcome"] != IN_FLIGHT) | overdue(rows, result.duration))
    before, start, end = np.searchsorted(rows["arrived"], (result.warmup, event.start, until))
    after = (rows["outcome"] == IN_FLIGHT) | (rows["arrived"] + rows["latency"] >= event.start)
    usual = float((failed & ~after)[before:start].mean()) if start > before else 0.0
    return max(0, round(int((failed & after)[:end].sum()) - usual * int(end - start)))


def _recovery(failover: float, recovery: float) -> Recovery:
    """Both figures, s; infinite for never and nan for too little data."""
    figures: dict[Figure, float] = {"failover": failover, "recovery": recovery}
    known = {name: figure if isfinite(figure) else None for name, figure in figures.items()}
    unknown = tuple(name for name, figure in figures.items() if isnan(figure))
    return Recovery(known["failover"], known["recovery"], unknown)


def _next_start(time: float, events: list[Event], end: float) -> float:
    return min((event.start for event in events if event.start > time), default=end)


@dataclass(frozen=True)
class _Limit:
    """How many of some requests may be bad.

    Attributes:
        share: The share that may be, 0..1.
        dispersion: How much more their counts vary than those of independent requests.
    """

    share: float
    dispersion: float

    def of(self, requests: NDArray[np.intp]) -> NDArray[np.float64]:
        """The most bad ones among so many requests that chance still explains."""
        expected = requests * self.share
        deviation = np.sqrt(self.dispersion * expected * (1.0 - self.share))
        return np.asarray(expected + _SIGMAS * deviation, dtype=np.float64)


@dataclass(frozen=True)
class _Normal:
    """What was normal before an event.

    Attributes:
        failures: How many requests may fail.
        slow_after: What counts as slow, s.
        slow: How many requests may be slow.
        gap: The longest time in which no request ended, s.
    """

    failures: _Limit
    slow_after: float
    slow: _Limit
    gap: float


class _Answers:
    """All requests of a run that ended, in the order in which they did; what was overdue ends as a failure.

    Args:
        result: The run.
    """

    def __init__(self, result: Result) -> None:
        rows = result.requests
        late = overdue(rows, result.duration)
        ended = np.flatnonzero((rows["outcome"] != IN_FLIGHT) | late)
        latency = np.where(late, patience(rows) or 0.0, rows["latency"])[ended]
        times = rows["arrived"][ended] + latency
        order = np.argsort(times, kind="stable")
        self.sent = np.ascontiguousarray(rows["arrived"])
        self.times = times[order]
        self.latency = latency[order]
        self.failed = rows["outcome"][ended[order]] > Outcome.DEGRADED

    def normal(self, start: float, end: float) -> _Normal | None:
        """What was normal in a time; None if too little ended in it, or nothing well.

        Args:
            start: Its begin, s.
            end: Its end, s.
        """
        first, last = np.searchsorted(self.times, (start, end))
        times, latency, failed = self.times[first:last], self.latency[first:last], self.failed[first:last]
        if last - first < _FEWEST or failed.all():
            return None
        slow_after = SLOWER * max(float(np.quantile(part, LEVEL)) for part in np.array_split(latency, _PARTS))
        edges = np.linspace(start, end, _BATCHES + 1)
        return _Normal(
            _Limit(1.0 - LEVEL * float(1.0 - failed.mean()), _dispersion(times, failed, edges)),
            slow_after,
            _Limit(1.0 - LEVEL, _dispersion(times, latency > slow_after, edges)),
            float(np.diff(times, prepend=start, append=end).max()),
        )

    def back(self, normal: _Normal, start: float, end: float, slow: bool) -> float:
        """How long it took until things were normal and stayed so.

        Args:
            normal: What is normal.
            start: When to begin looking, s.
            end: How long to look, s.
            slow: Whether latency must be normal too.

        Returns:
            The time from `start`, s; infinite if they were not, nan if there is too little data to say.
        """
        if np.diff(np.searchsorted(self.times, (start, end)))[0] < _FEWEST:
            return nan
        edges = np.append(np.arange(start, end, STEP), end)
        first, last = np.searchsorted(self.times, (start, end))
        borders = np.searchsorted(self.times[first:last], edges)
        bad = failed = self.failed[first:last]
        fine = self._holds(borders, bad, normal.failures)
        if slow:
            late = self.latency[first:last] > normal.slow_after
            fine &= self._holds(borders, late, normal.slow)
            bad = bad | late
        fine &= edges[:-1] >= self._silent_until(normal.gap, start, end)
        enough = (end - edges[:-1] >= _HOLD_SECONDS) & (borders[-1] - borders[:-1] >= _HOLD_REQUESTS)
        enough[:1] = True
        moments = np.flatnonzero(fine & enough)
        if moments.size:
            return float(edges[moments[_likeliest_end(failed, borders[moments], normal.failures.share)]] - start)
        good = np.flatnonzero(fine)
        too_late = good.size > 0 and _ends(bad, borders[good[0]])
        return nan if too_late or end - start < _HOLD_SECONDS else inf

    @staticmethod
    def _holds(borders: NDArray[np.intp], bad: NDArray[np.bool_], limit: _Limit) -> NDArray[np.bool_]:
        """For each moment, whether all spans that begin there have few enough bad requests."""
        bad_before = np.concatenate([[0], np.cumsum(bad)])[borders]
        moments = np.arange(len(borders) - 1)
        fine = np.ones(len(moments), dtype=np.bool_)
        length = 1
        while length < 2 * len(moments):
            to = np.minimum(moments + length, len(moments))
            fine &= bad_before[to] - bad_before[:-1] <= limit.of(borders[to] - borders[:-1])
            length *= 2
        return fine

    def _silent_until(self, longest_before: float, start: float, end: float) -> float:
        """The end of the last silence between two moments, s; `start` if there was none."""
        first, last = np.searchsorted(self.times, (start, end))
        borders = np.concatenate([[start], self.times[first:last], [end]])
        sent = np.diff(np.searchsorted(self.sent, borders))
        silent = np.diff(borders) >= max(_SILENCE, 2.0 * longest_before)
        silences = np.flatnonzero(silent & (sent >= _SILENCE_REQUESTS))
        return float(borders[silences[-1] + 1]) if silences.size else start


def _likeliest_end(failed: NDArray[np.bool_], numbers: NDArray[np.intp], usual: float) -> int:
    """Which of some numbers, in rising order, is the likeliest to be that of the requests sent into a trouble.

    Args:
        failed: Which requests failed, from the trouble's begin on.
        numbers: Each from the trouble's begin on.
        usual: The share that fails when all is normal, above 0 and below 1.
    """
    if not numbers[0]:
        return 0
    bad = np.concatenate([[0], np.cumsum(failed)])[numbers]
    share = np.clip(bad / numbers, usual, 1.0 - 1e-12)
    gain = bad * np.log(share / usual) + (numbers - bad) * np.log((1.0 - share) / (1.0 - usual))
    return int(np.argmax(gain))


def _ends(bad: NDArray[np.bool_], number: int) -> bool:
    """Whether fewer are bad from a number on than chance explains if each were as likely to be as those before."""
    before, rest = bad[:number], bad[number:]
    if not before.size:
        return True
    share = float(before.mean())
    return bool(rest.sum() < len(rest) * share - _SIGMAS * sqrt(len(rest) * share * (1.0 - share)))


def _dispersion(times: NDArray[np.float64], bad: NDArray[np.bool_], edges: NDArray[np.float64]) -> float:
    """The index of dispersion of the number of bad requests in each span between two edges; at least 1."""
    return dispersion(np.histogram(times[bad], edges)[0])
