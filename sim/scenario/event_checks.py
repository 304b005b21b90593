"""Checks of events: whether the target is there, is of a kind that the event can happen to, and has such instances."""

from collections.abc import Iterator

from sim.components.traffic import HIGHEST_RATE, MOST_USERS
from sim.faults import Crash, EventConfig, LinkEvent, Spike, Target
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.scenario.words import a, hint, quote
from sim.values import format_count, format_duration, format_rate

_PROXIES = ("cdn", "waf", "gateway")


def problems(document: Document, source: Source) -> Iterator[Problem]:
    """Events that cannot happen."""
    for number, event in enumerate(document.events):
        for place, target in enumerate(event.targets):
            text = _client(document, event, target) if event.hits == "clients" else _component(document, event, target)
            if text is not None:
                yield source.problem(_place(source, number, event, place), text)
        if isinstance(event, Spike) and (text := _too_high(document, event)):
            yield source.problem(("events", number, "factor"), text)
        wanted = event.instances or 0 if isinstance(event, Crash) else 0
        for target in event.targets:
            there = _instances(document, target.name)
            if target.name in document.components and wanted > there:
                text = f"{quote(target.name)} has only {there} instance{'s' if there > 1 else ''}"
                yield source.problem(("events", number, "instances"), text)


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """Events that change nothing."""
    for number, event in enumerate(document.events):
        if document.duration is not None and event.at >= document.duration:
            text = f"it begins after the run has ended ({format_duration(document.duration)})"
            yield source.problem(("events", number, "at"), text)
        ends = frozenset(target.name for target in event.targets)
        if event.verb == "partition" and len(ends) == 2 and ends not in topology.links:
            yield source.problem(("events", number, event.verb), "no requests go between these two")


def _too_high(document: Document, spike: Spike) -> str | None:
    for target in spike.targets:
        client = document.clients.get(target.name)
        peak = 0.0 if client is None else client.traffic.highest_rate * spike.factor
        if peak > HIGHEST_RATE:
            return f"{format_rate(peak)} is more than this simulator can run, which is {format_rate(HIGHEST_RATE)}"
        users = 0 if client is None else (client.traffic.users or 0) * spike.factor
        if users > MOST_USERS:
            return f"{format_count(users)} users are more than this simulator can run, {format_count(MOST_USERS)}"
    return None


def _place(source: Source, number: int, event: EventConfig, target: int) -> Path:
    """Where a target is written: the item of a list, or the one value."""
    path: Path = ("events", number, event.verb)
    written = source.data["events"][number][event.verb]
    if isinstance(written, dict):
        path, written = (*path, "between"), written["between"]
    return (*path, target) if isinstance(written, list) else path


def _client(document: Document, event: EventConfig, target: Target) -> str | None:
    if target.name in document.components:
        kind = document.components[target.name].kind
        return f"{quote(target.name)} is {a(kind)}; {event.verb} is for clients{hint('', document.clients)}"
    if target.name not in document.clients:
        return f"there is no client {quote(target.name)}{hint(target.name, document.clients)}"
    return _no_instances(event, target)


def _component(document: Document, event: EventConfig, target: Target) -> str | None:
    if target.name in document.clients:
        if isinstance(event, LinkEvent):
            return _no_instances(event, target)
        return f"{quote(target.name)} is a client; {event.verb} is for components"
    if target.name not in document.components:
        known = [*document.components, *(document.clients if isinstance(event, LinkEvent) else ())]
        return f"there is no component {quote(target.name)}{hint(target.name, known)}"
    kind = document.components[target.name].kind
    if event.hits == "caches" and kind not in ("cache", "cdn"):
        return f"{quote(target.name)} is {a(kind)}; {event.verb} is for caches and CDNs"
    if event.hits != "servers":
        return _no_instances(event, target)
    if kind in _PROXIES:
        return f"{quote(target.name)} is {a(kind)} without instances; use outage, latency or loss"
    last = _instances(document, target.name) - 1
    if target.last is not None and target.last > last:
        return f"'{target}' does not exist: the last instance is {target.name}[{last}]"
    return None


def _no_instances(event: EventConfig, target: Target) -> str | None:
    if target.first is None:
        return None
    return f"{event.verb} is for all of {quote(target.name)}, not for single instances; write {target.name}"


def _instances(document: Document, name: str) -> int:
    config = document.components.get(name)
    return config.instances if config is not None and config.kind == "service" else 1
