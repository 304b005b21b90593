"""Whether the system came back by itself when its triggers had ended, and what kept it down if it did not.

The verdict is that of `sim.experiment.metastability`. What sustains an overload is a loop: the overload makes work that
makes the overload. Here it is looked for in what the run recorded: more attempts per request than before, workers that
are busy with requests whose callers have gone, and a queue that goes on growing (L. Huang et al., "Metastable Failures
in the Wild", OSDI 2022).
"""

from collections.abc import Iterator
from dataclasses import asdict
from math import ceil
from typing import Any, Final

import numpy as np

from sim.experiment.levels import Level
from sim.experiment.metastability import Aftermath, Verdict
from sim.metrics.saturation import FULL
from sim.report import units
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed, number, percent

_MORE_ATTEMPTS: Final = 1.2
_MUCH_WASTE: Final = 0.2
_MOSTLY_FAILS: Final = 0.5
_MOVES: Final = 1.0
_GOOD: Final = 0.9


def recovery(evidence: Evidence) -> list[Finding]:
    """Gives the verdict, or says why there is none; nothing for a run without events."""
    found = evidence.aftermath
    if found is None:
        return []
    if found.before is None or found.after is None:
        text = f"{found.reason[0].upper()}{found.reason[1:]}."
        return [Finding("Whether it recovers by itself cannot be said", text, {"verdict": None})]
    figures: dict[str, Any] = {"verdict": str(found.verdict), "back_s": found.back_s, "shed": found.shed}
    for name in ("before", "meanwhile", "after"):
        level = getattr(found, name)
        figures[name] = None if level is None else asdict(level)
    sentences = [
        f"In the last {found.after.seconds}s {_level(found.after)}; before the first event it was "
        f"{units.rate(found.before.goodput)} and {units.duration(found.before.p99)}."
    ]
    ended = f"the {found.trigger['kind']} of {found.trigger['target']} had ended"
    left = units.duration(evidence.duration - found.trigger["end_s"])
    if found.verdict is None:
        sentences.append(f"There is no verdict: {found.reason}.")
        title = f"It was still recovering when the run ended, {left} after {ended}"
        return [Finding(title, " ".join(sentences), figures | {"verdict": None}, Weight.BROKEN)]
    if found.verdict is Verdict.NEVER:
        sentences += [*_loop(evidence, found), *_trend(evidence, ceil(found.trigger["end_s"]))]
        state = "down" if found.after.goodput < _GOOD * found.before.goodput else "slow"
        title = f"It never recovered: {left} after {ended} it was still {state}"
        return [Finding(title, " ".join(sentences), figures, Weight.BROKEN)]
    back = found.back_s or 0.0
    if found.verdict is Verdict.RECOVERED and _is_slower(found):
        sentences.append("Its success ratio is what it was, its p99 is not.")
    if found.verdict is Verdict.SHED:
        sentences += [f"Before it was back, {found.shed}.", *_loop(evidence, found)]
        title = f"It recovered after load was shed, {units.duration(back)} after {ended}"
        return [Finding(title, " ".join(sentences), figures, Weight.CAUSE)]
    if back < SPAN:
        when = f"{units.duration(back)} after" if back else "as soon as"
        return [Finding(f"It recovered by itself, {when} {ended}", sentences[0], figures)]
    if found.meanwhile is not None:
        sentences.append(f"Until it was back {_level(found.meanwhile)}.")
    sentences += _loop(evidence, found)
    title = f"It recovered by itself, {units.duration(back)} after {ended}"
    return [Finding(title, " ".join(sentences), figures, Weight.COST)]


def _is_slower(found: Aftermath) -> bool:
    """Whether the last trigger has a failover, and never a recovery."""
    trigger = found.trigger
    return (
        trigger["failover_s"] is not None
        and trigger["recovery_s"] is None
        and "recovery_s" not in trigger.get("unknown", ())
    )


def _level(level: Level) -> str:
    return f"goodput was {units.rate(level.goodput)} and the p99 of a typical second {units.duration(level.p99)}"


def _loop(evidence: Evidence, found: Aftermath) -> Iterator[str]:
    """What kept the system down after its triggers."""
    start, before, meanwhile = ceil(found.trigger["end_s"]), found.before, found.meanwhile
    if before is None or meanwhile is None:
        return
    full = _full_component(evidence, start, start + meanwhile.seconds)
    kept = []
    attempts = meanwhile.attempts or 1.0
    if attempts >= _MORE_ATTEMPTS * (before.attempts or 1.0):
        load = None if full is None else evidence.on_paper(full)
        sent = f"{units.rate(meanwhile.offered * attempts)} in all"
        if load is not None and load.base.capacity is not None:
            sent += f", where {full} can do {units.rate(load.base.capacity)}"
        kept.append(f"retries, which made {number(attempts)} attempts of each request ({sent})")
    work = evidence.summary["attempts"]["wasted_work_s"] + evidence.summary["attempts"]["useful_work_s"]
    wasted = evidence.summary["attempts"]["wasted_work_s"] / work if work > 0.0 else 0.0
    if full is not None and wasted >= _MUCH_WASTE and meanwhile.goodput < _MOSTLY_FAILS * meanwhile.offered:
        kept.append(
            f"a queue at {full} so long that it worked for callers who had gone ({percent(wasted)} of all work in the "
            "run was for nobody)"
        )
    if kept:
        yield f"What kept it down: {listed(kept)}."


def _full_component(evidence: Evidence, start: int, end: int) -> str | None:
    """The component that was busiest in a time, if it was full."""
    busy = {
        name: float(evidence.together(name)["utilization"].loc[start : end - 1].mean())
        for name in dict.fromkeys(component for component, _ in evidence.places)
    }
    name = max(busy, key=lambda each: busy[each], default=None)
    return name if name is not None and busy[name] >= FULL else None


def _trend(evidence: Evidence, start: int) -> Iterator[str]:
    """Whether all queues together were growing or shrinking in the second half of the time that was left."""
    rows = [part["queue"].loc[(start + evidence.end) // 2 :].to_numpy() for part in evidence.places.values()]
    if not rows or len(rows[0]) < SPAN:
        return
    queues = np.sum(rows, axis=0)
    slope = float(np.polyfit(np.arange(len(queues)), queues, 1)[0])
    waited = f"At the end {number(queues[-1])} requests waited"
    if slope >= _MOVES:
        yield f"{waited}, {number(slope)} more every second."
    elif slope <= -_MOVES:
        yield f"{waited}, {number(-slope)} fewer every second."
