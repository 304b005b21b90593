"""A path names one value of a scenario: `components.api.steps[1].call.timeout`.

Names are joined by dots and list items counted from 0 in brackets (`events[0]`; `events.0` is read too). A name that
holds a dot, a bracket, a quote or a space stands in double quotes: `network.between."a.b/c"`.
"""

import json
import re

Path = tuple[str | int, ...]

_BARE = re.compile(r"[\w-]+")
_SEGMENT = re.compile(
    r"""\[(?P<index>[0-9]{1,9})\] | \.?(?:(?P<quoted>"(?:[^"\\]|\\.)*") | (?P<bare>[^.\[\]"]+))""", re.X
)


def format_path(path: Path) -> str:
    """Writes a path the way that `parse_path` reads it.

    Args:
        path: Keys and list indices from the root.

    Returns:
        The path as text, empty for the root.
    """
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            name = segment if _BARE.fullmatch(segment) else json.dumps(segment, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def parse_path(text: str) -> Path:
    """Reads a path as the command line writes it.

    Args:
        text: Such as `components.search.instances` or `events[0].at`.

    Returns:
        Keys as text, bracketed indices as numbers.

    Raises:
        ValueError: The text is no path.
    """
    path: list[str | int] = []
    position = 0
    while match := _SEGMENT.match(text, position):
        if match["index"]:
            path.append(int(match["index"]))
        elif text[position] == "." if path else text[position] != ".":
            path.append(_unquote(match["quoted"]) if match["quoted"] else match["bare"])
        else:
            break
        position = match.end()
    if not path or position < len(text):
        raise ValueError("is not a path; write it like components.search.instances or events[0].at")
    return tuple(path)


def _unquote(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except json.JSONDecodeError:
        raise ValueError(f"has a wrong escape in {text}") from None
