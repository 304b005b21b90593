"""The topology of a document: which component calls which, and what the clients' requests reach."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sim.components import KINDS
from sim.components.names import references
from sim.scenario.document import Document
from sim.scenario.paths import Path
from sim.values import known


class Topology:
    """Who calls whom, by name.

    Args:
        document: The document; it may be partial, and names in it may be wrong.

    Attributes:
        clients: For each client where it sends its requests: the path in the document, and the name.
        calls: For each component what it calls: the path in the document, and the name.
    """

    def __init__(self, document: Document) -> None:
        clients, components = (vars(document).get(section, {}) for section in ("clients", "components"))
        self.clients: dict[str, list[tuple[Path, str]]] = {
            name: [(("clients", name, *path), to) for path, to in references(config)]
            for name, config in clients.items()
        }
        self.calls: dict[str, list[tuple[Path, str]]] = {
            name: [(("components", name, *path), to) for path, to in known(_targets(config))]
            for name, config in components.items()
        }

    @cached_property
    def links(self) -> set[frozenset[str]]:
        """The pairs of names between which requests go."""
        return {frozenset((name, to)) for name, calls in (self.clients | self.calls).items() for _, to in calls}

    @cached_property
    def reached(self) -> set[str]:
        """The components that the requests of some client can reach."""
        return {name for client in self.clients for name in self.reached_by(client)}

    def reached_by(self, client: str) -> set[str]:
        """The components that the requests of one client can reach."""
        reached: set[str] = set()
        waiting = [to for _, to in self.clients[client]]
        while waiting:
            name = waiting.pop()
            if name not in reached and name in self.calls:
                reached.add(name)
                waiting += [to for _, to in self.calls[name]]
        return reached


def _targets(config: Any) -> Iterator[tuple[Path, str]]:
    yield from KINDS[config.kind].make.targets(config)
