"""Numbers and names as reports write them: `412ms`, `99.93%`, `18.4k`; a dash where there is nothing."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, TypeGuard

from sim.metrics.objectives import TOO_LITTLE, parse_objective
from sim.values import format_count, format_duration, format_share

NOTHING: Final = "–"
NEVER: Final = "never"
HOT: Final = 0.8
"""The utilization from which on a queue in front of workers becomes long: a reader is warned."""


_MANY: Final = 0.01
_NANOSECOND: Final = 1e-9


def duration(seconds: float | None) -> str:
    """A duration in seconds, with the unit that fits; a dash for None. What is shorter than 1 ns is rounding: `0s`."""
    return format_duration(seconds if abs(seconds) >= _NANOSECOND else 0.0) if _is_known(seconds) else NOTHING


def moment(seconds: float | None) -> str:
    """A point in simulated time, in plain seconds as far as those read well; a dash for None."""
    return f"{seconds:.4g}s" if _is_known(seconds) and seconds < 1000.0 else duration(seconds)


def lapse(seconds: float) -> str:
    """A length of time to compare with others, in three digits and, from 1s to 1000s, in seconds: `120s`, `91.3ms`."""
    rounded = float(f"{seconds:.3g}")
    return moment(rounded) if rounded >= 1.0 else duration(rounded)


def share(ratio: float | None) -> str:
    """A share of one, as per cent; a dash for None."""
    return format_share(ratio) if _is_known(ratio) else NOTHING


def busy(utilization: float) -> str:
    """A utilization, to a tenth of a per cent: what is missing to 100% matters of an availability, not here."""
    return share(round(utilization, 3))


def count(number: float | None) -> str:
    """A count or a mean number, in full up to 9999 and to three digits beyond; a dash for None."""
    if not _is_known(number):
        return NOTHING
    return format_count(number if float(number).is_integer() else float(f"{number:.3g}"))


def rate(per_second: float | None) -> str:
    """A rate per second; a dash for None."""
    return f"{count(per_second)}/s" if _is_known(per_second) else NOTHING


def measured(objective: Mapping[str, Any]) -> str:
    """The measured value of an objective, in the kind of unit that its target has: `250ms`, `never`, `no data`.

    Args:
        objective: A row of the summary's `objectives`; overdue requests that count as failed are said in words.
    """
    if objective["actual"] is None and "missing" in objective:
        return str(objective["missing"])
    figure = parse_objective(objective["objective"]).format_actual(objective["actual"])
    late = objective.get("overdue")
    return f"{figure} ({late:,} without an answer count as failed)" if late else figure


def flattery(summary: Mapping[str, Any]) -> str | None:
    """Warns of a p99 that leaves out many requests, some of which had waited longer than it; None where it does not."""
    requests, p99 = summary["requests"], summary["latency_s"]["all"]["p99"]
    flying, oldest = requests["in_flight"], requests["oldest_in_flight_s"]
    if p99 is None or not flying or flying < _MANY * requests["offered"] or not oldest > p99:
        return None
    part = share(float(f"{flying / requests['offered']:.2g}"))
    return f"p99 is flattering: {part} of the requests had not ended"


def since(event: Mapping[str, Any], figure: str) -> str:
    """How long an event was felt: `3.2s`, `never`, `too little data`.

    Args:
        event: Of the summary.
        figure: `failover_s` or `recovery_s`.
    """
    if event[figure] is not None:
        return duration(event[figure])
    return TOO_LITTLE if figure in event.get("unknown", ()) else NEVER


def or_never(seconds: float | None) -> str:
    """A duration in seconds; `never` for None."""
    return NEVER if seconds is None else duration(seconds)


def plain(name: str) -> str:
    """A name on one line, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _is_known(number: float | None) -> TypeGuard[float]:
    return number is not None and isfinite(number)
