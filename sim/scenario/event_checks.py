"""Checks of events that need the whole document: whether the target has such instances, and what a spike adds up to."""

from collections.abc import Iterator

from sim.components.traffic import HIGHEST_RATE, MOST_USERS
from sim.faults import Crash, EventConfig, Spike
from sim.faults.event import WITHOUT_INSTANCES
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.values import format_count, format_duration, format_rate
from sim.values.words import quote


def problems(document: Document, source: Source) -> Iterator[Problem]:
    """Events that cannot happen."""
    for number, event in enumerate(document.events):
        for place, target in enumerate(event.targets):
            there = _instances(document, target.name) if event.hits == "servers" else None
            if there is not None and target.last is not None and target.last >= there:
                text = f"'{target}' does not exist: the last instance is {target.name}[{there - 1}]"
                yield source.problem(_place(source, number, event, place), text)
            config = document.components.get(target.name)
            if event.verb == "promote" and config is not None and config.primary is None:
                text = f"{quote(target.name)} has no replicas, of which one could be promoted"
                yield source.problem(_place(source, number, event, place), text)
            if isinstance(event, Spike) and _replays(document, target.name):
                text = (
                    f"{quote(target.name)} replays a log, and sends what is in it; to have more of it, set its 'speed'"
                )
                yield source.problem(_place(source, number, event, place), text)
        if isinstance(event, Spike) and (too_high := _too_high(document, event)):
            yield source.problem(("events", number, "factor"), too_high)
        wanted = event.instances or 0 if isinstance(event, Crash) else 0
        for target in event.targets:
            there = _instances(document, target.name)
            if there is not None and wanted > there:
                text = f"{quote(target.name)} has only {there} instance{'s' if there > 1 else ''}"
                yield source.problem(("events", number, "instances"), text)


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """Events that change nothing."""
    for number, event in enumerate(document.events):
        if document.duration is not None and event.at >= document.duration:
            text = f"it begins after the run has ended ({format_duration(document.duration)})"
            yield source.problem(("events", number, "at"), text)
        ends = frozenset(target.name for target in event.targets)
        silent = len(ends) == 2 and ends not in topology.links and not ends & set(document.regions)
        if event.verb == "partition" and silent:
            yield source.problem(("events", number, event.verb), "no requests go between these two")


def _replays(document: Document, name: str) -> bool:
    client = document.clients.get(name)
    return client is not None and client.traffic.replay is not None


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


def _instances(document: Document, name: str) -> int | None:
    """How many instances a component has; None where there is none to hit."""
    config = document.components.get(name)
    if config is None or config.kind in WITHOUT_INSTANCES:
        return None
    return int(getattr(config, "instances", 1))
