"""Numbers and names as reports write them: `412ms`, `99.93%`, `18.4k`; a dash where there is nothing."""

from math import isfinite
from typing import Final, TypeGuard

from sim.metrics.objectives import parse_objective
from sim.values import format_count, format_duration, format_share

NOTHING: Final = "–"
NEVER: Final = "never"
HOT: Final = 0.8
"""The utilization from which on a queue in front of workers becomes long: a reader is warned."""


def duration(seconds: float | None) -> str:
    """A duration in seconds, with the unit that fits; a dash for None."""
    return format_duration(seconds) if _is_known(seconds) else NOTHING


def moment(seconds: float | None) -> str:
    """A point in simulated time, in plain seconds as far as those read well; a dash for None."""
    return f"{seconds:.4g}s" if _is_known(seconds) and seconds < 1000.0 else duration(seconds)


def share(ratio: float | None) -> str:
    """A share of one, as per cent; a dash for None."""
    return format_share(ratio) if _is_known(ratio) else NOTHING


def count(number: float | None) -> str:
    """A count or a mean number, in full up to 9999 and to three digits beyond; a dash for None."""
    if not _is_known(number):
        return NOTHING
    return format_count(number if float(number).is_integer() else float(f"{number:.3g}"))


def rate(per_second: float | None) -> str:
    """A rate per second; a dash for None."""
    return f"{count(per_second)}/s" if _is_known(per_second) else NOTHING


def measured(objective: str, actual: float | None) -> str:
    """The measured value of an objective, in the kind of unit that its target has.

    Args:
        objective: As the scenario spells it (`browser p99 < 300ms`, `api availability >= 99.9%`).
        actual: What was measured, in the base unit; None reads as `never` or `no data`, as the metric has it.
    """
    return parse_objective(objective).format_actual(actual)


def plain(name: str) -> str:
    """A name on one line, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _is_known(number: float | None) -> TypeGuard[float]:
    return number is not None and isfinite(number)
