"""A subject is whose figure an objective or an answer names: a client, a route, a component, a kind of event.

Whether there is such a subject is judged of what is known of a document (`sim.scenario.checks`). Where what declares
subjects is wrong itself, those who may mean it are judged when that has been mended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sim.components.names import Names
from sim.components.traffic import DEFAULT_MIX, Replay, read_access_log
from sim.faults import EVENT_KEYS
from sim.metrics import METRICS, Kind
from sim.metrics.objectives import check_subject
from sim.scenario.declared import strange_sections, unclear
from sim.scenario.paths import Path
from sim.scenario.source import Source


def subjects(document: Any) -> dict[str, Kind]:
    """What an objective may speak of: names, and what each names.

    Args:
        document: A whole document.
    """
    return _kinds(document, document.components, document.clients)


class Subjects:
    """Whom objectives and answers may speak of.

    Args:
        document: The document, perhaps partial.
        source: Where it is written.
        names: What that declares.
    """

    def __init__(self, document: Any, source: Source, names: Names) -> None:
        events = [path for path, verb in _verbs(document) if verb is None]
        routes = [path for path, route in _routes(document) if route is None]
        written = [source.at(path) for path in events]
        is_any = any(isinstance(event, dict) and event.keys() <= EVENT_KEYS for event in written)
        besides = unclear(source, [*strange_sections(source, "events"), *events])
        self._kinds = _kinds(document, names.components, names.clients)
        self._unclear = {
            "event": replace(besides, anything=besides.anything or is_any),
            "route": unclear(source, [*strange_sections(source, "clients"), *routes]),
            "component": names.components.unclear,
            "client": names.clients.unclear,
        }

    def check(self, metric: str, subject: str | None) -> None:
        """Raises ValueError where it is sure that nothing has such a figure.

        Args:
            metric: A key of `METRICS`.
            subject: Whose figure; None for everything.
        """
        try:
            check_subject(metric, METRICS[metric], subject, self._kinds)
        except ValueError:
            if subject in self._kinds or not self._may_be(metric, subject):
                raise

    def _may_be(self, metric: str, subject: str | None) -> bool:
        """Whether something unclear may be meant. Routes have a slash in them, others have none."""
        kinds = [kind for kind in METRICS[metric].kinds if kind != "route" or subject is None or "/" in subject]
        places = [self._unclear[kind] for kind in kinds]
        if subject is None:
            return any(place.words or place.anything for place in places)
        known = [name for name, kind in self._kinds.items() if kind in kinds]
        return any(place.may_be(subject, known) for place in places)


def _kinds(document: Any, components: Iterable[str], clients: Iterable[str]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {verb: "event" for _, verb in _verbs(document) if verb is not None}
    kinds |= {route: "route" for _, route in _routes(document) if route is not None}
    return kinds | dict.fromkeys(components, "component") | dict.fromkeys(clients, "client")


def _verbs(document: Any) -> Iterator[tuple[Path, str | None]]:
    """Which kinds of events there are, and where; None where that is not known."""
    events = vars(document).get("events")
    if events is None:
        yield ("events",), None
    for number, event in enumerate(events or ()):
        yield ("events", number), getattr(type(event), "verb", None)


def _routes(document: Any) -> Iterator[tuple[Path, str | None]]:
    """What reports call the kinds of requests that clients send, and where; None where that is not known."""
    clients = vars(document).get("clients")
    if clients is None:
        yield ("clients",), None
    for name, client in (clients or {}).items():
        requests, unwritten = vars(client).get("requests"), ("clients", name, "requests")
        if requests:
            for number, request in enumerate(requests):
                yield (*unwritten, number, "send"), vars(request).get("send")
            continue
        labels = None if requests is None else _by_default(client)
        if labels is None:
            yield unwritten, None
        for label in labels or ():
            yield unwritten, label


def _by_default(client: Any) -> list[str] | None:
    """What a client sends that does not say what it sends: `GET /`, or what is in its log."""
    try:
        if client.traffic.replay is None:
            return [request.send for request in DEFAULT_MIX]
        return list(dict.fromkeys(Replay(read_access_log(client.traffic.replay, client.traffic.format)).kinds.labels))
    except ValueError:  # unknown, or told where the log is checked
        return None
