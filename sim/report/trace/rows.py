"""The rows of a waterfall: one for each place that a request went through, each attempt, each pause between two.

What goes on at a place itself is drawn in its row, the crossings of the network that lead there and back included. In
the meantime its caller waits. Of many calls at once only the slowest have rows of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from sim.metrics.trace import ATTEMPT, BACKGROUND, BRANCH, PARALLEL, PLACE, Span, Trace
from sim.report import units
from sim.report.trace.otlp import failed
from sim.request import BACKOFF, LEDGER, NETWORK, Outcome

WAITING: Final = "waiting"
ABANDONED: Final = "abandoned"
MANY: Final = 5
"""So many calls at once have rows of their own."""

_SHOWN: Final = 3


class Stretch(NamedTuple):
    """What went on for a while: a part of the ledger, `WAITING` for others, or `ABANDONED`; times in s."""

    what: str
    start: float
    end: float


@dataclass
class Row:
    """One row of a waterfall.

    Attributes:
        depth: How far it is indented.
        name: Of the place, or what else it is.
        note: How it ended, if that is worth a word.
        bad: Whether that was no success, and not for what is below alone.
        start: When it began, s.
        end: When it was over, s.
        stretches: What went on, in the order of time.
    """

    depth: int
    name: str
    start: float
    end: float
    note: str = ""
    bad: bool = False
    stretches: list[Stretch] = field(default_factory=list)


def rows(trace: Trace) -> list[Row]:
    """The rows of one trace, from top to bottom; a single attempt that was waited for goes without saying."""
    root = trace.root
    found: list[Row] = []
    if trace.attempts == 1 and root.children[0].outcome != Outcome.TIMEOUT.word:
        root = root.children[0]
    top = Row(0, root.name, root.start, root.end)
    found.append(top)
    _fill(top, root, root.end, found)
    for index, row in enumerate(found):
        row.bad = row.bad and not any(other.bad and other.note == row.note for other in _below(found, index))
    if any(stretch.what != WAITING for stretch in top.stretches) or len(found) == 1:
        return found
    for row in found:
        row.depth -= 1
    return found[1:]


def _below(found: Sequence[Row], index: int) -> Iterator[Row]:
    """The rows that stand below a row and are indented further."""
    for other in found[index + 1 :]:
        if other.depth <= found[index].depth:
            return
        yield other


def _fill(row: Row, span: Span, until: float, found: list[Row]) -> None:
    """Fills a row with what its span did, and adds the rows of what is below it.

    Args:
        row: The row.
        span: The span.
        until: When the waiting for it stopped, s.
        found: Where rows are added.
    """
    for crossing, child, back in _with_crossings(span.children):
        inner = min(until, child.end) if child.kind in (ATTEMPT, BRANCH) else until
        below = row.depth + 1
        ways = [way for way in (crossing, back) if way is not None]
        if child.kind == PLACE:
            _add_place(child, ways, below, until, found)
        elif child.kind in (ATTEMPT, BRANCH):
            _add_call(child, span, below, inner, found)
        elif child.kind == BACKGROUND:
            _fill(_add(Row(below, child.name, child.start, child.end, "nobody waits"), found), child, child.end, found)
        elif child.kind == PARALLEL and len(child.children) == 1:
            _add_call(child.children[0], child, below, min(until, child.children[0].end), found)
        elif child.kind == PARALLEL:
            _add_parallel(child, below, until, found)
        elif child.kind == LEDGER[BACKOFF]:
            pause = _add(Row(below, "pause", child.start, child.end), found)
            pause.stretches += _cut(child.kind, child.start, child.end, until)
        else:
            row.stretches += _cut(child.kind, child.start, child.end, until)
            continue
        if child.kind != BACKGROUND:
            begin, end = min(s.start for s in (child, *ways)), max(s.end for s in (child, *ways))
            row.stretches += [Stretch(WAITING, begin, min(end, until))] if begin < until else []


def _with_crossings(children: Sequence[Span]) -> Iterator[tuple[Span | None, Span, Span | None]]:
    """The children, each place together with the crossings that lead there and back."""
    network = LEDGER[NETWORK]
    index = 0
    while index < len(children):
        there = None
        child = children[index]
        if child.kind == network and index + 1 < len(children) and children[index + 1].kind == PLACE:
            there, index, child = child, index + 1, children[index + 1]
        back = None
        if child.kind == PLACE and index + 1 < len(children) and children[index + 1].kind == network:
            index += 1
            back = children[index]
        yield there, child, back
        index += 1


def _add(row: Row, found: list[Row]) -> Row:
    found.append(row)
    return row


def _add_place(span: Span, ways: Sequence[Span], depth: int, until: float, found: list[Row]) -> None:
    row = _add(Row(depth, span.name, span.start, span.end), found)
    row.note, row.bad = _note(span), failed(span)
    row.start = min(each.start for each in (span, *ways))
    row.end = max(each.end for each in (span, *ways))
    for way in ways:
        row.stretches += _cut(way.kind, way.start, way.end, until)
    _fill(row, span, until, found)
    row.stretches.sort(key=lambda stretch: stretch.start)


def _add_call(span: Span, parent: Span, depth: int, until: float, found: list[Row]) -> None:
    """Adds a call; one that was made once and waited for is the visit of the place that it leads to."""
    repeated = any(other.kind == ATTEMPT and other.number > 1 for other in parent.children)
    visits = [(there, child, back) for there, child, back in _with_crossings(span.children)]
    if len(visits) == 1 and not repeated and span.outcome != Outcome.TIMEOUT.word and visits[0][1].kind == PLACE:
        there, place, back = visits[0]
        _add_place(place, [way for way in (there, back) if way is not None], depth, until, found)
        return
    row = _add(Row(depth, span.name, span.start, span.end, _note(span), failed(span)), found)
    _fill(row, span, until, found)


def _add_parallel(span: Span, depth: int, until: float, found: list[Row]) -> None:
    branches = span.children
    slowest = span.decisive(until)
    note = f"decided by {slowest.to}" if len({branch.to for branch in branches}) > 1 else ""
    row = _add(Row(depth, f"{len(branches)} calls at once", span.start, span.end, note), found)
    row.stretches += [Stretch(WAITING, span.start, min(span.end, until))] if span.start < until else []
    shown = list(branches)
    if len(branches) > MANY:
        others = sorted((branch for branch in branches if branch is not slowest), key=lambda branch: -branch.end)
        shown = [slowest, *others[: _SHOWN - 1]]
    for branch in shown:
        _add_call(branch, span, depth + 1, min(until, branch.end), found)
    rest = [branch for branch in branches if not any(branch is other for other in shown)]
    if rest:
        ends = [branch.end for branch in rest]
        middle = units.duration(median(ends) - span.start)
        other = _add(Row(depth + 1, f"{len(rest)} others", span.start, max(ends), f"median {middle}"), found)
        other.stretches += [Stretch(WAITING, span.start, min(max(ends), until))]


def _cut(what: str, start: float, end: float, until: float) -> list[Stretch]:
    """A stretch, or two: what goes on after the waiting has stopped is for nobody."""
    pieces = [Stretch(what, start, min(end, until)), Stretch(ABANDONED, max(start, until), end)]
    return [piece for piece in pieces if piece.start < piece.end]


def _note(span: Span) -> str:
    if span.role == "cache" and span.outcome:
        return {"ok": "hit", "not_found": "miss"}.get(span.outcome, span.outcome)
    if span.role == "cdn" and span.outcome == Outcome.CACHED.word:
        return "hit"
    if span.unfinished:
        return "unfinished"
    return "" if span.outcome == Outcome.OK.word else span.outcome
