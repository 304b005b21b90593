"""The units of the scenario language: durations, rates, shares, sizes, bandwidths, counts and plain numbers.

Each is an `Annotated` type: in a `Config`, `timeout: Duration` reads `500ms` and holds `0.5`. Inside, time is in
seconds, rates are per second, sizes in bytes, bandwidths in bytes per second, shares 0 … 1. Dumped as JSON, they are
spelled with their units again.
"""

import re
from fractions import Fraction
from math import isfinite
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from sim.values.quantity import Quantity, Unit, decimal, shown

_SECONDS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_PREFIXES: Final = {"M": 10**6, "k": 10**3, "": 1}

DURATION: Final = Quantity(
    name="a duration",
    units=(
        *(Unit(symbol, Fraction(seconds), whole=symbol != "s") for symbol, seconds in _SECONDS.items()),
        Unit("ms", Fraction(1, 10**3)),
        Unit("us", Fraction(1, 10**6)),
    ),
    base="s",
    examples=("5ms", "5s", "5m"),
    limit=3650 * 86_400.0,
    limit_text="ten years",
    description="A duration: a number with us, ms, s, m (minutes), h or d, such as 250us, 5ms, 2s or 3m.",
    meant=(
        ("µs", "us"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("min", "m"),
        ("mins", "m"),
        ("minute", "m"),
        ("minutes", "m"),
        ("hour", "h"),
        ("hours", "h"),
        ("day", "d"),
        ("days", "d"),
    ),
)

RATE: Final = Quantity(
    name="a rate",
    units=tuple(
        Unit(f"{prefix}/{symbol}", Fraction(factor, seconds), whole=symbol != "s")
        for symbol, seconds in reversed(_SECONDS.items())
        for prefix, factor in _PREFIXES.items()
    ),
    base="/s",
    examples=("400/s", "90/m", "10/h"),
    limit=1e8,
    limit_text="100M/s",
    description="A rate: a number per s, m (minute), h or d, such as 400/s, 2k/s, 90/m or 10/h.",
    meant=(
        ("rps", "/s"),
        ("qps", "/s"),
        ("/sec", "/s"),
        ("/min", "/m"),
        ("rpm", "/m"),
        ("/hour", "/h"),
        ("/day", "/d"),
    ),
)

SIZE: Final = Quantity(
    name="a size",
    units=(
        Unit("TiB", Fraction(2**40), whole=True),
        Unit("TB", Fraction(10**12)),
        Unit("GiB", Fraction(2**30), whole=True),
        Unit("GB", Fraction(10**9)),
        Unit("MiB", Fraction(2**20), whole=True),
        Unit("MB", Fraction(10**6)),
        Unit("KiB", Fraction(2**10), whole=True),
        Unit("kB", Fraction(10**3)),
        Unit("KB", Fraction(10**3), written=False),
        Unit("B", Fraction(1)),
    ),
    base="B",
    examples=("512B", "64KiB", "2MB"),
    limit=1e15,
    limit_text="1000TB",
    description="A size: a number with B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024).",
)

BANDWIDTH: Final = Quantity(
    name="a bandwidth",
    units=(
        Unit("Gbit/s", Fraction(10**9, 8)),
        Unit("Mbit/s", Fraction(10**6, 8)),
        Unit("kbit/s", Fraction(10**3, 8)),
        Unit("bit/s", Fraction(1, 8)),
        Unit("GB/s", Fraction(10**9), written=False),
        Unit("MB/s", Fraction(10**6), written=False),
        Unit("kB/s", Fraction(10**3), written=False),
        Unit("B/s", Fraction(1), written=False),
    ),
    base="B/s",
    examples=("100Mbit/s", "1Gbit/s", "10MB/s"),
    limit=1e14,
    limit_text="100000GB/s",
    description="A bandwidth: a number with kbit/s, Mbit/s, Gbit/s, kB/s, MB/s or GB/s.",
    meant=(("Gbps", "Gbit/s"), ("Mbps", "Mbit/s"), ("kbps", "kbit/s"), ("bps", "bit/s")),
)

_SHARE_HELP = "one is written like 20% or 0.2"
_COUNT_HELP = "one is written like 500, 20k or 1.5M"
_COUNT_PREFIXES = {**_PREFIXES, "G": 10**9}
_MOST = 10**12
_PLAIN = re.compile(r"\s*(?P<number>-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?P<suffix>%|[A-Za-z]*)\s*")


def parse_duration(value: object) -> float:
    """Reads a duration such as `5ms`; returns seconds, raises ValueError."""
    return DURATION.parse(value)


def format_duration(seconds: float) -> str:
    """A duration for people, to three digits: `0.0123` is `12.3ms`."""
    return DURATION.format(seconds)


def parse_rate(value: object) -> float:
    """Reads a rate such as `2k/s`; returns events per second, raises ValueError."""
    return RATE.parse(value)


def format_rate(per_second: float) -> str:
    """A rate for people, to three digits: `2000.0` is `2k/s`."""
    return RATE.format(per_second)


def parse_size(value: object) -> float:
    """Reads a size such as `64KiB`; returns bytes, raises ValueError."""
    return SIZE.parse(value)


def format_size(size: float) -> str:
    """A size in bytes for people, to three digits: `65536` is `64KiB`."""
    return SIZE.format(size)


def parse_bandwidth(value: object) -> float:
    """Reads a bandwidth such as `100Mbit/s`; returns bytes per second, raises ValueError."""
    return BANDWIDTH.parse(value)


def format_bandwidth(bytes_per_second: float) -> str:
    """A bandwidth for people, to three digits: `12.5e6` is `100Mbit/s`."""
    return BANDWIDTH.format(bytes_per_second)


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
        parts = _PLAIN.fullmatch(value)
        if parts is None or parts["suffix"] not in ("", "%"):
            raise ValueError(f"{shown(value)} is not a share; {_SHARE_HELP}")
        share = float(Fraction(parts["number"]) / (100 if parts["suffix"] else 1))
    else:
        share = float(value)
    if not isfinite(share):
        raise ValueError(f"{value} is not a share; {_SHARE_HELP}")
    if share < 0.0:
        raise ValueError(f"{value} is negative; {_SHARE_HELP}")
    if share > 1.0:
        raise ValueError(f"{value} is more than the whole; {_SHARE_HELP}")
    return share


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
    if not isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return float(value)


def _spelled_count(text: str) -> Fraction:
    parts = _PLAIN.fullmatch(text)
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

Duration = Annotated[float, DURATION]
"""Seconds, written like `5ms`."""

Rate = Annotated[float, RATE]
"""Events per second, written like `400/s`."""

Size = Annotated[float, SIZE]
"""Bytes, written like `64KiB`."""

Bandwidth = Annotated[float, BANDWIDTH]
"""Bytes per second, written like `100Mbit/s`."""

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
