"""What a scenario declares can be told from its keys alone: names, and the subjects that objectives may speak of.

A block that is wrong inside declares its name all the same. But a name that is wrong itself leaves open what it should
be, and a section that is not of the language may declare anything; then nobody who uses another name is blamed.
"""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from sim.components import KINDS
from sim.components.names import Names
from sim.components.traffic import DEFAULT_MIX, RequestConfig
from sim.faults import VERBS
from sim.metrics import Kind
from sim.scenario.document import Document, is_name
from sim.scenario.paths import format_path
from sim.scenario.source import Source, holds
from sim.scenario.subjects import Subjects
from sim.values import nearest


def declared(source: Source) -> dict[str, Any]:
    """The part of a validation's context that is read from the source.

    Returns:
        `names` (a `Names`) and `subjects` (a `Subjects`).
    """
    data = source.data if isinstance(source.data, dict) else {}
    fields = Document.model_fields
    strange = [key for key, value in data.items() if key not in fields and isinstance(value, dict | list)]
    meant = {nearest(key, fields) for key in strange}
    clients = None if None in meant else _blocks(source, "clients")
    components = None if None in meant else _blocks(source, "components")
    events = [None] if meant & {None, "events"} else data.get("events", [])
    kinds = None if components is None else {name: _kind(block) for name, block in components.items()}
    regions: Collection[str] | None = [] if "regions" not in data and None not in meant else _blocks(source, "regions")
    places = None if components is None else {name: _places(block) for name, block in components.items()}
    return {
        "names": Names(clients, kinds, regions, places, _zones(regions)),
        "subjects": _subjects(events, clients, components),
    }


def _blocks(source: Source, section: str) -> dict[str, Any] | None:
    """The blocks of a section by name; None where there is none, or a name is wrong."""
    blocks = source.data[section] if holds(source.data, section) else None
    if not isinstance(blocks, dict) or not blocks or not all(map(is_name, blocks)):
        return None
    wrong = {problem.path for problem in source.problems}
    if any(isinstance(block, dict) and format_path((section, name)) in wrong for name, block in blocks.items()):
        return None
    return blocks


def _places(block: Any) -> list[str]:
    """The regions that a component says it stands in."""
    if not isinstance(block, dict):
        return []
    said = [block.get(key) for key in ("region", "regions", "primary", "replicas")]
    names = [name for value in said for name in (value if isinstance(value, list) else [value])]
    return [name for name in names if isinstance(name, str)]


def _zones(regions: Any) -> dict[str, list[str]] | None:
    """The zones of each region."""
    if not isinstance(regions, dict):
        return None
    said = {name: block.get("zones", []) if isinstance(block, dict) else [] for name, block in regions.items()}
    return {name: zones for name, zones in said.items() if isinstance(zones, list)}


def _kind(block: Any) -> str | None:
    kind = block.get("kind") if isinstance(block, dict) else None
    return kind if isinstance(kind, str) and kind in KINDS else None


def _subjects(events: Any, clients: dict[str, Any] | None, components: dict[str, Any] | None) -> Subjects:
    kinds: dict[str, Kind] = {}
    unsure: set[Kind] = set()
    for event in events if isinstance(events, list) else [None]:
        verbs = [verb for verb in VERBS if verb in event] if isinstance(event, dict) else []
        kinds |= dict.fromkeys(verbs, "event")
        if not verbs:
            unsure.add("event")
    for client in (clients or {}).values():
        for route in _routes(client):
            if route is None:
                unsure.add("route")
            else:
                kinds[route] = "route"
    if components is None:
        unsure.add("component")
    if clients is None:
        unsure |= {"client", "route"}
    kinds |= dict.fromkeys(components or (), "component")
    return Subjects(kinds | dict.fromkeys(clients or (), "client"), unsure)


def _routes(client: Any) -> list[str | None]:
    """What a client sends, with a None where that cannot be told, as from an access log."""
    requests = client.get("requests") if isinstance(client, dict) else None
    if isinstance(requests, list) and requests:
        return [_route(request) for request in requests]
    traffic = client.get("traffic") if isinstance(client, dict) else None
    is_replay = isinstance(traffic, dict) and "replay" in traffic
    return [None] if is_replay else [None, *(request.send for request in DEFAULT_MIX)]


def _route(request: Any) -> str | None:
    try:
        return RequestConfig(send=request["send"] if isinstance(request, dict) else request).send
    except (KeyError, ValidationError):
        return None
