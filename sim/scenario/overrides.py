"""An override sets one value of a scenario by its path, as `--set components.search.instances=8` does.

What is missing on the way is created, so that `clients.app.retry.attempts` works where no retry was written; a list
keeps its length, and a value becomes another mapping only where it is short for one. An override of a word that decides
which keys beside it mean anything (`components.api.balancer.algorithm`) leaves out those that the file wrote for
another word; what an override has set stays, and is an error if the word does not read it.

The source stays as it is: the new one shares all that the override does not touch. Problems with an overridden value
point to the override, not the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np

from sim.scenario.builder import MAX_DEPTH
from sim.scenario.choices import Choice
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.paths import Path, format_path, parse_path
from sim.scenario.source import Mark, Node, Source
from sim.scenario.yaml import parse_yaml
from sim.values import Config
from sim.values.words import clip, describe

_LARGEST = 10**100


def apply_overrides(
    source: Source,
    overrides: Mapping[str, object],
    origin: str = "--set",
    shorthands: Mapping[str, type[Config]] = MappingProxyType({}),
    choices: Mapping[str, Choice] = MappingProxyType({}),
) -> Source:
    """Sets values by their paths, in the order given.

    Args:
        source: What to start from; it stays as it is.
        overrides: The value for each path. A text is read as YAML (`8`, `5ms`, `{p50: 4ms, p99: 20ms}`); anything else
            is taken as it is: a number, true, false, None, a list or a mapping of such.
        origin: What problems call the place, followed by the path.
        shorthands: For keys whose value may be short for a mapping, what that mapping is: such a value is written out
            where the path goes into the mapping.
        choices: For keys that hold a word on which keys beside it depend, or whose mapping holds one, that word and
            those keys.

    Returns:
        The new source. What is wrong with an override is among its problems, which `validate` reports; what one has
        left out is in its `left_out`.
    """
    for text, value in overrides.items():
        mark = Mark(f"{origin} {text}")
        try:
            source = _override(source, text, value, _Language(shorthands, choices), mark)
        except ValueError as error:
            source = replace(source, problems=(*source.problems, Problem(text, str(error), *mark)))
        except ScenarioError as error:
            source = replace(source, problems=(*source.problems, *error.problems))
    return source


@dataclass(frozen=True)
class _Language:
    """What an override has to know of the language; see `apply_overrides`."""

    shorthands: Mapping[str, type[Config]]
    choices: Mapping[str, Choice]


def _override(source: Source, text: str, value: object, language: _Language, mark: Mark) -> Source:
    path = parse_path(text)
    if len(path) > MAX_DEPTH:
        raise ValueError(f"is deeper than {MAX_DEPTH} levels")
    data, problems = _read(value, text, mark) if isinstance(value, str) else (_plain(value, MAX_DEPTH), ())
    edit = _Edit(path, data, mark, language)
    new, root = edit.put(source.data, source.root, 0)
    return Source(
        new,
        root,
        source.problems + problems,
        source.created + tuple(edit.created),
        source.left_out + tuple(edit.left_out),
    )


def _read(value: str, path: str, mark: Mark) -> tuple[Any, tuple[Problem, ...]]:
    try:
        source = parse_yaml(value, mark.file)
    except ScenarioError as error:
        raise ScenarioError(_at_override(error.problems, path, mark)) from None
    return source.data, _at_override(source.problems, path, mark)


def _at_override(problems: tuple[Problem, ...], path: str, mark: Mark) -> tuple[Problem, ...]:
    inside = (f".{problem.path}" if problem.path[:1] not in ("", "[") else problem.path for problem in problems)
    return tuple(Problem(path + end, problem.message, *mark) for end, problem in zip(inside, problems, strict=True))


def _plain(value: object, depth: int) -> Any:
    if depth < 0:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    match value:
        case np.generic():
            return _plain(value.item(), depth - 1)
        case None | bool() | str():
            return value
        case int() if abs(value) < _LARGEST:
            return value
        case float() if isfinite(value):
            return value
        case list() | tuple():
            return [_plain(item, depth - 1) for item in value]
        case Mapping() if all(isinstance(key, str) for key in value):
            return {key: _plain(item, depth - 1) for key, item in value.items()}
        case _:
            found = "a number of that size" if isinstance(value, int) else clip(repr(value))
            raise ValueError(f"needs a value that YAML can hold, got {found}")


@dataclass
class _Edit:
    """One value on its way to its place; copies the mappings and lists along the path."""

    path: Path
    value: Any
    mark: Mark
    language: _Language
    created: list[Path] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)

    def put(self, data: Any, node: Node, at: int) -> tuple[Any, Node]:
        """Returns `data`, which stands at the first `at` segments of the path, with the value set in it."""
        if at == len(self.path):
            return self.value, Node(self.mark)
        if data is None:
            if isinstance(self.path[at], int):
                raise ValueError(f"{self._here(at)} is not written, so it has no [{self.path[at]}]; set all of it")
            self.created.append(self.path[:at])
            data, node = {}, Node(self.mark)
        if isinstance(data, list):
            return self._put_item(data, node, at)
        key = self._short_for(data, at)
        if key is not None:
            return self._put_key({key: data}, Node(node.mark, {key: node.mark}, {key: node}), at)
        if isinstance(data, dict):
            return self._put_key(data, node, at)
        raise ValueError(f"{self._here(at)} is {describe(data)}, and nothing can be set inside it; set all of it")

    def _short_for(self, data: Any, at: int) -> str | None:
        """Under which key `data` stands in the mapping that it is short for; None if the path does not go there."""
        known, places = self.language.shorthands, [str(segment) for segment in self.path[:at]]
        names = [*places[-1:], *(f"{place}.*" for place in places[-2:-1])]
        config = next((known[name] for name in names if name in known), None)
        if config is None or not config.is_short(data):
            return None
        return config.shorthand if not isinstance(data, dict) or self.path[at] in config.model_fields else None

    def _put_key(self, data: dict[str, Any], node: Node, at: int) -> tuple[Any, Node]:
        key = self.path[at]
        if isinstance(key, int):
            raise ValueError(f"{self._here(at)} is a mapping, and [{key}] is for lists; write .{key}")
        if at + 1 == len(self.path):
            data, node = self._without_unread(data, node, at)
        value, child = self.put(data.get(key), node.children.get(key, node), at + 1)
        is_new = data.get(key) is None or at + 1 == len(self.path)
        keys = {**node.keys, key: self.mark} if is_new else node.keys
        return {**data, key: value}, Node(node.mark, keys, {**node.children, key: child})

    def _without_unread(self, data: dict[str, Any], node: Node, at: int) -> tuple[dict[str, Any], Node]:
        """Leaves out what the file wrote beside the word that is set now, and this word does not read."""
        choices = self.language.choices
        choice = choices.get(str(self.path[at - 1]) if at else "") or choices.get(str(self.path[at]))
        if choice is None or self.path[at] != choice.key:
            return data, node
        unread = choice.unread(self.value)
        gone = {key: mark for key, mark in node.keys.items() if key in data and key in unread and mark.line}
        for key, mark in gone.items():
            path = format_path((*self.path[:at], key))
            self.left_out.append(Problem(path, f"left out, for {self.value} does not read it", *mark))
        children = {key: child for key, child in node.children.items() if key not in gone}
        return {key: value for key, value in data.items() if key not in gone}, Node(node.mark, node.keys, children)

    def _put_item(self, data: list[Any], node: Node, at: int) -> tuple[Any, Node]:
        segment = self.path[at]
        if isinstance(segment, str) and not (segment.isascii() and segment.isdecimal() and len(segment) < 10):
            raise ValueError(f"{self._here(at)} is a list; name an item by its number, [0] is the first")
        index = int(segment)
        if index >= len(data):
            there = (
                f"has {len(data)} items, [0] to [{len(data) - 1}]" if len(data) > 1 else f"has {len(data) or 'no'} item"
            )
            raise ValueError(f"{self._here(at)} {there}; there is no [{index}]")
        value, child = self.put(data[index], node.children.get(index, node), at + 1)
        return [*data[:index], value, *data[index + 1 :]], Node(node.mark, node.keys, {**node.children, index: child})

    def _here(self, at: int) -> str:
        return format_path(self.path[:at]) or "the scenario"
