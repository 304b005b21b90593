"""Rules that no request ever reaches: another one before them takes it, or nobody sends such a request."""

from collections.abc import Iterator

from sim.components.traffic import DEFAULT_MIX
from sim.request import RequestKind
from sim.scenario.document import Document
from sim.scenario.errors import Problem
from sim.scenario.paths import Path
from sim.scenario.source import Source

_RULES = 300


def warnings(document: Document, source: Source) -> Iterator[Problem]:
    """The routes and endpoints of a document without errors that are never reached."""
    sent = _sent(document)
    for name, config in document.components.items():
        for key in ("routes", "endpoints"):
            rules = getattr(config, key, [])[:_RULES]
            for number, rule in enumerate(rules):
                path: Path = ("components", name, key, number, "match")
                first = next((earlier for earlier in rules[:number] if earlier.match.covers(rule.match)), None)
                if first is not None:
                    text = f"never reached: '{first.match}' before it takes everything that '{rule.match}' matches"
                    yield source.problem(path, text)
                elif sent and not any(rule.match.matches(kind, client) for kind, client in sent):
                    yield source.problem(path, f"never reached: no client sends anything that '{rule.match}' matches")


def _sent(document: Document) -> list[tuple[RequestKind, str]]:
    """What the clients send, and who sends it; nothing where one of them replays a log, which may hold anything."""
    if any(client.traffic.way == "replay" for client in document.clients.values()):
        return []
    return [
        (request.kind(), name)
        for name, client in document.clients.items()
        for request in client.requests or DEFAULT_MIX
    ]
