"""Checks of events that need the whole document: whether the target has such instances, and what a spike adds up to."""

from collections.abc import Iterator, Sequence

from sim.components import Steered
from sim.components.traffic import HIGHEST_RATE, MOST_USERS
from sim.faults import Crash, EventConfig, Spike, Target
from sim.faults.event import WITHOUT_INSTANCES
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.values import format_count, format_duration, format_rate, known
from sim.values.words import quote

Complaint = tuple[str, str]
"""The key that is to blame, the verb for a target, and the message."""


def problems(document: Document, source: Source) -> Iterator[Problem]:
    """Events that cannot happen, as far as a document is known."""
    for number, event in enumerate(vars(document).get("events", ())):
        for place, target in known(_targets(event)):
            for check in (_instance, _number_of_instances, _no_replica, _log, _peak):
                for key, text in known(check(document, event, target)):
                    is_target = key == event.verb
                    path = _place(source, number, event, place) if is_target else ("events", number, key)
                    yield source.problem(path, text)


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """Events that change nothing."""
    for number, event in enumerate(document.events):
        if document.duration is not None and event.at >= document.duration:
            text = f"it begins after the run has ended ({format_duration(document.duration)})"
            yield source.problem(("events", number, "at"), text)
        if event.verb in ("drain", "failback"):
            for place, target in _targets(event):
                if not any(target.name in places for places in _steered(document)):
                    text = f"nothing steers requests to {quote(target.name)}, so there is nothing to {event.verb}"
                    yield source.problem(_place(source, number, event, place), text)
        ends = frozenset(target.name for target in event.targets)
        silent = len(ends) == 2 and ends not in topology.links and not ends & set(document.regions)
        if event.verb == "partition" and silent:
            yield source.problem(("events", number, event.verb), "no requests go between these two")


def _steered(document: Document) -> Iterator[Sequence[str]]:
    """The regions in which each component stands that DNS or a traffic manager sends requests to."""
    for config in document.components.values():
        if isinstance(config, Steered) and config.to in document.components:
            yield document.components[config.to].places


def _targets(event: EventConfig) -> Iterator[tuple[int, Target]]:
    yield from enumerate(event.targets)


def _instance(document: Document, event: EventConfig, target: Target) -> Iterator[Complaint]:
    there = _instances(document, target.name) if event.hits == "servers" else None
    if there is not None and target.last is not None and target.last >= there:
        yield event.verb, f"'{target}' does not exist: the last instance is {target.name}[{there - 1}]"


def _number_of_instances(document: Document, event: EventConfig, target: Target) -> Iterator[Complaint]:
    wanted = event.instances or 0 if isinstance(event, Crash) else 0
    there = _instances(document, target.name) if wanted else None
    if there is not None and wanted > there:
        yield "instances", f"{quote(target.name)} has only {there} instance{'s' if there > 1 else ''}"


def _no_replica(document: Document, event: EventConfig, target: Target) -> Iterator[Complaint]:
    config = document.components.get(target.name) if event.verb == "promote" else None
    if config is not None and config.kind == "database" and not (config.primary or config.replicas):
        yield event.verb, f"{quote(target.name)} has no replicas, of which one could be promoted"


def _log(document: Document, event: EventConfig, target: Target) -> Iterator[Complaint]:
    client = document.clients.get(target.name) if isinstance(event, Spike) else None
    if client is not None and client.traffic.way == "replay":
        name = quote(target.name)
        yield event.verb, f"{name} replays a log, and sends what is in it; to have more of it, set its 'speed'"


def _peak(document: Document, event: EventConfig, target: Target) -> Iterator[Complaint]:
    client = document.clients.get(target.name)
    if client is None or not isinstance(event, Spike):
        return
    rate, users = client.traffic.highest_rate * event.factor, (client.traffic.users or 0) * event.factor
    if rate > HIGHEST_RATE:
        text = f"{format_rate(rate)} is more than this simulator can run, which is {format_rate(HIGHEST_RATE)}"
        yield "factor", text
    if users > MOST_USERS:
        yield "factor", f"{format_count(users)} users are more than this simulator can run, {format_count(MOST_USERS)}"


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
