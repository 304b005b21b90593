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
- **Hold** is asked of a moment, a quarter of a second apart: every span that begins there, a quarter of a second long,
  twice that, twice again, up to the next event or the run's end, must be back. So a ratio that only touches its old
  level between two bad seconds does not hold, and one odd second a minute later does not undo a recovery. The last
  moments of a run are no evidence: five seconds and 200 requests must follow.
- **Silence is not success.** A second or more in which requests were sent and none ended, longer than any such time
  before, counts as not back, whatever the ratio on both sides.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Event, Result
from sim.request import Outcome

LEVEL: Final = 0.99
SLOWER: Final = 1.2
STEP: Final = 0.25
_SIGMAS: Final = 3.0
_HOLD_SECONDS: Final = 5.0
_HOLD_REQUESTS: Final = 200
_FEWEST_BEFORE: Final = 20
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
    """

    failover: float | None
    recovery: float | None


def recoveries(result: Result) -> list[Recovery]:
    """Finds out how long each event was felt.

    Args:
        result: The run.

    Returns:
        One for each of `result.events`, in their order. Both figures are None where too few requests ended before the
        event to say what was normal, or none of them well.
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
        failover = recovery = None
        normal = answers.normal(*before)
        if normal is not None:
            failover = answers.back(normal, event.start, _next_start(event.start, events, result.duration), slow=False)
            if event.end is not None and event.end < result.duration:
                recovery = answers.back(normal, event.end, _next_start(event.end, events, result.duration), slow=True)
        if event.end is not None and recovery is not None:
            normal_since = max(normal_since, event.end + recovery)
        elif normal is not None:
            normal_since = result.duration
        found[number] = Recovery(failover, recovery)
    return [found[number] for number in range(len(events))]


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
    """All requests of a run that ended, in the order in which they did.

    Args:
        result: The run.
    """

    def __init__(self, result: Result) -> None:
        rows = result.requests
        ended = np.flatnonzero(rows["outcome"] != IN_FLIGHT)
        times = rows["arrived"][ended] + rows["latency"][ended]
        order = np.argsort(times, kind="stable")
        self.sent = np.ascontiguousarray(rows["arrived"])
        self.times = times[order]
        self.latency = rows["latency"][ended[order]]
        self.failed = rows["outcome"][ended[order]] > Outcome.DEGRADED

    def normal(self, start: float, end: float) -> _Normal | None:
        """What was normal in a time; None if too little ended in it, or nothing well.

        Args:
            start: Its begin, s.
            end: Its end, s.
        """
        first, last = np.searchsorted(self.times, (start, end))
        times, latency, failed = self.times[first:last], self.latency[first:last], self.failed[first:last]
        if last - first < _FEWEST_BEFORE or failed.all():
            return None
        slow_after = SLOWER * max(float(np.quantile(part, LEVEL)) for part in np.array_split(latency, _PARTS))
        edges = np.linspace(start, end, _BATCHES + 1)
        return _Normal(
            _Limit(1.0 - LEVEL * float(1.0 - failed.mean()), _dispersion(times, failed, edges)),
            slow_after,
            _Limit(1.0 - LEVEL, _dispersion(times, latency > slow_after, edges)),
            float(np.diff(times, prepend=start, append=end).max()),
        )

    def back(self, normal: _Normal, start: float, end: float, slow: bool) -> float | None:
        """How long it took until things were normal and stayed so.

        Args:
            normal: What is normal.
            start: When to begin looking, s.
            end: How long to look, s.
            slow: Whether latency must be normal too.

        Returns:
            The time from `start`, s; None if they were not, or not for long enough to be sure.
        """
        edges = np.append(np.arange(start, end, STEP), end)
        first, last = np.searchsorted(self.times, (start, end))
        borders = np.searchsorted(self.times[first:last], edges)
        fine = self._holds(borders, self.failed[first:last], normal.failures)
        if slow:
            fine &= self._holds(borders, self.latency[first:last] > normal.slow_after, normal.slow)
        fine &= edges[:-1] >= self._silent_until(normal.gap, start, end)
        enough = (end - edges[:-1] >= _HOLD_SECONDS) & (borders[-1] - borders[:-1] >= _HOLD_REQUESTS)
        enough[:1] = True
        moments = np.flatnonzero(fine & enough)
        return float(edges[moments[0]] - start) if moments.size else None

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


def _dispersion(times: NDArray[np.float64], bad: NDArray[np.bool_], edges: NDArray[np.float64]) -> float:
    """The index of dispersion of the number of bad requests in each span between two edges; at least 1."""
    counts, _ = np.histogram(times[bad], edges)
    mean = counts.mean()
    return max(1.0, float(counts.var(ddof=1) / mean)) if mean > 0 else 1.0
