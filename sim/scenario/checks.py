"""Checks that need the whole document: cycles, caches that nobody reads, figures nobody counts, rules never reached.

An error makes a run meaningless; a warning says that something is probably not what was meant. Errors are looked for in
whatever is known of a document: each check goes as far as that, and blames nothing that may be right when all else is.
Warnings are for documents without errors.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import Any

from sim.components import ClientConfig, Placed
from sim.components.names import CacheReference, Names, Unclear, may_name_cache
from sim.components.traffic import read_access_log
from sim.metrics import parse_measure
from sim.scenario import effects, endless, event_checks, rules
from sim.scenario.answers import figures
from sim.scenario.declared import strange_sections, texts, unclear
from sim.scenario.document import Document, is_name
from sim.scenario.errors import Problem
from sim.scenario.figures import missing_figure
from sim.scenario.partial import Gap
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.subjects import Subjects
from sim.scenario.topology import Topology
from sim.values import Config, Match, format_duration, known, nearest, parts
from sim.values.words import clip, hint, quote

DEEPEST = 50
"""How many components a request may pass through, one behind the other."""

EVERYWHERE = ("cdn", "external")
"""The kinds that are as near as need be wherever one is, unless the scenario says where they stand."""

_LISTED = 6
_PAIRS = 30
_PERIODS = 1000


def problems(document: Document, source: Source, topology: Topology, names: Names) -> Iterator[Problem]:
    """Everything that is wrong with what is known of a document.

    Args:
        document: The document, partial where something is wrong; names in it may be wrong, which validation has told.
        source: Where it is written.
        topology: Who calls whom in it.
        names: What it declares.
    """
    yield from _cycles(source, topology)
    yield from known(_caches(document, source, topology))
    yield from known(_network(document, source))
    yield from known(_distances(document, source, names))
    yield from known(_roles(document, source))
    yield from known(_length(document, source))
    yield from known(_warmup(document, source))
    for name, client in vars(document).get("clients", {}).items():
        yield from known(_days(document, source, name, client))
        yield from known(_log(document, source, name, client))
        yield from known(_home(document, source, name, client))
        yield from known(_data(document, source, name, client, topology))
    for name, config in vars(document).get("components", {}).items():
        yield from known(_place(document, source, name, config))
    yield from _senders(document, source, names)
    yield from event_checks.problems(document, source)
    yield from _figures(document, source, Subjects(document, source, names))


def warnings(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    """What works but is probably not meant."""
    yield from rules.warnings(document, source)
    for name in document.components:
        if name not in topology.reached:
            yield source.problem(("components", name), "no client's requests ever reach it", key=True)
    for pair in document.network.between:
        ends = frozenset(pair.split("/"))
        if ends not in topology.links and not ends <= set(document.regions):
            yield source.problem(("network", "between", pair), "no requests go between these two", key=True)
    yield from event_checks.warnings(document, source, topology)
    yield from effects.warnings(document, source, topology)
    yield from endless.warnings(document, source, topology)


def _cycles(source: Source, topology: Topology) -> Iterator[Problem]:
    heights: dict[str, int] = {}
    for root in topology.calls:
        trail: dict[str, None] = {}
        stack = [(root, iter(topology.calls[root]))] if root not in heights else []
        while stack:
            name, rest = stack[-1]
            trail[name] = None
            step = next(((path, to) for path, to in rest if _calls_on(topology, to) and to not in heights), None)
            if step is None:
                stack.pop()
                trail.pop(name)
                heights[name] = 1 + max((heights.get(to, 0) for _, to in topology.calls[name]), default=0)
                if heights[name] == DEEPEST + 1:
                    text = f"a request would pass through more than {DEEPEST} components, one behind the other"
                    yield source.problem(("components", name), text, key=True)
                continue
            path, to = step
            if to in trail:
                yield source.problem(path, f"a request would go round for ever: {_circle(list(trail), to)}")
                continue
            stack.append((to, iter(topology.calls[to])))


def _calls_on(topology: Topology, to: str) -> bool:
    """Whether what is called may call others; what stands in the place of a cache and is none has been told."""
    return to in topology.calls and not isinstance(to, CacheReference)


def _circle(trail: list[str], back: str) -> str:
    circle = trail[trail.index(back) :]
    if len(circle) > 8:
        circle = [*circle[:4], "…", *circle[-3:]]
    return " → ".join([*circle, back])


def _caches(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    read = {to for calls in topology.calls.values() for _, to in calls}
    caches = [name for name, config in document.components.items() if vars(config).get("kind") == "cache"]
    unread = [name for name in caches if name not in read and is_name(name)]
    readers = _unclear_readers(document, source) if unread else Unclear()
    for name in unread:
        if not readers.may_be(name):
            yield source.problem(("components", name), "nobody reads this cache", key=True)


def _unclear_readers(document: Document, source: Source) -> Unclear:
    """Which caches may be read where something is not known, or is read that there is not."""
    paths, words, components = strange_sections(source, "components"), set[str](), document.components
    for path, part in parts(components, ("components",)):
        match part:
            case Gap():
                paths.append(path)
            case CacheReference() if part not in components and nearest(part, components):
                words.add(part)
            case CacheReference() if part not in components:
                paths.append(path)
            case Config() if part.model_extra:
                words.update(texts(part.model_extra))
            case Config():
                fields = type(part).model_fields.items()
                absent = [
                    field.alias or name for name, field in fields if name not in vars(part) and may_name_cache(field)
                ]
                paths += [(*path, key) for key in absent]
    return unclear(source, paths, words)


def _network(document: Document, source: Source) -> Iterator[Problem]:
    seen: dict[frozenset[str], str] = {}
    for pair in document.network.between:
        first = seen.setdefault(frozenset(pair.split("/")), pair)
        if first != pair:
            text = f"these two stand here already, as {quote(first)}"
            yield source.problem(("network", "between", pair), text, key=True)


def _distances(document: Document, source: Source, names: Names) -> Iterator[Problem]:
    """Regions whose distance nobody has said, unless it may be one of those between names that there are not."""
    told = {frozenset(pair.split("/")) for pair in document.network.between}
    strange = {end for pair in told for end in pair if not names.has_end(end)}
    regions = [name for name in document.regions if is_name(name)]
    missing = [
        f"{one}/{other}"
        for one, other in combinations(regions, 2)
        if {one, other} not in told and not any(pair & {one, other} and pair & strange for pair in told)
    ]
    if missing:
        path: Path = ("network", "between") if document.network.between else ("regions",)
        more = f" and {len(missing) - _PAIRS} more" if len(missing) > _PAIRS else ""
        text = f"the latency between regions is missing: {', '.join(missing[:_PAIRS])}{more}"
        yield source.problem(path, text, key=True)


def _roles(document: Document, source: Source) -> Iterator[Problem]:
    if document.regions and all(region.role == "standby" for region in document.regions.values()):
        yield source.problem(
            ("regions",), "each of them stands by until another one fails; one has to be active", key=True
        )


def _home(document: Document, source: Source, name: str, client: ClientConfig) -> Iterator[Problem]:
    if document.regions and client.region is None:
        text = f"'region' is missing: near which of {_all(document.regions)} are its users?"
        yield source.problem(("clients", name), text, key=True)


def _data(document: Document, source: Source, name: str, client: ClientConfig, topology: Topology) -> Iterator[Problem]:
    """A client whose data would have to be where what holds it does not stand."""
    components, home = vars(document).get("components", {}), client.home or client.region
    holders = [each for each in topology.reached_by(name) if getattr(components[each], "resident", None) == "client"]
    for holder in sorted(holders):
        places = components[holder].places
        if home is not None and home in document.regions and home not in places:
            where = f"its data is resident in {quote(holder)}, which stands in {_all(places)}"
            if client.home is None:
                yield source.problem(("clients", name), f"'home' is missing: {where}, not in {quote(home)}", key=True)
            else:
                yield source.problem(("clients", name, "home"), f"{where}, not in {quote(home)}")


def _place(document: Document, source: Source, name: str, config: Any) -> Iterator[Problem]:
    nowhere = isinstance(config, Placed) and not config.places
    if nowhere and document.regions and config.kind not in EVERYWHERE:
        text = f"'region' or 'regions' is missing: in which of {_all(document.regions)} does it stand?"
        yield source.problem(("components", name), text, key=True)


def _senders(document: Document, source: Source, names: Names) -> Iterator[Problem]:
    """Clients that a match names and that there are not."""
    for path, part in parts(vars(document).get("components", {}), ("components",)):
        clients = vars(part).get("client") if isinstance(part, Match) else None
        path = (*path, "client")
        listed = isinstance(source.at(path), list)
        for number, client in enumerate(clients or ()):
            if names.clients.lacks(client):
                text = f"there is no client {quote(client)}{hint(client, names.clients)}"
                yield source.problem((*path, number) if listed else path, text)


def _all(names: Iterable[str]) -> str:
    return " and ".join(list(names)[:_LISTED])


def _length(document: Document, source: Source) -> Iterator[Problem]:
    if document.duration is None:
        replays = [replay for client in document.clients.values() for replay in known(_replay(client))]
        if None in replays:
            yield source.problem((), "'duration' is missing: only replays know when they end")


def _replay(client: ClientConfig) -> Iterator[object]:
    yield client.traffic.replay


def _warmup(document: Document, source: Source) -> Iterator[Problem]:
    if document.duration is not None and document.warmup >= document.duration:
        text = f"a warm-up of {format_duration(document.warmup)} leaves nothing of {format_duration(document.duration)}"
        yield source.problem(("warmup",), text)


def _days(document: Document, source: Source, name: str, client: ClientConfig) -> Iterator[Problem]:
    rhythm = client.traffic.diurnal
    if rhythm is not None and document.duration is not None and document.duration > _PERIODS * rhythm.period:
        text = f"a run of {format_duration(document.duration)} has more than {_PERIODS} such days"
        yield source.problem(("clients", name, "traffic", "diurnal", "period"), text)


def _log(document: Document, source: Source, name: str, client: ClientConfig) -> Iterator[Problem]:
    file = client.traffic.replay
    if file is not None:
        form = client.traffic.format
        try:
            log = read_access_log(file, form)
        except ValueError as error:
            yield source.problem(("clients", name, "traffic", "replay"), str(error))
        else:
            if document.duration is None and log.doubt:
                text = f"{log.doubt} (a 'duration' would say how much of it to replay)"
                yield source.problem(("clients", name, "traffic", "replay"), text)


def _figures(document: Document, source: Source, judge: Subjects) -> Iterator[Problem]:
    """Figures of subjects that there are not, or that nothing counts."""
    for path, said, subject, metric in _measures(source):
        try:
            judge.check(metric, subject)
        except ValueError as error:
            yield source.problem(path, f"{said}{error}")
            continue
        if (missing := missing_figure(document, subject, metric)) is not None:
            yield source.problem(path, said + missing)


def _measures(source: Source) -> Iterator[tuple[Path, str, str | None, str]]:
    """The figures that objectives and the answer name rightly: where, how messages begin, whose, which."""
    objectives, answer = source.at(("objectives",)), source.at(("answer",))
    found: list[tuple[Path, str, str]] = []
    for number, text in enumerate(objectives if isinstance(objectives, list) else ()):
        if isinstance(text, str):
            found.append((("objectives", number), "", re.split("[<>=!]", text, maxsplit=1)[0]))
    with suppress(ValueError):
        for text in dict.fromkeys(figures(answer) if isinstance(answer, str) else ()):
            found.append((("answer",), f"{{{clip(text)}}}: ", text))
    for path, said, text in found:
        with suppress(ValueError):
            measure = parse_measure(text)
            yield path, said, measure.subject, measure.metric
