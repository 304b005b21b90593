"""Numbers without a unit: shares of a whole, counts of things, and plain numbers such as a factor.

YAML's traps do not get through: a boolean is no number, `1e3` is no count, and 20 is no share (20% is).
"""

import re
from fractions import Fraction
from math import isfinite
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from sim.values.quantity import decimal, shown

_SHARE_HELP = "one is written like 20% or 0.2"
_COUNT_HELP = "one is written like 500, 20k or 1.5M"
_COUNT_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
_MOST = 10**12
_MOST_DIGITS = 400
_LARGEST = 1e300
_PLAIN = re.compile(r"\s*(?P<number>-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?P<suffix>%|[A-Za-z]*)\s*")


def parse_share(value: object) -> float:
    """Reads a share.

    Args:
        value: `20%`, or a number from 0 to 1.

    Returns:
        The share, 0 … 1.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{shown(value)} is not a share; {_SHARE_HELP}")
    if isinstance(value, str):
        parts = _plain(value)
        if parts is None or parts["suffix"] not in ("", "%"):
            raise ValueError(f"{shown(value)} is not a share; {_SHARE_HELP}")
        share = Fraction(parts["number"]) / (100 if parts["suffix"] else 1)
    elif isinstance(value, int) or isfinite(value):
        share = Fraction(value)
    else:
        raise ValueError(f"{value} is not a share; {_SHARE_HELP}")
    if share < 0:
        raise ValueError(f"{value} is negative; {_SHARE_HELP}")
    if share > 1:
        is_percentage = share <= 100 and "%" not in str(value)
        raise ValueError(
            f"{value} is more than the whole; {f'did you mean {value}%?' if is_percentage else _SHARE_HELP}"
        )
    return float(share)


def spell_share(share: float) -> str:
    """A share as a percentage that reads back as the same float."""
    return f"{decimal(Fraction(repr(float(share))) * 100, 17)}%"


def format_share(share: float) -> str:
    """A share for people: three digits of it or of what is missing to 100%, so that 0.99996 is not called 100%."""
    if not isfinite(share):
        return str(share)
    missing = 1.0 - share
    rounded = 1.0 - float(f"{missing:.2e}") if 0.0 < missing < 0.5 else float(f"{share:.2e}")
    return f"{decimal(Fraction(repr(rounded)) * 100, 12)}%"


def parse_count(value: object) -> int:
    """Reads a count.

    Args:
        value: A whole number, or one with k, M or G: `20k`.

    Returns:
        The whole number, 0 or more.

    Raises:
        ValueError: It is not whole, is negative, or is a float or a boolean in disguise.
    """
    if isinstance(value, float):
        whole = f"write {int(value)}" if value.is_integer() else _COUNT_HELP
        raise ValueError(f"{value} is not a whole number; {whole}")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{shown(value)} is not a count; {_COUNT_HELP}")
    count = Fraction(value) if isinstance(value, int) else _spelled_count(value)
    if count < 0:
        raise ValueError(f"{value} is negative; a count cannot be")
    if count.denominator != 1:
        raise ValueError(f"{value} is not a whole number; {_COUNT_HELP}")
    if count > _MOST:
        raise ValueError(f"{value} is more than 1000G, the largest count that makes sense")
    return int(count)


def format_count(count: float) -> str:
    """A count for people: exact up to 9999, to three digits with k, M or G beyond."""
    if not isfinite(count):
        return str(count)
    if count < 0:
        return f"-{format_count(-count)}"
    if count < 10_000:
        return decimal(Fraction(repr(float(count))), 4)
    rounded = Fraction(f"{count:.2e}")
    suffix, factor = next((suffix, factor) for suffix, factor in _LARGEST_FIRST if rounded >= factor)
    return f"{decimal(rounded / factor, 12)}{suffix}"


def parse_number(value: object) -> float:
    """Reads a plain number, such as a factor or an exponent; raises ValueError for booleans, text and infinities."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{shown(value)} is not a plain number; one is written like 2 or 1.5")
    if not abs(value) <= _LARGEST:
        raise ValueError(f"{value} is not a finite number")
    return float(value)


def _plain(text: str) -> re.Match[str] | None:
    return _PLAIN.fullmatch(text) if len(text) <= _MOST_DIGITS else None


def _spelled_count(text: str) -> Fraction:
    parts = _plain(text)
    if parts is None:
        raise ValueError(f"{shown(text)} is not a count; {_COUNT_HELP}")
    number, suffix = parts["number"], parts["suffix"]
    factor = _COUNT_PREFIXES.get(suffix)
    if factor is None:
        same = next((known for known in _COUNT_PREFIXES if known.lower() == suffix.lower()), None)
        help_text = f"did you mean {number}{same}?" if same is not None else _COUNT_HELP
        raise ValueError(f"{text}: unknown suffix '{suffix}'; {help_text}")
    return Fraction(number) * factor


_LARGEST_FIRST = sorted(_COUNT_PREFIXES.items(), key=lambda prefix: -prefix[1])

_SHARE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d*)?|\.\d+)\s*%?\s*$"},
    ],
    "examples": ["20%", 0.2],
    "description": "A share of the whole: a percentage such as 20%, or a number from 0 to 1.",
}
_COUNT_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d*)?|\.\d+)\s*[kMG]?\s*$"},
    ],
    "examples": [500, "20k", "1.5M"],
    "description": "A count: a whole number, or one with k, M or G such as 20k or 1.5M.",
}

Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(spell_share, return_type=str, when_used="json"),
    WithJsonSchema(_SHARE_SCHEMA),
]
"""0 … 1, written like `20%` or `0.2`."""

Count = Annotated[int, BeforeValidator(parse_count), WithJsonSchema(_COUNT_SCHEMA)]
"""A whole number, written like `500` or `20k`."""

Number = Annotated[float, BeforeValidator(parse_number)]
"""A plain finite number without a unit, such as a factor."""
