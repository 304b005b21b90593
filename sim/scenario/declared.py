"""What a scenario declares can be told from its keys alone: the names of its clients and components.

A block that is wrong inside declares its name all the same. What stands in a section that is not of the language, or
below a name that is wrong itself, may be meant as a name; whoever uses that word is not blamed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sim.components import KINDS
from sim.components.names import Declared, Names, Unclear
from sim.scenario.document import Document, is_name
from sim.scenario.locate import MOST
from sim.scenario.paths import Path, format_path
from sim.scenario.source import Source
from sim.values import nearest


def declared(source: Source) -> Names:
    """The names that a source declares."""
    data = source.data if isinstance(source.data, dict) else {}
    blocks, written = data.get("components"), data.get("regions")
    places = {name: _places(block) for name, block in blocks.items()} if isinstance(blocks, dict) else {}
    clients, components, regions = (_section(source, section) for section in ("clients", "components", "regions"))
    return Names(clients, components, regions, places, _zones(written))


def strange_sections(source: Source, section: str | None = None) -> list[Path]:
    """Where sections stand that are not of the language.

    Args:
        source: What was written.
        section: Those that may be this one, misspelt, are named too.
    """
    sections = source.data.items() if isinstance(source.data, dict) else ()
    fields = Document.model_fields
    strange = [key for key, value in sections if key not in fields and value and isinstance(value, dict | list)]
    return [(key,) for key in strange[:MOST] if nearest(key, fields) in (None, section)]


def unclear(source: Source, paths: Iterable[Path], words: Iterable[str] = ()) -> Unclear:
    """What may be meant in places that are not understood.

    Args:
        source: What was written.
        paths: The places; anything is meant where there is no mapping or list of words, or some were lost in reading.
        words: What may be meant besides.
    """
    lost, found, anything = {problem.path for problem in source.problems}, set(words), False
    for path in paths:
        value = source.at(source.written(path))
        there = set(texts(value))
        found |= there
        anything = anything or not there or isinstance(value, str) or format_path(path) in lost
    return Unclear(found, anything=anything)


def texts(value: Any) -> Iterator[str]:
    """All texts in what YAML gave, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value:
            yield from texts(inner)
        for inner in value.values() if isinstance(value, dict) else ():
            yield from texts(inner)


def _section(source: Source, section: str) -> Declared:
    strange = strange_sections(source, section)
    path: Path = (section,)
    if source.at(path) is None:
        path = next((other for other in strange if nearest(str(other[0]), [section])), path)
    written, lost = source.at(path), {problem.path for problem in source.problems}
    blocks = written if isinstance(written, dict) else {}
    twice = {name for name, block in blocks.items() if isinstance(block, dict) and format_path((*path, name)) in lost}
    wrong = {*twice, *(name for name in blocks if not is_name(name))}
    kinds = {name: None if name in twice else _kind(block) for name, block in blocks.items() if is_name(name)}
    besides = unclear(source, [other for other in strange if other != path], wrong)
    is_left_out = path == ("regions",) and (written is None or written == {})
    nothing = (not blocks and not is_left_out) or format_path(path) in lost
    return Declared(kinds, replace(besides, misnamed=bool(wrong), anything=besides.anything or nothing))


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
