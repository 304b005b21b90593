"""Which component ran out of workers first, when and for how long; or how far the busiest one was from it.

Beside it stands what the component has to do on paper: where that is less than it can, something else took the rest.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from sim.experiment.offered_load import Certainty
from sim.metrics.saturation import FULL, LEAST, Saturation, saturations
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, from_to, instances, listed, number, percent, place, some

_OVERLOADED: Final = 1.0 + 1e-9
_MORE_ATTEMPTS: Final = 1.2


def saturation(evidence: Evidence) -> list[Finding]:
    """Says what was saturated first, or what came nearest to it."""
    found = saturations(evidence.servers, evidence.end)
    if not found:
        return _nothing(evidence)
    first = found[0]
    refused = evidence.summary["components"][first.component].get("refused", 0)
    sentences = [_queue(evidence, first, refused), *_on_paper(evidence, first), *_others(found[1:])]
    figures: dict[str, Any] = {
        "place": _place(first),
        "spells_s": first.spells,
        "full_seconds": first.full_seconds,
        "to_the_end": first.to_the_end,
        "queue_peak": first.queue,
        "refused": refused,
    }
    weight = Weight.BROKEN if first.to_the_end and len(first.spells) == 1 else Weight.CAUSE
    return [Finding(_title(evidence, first), " ".join(sentences), figures, weight)]


def _place(found: Saturation) -> str:
    return place(found.component, found.numbers)


def _title(evidence: Evidence, found: Saturation) -> str:
    were = "were" if len(found.numbers) > 1 else "was"
    at = units.moment(found.start)
    if len(found.spells) > 1:
        longest = units.duration(max(end - start for start, end in found.spells))
        often = "twice" if len(found.spells) == 2 else f"{len(found.spells)} times"
        return f"{_place(found)} {were} saturated {often}, first at {at}, for {longest} at the longest"
    if found.to_the_end:
        return f"{_place(found)} {were} saturated from {at} to the end"
    return f"{_place(found)} {were} saturated for {units.duration(found.end - found.start)}, from {at} on"


def _queue(evidence: Evidence, found: Saturation, refused: int) -> str:
    messages = [
        f"up to {counted(block['depth_max'], 'message')} in {name}"
        for name, block in evidence.blocks()
        if found.component in block.get("groups", ())
    ]
    words = f"Up to {some(found.queue, 'request')} waited there" if found.queue else "Nobody waited there"
    if messages:
        words = f"Messages waited for it, {listed(messages)}"
    if found.full_seconds > sum(end - start for start, end in found.spells) or len(found.spells) > 1:
        words += f"; in all it was at least {percent(FULL)} busy for {units.duration(found.full_seconds)}"
    if refused:
        words += f"; {found.component} turned {counted(refused, 'request')} away"
    return f"{words}."


def _on_paper(evidence: Evidence, found: Saturation) -> Iterator[str]:
    """What the component has to do without queues, retries and faults, and what came on top."""
    load = evidence.on_paper(found.component)
    if load is None or load.base.utilization is None or load.peak.utilization is None:
        return
    base, peak = load.base, load.peak
    used, most = percent(load.base.utilization), percent(load.peak.utilization)
    spikes = any(event.verb == "spike" for event in evidence.scenario.document.events)
    usual = "outside spikes" if spikes else "on average"
    if load.peak.certainty is Certainty.AT_MOST:
        yield f"On paper it is asked for {most} of its capacity at most."
    elif load.base.utilization > _OVERLOADED:
        comes, can = units.rate(base.arriving), units.rate(base.capacity)
        yield f"On paper it is overloaded: {comes} arrive, and it can do {can}."
    elif load.peak.utilization > _OVERLOADED:
        yield (
            f"On paper it has {used} of its capacity to do {usual}, but at the busiest moment "
            f"{units.rate(peak.arriving)} arrive where it can do {units.rate(peak.capacity)}."
        )
    else:
        subject = f"{found.component} as a whole" if found.numbers else "it"
        words = f"On paper {subject} has {used} of its capacity to do {usual}"
        if used != most:
            words += f" and {most} at the busiest moment"
        top = list(_on_top(evidence, found))
        yield f"{words}; on top came {listed(top)}." if top else f"{words}."
    if found.numbers:
        rest = [number for number in evidence.of(found.component) if number not in found.numbers]
        busy = [
            float(evidence.together(found.component, [number])["utilization"].loc[found.start : found.end - 1].mean())
            for number in rest
        ]
        if rest:
            yield f"Meanwhile {instances(found.component, rest)} {_were(rest)} {from_to(busy)} busy."


def _were(things: Sequence[object]) -> str:
    return "was" if len(things) == 1 else "were"


def _on_top(evidence: Evidence, found: Saturation) -> Iterator[str]:
    """What made more work than there is on paper, or left fewer workers for it."""
    near = _near(evidence, found.component)
    for event in evidence.summary["events"]:
        over = evidence.duration if event["end_s"] is None else event["end_s"]
        config = evidence.event_config(event)
        hit = set() if config is None else set(config.parts(evidence.placement))
        if hit & near and event["start_s"] < found.end and over > found.start:
            yield f"the {event['kind']} of {event['target']}"
        cold = getattr(evidence.config(found.component), "warm_up", None)
        if event["kind"] == "crash" and cold is not None and over <= found.start < over + cold.for_:
            yield (
                f"the restart at {units.moment(over)}, after which an instance is up to {cold.factor:g} times as slow "
                f"for {units.duration(cold.for_)}"
            )
    rows = evidence.seconds.loc[found.start : found.end - 1]
    attempts = float(rows["attempts"].sum()) / max(float(rows["offered"].sum()), 1.0)
    if attempts >= _MORE_ATTEMPTS:
        yield f"retries ({number(attempts)} attempts per request)"


def _near(evidence: Evidence, component: str) -> set[str]:
    """A component, all that it calls, which holds its workers, and all caches, which keep load off it."""
    near = {component}
    while more := {edge.callee for edge in evidence.load.edges if edge.caller in near} - near:
        near |= more
    return near | {name for name, block in evidence.blocks() if block.get("kind") in ("cache", "cdn")}


def _others(found: list[Saturation]) -> Iterator[str]:
    if found:
        yield f"Then came {listed([f'{_place(each)} at {units.moment(each.start)}' for each in found])}."


def _nothing(evidence: Evidence) -> list[Finding]:
    busy = {name: block["utilization"] for name, block in evidence.blocks() if block.get("utilization") is not None}
    if not busy:
        return []
    name = max(busy, key=lambda each: busy[each])
    rows = evidence.together(name).loc[evidence.first :]
    full = rows.index[rows["utilization"] >= FULL]
    figures = {"place": name, "utilization": busy[name], "full_seconds": len(full)}
    if not len(full):
        title = f"Nothing was saturated: the busiest is {name}, at {percent(busy[name])}"
        return [Finding(title, _busiest_second(rows), figures)]
    title = f"{name} is {percent(busy[name])} busy on average, but was full in {counted(len(full), 'second')}"
    text = (
        f"It was at least {percent(FULL)} busy in {'it' if len(full) == 1 else 'them'}, "
        f"{'at' if len(full) == 1 else 'the first at'} {units.moment(int(full[0]))}, never for {LEAST} "
        f"seconds in a row; up to {some(float(rows['queue'].max()), 'request')} waited there."
    )
    return [Finding(title, text, figures, Weight.CAUSE)]


def _busiest_second(rows: pd.DataFrame) -> str:
    most = float(rows["queue"].max())
    waited = f"up to {some(most, 'request')} waited there" if most > 0.0 else "nobody waited there"
    return f"In its busiest second it was {percent(float(rows['utilization'].max()))} busy; {waited}."
