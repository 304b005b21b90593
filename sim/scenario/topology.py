"""The topology of a document: which component calls which, and what the clients' requests reach."""

from functools import cached_property

from sim.components import KINDS
from sim.scenario.document import Document
from sim.scenario.paths import Path


class Topology:
    """Who calls whom, by name.

    Args:
        document: The document; names in it may be wrong.

    Attributes:
        clients: For each client the path of its `to`, and the name there.
        calls: For each component what it calls: the path in the document, and the name.
    """

    def __init__(self, document: Document) -> None:
        self.clients: dict[str, tuple[Path, str]] = {
            name: (("clients", name, "to"), client.to) for name, client in document.clients.items()
        }
        self.calls: dict[str, list[tuple[Path, str]]] = {
            name: [(("components", name, *path), to) for path, to in KINDS[config.kind].make.targets(config)]
            for name, config in document.components.items()
        }

    @cached_property
    def links(self) -> set[frozenset[str]]:
        """The pairs of names between which requests go."""
        pairs = {frozenset((name, to)) for name, (_, to) in self.clients.items()}
        return pairs | {frozenset((name, to)) for name, calls in self.calls.items() for _, to in calls}

    @cached_property
    def reached(self) -> set[str]:
        """The components that the requests of some client can reach."""
        reached: set[str] = set()
        waiting = [to for _, to in self.clients.values()]
        while waiting:
            name = waiting.pop()
            if name not in reached and name in self.calls:
                reached.add(name)
                waiting += [to for _, to in self.calls[name]]
        return reached
