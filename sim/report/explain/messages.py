"""What queues kept waiting: how far they fell behind and whether they caught up, and which messages were never done.

None of it shows in the latency of requests, which are answered when their messages are stored.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from sim.experiment.offered_load import ComponentLoad
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, listed, percent

_BEHIND: Final = 10.0
"""How many times as long as its work the slowest messages take where a queue is behind."""
_AT_ITS_WORST: Final = 0.9
_STILL: Final = 0.5
_DRAINED: Final = 0.01
_WORTH_SAYING: Final = 0.05

Queue = Mapping[str, Any]


def messages(evidence: Evidence) -> list[Finding]:
    """Says what became of the messages of each queue."""
    queues = [(name, block) for name, block in evidence.blocks() if "groups" in block]
    return [
        finding
        for name, queue in queues
        for tell in (_behind, _gone, _twice, _failed)
        for finding in tell(evidence, name, queue)
    ]


def _behind(evidence: Evidence, name: str, queue: Queue) -> Iterator[Finding]:
    lag, oldest, times = queue["lag_max_s"], queue["oldest_s"], queue["end_to_end_s"]
    loads = [load for group in queue["groups"] if (load := evidence.on_paper(group)) is not None]
    slow = lag if times["p99"] is None else times["p99"]
    if slow < _BEHIND * max((load.base.hold or 0.0 for load in loads), default=0.0) or not queue["depth_max"]:
        return
    full = queue["depth"] >= _STILL * queue["depth_max"]
    worst = full and oldest is not None and oldest >= _AT_ITS_WORST * lag
    words = f"Up to {counted(queue['depth_max'], 'message')} waited"
    if times["p99"] is not None:
        words += (
            f"; of those that were done, half took {units.duration(times['p50'])} from being published, "
            f"and 1% more than {units.duration(times['p99'])}"
        )
    words += _drained(evidence, name, loads)
    paper = [
        f"{load.name} can do {units.rate(load.base.capacity)} and {units.rate(load.base.arriving)} come"
        + (f", {units.rate(load.peak.arriving)} at the busiest moment" if evidence.load.varies else "")
        for load in loads
        if load.base.capacity is not None
    ]
    title = (
        f"{name} was never as far behind as at the end: its oldest message is {units.duration(oldest)} old"
        if worst
        else f"{name} fell up to {units.duration(lag)} behind"
    )
    figures = {"lag_max_s": lag, "oldest_s": oldest, "depth_max": queue["depth_max"], "depth": queue["depth"]}
    text = f"{words}. On paper {listed(paper)}." if paper else f"{words}."
    yield Finding(title, text, figures, Weight.BROKEN if worst else Weight.COST)


def _drained(evidence: Evidence, name: str, loads: list[ComponentLoad]) -> str:
    """How long it took from the longest backlog to none, beside what it takes on paper; empty if it did not drain."""
    depth = evidence.series(name, "depth")
    if depth is None:
        return ""
    longest = int(np.argmax(depth.to_numpy()))
    empty = np.flatnonzero(depth.to_numpy()[longest:] <= _DRAINED * depth.iloc[longest])
    if not len(empty):
        return ""
    start, end = float(depth.index[longest]), float(depth.index[longest + empty[0]])
    words = f". From {units.moment(start)}, when it was longest, it took {units.lapse(end - start)} to drain"
    spare = [load.base.capacity - load.base.arriving for load in loads if load.base.capacity is not None]
    if spare and min(spare) > 0.0:
        words += (
            f"; on paper {units.rate(min(spare))} to spare for {counted(round(depth.iloc[longest]), 'message')} "
            f"take {units.lapse(depth.iloc[longest] / min(spare))}"
        )
    return words


def _gone(evidence: Evidence, name: str, queue: Queue) -> Iterator[Finding]:
    dead, lost, shed = (queue[key] for key in ("dead_letters", "lost", "shed"))
    graveyard = getattr(evidence.config(name), "dead_letter_queue", None)
    where = "" if graveyard is None else f", and were moved to {graveyard}"
    said = [
        *(
            [f"{counted(dead, 'message')} became dead letters after {_deliveries(evidence, name)}{where}"]
            if dead
            else []
        ),
        *([f"{counted(lost, 'message')} got lost"] if lost else []),
        *([f"{counted(shed, 'message')} made room for newer ones"] if shed else []),
    ]
    if said:
        share = (dead + lost + shed) / max(queue["published"], 1)
        title = f"{percent(share)} of the messages of {name} were never done"
        text = f"{listed(said)}; the requests that published them had succeeded."
        yield Finding(title, text, {"dead_letters": dead, "lost": lost, "shed": shed}, Weight.COST)


def _deliveries(evidence: Evidence, name: str) -> str:
    most = getattr(evidence.config(name), "max_deliveries", None) or 1
    return counted(most, "delivery").replace("deliverys", "deliveries")


def _twice(evidence: Evidence, name: str, queue: Queue) -> Iterator[Finding]:
    again, duplicates = queue["redelivered"], queue["duplicates"]
    if duplicates:
        timeout = units.duration(getattr(evidence.config(name), "visibility_timeout", None))
        title = f"{name} had {counted(duplicates, 'message')} processed more than once"
        text = (
            f"{counted(again, 'message')} came again, most of them because they were not acknowledged within the "
            f"visibility time-out of {timeout}: consumers that were slow, had died, or were not heard."
        )
        yield Finding(title, text, {"duplicates": duplicates, "redelivered": again}, Weight.COST)


def _failed(evidence: Evidence, name: str, queue: Queue) -> Iterator[Finding]:
    """Messages that came again because their processing had failed."""
    again = queue["redelivered"]
    if queue["duplicates"] or again < _WORTH_SAYING * max(queue["published"], 1):
        return
    config = evidence.config(name)
    most = getattr(config, "max_deliveries", None)
    title = f"{name} delivered messages again {counted(again, 'time')}, where {queue['published']:,} were published"
    ends = f"given up after {_deliveries(evidence, name)}" if most else "never given up"
    text = f"A message whose processing fails is {ends}, and each delivery of it keeps a consumer as busy as any other."
    yield Finding(title, text, {"redelivered": again, "published": queue["published"]}, Weight.COST)
