"""How fast traffic moved: of the requests that went to an event's target before, the share that goes elsewhere now.

Where an event hits regions, only user requests count that something steers (DNS, a traffic manager), each once: where
it was sent first. So what a retry does is no traffic of its own. The requests are those of the clients that sent any to
the target before. Where it hits some instances of a service, or a replica of a database, the calls of those count that
sent any there before (`sim.metrics.calls`); of a promotion the writes. Otherwise nothing can move: what stands in one
place, and what fetches its work itself, has nowhere to go.

The share that still goes there can only fall while the event lasts. The falling curve that fits the requests best
(least squares, which for yes and no is maximum likelihood) is found by pooling neighbours that violate the order; it
needs no windows, so a step is a step. A share has moved when the curve is down by it, and enough requests follow: with
fewer than 3 / (what is left) of them none might have gone there by chance (the "rule of three").

For a failback it is the other way round: of the requests that went elsewhere, the share that goes to its target again.

Sources: R. E. Barlow et al., Statistical Inference under Order Restrictions, 1972 (pool adjacent violators); B. D.
Jovanovic and P. S. Levy, A Look at the Rule of Three, The American Statistician 51, 1997.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.metrics.result import Event, Moved, Result
from sim.metrics.trail import sent_on

SHARES: Final = {"moved_10_s": 0.1, "moved_50_s": 0.5, "moved_99_s": 0.99}
"""The key of each figure, and the share that has moved by then."""

_FEWEST: Final = 20
_RULE_OF_THREE: Final = 3.0
_CHANCE: Final = 0.01
"""How unlikely it must be that the last requests went elsewhere by chance, for them to be news."""


@dataclass(frozen=True)
class Span:
    """When traffic may have moved because of an event, and what to compare it with.

    Attributes:
        since: Since when things were as they were before it, s.
        start: When it began, s.
        until: How long it lasted; what was over at once is felt until the next event, s.
    """

    since: float
    start: float
    until: float


def span_of(event: Event, events: Sequence[Event], warmup: float, duration: float) -> Span:
    """When traffic may have moved because of an event.

    Args:
        event: The event.
        events: All events of the run.
        warmup: When warm-up was over, s.
        duration: When the run ended, s.
    """
    marks = [warmup, *(mark for each in events for mark in (each.start, each.end) if mark is not None)]
    since = max((mark for mark in marks if mark < event.start), default=event.start)
    if event.end is None:
        return Span(since, event.start, duration)
    if event.end > event.start:
        return Span(since, event.start, event.end)
    return Span(since, event.start, min((each.start for each in events if each.start > event.start), default=duration))


def moved(result: Result) -> list[Moved]:
    """Finds out how fast traffic left the targets of each event.

    Args:
        result: The run.

    Returns:
        One for each of `result.events`, in their order.
    """
    return [_moved(result, event) if event.moved.of is None else event.moved for event in result.events]


def _moved(result: Result, event: Event) -> Moved:
    rows, regions = result.requests, result.regions
    if regions is None or not event.ways:
        return Moved()
    there = sent_on(regions, rows["client"], event.ways)
    if event.returns:
        there = ~there
    span = span_of(event, result.events, result.warmup, result.duration)
    clients = rows["client"]
    before, begin, end = np.searchsorted(rows["arrived"], (span.since, span.start, span.until))
    concerned = clients[before:begin][there[before:begin]]
    if event.returns:
        concerned = clients[begin:end][~there[begin:end]]
    mine = np.isin(clients, np.unique(concerned))
    return moved_away(rows["arrived"][mine], there[mine], span, "requests")


def moved_away(times: NDArray[np.float64], there: NDArray[np.bool_], span: Span, of: str) -> Moved:
    """Finds out how fast traffic left a target.

    Args:
        times: When each request or call was sent, s, in this order.
        there: For each of them whether it was sent to the target.
        span: When.
        of: What they are: `requests`, `calls` or `writes`.
    """
    before, begin, end = np.searchsorted(times, (span.since, span.start, span.until))
    share_before, still = _mean(there[before:begin]), there[begin:end]
    if share_before is None or not still.size:
        return Moved()
    curve, follow = falling(still), np.arange(len(still), 0, -1) * share_before
    figures: dict[str, float] = {}
    unknown = []
    for key, share in SHARES.items():
        reached = np.flatnonzero(curve <= (1.0 - share) * share_before)
        if not reached.size:
            continue
        first = reached[0]
        if follow[first] * (1.0 - share) >= _RULE_OF_THREE:
            figures[key] = float(times[begin + first] - span.start)
        elif (1.0 - min(1.0, curve[max(first - 1, 0)] / share_before)) ** follow[first] < _CHANCE:
            unknown.append(key)
    return Moved(of, figures, unknown)


def _mean(there: NDArray[np.bool_]) -> float | None:
    return float(there.mean()) if there.size >= _FEWEST and there.any() else None


def falling(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The falling curve that fits a sequence of yes and no best, in the sense of least squares.

    Args:
        hits: The sequence.

    Returns:
        The curve's value at each place.
    """
    borders = np.flatnonzero(np.diff(hits)) + 1
    starts = np.concatenate([[0], borders]).tolist()
    lengths = np.diff([*starts, len(hits)]).tolist()
    pooled: list[tuple[int, int]] = []  # of each pool how many yes there are, of how many
    for start, length in zip(starts, lengths, strict=True):
        yes, count = (length if hits[start] else 0), length
        while pooled and pooled[-1][0] * count <= yes * pooled[-1][1]:
            more, others = pooled.pop()
            yes, count = yes + more, count + others
        pooled.append((yes, count))
    return np.repeat([yes / count for yes, count in pooled], [count for _, count in pooled])
