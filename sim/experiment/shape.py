"""The shape of data that a file holds: which keys there are, and what kind of value each has.

What is JSON still need not be what was written: somebody may have edited it. The first difference is told in one line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from sim.values.words import describe

_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Leaf:
    """A value with nothing in it: what it has to be, in words, and as a test."""

    what: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Each:
    """A mapping with names as keys, or a list, and what each value in it has to be."""

    of: Any
    kind: type[dict[str, Any]] | type[list[Any]] = dict


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value > -_ROUNDING


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


TEXT: Final = Leaf("a text", lambda value: isinstance(value, str))
FLAG: Final = Leaf("true or false", lambda value: isinstance(value, bool))
COUNT: Final = Leaf("a count", _is_count)
NUMBER: Final = Leaf("a number", _is_number)
FIGURE: Final = Leaf("a number or null", lambda value: value is None or _is_number(value))


def differences(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """What is missing, or of another kind than it should be.

    Args:
        value: Anything.
        shape: A leaf, or a mapping with the shape of each key that there has to be, or `Each`.
        path: Where the value stands.
    """
    if isinstance(shape, Leaf):
        if not shape.fits(value):
            yield f"'{path}' has to be {shape.what}, and is {describe(value)}"
        return
    kind: type[dict[str, Any]] | type[list[Any]] = shape.kind if isinstance(shape, Each) else dict
    if not isinstance(value, kind):
        yield f"'{path}' has to be a {'list' if kind is list else 'mapping'}, and is {describe(value)}"
        return
    inside = f"{path}." if path else ""
    if isinstance(shape, Each):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from differences(item, shape.of, f"{path}[{key}]" if kind is list else f"{inside}{key}")
        return
    for key, part in shape.items():
        if key not in value:
            yield f"it has no '{inside}{key}'"
        else:
            yield from differences(value[key], part, f"{inside}{key}")
