"""Checks that need the whole document: names that must exist, cycles, caches that nobody reads, rules never reached.

An error makes a run meaningless; a warning says that something is probably not what was meant.
"""

from collections.abc import Iterator

from sim.components import KINDS
from sim.faults import EventConfig
from sim.metrics import parse_objective
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.values import did_you_mean, format_duration


def problems(document: Document, source: Source) -> Iterator[Problem]:
    """Everything that is wrong with a document whose every value is right by itself."""
    yield from _names(document, source)
    yield from _cycles(document, source)
    yield from _caches(document, source)
    yield from _network(document, source)
    yield from _times(document, source)
    for number, event in enumerate(document.events):
        yield from _event(document, source, ("events", number), event)
    yield from _objectives(document, source)


def warnings(document: Document, source: Source) -> Iterator[Problem]:
    """What works but is probably not meant."""
    yield from _shadowed(document, source)
    reached = _reached(document)
    for name in document.components:
        if name not in reached:
            yield source.problem(("components", name), "no client's requests ever reach it", key=True)
    for number, event in enumerate(document.events):
        if document.duration is not None and event.at >= document.duration:
            text = f"it begins after the run has ended ({format_duration(document.duration)})"
            yield source.problem(("events", number, "at"), text)


def edges(document: Document) -> dict[str, list[tuple[Path, str]]]:
    """For each component what it calls: the path in the document, and the name."""
    return {
        name: [(("components", name, *path), to) for path, to in KINDS[config.kind].make.targets(config)]
        for name, config in document.components.items()
    }


def _unknown(what: str, name: str, known: list[str]) -> str:
    return f"there is no {what} '{name}'{did_you_mean(name, known) or '; there are ' + ', '.join(known[:8])}"


def _names(document: Document, source: Source) -> Iterator[Problem]:
    known = list(document.components)
    wanted: list[tuple[Path, str]] = [(("clients", name, "to"), client.to) for name, client in document.clients.items()]
    wanted += [edge for calls in edges(document).values() for edge in calls]
    for path, to in wanted:
        if to not in document.components:
            yield source.problem(path, _unknown("component", to, known))
        elif document.components[to].kind == "cache" and path[-2] != "cache" and "read_through" not in path:
            yield source.problem(path, f"'{to}' is a cache: a read_through step reads it, requests do not go there")
    for name, calls in edges(document).items():
        for path, to in calls:
            is_cache = to in document.components and document.components[to].kind == "cache"
            if path[-2:] == ("cache", "to") and to in document.components and not is_cache:
                yield source.problem(path, f"'{to}' is a {document.components[to].kind}, not a cache")
        if name in document.clients:
            yield source.problem(("components", name), f"'{name}' is also the name of a client", key=True)


def _cycles(document: Document, source: Source) -> Iterator[Problem]:
    calls = edges(document)
    finished: set[str] = set()
    for root in document.components:
        trail: list[str] = []
        stack = [(root, iter(calls[root]))]
        while stack:
            name, rest = stack[-1]
            if name not in trail:
                trail.append(name)
            step = next(((path, to) for path, to in rest if to in calls and to not in finished), None)
            if step is None:
                stack.pop()
                trail.remove(name)
                finished.add(name)
                continue
            path, to = step
            if to in trail:
                circle = " → ".join([*trail[trail.index(to) :], to])
                yield source.problem(path, f"a request would go round for ever: {circle}")
                continue
            stack.append((to, iter(calls[to])))


def _caches(document: Document, source: Source) -> Iterator[Problem]:
    read = {to for calls in edges(document).values() for path, to in calls}
    for name, config in document.components.items():
        if config.kind == "cache" and name not in read:
            yield source.problem(("components", name), "nobody reads this cache", key=True)


def _network(document: Document, source: Source) -> Iterator[Problem]:
    known = [*document.components, *document.clients]
    for pair in document.network.between:
        ends = pair.split("/")
        if len(ends) != 2:
            text = f"'{pair}' is not a pair; write two names with a slash between them, such as gateway/search"
            yield source.problem(("network", "between", pair), text, key=True)
            continue
        for end in ends:
            if end not in known:
                yield source.problem(("network", "between", pair), _unknown("component", end, known), key=True)


def _times(document: Document, source: Source) -> Iterator[Problem]:
    replays = [name for name, client in document.clients.items() if client.traffic.replay is not None]
    if document.duration is None and len(replays) < len(document.clients):
        yield source.problem((), "'duration' is missing: only replays know when they end")
    if document.duration is not None and document.warmup >= document.duration:
        text = f"a warm-up of {format_duration(document.warmup)} leaves nothing of {format_duration(document.duration)}"
        yield source.problem(("warmup",), text)


def _event(document: Document, source: Source, path: Path, event: EventConfig) -> Iterator[Problem]:
    where = (*path, event.verb)
    for target in event.targets:
        if event.hits == "clients":
            if target.name not in document.clients:
                yield source.problem(where, _unknown("client", target.name, list(document.clients)))
            continue
        known = [*document.components, *(document.clients if event.hits == "links" else ())]
        if target.name not in known:
            yield source.problem(where, _unknown("component", target.name, known))
            continue
        config = document.components.get(target.name)
        kind = None if config is None else config.kind
        if event.hits == "caches" and kind not in ("cache", "cdn"):
            yield source.problem(where, f"'{target.name}' is a {kind}; {event.verb} is for caches and CDNs")
        if event.hits == "servers" and kind in ("cdn", "waf", "gateway"):
            text = f"'{target.name}' is a {kind} without instances; use outage, latency or loss"
            yield source.problem(where, text)
        instances = config.instances if config is not None and kind == "service" else 1
        if target.last is not None and target.last >= instances:
            last = f"{target.name}[{instances - 1}]"
            yield source.problem(where, f"'{target}' does not exist: the last instance is {last}")
        wanted = getattr(event, "instances", None)
        if wanted is not None and wanted > instances:
            text = f"'{target.name}' has only {instances} instance{'s' if instances > 1 else ''}"
            yield source.problem((*path, "instances"), text)


def subjects(document: Document) -> dict[str, str]:
    """What an objective may speak of: names, and what each names."""
    kinds = {event.verb: "event" for event in document.events}
    for client in document.clients.values():
        kinds |= {request.send: "route" for request in client.requests}
    kinds |= dict.fromkeys(document.components, "component")
    return kinds | dict.fromkeys(document.clients, "client")


def _objectives(document: Document, source: Source) -> Iterator[Problem]:
    known = subjects(document)
    for number, text in enumerate(document.objectives):
        try:
            parse_objective(text, known)  # type: ignore[arg-type]
        except ValueError as error:
            yield source.problem(("objectives", number), str(error))


def _shadowed(document: Document, source: Source) -> Iterator[Problem]:
    for name, config in document.components.items():
        for key in ("routes", "endpoints"):
            rules = getattr(config, key, [])
            for number, rule in enumerate(rules):
                first = next((earlier for earlier in rules[:number] if earlier.match.covers(rule.match)), None)
                if first is not None:
                    text = f"never reached: '{first.match}' before it takes everything that '{rule.match}' matches"
                    yield source.problem(("components", name, key, number, "match"), text)


def _reached(document: Document) -> set[str]:
    calls = edges(document)
    reached: set[str] = set()
    waiting = [client.to for client in document.clients.values()]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in calls:
            reached.add(name)
            waiting += [to for _, to in calls[name]]
    return reached
