"""Placement writes a document out: a component that stands in several regions becomes one part in each of them.

What is behind it is found from where it stands: the part in the same region, else the nearest. Whatever runs or
analyses a scenario reads the document written out, in which a region is only part of a name and a distance; so a
scenario costs nothing more for having regions.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sim.components import Placed, Placement, Steered
from sim.components.names import Reference
from sim.scenario.document import Document
from sim.values import Config


def place(document: Document) -> tuple[Document, Placement]:
    """Writes a document out.

    Returns:
        The document with a part for each region of a component, and who stands where. Without regions it is the same.
    """
    if not document.regions:
        return document, Placement(parts={name: (name,) for name in document.components})
    homes = {name: client.region for name, client in document.clients.items() if client.region is not None}
    parts: dict[str, Mapping[str | None, str]] = {}
    for name, config in document.components.items():
        regions = config.spread if isinstance(config, Placed) else None
        if regions is None:
            parts[name] = {config.region if isinstance(config, Placed) else None: name}
        else:
            parts[name] = {region: f"{name}@{region}" for region in regions}
        homes |= {part: region for region, part in parts[name].items() if region is not None}
    distances = document.network.distances
    find = partial(_nearest, parts, distances)
    components = {
        part: _addressed(document.components[name], partial(find, region=region), parts)
        for name, there in parts.items()
        for region, part in there.items()
    }
    clients = {
        name: _addressed(client, partial(find, region=client.region), parts)
        for name, client in document.clients.items()
    }
    placement = Placement(
        document.regions,
        homes,
        {name: tuple(there.values()) for name, there in parts.items()},
        {name: client.home or client.region or "" for name, client in document.clients.items()},
    )
    return document.model_copy(update={"components": components, "clients": clients}), placement


def _nearest(
    parts: Mapping[str, Mapping[str | None, str]],
    distances: Mapping[frozenset[str | None], float],
    name: str,
    region: str | None,
) -> str:
    """The part of a component that calls from a region go to."""
    there = parts.get(name)
    if there is None:
        return name
    if region in there:
        return there[region]
    return there[min(there, key=lambda other: distances.get(frozenset((region, other)), 0.0))]


def _addressed(value: Any, find: Callable[[str], str], parts: Mapping[str, Mapping[str | None, str]]) -> Any:
    """The same config with every name of a component in it replaced by the part that is meant."""
    if isinstance(value, Reference):
        return type(value)(find(value))
    if isinstance(value, list):
        return [_addressed(item, find, parts) for item in value]
    if not isinstance(value, Config):
        return value
    if isinstance(value, Steered):
        return value.over({region or "": part for region, part in parts[value.to].items()})
    changed = {}
    for field in value.model_fields_set:
        before = getattr(value, field)
        after = _addressed(before, find, parts)
        if after is not before:
            changed[field] = after
    return value.model_copy(update=changed) if changed else value
