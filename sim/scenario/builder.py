"""A source builder turns YAML events into plain data and places, one event at a time.

Nothing is constructed from tags and nothing recurses. Duplicate keys, keys that are no texts, tags and ambiguous
scalars are noted, and the building goes on; what would nest without end or expand without bound (aliases of aliases)
stops it.
"""

from dataclasses import dataclass
from typing import Any

from yaml import events

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.paths import Path, format_path
from sim.scenario.scalars import is_truth_word, read_plain
from sim.scenario.source import Mark, Node, Source
from sim.values.nearest import nearest
from sim.values.words import quote

MAX_DEPTH = 50
MAX_NODES = 100_000

_Valued = events.ScalarEvent | events.MappingStartEvent | events.SequenceStartEvent


@dataclass(slots=True)
class _Built:
    """A finished value with what an alias of it would cost."""

    data: Any
    node: Node
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read."""

    data: dict[str, Any] | list[Any]
    node: Node
    anchor: str | None
    key: str | None = None
    duplicate: bool = False
    size: int = 1
    height: int = 1


class SourceBuilder:
    """Builds one source.

    Args:
        file: What problems call the place.

    Attributes:
        problems: What is wrong so far and did not stop it.
    """

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, _Built | None] = {}
        self._nodes = 0
        self._root: _Built | None = None

    def source(self) -> Source:
        """Returns what was built; raises `ScenarioError` if there was nothing."""
        if self._root is None:
            raise ScenarioError([Problem("", "is empty", self._file)])
        return Source(self._root.data, self._root.node, tuple(self.problems))

    def take(self, event: events.Event) -> None:
        """Takes the next event; raises `ScenarioError` if there is no going on."""
        match event:
            case events.ScalarEvent():
                self._refuse_tag(event)
                self._scalar(event)
            case events.MappingStartEvent() | events.SequenceStartEvent():
                self._refuse_tag(event)
                self._begin(event)
            case events.CollectionEndEvent():
                self._end()
            case events.AliasEvent():
                self._alias(event)
            case events.DocumentStartEvent() if self._root is not None:
                raise self._fatal(event, "a second document starts here; a scenario is one document")

    def _scalar(self, event: events.ScalarEvent) -> None:
        text: str = event.value
        plain: bool = event.implicit[0]
        mark = self._mark(event)
        if self._expects_key():
            self._key(text, plain, mark)
            return
        data: Any = text
        if plain:
            if not text and not self._open:
                return
            try:
                data = read_plain(text)
            except ValueError as error:
                key = self._open[-1].key if self._open else None
                self._complain(mark, _no_space(key) if not text and key and ":" in key else str(error))
        built = _Built(data, Node(mark))
        if event.anchor:
            self._anchors[event.anchor] = built
        self._count(1, event)
        self._attach(built)

    def _key(self, text: str, plain: bool, mark: Mark) -> None:
        mapping = self._open[-1]
        first = mapping.node.keys.get(text)
        mapping.key, mapping.duplicate = text, first is not None
        if plain and text == "<<":
            self._complain(mark, "merge keys are not part of the language; write the keys out, or alias a whole value")
        elif plain and not _is_text(text):
            self._complain(mark, f"a key is a text; write {quote(text)} in quotes" if text else "a key is missing")
        elif first is not None:
            self._complain(mark, f"{quote(text)} is written twice; the first is on line {first.line}")
        if first is None:
            mapping.node.keys[text] = mark

    def _begin(self, event: events.MappingStartEvent | events.SequenceStartEvent) -> None:
        if self._expects_key():
            raise self._fatal(event, "a key is a text, not a mapping or a list; quote text that starts with { or [")
        if len(self._open) == MAX_DEPTH:
            raise self._too_deep(event)
        self._count(1, event)
        if event.anchor:
            self._anchors[event.anchor] = None
        data: dict[str, Any] | list[Any] = {} if isinstance(event, events.MappingStartEvent) else []
        self._open.append(_Open(data, Node(self._mark(event)), event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        built = _Built(done.data, done.node, done.size, done.height)
        if done.anchor:
            self._anchors[done.anchor] = built
        self._attach(built)

    def _alias(self, event: events.AliasEvent) -> None:
        if self._expects_key():
            raise self._fatal(event, "a key is a text, not an alias; quote text that starts with *")
        name = event.anchor or ""
        if name not in self._anchors:
            near = nearest(name, self._anchors)
            raise self._fatal(event, f"no anchor &{name} stands above" + (f"; did you mean *{near}?" if near else ""))
        built = self._anchors[name]
        if built is None:
            raise self._fatal(event, f"*{name} stands inside what it is an alias of")
        if len(self._open) + built.height > MAX_DEPTH:
            raise self._too_deep(event)
        node = Node(self._mark(event), built.node.keys, built.node.children)
        self._count(built.size, event)
        self._attach(_Built(built.data, node, built.size, built.height))

    def _count(self, size: int, event: events.NodeEvent) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            raise self._fatal(event, f"holds more than {MAX_NODES:,} values, each alias counted at its full size")

    def _attach(self, built: _Built) -> None:
        if not self._open:
            self._root = built
            return
        parent = self._open[-1]
        parent.size += built.size
        parent.height = max(parent.height, built.height + 1)
        if isinstance(parent.data, list):
            parent.node.children[len(parent.data)] = built.node
            parent.data.append(built.data)
            return
        key, parent.key = parent.key, None
        assert key is not None
        if not parent.duplicate:
            parent.node.children[key] = built.node
            parent.data[key] = built.data

    def _expects_key(self) -> bool:
        return bool(self._open) and self._open[-1].key is None and isinstance(self._open[-1].data, dict)

    def _refuse_tag(self, event: _Valued) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._complain(self._mark(event), f"tags such as {quote(tag)} are not part of the language")

    def _mark(self, event: events.Event) -> Mark:
        start = event.start_mark
        assert start is not None
        return Mark(self._file, start.line + 1, start.column + 1)

    def _path(self) -> Path:
        path: list[str | int] = []
        for level in self._open:
            if isinstance(level.data, list):
                path.append(len(level.data))
            elif level.key is not None:
                path.append(level.key)
        return tuple(path)

    def _complain(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(format_path(self._path()), message, *mark))

    def _too_deep(self, event: events.Event) -> ScenarioError:
        return ScenarioError(
            [*self.problems, Problem("", f"is nested deeper than {MAX_DEPTH} levels", *self._mark(event))]
        )

    def _fatal(self, event: events.Event, message: str) -> ScenarioError:
        problem = Problem(format_path(self._path()), message, *self._mark(event))
        return ScenarioError([*self.problems, problem])


def _is_text(key: str) -> bool:
    if is_truth_word(key):
        return True
    try:
        return isinstance(read_plain(key), str)
    except ValueError:
        return False


def _no_space(key: str) -> str:
    name, value = key.split(":", 1)
    return f"nothing is written here; if {quote(value)} is the value of {quote(name)}, write a space after the ':'"
