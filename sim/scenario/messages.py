"""A message says what is wrong with one value in the words of the scenario language, not of the validator."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sim.values import (
    BANDWIDTH,
    DURATION,
    RATE,
    SIZE,
    format_count,
    format_share,
    parse_count,
    parse_share,
)
from sim.values.words import LISTED, clip, describe, hint, quote

_NEEDED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of less than 4300 digits",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "null",
    "path_type": "the name of a file",
}

_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}

_SPELLINGS: tuple[tuple[Callable[[object], float], Callable[[float], str]], ...] = (
    *((quantity.parse, quantity.spell) for quantity in (DURATION, RATE, SIZE, BANDWIDTH)),
    (parse_count, format_count),
    (parse_share, format_share),
)

_SIZES = {
    "too_short": ("needs at least", "min_length", "item"),
    "too_long": ("may hold at most", "max_length", "item"),
    "string_too_short": ("needs at least", "min_length", "character"),
    "string_too_long": ("may have at most", "max_length", "character"),
}


def is_wrong_type(kind: str) -> bool:
    """Tells whether a validator's error is that the value is of another type than needed."""
    return kind in _NEEDED


def message(error: dict[str, Any], written: object) -> str:
    """Says what is wrong with a value.

    Args:
        error: One of pydantic's error details, with its context.
        written: The value in the document; the error's own may have been converted.

    Returns:
        The message without the place.
    """
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _NEEDED:
        return f"needs {_NEEDED[kind]}, got {describe(value)}"
    if kind in _BOUNDS:
        relation, bound = _BOUNDS[kind]
        found = clip(str(written if _is_scalar(written) else value))
        return f"must be {relation} {_spelled(context[bound], written)}, not {found}"
    if kind in _SIZES:
        verb, bound, noun = _SIZES[kind]
        number = context[bound]
        return f"{verb} {number} {noun}" if number == 1 else f"{verb} {number} {noun}s"
    if kind in ("value_error", "assertion_error"):
        return str(context["error"]) or "is not allowed"
    text: str = error["msg"]
    return text.replace("Input should be", "must be").replace("Input should", "must")


def unknown_value(value: object, allowed: Sequence[Any]) -> str:
    """Says that a value is none of those allowed.

    Args:
        value: What was written.
        allowed: What could have been; texts, numbers, true and false.
    """
    if isinstance(value, str):
        return f"{quote(value)} is not known{hint(value, map(str, allowed))}"
    return f"needs {alternatives(allowed)}, got {describe(value)}"


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Says that a key is none of those known at its place."""
    return f"{quote(key)} is not known here{hint(key, known)}"


def alternatives(allowed: Sequence[Any]) -> str:
    """Lists what is allowed: `'a'`, or `one of 'a', 'b', 429`."""
    shown = [repr(each) if isinstance(each, str) else str(each) for each in allowed[:LISTED]]
    if len(allowed) > LISTED:
        shown.append("…")
    return f"one of {', '.join(shown)}" if len(shown) > 1 else "".join(shown)


def _spelled(bound: float, written: object) -> str:
    """A bound in the unit of what was written: `1ms` where that is a duration, `20M` where it is a count."""
    if bound and isinstance(written, str):
        for parse, spell in _SPELLINGS:
            with suppress(ValueError):
                parse(written)
                return spell(bound)
    return str(int(bound) if isinstance(bound, float) and bound.is_integer() else bound)


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)
