"""A source is a scenario as it was written: plain data, and the place of every key and value.

The data is what `json` could hold. The places are a tree of the same form, so that an override can share all that it
does not touch, and an alias shows where its content is written.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sim.scenario.errors import Problem
from sim.scenario.paths import Path, format_path


def holds(data: Any, segment: str | int) -> bool:
    """Tells whether data is a mapping with this key, or a list with this index."""
    return segment in data if isinstance(data, dict) else isinstance(data, list) and segment in range(len(data))


class Mark(NamedTuple):
    """A place in a file (line and column from 1), or an override (no line)."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """Where a value is written, and the same for what it holds.

    Attributes:
        mark: The value's first character.
        keys: For a mapping, the place of each key.
        children: For a mapping or list, each value.
    """

    mark: Mark
    keys: dict[str, Mark] = field(default_factory=dict)
    children: dict[str | int, "Node"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario before it is checked against the language.

    Attributes:
        data: Mappings with text keys, lists, and scalars; not to be changed.
        root: The places of all that.
        problems: What is already known to be wrong; `validate` reports it together with what it finds.
        created: Mappings that exist only because an override named something below them.
        left_out: What is written but means nothing any more since an override, and is not in the data.
    """

    data: Any
    root: Node
    problems: tuple[Problem, ...] = ()
    created: tuple[Path, ...] = ()
    left_out: tuple[Problem, ...] = ()

    def at(self, path: Path) -> Any:
        """The value that is written at a path; None where there is none."""
        data = self.data
        for segment in path:
            if not holds(data, segment):
                return None
            data = data[segment]
        return data

    def written(self, path: Path) -> Path:
        """Finds what was written in the place of a value: the scalar, list or only item that is short for it.

        Args:
            path: Keys and list indices from the root; may name what a shorthand stands for.

        Returns:
            The path without the steps that are not written: `call.to` is `call` where `call: db` is written.
        """
        data, steps = self.data, list[str | int]()
        for number, segment in enumerate(path):
            fits = isinstance(data, dict) if isinstance(segment, str) else isinstance(data, list)
            if not fits:
                continue
            if not holds(data, segment):
                return (*steps, *path[number:])
            steps.append(segment)
            data = data[segment]
        return tuple(steps)

    def mark(self, path: Path, key: bool = False) -> Mark:
        """Finds where a value is written.

        Args:
            path: Keys and list indices from the root.
            key: Whether the place of the value's key is wanted.

        Returns:
            The place; for a value that is not written, the place of the key that it would stand below, or of the
            scalar that is short for it.
        """
        node, key_mark, data = self.root, self.root.mark, self.data
        for segment in path:
            child = node.children.get(segment)
            if child is None:
                return key_mark if isinstance(data, dict | list) else node.mark
            data = data[segment]
            key_mark = node.keys.get(segment, child.mark) if isinstance(segment, str) else child.mark
            node = child
        return key_mark if key else node.mark

    def problem(self, path: Path, message: str, key: bool = False) -> Problem:
        """Makes a problem of the value at a path.

        Args:
            path: Keys and list indices from the root.
            message: What is wrong, without the place.
            key: Whether the key is the culprit and not its value.

        Returns:
            The problem with its place.
        """
        path = self.written(path)
        return Problem(format_path(path), message, *self.mark(path, key))
