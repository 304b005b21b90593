"""Checks that need the whole document: names that must exist, cycles, caches that nobody reads, rules never reached.

An error makes a run meaningless; a warning says that something is probably not what was meant. Both are looked for only
in a document whose every value is right by itself: what a misunderstood part seems to lack would only mislead.
"""

from collections.abc import Iterable, Iterator

from sim.components import ClientConfig
from sim.components.traffic import DEFAULT_MIX, Replay, read_access_log
from sim.metrics import Kind, parse_measure, parse_objective
from sim.scenario import event_checks
from sim.scenario.answers import figures
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.figures import missing_figure
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.topology import Topology
from sim.scenario.words import a, clip, hint, quote
from sim.values import format_duration

DEEPEST = 50
"""How many components a request may pass through, one behind the other."""

_RULES = 300
_PERIODS = 1000


def problems(document: Document, source: Source) -> Iterator[Problem]:
    """Everything that is wrong with a document whose every value is right by itself."""
    topology = Topology(document)
    yield from _names(document, source, topology)
    yield from _cycles(source, topology)
    yield from _caches(document, source, topology)
    yield from _network(document, source)
    yield from _times(document, source)
    yield from _logs(document, source)
    yield from event_checks.problems(document, source)
    yield from _objectives(document, source)
    yield from _answer(document, source)


def warnings(document: Document, source: Source) -> Iterator[Problem]:
    """What works but is probably not meant."""
    topology = Topology(document)
    yield from _shadowed(document, source)
    for name in document.components:
        if name not in topology.reached:
            yield source.problem(("components", name), "no client's requests ever reach it", key=True)
    for pair in document.network.between:
        if frozenset(pair.split("/")) not in topology.links:
            yield source.problem(("network", "between", pair), "no requests go between these two", key=True)
    yield from event_checks.warnings(document, source, topology)


def _names(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    for path, to in [*topology.clients.values(), *(call for calls in topology.calls.values() for call in calls)]:
        kind = document.components[to].kind if to in document.components else None
        reads_cache = path[-3:-1] == ("read_through", "cache")
        if kind is None:
            yield source.problem(path, no_component(to, document))
        elif kind == "cache" and not reads_cache:
            yield source.problem(
                path, f"{quote(to)} is a cache: a read_through step reads it, requests do not go there"
            )
        elif kind != "cache" and reads_cache:
            yield source.problem(path, f"{quote(to)} is {a(kind)}, not a cache")
    for name in topology.clients:
        if name in document.components:
            yield source.problem(("components", name), f"{quote(name)} is also the name of a client", key=True)


def no_component(name: str, document: Document) -> str:
    """Says that there is no such component, and what was probably meant."""
    if name in document.clients:
        return f"{quote(name)} is a client, not a component{hint('', document.components)}"
    return f"there is no component {quote(name)}{hint(name, document.components)}"


def _cycles(source: Source, topology: Topology) -> Iterator[Problem]:
    heights: dict[str, int] = {}
    for root in topology.calls:
        trail: dict[str, None] = {}
        stack = [(root, iter(topology.calls[root]))] if root not in heights else []
        while stack:
            name, rest = stack[-1]
            trail[name] = None
            step = next(((path, to) for path, to in rest if to in topology.calls and to not in heights), None)
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


def _circle(trail: list[str], back: str) -> str:
    circle = trail[trail.index(back) :]
    if len(circle) > 8:
        circle = [*circle[:4], "…", *circle[-3:]]
    return " → ".join([*circle, back])


def _caches(document: Document, source: Source, topology: Topology) -> Iterator[Problem]:
    read = {to for calls in topology.calls.values() for _, to in calls}
    for name, config in document.components.items():
        if config.kind == "cache" and name not in read:
            yield source.problem(("components", name), "nobody reads this cache", key=True)


def _network(document: Document, source: Source) -> Iterator[Problem]:
    known = [*document.components, *document.clients]
    seen: dict[frozenset[str], str] = {}
    for pair in document.network.between:
        ends = pair.split("/")
        text = None
        if len(ends) != 2:
            text = f"{quote(pair)} is not a pair; write two names with a slash between them, such as gateway/search"
        elif wrong := next((end for end in ends if end not in known), None):
            text = f"there is no component or client {quote(wrong)}{hint(wrong, known)}"
        elif ends[0] == ends[1]:
            text = f"{quote(pair)} names one component twice; nothing calls itself"
        elif frozenset(ends) in seen:
            text = f"these two stand here already, as {quote(seen[frozenset(ends)])}"
        seen.setdefault(frozenset(ends), pair)
        if text is not None:
            yield source.problem(("network", "between", pair), text, key=True)


def _times(document: Document, source: Source) -> Iterator[Problem]:
    replays = [name for name, client in document.clients.items() if client.traffic.replay is not None]
    if document.duration is None and len(replays) < len(document.clients):
        yield source.problem((), "'duration' is missing: only replays know when they end")
    if document.duration is not None and document.warmup >= document.duration:
        text = f"a warm-up of {format_duration(document.warmup)} leaves nothing of {format_duration(document.duration)}"
        yield source.problem(("warmup",), text)
    for name, client in document.clients.items():
        rhythm = client.traffic.diurnal
        if rhythm is not None and document.duration is not None and document.duration > _PERIODS * rhythm.period:
            text = f"a run of {format_duration(document.duration)} has more than {_PERIODS} such days"
            yield source.problem(("clients", name, "traffic", "diurnal", "period"), text)


def _logs(document: Document, source: Source) -> Iterator[Problem]:
    for name, client in document.clients.items():
        if client.traffic.replay is not None:
            try:
                read_access_log(client.traffic.replay, client.traffic.format)
            except ValueError as error:
                yield source.problem(("clients", name, "traffic", "replay"), str(error))


def subjects(document: Document) -> dict[str, Kind]:
    """What an objective may speak of: names, and what each names."""
    kinds: dict[str, Kind] = dict.fromkeys((event.verb for event in document.events), "event")
    for client in document.clients.values():
        kinds |= dict.fromkeys(_routes(client), "route")
    kinds |= dict.fromkeys(document.components, "component")
    return kinds | dict.fromkeys(document.clients, "client")


def _routes(client: ClientConfig) -> Iterable[str]:
    """What reports call the kinds of requests that a client sends."""
    traffic = client.traffic
    if traffic.replay is None:
        return [request.send for request in client.requests or DEFAULT_MIX]
    try:
        return dict.fromkeys(Replay(read_access_log(traffic.replay, traffic.format)).kinds.labels)
    except ValueError:  # told where the log is checked
        return []


def _objectives(document: Document, source: Source) -> Iterator[Problem]:
    known = subjects(document)
    for number, text in enumerate(document.objectives):
        try:
            objective = parse_objective(text, known)
        except ValueError as error:
            yield source.problem(("objectives", number), str(error))
            continue
        if (missing := missing_figure(document, objective.subject, objective.metric)) is not None:
            yield source.problem(("objectives", number), missing)


def _answer(document: Document, source: Source) -> Iterator[Problem]:
    try:
        named = dict.fromkeys(figures(document.answer))
    except ValueError as error:
        yield source.problem(("answer",), str(error))
        return
    known = subjects(document) if named else {}
    for text in named:
        try:
            measure = parse_measure(text, known)
        except ValueError as error:
            yield source.problem(("answer",), f"{{{clip(text)}}}: {error}")
            continue
        if (missing := missing_figure(document, measure.subject, measure.metric)) is not None:
            yield source.problem(("answer",), f"{{{text}}}: {missing}")


def _shadowed(document: Document, source: Source) -> Iterator[Problem]:
    for name, config in document.components.items():
        for key in ("routes", "endpoints"):
            rules = getattr(config, key, [])[:_RULES]
            for number, rule in enumerate(rules):
                first = next((earlier for earlier in rules[:number] if earlier.match.covers(rule.match)), None)
                if first is not None:
                    path: Path = ("components", name, key, number, "match")
                    text = f"never reached: '{first.match}' before it takes everything that '{rule.match}' matches"
                    yield source.problem(path, text)
