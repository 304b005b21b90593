"""How fast traffic moved from one region to another when something happened, as DNS and traffic managers have sent it.

A region's share of what such a component sends is compared with its share just before the event, over spans of five
seconds, for a second alone holds little but chance.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import pandas as pd

from sim.components import Steered
from sim.report import units
from sim.report.explain.event_cost import Event
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed, percent

_BEFORE: Final = 60
_WORTH_SAYING: Final = 0.05
_AT_ONCE: Final = 0.05
_NAMES: Final = {0.1: "a tenth", 0.5: "half", 0.99: "99%"}


@dataclass(frozen=True)
class Move:
    """What an event made of a region's share in what one component steers.

    Attributes:
        by: The component.
        region: The region.
        before: Its share before the event, 0..1.
        least: Its lowest share while the event was felt, 0..1.
        gone: From the event's start until a tenth, half and nearly all of that share had gone elsewhere, s; None where
            it never came to that.
        exact: Whether these times are, for they are those of single requests.
        last: Its share just before the event's end or the next event, 0..1.
        to: The shares that other regions had won by then.
    """

    by: str
    region: str
    before: float
    least: float
    gone: Mapping[float, float | None]
    exact: bool
    last: float
    to: Mapping[str, float]


def moved(evidence: Evidence) -> list[Finding]:
    """Says of each event what it moved; one finding an event at the most."""
    events = sorted(evidence.summary["events"], key=lambda event: event["start_s"])
    return [finding for event in events for finding in _finding(evidence, event)]


def _finding(evidence: Evidence, event: Event) -> Iterator[Finding]:
    config = evidence.event_config(event)
    parts = [] if config is None else config.parts(evidence.placement)
    hit = {evidence.placement.region(part) for part in parts if part not in evidence.document.clients}
    moves = [
        move
        for name, steering in evidence.document.components.items()
        if isinstance(steering, Steered)
        for move in _moves(evidence, event, name, steering, hit)
    ]
    if not moves:
        return
    moves = _sharpened(moves, event, hit)
    what = f"the {event['kind']} of {event['target']} at {units.moment(event['start_s'])}"
    left = [move for move in moves if move.before - move.least >= _WORTH_SAYING]
    if not left:
        named = listed([f"{move.by} (still {percent(move.last)})" for move in moves])
        title = f"No traffic left {moves[0].region} after {what}: it was all sent on by {named}"
    elif len(left) == 1:
        title = f"{left[0].by} moved traffic from {left[0].region} {_to(left[0])} after {what}: {_half(left[0])}"
    else:
        each = [f"by {move.by} {_half(move)}" for move in left]
        title = f"Traffic left {left[0].region} after {what}, {listed(each)}"
    text = " ".join(sentence for move in moves for sentence in _told(move))
    yield Finding(title, text, {"event": dict(event), "moves": [vars(move) for move in moves]}, Weight.CAUSE)


def _moves(evidence: Evidence, event: Event, name: str, config: Steered, hit: set[Any]) -> Iterator[Move]:
    """The regions from which an event moved traffic; and those that it hit."""
    sent = {region: evidence.series(name, f"to_{region}") for region in config.ways}
    counts = pd.DataFrame({region: each for region, each in sent.items() if each is not None}).diff()
    start = int(event["start_s"])
    starts = [int(each["start_s"]) for each in evidence.summary["events"] if each["start_s"] > event["start_s"]]
    end = int(evidence.duration if event["end_s"] is None else event["end_s"])
    end = min([end, *starts, evidence.end])
    if end <= start:  # what is over at once is felt until the next event
        end = min([*starts, evidence.end])
    first = max(evidence.first, start - _BEFORE)
    if counts.empty or start - first < SPAN or end - start < 2 * SPAN:
        return
    before = _shares(counts.loc[first + 1 : start])
    spans = counts.loc[start + 1 : end].rolling(SPAN).sum().dropna()
    shares = spans.div(spans.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    last = _shares(counts.loc[end - SPAN + 1 : end])
    for number, region in enumerate(counts.columns):
        usual, share = before[number], shares[:, number]
        falls = usual - share.min() >= _WORTH_SAYING
        if usual < _WORTH_SAYING or not ((falls and usual - last[number] >= _WORTH_SAYING) or region in hit):
            continue
        gone = {part: _first(share <= (1.0 - part) * usual) for part in _NAMES}
        others = zip(counts.columns, before, last, strict=True)
        won = {other: now - then for other, then, now in others if now - then >= _WORTH_SAYING}
        yield Move(name, region, usual, float(share.min()), gone, False, last[number], won)


def _sharpened(moves: list[Move], event: Event, hit: set[Any]) -> list[Move]:
    """The same with the times of the summary, which are exact, where those are about this one move."""
    if len(moves) != 1 or moves[0].region not in hit or event.get("moved_of") != "requests":
        return moves
    exact = {part: event.get(f"moved_{100 * part:.0f}_s") for part in _NAMES}
    gone = {part: moves[0].gone[part] if exact[part] is None else exact[part] for part in _NAMES}
    return [replace(moves[0], gone=gone, exact=gone == exact)]


def _shares(counts: pd.DataFrame) -> list[float]:
    sums = counts.sum()
    return [float(each) for each in sums / max(float(sums.sum()), 1.0)]


def _first(holds: Any) -> float | None:
    """The middle of the first span that shows it, from the start of the event, s."""
    return float(holds.argmax()) + 0.5 * SPAN if holds.any() else None


def _to(move: Move) -> str:
    return f"to {listed(list(move.to))}" if move.to else "elsewhere"


def _half(move: Move) -> str:
    half = move.gone[0.5]
    if half is None:
        return f"{percent(1.0 - move.least / move.before)} of it, no more"
    return f"half of it {_after(move, half)}"


def _after(move: Move, seconds: float) -> str:
    if seconds < _AT_ONCE:
        return "at once"
    return f"after {'' if move.exact else 'about '}{units.lapse(seconds)}"


def _told(move: Move) -> Iterator[str]:
    usual, last = percent(move.before), percent(move.last)
    if move.before - move.least < _WORTH_SAYING:
        yield f"{move.by} sent {usual} of its requests to {move.region} before it, and {last} at the end of it."
        return
    known = [(part, _after(move, seconds)) for part, seconds in move.gone.items() if seconds is not None]
    times = [
        (listed([_NAMES[part] for part, _ in parts]), after) for after, parts in groupby(known, lambda each: each[1])
    ]
    went = [f"{part} {after}" for part, after in times]
    went[:1] = [f"{part} went elsewhere {after}" for part, after in times[:1]]
    words = f"Of what {move.by} sent to {move.region} ({usual} of its requests) {listed(went)}"
    if move.gone[0.99] is None:
        words += f"; at the end {last} of its requests still went there"
    to = [f"{percent(share)} of all went to {region}" for region, share in move.to.items()]
    yield f"{words}; {listed(to)}." if to else f"{words}."
