"""A scenario file is YAML 1.2 without its traps, read with the place of every key and value.

A file is opened once, up to a size that no scenario needs, decoded, and parsed by PyYAML into events, of which a
`SourceBuilder` makes the source. What stops the reading is raised; what does not is kept with the source, to be
reported with all that validation finds.
"""

import os
import re
import stat

import yaml

from sim.scenario.builder import SourceBuilder
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.source import Source
from sim.scenario.syntax import explain
from sim.values.nearest import nearest

MAX_BYTES = 1_000_000

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_OPEN_ALREADY = ("/dev/", "/proc/")
"""What a shell hands over, such as `/dev/stdin`, may be a pipe: somebody writes to it."""


def load_yaml(path: str | os.PathLike[str]) -> Source:
    """Reads a scenario file.

    Args:
        path: The file; problems name it as it is given here.

    Returns:
        The data, its places, and the problems that did not stop the reading.

    Raises:
        ScenarioError: The file cannot be read, or is not YAML.
    """
    name = os.fspath(path)
    try:
        if stat.S_ISFIFO(os.stat(name).st_mode) and not name.startswith(_OPEN_ALREADY):
            raise ScenarioError([Problem("", "is a pipe; a scenario is one file", name)])
        with open(name, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ScenarioError([Problem("", _cannot_open(name, error), name)]) from None
    return parse_yaml(content, name)


def parse_yaml(text: str | bytes, file: str) -> Source:
    """Reads a scenario from text.

    Args:
        text: One YAML document, as text or UTF-8 bytes.
        file: What problems call the place.

    Returns:
        The data, its places, and the problems that did not stop the reading.

    Raises:
        ScenarioError: The text is not YAML.
    """
    if len(text) > MAX_BYTES:
        raise ScenarioError([Problem("", f"is larger than {MAX_BYTES // 1_000_000} MB", file)])
    decoded = _decode(text, file)
    try:
        return _build(decoded, file, _Loader)
    except _ParserBound:
        return _build(decoded, file, yaml.SafeLoader)


class _ParserBound(Exception):
    """Newer libyaml bounds the depth too, and reads ahead of the builder, which knows the place."""


def _build(text: str, file: str, loader: type[yaml.SafeLoader]) -> Source:
    builder = SourceBuilder(file)
    try:
        for event in yaml.parse(text, loader):
            builder.take(event)
    except yaml.YAMLError as error:
        if isinstance(error, yaml.MarkedYAMLError) and "nesting depth" in (error.problem or ""):
            raise _ParserBound from None
        line, column, message = explain(error, text)
        raise ScenarioError([*builder.problems, Problem("", message, file, line, column)]) from None
    return builder.source()


def _cannot_open(name: str, error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            folder, wanted = os.path.split(name)
            if not os.path.isdir(folder or "."):
                return f"there is no folder {folder!r}"
            near = nearest(wanted, sorted(os.listdir(folder or ".")))
            return "there is no such file" + (f"; did you mean {os.path.join(folder, near)!r}?" if near else "")
        case IsADirectoryError():
            return "is a folder; a scenario is one file"
        case OSError():
            return f"cannot be read: {(error.strerror or str(error)).lower()}"
        case _:
            return f"is not a file name: {'no name has a null character in it' if chr(0) in name else error}"


def _decode(content: str | bytes, file: str) -> str:
    text = content if isinstance(content, str) else _from_utf8(content, file)
    text = text.removeprefix("\ufeff")
    if unreadable := _UNREADABLE.search(text):
        message = f"the character U+{ord(unreadable[0]):04X} is not allowed in YAML"
        raise ScenarioError([Problem("", message, file, *_line_and_column(text[: unreadable.start()]))])
    return text


def _from_utf8(content: bytes, file: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ScenarioError([Problem("", "the file is in UTF-16; save it as UTF-8", file)])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content[: error.start].decode())
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ScenarioError([Problem("", message, file, line, column)]) from None


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")
