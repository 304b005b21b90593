"""Checks that need the whole document: cycles, caches that nobody reads, figures nobody counts, rules never reached.

An error makes a run meaningless; a warning says that something is probably not what was meant. Both are looked for only
in a document whose every value is right by itself: what a misunderstood part seems to lack would only mislead.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import combinations

from sim.components import ClientConfig, Placed
from sim.components.traffic import DEFAULT_MIX, Replay, read_access_log
from sim.metrics import Kind, parse_measure, parse_objective
from sim.scenario import event_checks
from sim.scenario.answers import figures
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.figures import missing_figure
from sim.scenario.paths import Path
from sim.scenario.source import Source
from sim.scenario.subjects import Subjects
from sim.scenario.topology import Topology
from sim.values import format_duration
from sim.values.words import clip, quote

DEEPEST = 50
"""How many components a request may pass through, one behind the other."""

EVERYWHERE = ("cdn", "external")
"""The kinds that are as near as need be wherever one is, unless the scenario says where they stand."""

_RULES = 300
_LISTED = 6
_PERIODS = 1000


def problems(document: Document, source: Source, judged: Subjects) -> Iterator[Problem]:
    """Everything that is wrong with a document whose every value is right by itself.

    Args:
        document: The document; names in it may be wrong, which validation has told.
        source: Where it is written.
        judged: The subjects that validation knew.
    """
    topology = Topology(document)
    yield from _cycles(source, topology)
    yield from _caches(document, source, topology)
    yield from _network(document, source)
    yield from _regions(document, source)
    yield from _times(document, source)
    yield from _logs(document, source)
    yield from event_checks.problems(document, source)
    yield from _figures(document, source, judged)


def warnings(document: Document, source: Source) -> Iterator[Problem]:
    """What works but is probably not meant."""
    topology = Topology(document)
    yield from _shadowed(document, source)
    for name in document.components:
        if name not in topology.reached:
            yield source.problem(("components", name), "no client's requests ever reach it", key=True)
    for pair in document.network.between:
        ends = frozenset(pair.split("/"))
        if ends not in topology.links and not ends <= set(document.regions):
            yield source.problem(("network", "between", pair), "no requests go between these two", key=True)
    yield from event_checks.warnings(document, source, topology)


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
    seen: dict[frozenset[str], str] = {}
    for pair in document.network.between:
        first = seen.setdefault(frozenset(pair.split("/")), pair)
        if first != pair:
            text = f"these two stand here already, as {quote(first)}"
            yield source.problem(("network", "between", pair), text, key=True)


def _regions(document: Document, source: Source) -> Iterator[Problem]:
    """What stands nowhere, and regions whose distance nobody has said."""
    if not document.regions:
        return
    told = {frozenset(pair.split("/")) for pair in document.network.between}
    missing = [f"{one}/{other}" for one, other in combinations(document.regions, 2) if {one, other} not in told]
    if missing:
        path: Path = ("network", "between") if document.network.between else ("regions",)
        yield source.problem(path, f"the latency between regions is missing: {', '.join(missing[:_LISTED])}", key=True)
    names = " and ".join(list(document.regions)[:_LISTED])
    for name, client in document.clients.items():
        if client.region is None:
            yield source.problem(
                ("clients", name), f"'region' is missing: near which of {names} are its users?", key=True
            )
    for name, config in document.components.items():
        if config.kind not in EVERYWHERE and isinstance(config, Placed) and not config.places:
            text = f"'region' or 'regions' is missing: in which of {names} does it stand?"
            yield source.problem(("components", name), text, key=True)


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


def _figures(document: Document, source: Source, judged: Subjects) -> Iterator[Problem]:
    """Figures that nothing counts, or of subjects that validation could not judge, such as the routes of a log."""
    known = Subjects(subjects(document))
    for path, said, subject, metric in _measures(document):
        try:
            known.check(metric, subject)
        except ValueError as error:
            if not judged.can_judge(metric, subject):
                yield source.problem(path, f"{said}{error}")
            continue
        if (missing := missing_figure(document, subject, metric)) is not None:
            yield source.problem(path, said + missing)


def _measures(document: Document) -> Iterator[tuple[Path, str, str | None, str]]:
    """The figures that objectives and the answer name rightly: where, how messages begin, whose, which."""
    for number, text in enumerate(document.objectives):
        with suppress(ValueError):
            objective = parse_objective(text)
            yield ("objectives", number), "", objective.subject, objective.metric
    with suppress(ValueError):
        for text in dict.fromkeys(figures(document.answer)):
            with suppress(ValueError):
                measure = parse_measure(text)
                yield ("answer",), f"{{{clip(text)}}}: ", measure.subject, measure.metric


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
