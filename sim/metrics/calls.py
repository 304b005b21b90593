"""Where the calls of one caller went: to which instance of a service, or to which replica of a database.

Kept only for what an event hits in part, ten bytes a call, so that it can be said how fast calls moved elsewhere. Every
call counts when it is sent, retries too: a balancer does not tell them apart.
"""

from array import array
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.metrics.moved import Span, moved_away
from sim.metrics.result import Moved

Place = tuple[str, int]
"""A part of a component, and the number of an instance."""


class Calls:
    """The calls of one caller.

    Args:
        caller: Who calls.
        places: Where its calls may go.
        of: What they are: `calls` or `writes`.

    Attributes:
        times: When each call was sent, s.
        to: To which of the places.
    """

    def __init__(self, caller: str, places: Sequence[Place], of: str = "calls") -> None:
        self.caller = caller
        self.places = places
        self.of = of
        self.times = array("d")
        self.to = array("H")

    def sent_to(self, hit: Collection[Place]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """For each call, in the order of time, when it was sent, s, and whether to one of the places that are hit."""
        times, is_hit = np.array(self.times), np.array([place in hit for place in self.places])
        order = np.argsort(times, kind="stable")  # some are noted ahead of their time
        return times[order], is_hit[np.array(self.to, dtype=np.intp)[order]]


def moved_calls(kept: Sequence[Calls], hit: Collection[Place], span: Span, returns: bool = False) -> Moved:
    """Finds out how fast calls left some places.

    Args:
        kept: The calls of those whom it concerns; only whoever had called there before, and has another place, counts.
        hit: The places.
        span: When.
        returns: Whether it is about calls that leave all other places for them.
    """
    columns, of = [], set()
    for calls in kept:
        times, there = calls.sent_to(hit)
        there = ~there if returns else there
        first, last = np.searchsorted(times, (span.since, span.start))
        if there[first:last].any() and not all(place in hit for place in calls.places):
            columns.append((times, there))
            of.add(calls.of)
    if not columns:
        return Moved()
    times, there = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    order = np.argsort(times, kind="stable")
    return moved_away(times[order], there[order], span, of.pop() if len(of) == 1 else "calls")
