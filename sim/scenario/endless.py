"""Waits without an end: behind a link that never carries a message again, of a caller that never gives up.

Such a caller is a client, or a service that loses a worker by it. What stands between callers and services (a CDN, a
WAF, a gateway) waits for as long as whoever has called it.
"""

from collections.abc import Iterator
from typing import Any

from sim.faults import EventConfig
from sim.faults.links import Loss, Partition
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.values import format_duration, parts
from sim.values.words import quote

Call = tuple[Path, str, str]
"""Where a call is written, who makes it, and whom it is to."""


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """The calls of a document without errors that wait for ever, each with the first event that makes it wait."""
    events = [event for event in document.events if _is_endless(event, document)]
    calls, told = list(_without_timeout(document, topology)) if events else [], set[Path]()
    for event in events:
        waiting = [(call, call[2]) for call in calls if _is_cut(event, call)]
        for (path, caller, _), silent in waiting:
            if path in told:
                continue
            told.add(path)
            kind = "client" if caller in document.clients else document.components[caller].kind
            if kind in ("client", "service"):
                text = f"from {format_duration(event.at)} on nothing ever comes back from {quote(silent)}"
                yield source.problem(path, f"{text}: the {event.verb} has no 'for', and who waits has no 'timeout'")
            elif kind != "queue":  # which delivers again after its visibility time-out
                waiting += [(call, silent) for call in calls if call[2] == caller]


def _without_timeout(document: Document, topology: Topology) -> Iterator[Call]:
    placed: dict[Path, Any] = {}
    for section in ("clients", "components"):
        placed |= parts(getattr(document, section), (section,))
    for caller, ways in (topology.clients | topology.calls).items():
        if caller in topology.clients or caller in topology.reached:
            for path, callee in ways:
                if getattr(placed[path[:-1]], "timeout", None) is None:
                    yield path, caller, callee


def _is_endless(event: EventConfig, document: Document) -> bool:
    """Whether it is sure that nothing ever crosses the links again that it hits."""
    total = isinstance(event, Partition) or (isinstance(event, Loss) and event.rate >= 1.0)
    whole = not any(target.region or target.name in document.regions for target in event.targets)
    begins = document.duration is None or event.at < document.duration
    return total and whole and begins and event.for_ is None


def _is_cut(event: EventConfig, call: Call) -> bool:
    ends = {target.name for target in event.targets}
    return ends <= {*call[1:]} if isinstance(event, Partition) else bool(ends & {*call[1:]})
