"""Trace Event JSON is what Chrome's tracing writes: it opens in ui.perfetto.dev and in chrome://tracing.

Each traced request is a process, named by what became of it; each begins at 0, whenever it arrived, so that they can be
compared. In its main track the spans of the request lie below each other, as in a flame chart: whoever waits is above,
what is waited for below. What overlaps that, calls made at the same time and work that goes on after its caller has
given up, has tracks of its own, and an arrow leads there.

Source: Google, "Trace Event Format": complete events (`X`) have to nest within their track, times are in microseconds.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

from sim.metrics.trace import BACKGROUND, BRANCH, FAILED, PARALLEL, RANDOM, SLOW, Span, Trace
from sim.report import units
from sim.report.trace.otlp import failed
from sim.request import LEDGER

_MICRO: Final = 1e6
_LEAST: Final = 0.001
"""An arrow has to begin within a slice; this is how long before its end that is at the latest, us."""

_REASONS: Final = (SLOW, FAILED, RANDOM)


def to_perfetto(traces: Sequence[Trace], scenario: str, seed: int) -> dict[str, Any]:
    """The traces as a JSON object of trace events.

    Args:
        traces: Of one run.
        scenario: Short name of the scenario.
        seed: Of the run.
    """
    tracks, arrows = count(1001), count(1)
    events: list[dict[str, Any]] = []
    for process, trace in enumerate(sorted(traces, key=lambda trace: _REASONS.index(trace.reason)), start=1):
        events += _Chart(trace, process, tracks, arrows).events
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "scenario": scenario,
            "seed": str(seed),
            "time": "each request begins at 0; arrived_s says when that was in the run",
        },
    }


class _Chart:
    """The events of one trace.

    Args:
        trace: The trace.
        process: The number of its process.
        tracks: Numbers of tracks that are still to be had.
        arrows: The same for arrows.
    """

    def __init__(self, trace: Trace, process: int, tracks: "count[int]", arrows: "count[int]") -> None:
        self.trace = trace
        self.process = process
        self.tracks = tracks
        self.arrows = arrows
        self.events: list[dict[str, Any]] = []
        self._busy: dict[str, list[tuple[int, float]]] = {}
        self._names = 0
        root = trace.root
        ended = root.outcome if failed(root) else units.duration(trace.latency)
        title = f"{trace.reason} #{trace.request} {root.name} {ended}"
        self._about("process_name", 0, name=title)
        self._about("process_labels", 0, labels=f"{root.where}, arrived at {units.moment(root.start)}")
        self._about("process_sort_index", 0, sort_index=process)
        self._draw(root, self._track("request"), root.end)

    def _draw(self, span: Span, track: int, until: float) -> None:
        """Draws a span and what is below it into a track, in which it must be over by `until`."""
        end = min(span.end, until)
        self._slice(span, track, end)
        at = span.start
        first = span.decisive() if span.kind == PARALLEL else None
        for child in span.children:
            if child.is_leaf and child.start >= end:
                continue  # on its way to somebody who has gone
            if child.kind == BACKGROUND or (child.kind == BRANCH and child is not first):
                self._draw_beside(child, track, end, "at the same time")
            elif at <= child.start <= end and (child.end <= end or child.is_leaf):
                self._draw(child, track, end)
                at = min(child.end, end)
            else:
                self._draw_beside(child, track, end, "outlives its caller")

    def _draw_beside(self, span: Span, track: int, until: float, name: str) -> None:
        """Draws a span that overlaps what is in a track, up to `until`, into another one, and an arrow there."""
        beside = self._track(name, span.start, max(each.end for each in span.walk()))
        self._draw(span, beside, span.end)
        arrow = {"cat": "call", "name": "call", "id": next(self.arrows), "pid": self.process}
        start = self._time(span.start)
        begins = min(start, round(self._time(until) - _LEAST, 3))
        self.events.append({**arrow, "ph": "s", "tid": track, "ts": begins})
        self.events.append({**arrow, "ph": "f", "bp": "e", "tid": beside, "ts": start})

    def _track(self, name: str, start: float = 0.0, end: float = 0.0) -> int:
        """A track that is free from `start` on; it is taken until `end`."""
        busy = self._busy.setdefault(name, [])
        for index, (track, until) in enumerate(busy):
            if until <= start:
                busy[index] = track, end
                return track
        track = next(self.tracks)
        busy.append((track, end))
        self._about("thread_name", track, name=name if len(busy) == 1 else f"{name} ({len(busy)})")
        self._about("thread_sort_index", track, sort_index=track)
        return track

    def _slice(self, span: Span, track: int, end: float) -> None:
        arguments: dict[str, Any] = {
            "kind": span.kind,
            "where": span.where,
            "component": span.role,
            "to": span.to,
            "outcome": span.outcome,
            "unfinished": span.unfinished or "",
        }
        if span is self.trace.root:
            arguments |= {"client": span.where, "arrived_s": span.start, "seconds": span.ledger()}
        start = self._time(span.start)
        self.events.append(
            {
                "ph": "X",
                "name": _name(span),
                "cat": span.kind,
                "pid": self.process,
                "tid": track,
                "ts": start,
                "dur": round(self._time(end) - start, 3),
                "args": {key: value for key, value in arguments.items() if value != ""},
            }
        )

    def _about(self, what: str, track: int, **arguments: Any) -> None:
        self.events.append({"ph": "M", "name": what, "pid": self.process, "tid": track, "ts": 0, "args": arguments})

    def _time(self, seconds: float) -> float:
        return round((seconds - self.trace.root.start) * _MICRO, 3)


def _name(span: Span) -> str:
    if span.kind in LEDGER:
        return f"{span.kind}: {span.name}"
    return f"{span.name} ({span.outcome})" if failed(span) else span.name
