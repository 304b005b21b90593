"""The numbers behind the values of a variation: `200/s` is 200 per second, `5ms` is 0.005 s, `20%` is 0.2."""

from collections.abc import Callable, Sequence
from typing import Final

from sim.values import (
    format_bandwidth,
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_rate,
    parse_share,
    parse_size,
)

Format = Callable[[float], str]

_KINDS: Final[dict[str, tuple[Callable[[object], float], Format]]] = {
    "rate": (parse_rate, format_rate),
    "duration": (parse_duration, format_duration),
    "size": (parse_size, format_size),
    "bandwidth": (parse_bandwidth, format_bandwidth),
    "share": (parse_share, format_share),
}


def _plain(number: float) -> str:
    return f"{number:g}"


def as_number(value: object) -> tuple[float, Format] | None:
    """The number behind a value.

    Args:
        value: As a scenario spells it.

    Returns:
        The number in its base unit (s, per second, bytes, 0..1, or plain), and what spells such numbers for people;
        None if the value is no number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value), _plain
    if not isinstance(value, str):
        return None
    try:
        return float(value), _plain
    except ValueError:
        pass
    for parse, spell in _KINDS.values():
        try:
            return parse(value), spell
        except ValueError:
            continue
    return None


def as_numbers(values: Sequence[object]) -> tuple[list[float], Format] | None:
    """The numbers behind several values; None unless all are numbers of one kind."""
    numbers = [as_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    if not known or len(known) < len(values) or len({spell for _, spell in known}) > 1:
        return None
    return [number for number, _ in known], known[0][1]
