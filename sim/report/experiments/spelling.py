"""Figures with their uncertainty, as tables and sentences write them: `101ms ± 12ms`, `−4.16s (−98%)`."""

import re
from math import isfinite
from textwrap import wrap as wrap_words
from typing import Final

from sim.experiment.statistics import Interval
from sim.experiment.study import Study, least_known
from sim.metrics import Measure
from sim.report import units

_TIMES: Final = 1.0
"""From a growth of 100% on, people think in multiples."""

_ROUNDING: Final = 1e-9

_BREAK: Final = "\v"
"""Where a line may end; `units.plain` leaves none in a label."""


def figure(measure: Measure, value: float | None) -> str:
    """A figure of a measure; rates always per second, so that they can be compared at a glance."""
    words = measure.format(value)
    return units.rate(value) if "/" in words else words


def plus_minus(measure: Measure, interval: Interval | None, missing: str = "") -> str:
    """A mean with half of its interval's width; without it where one run alone says nothing of it.

    Args:
        measure: Of what.
        interval: The mean and its interval; None where some run has no such figure.
        missing: What to call it then.
    """
    if interval is None:
        return missing or measure.format(None)
    mean = figure(measure, interval.mean)
    return f"{mean} ± {figure(measure, half_width(interval))}" if isfinite(interval.half_width) else mean


def of_variant(study: Study, number: int, measure: Measure) -> str:
    """A measure of a variant; where some run of it has none, `no data`, `never` or `too little data`."""
    interval = study.interval(number, measure)
    return plus_minus(measure, interval, "" if interval else study.missing(number, measure))


def nothing(study: Study, measure: Measure) -> str:
    """What to call a measure that variants do not have."""
    without = [number for number in range(len(study.variants)) if study.interval(number, measure) is None]
    return least_known(study.missing(number, measure) for number in without) or measure.format(None)


def half_width(interval: Interval) -> float:
    """Half an interval's width; zero where it is no more than the rounding of additions."""
    return 0.0 if interval.relative < _ROUNDING else interval.half_width


def signed(measure: Measure, difference: float) -> str:
    """A difference of two figures; that of two shares is in percentage points."""
    words = figure(measure, abs(difference))
    if words.endswith("%"):
        words = f"{words[:-1]} points"
    return f"{'−' if difference < 0.0 else '+' if difference > 0.0 else ''}{words}"


def signed_plus_minus(measure: Measure, interval: Interval) -> str:
    """A difference with half of its interval's width: `−4.16s ± 2.01s`."""
    if not isfinite(interval.half_width):
        return signed(measure, interval.mean)
    return f"{signed(measure, interval.mean)} ± {signed(measure, half_width(interval)).removeprefix('+')}"


def relative(difference: float, base: float) -> str:
    """A difference relative to what it is a difference to: `−98%`, `+4.5%`, `×26`; empty where that is nothing."""
    if base <= 0.0:
        return ""
    share = difference / base
    if share >= _TIMES:
        return f"×{units.count(float(f'{1.0 + share:.2g}'))}"
    digits = 0 if abs(share) >= 0.1 else 1
    return f"{100.0 * share:+.{digits}f}%".replace("-", "−")


def last_word(path: str) -> str:
    """What the place at the end of a path is called: `rate` of `clients.app.traffic.rate`."""
    return path.rpartition(".")[2]


def several(words: list[str]) -> str:
    """A list in a sentence: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def fold(label: str, width: int, lines: int = 3) -> str:
    """A label broken into a few lines, at spaces, dots and underscores; what does not fit is cut off.

    Args:
        label: Any text.
        width: Of a line, in letters.
        lines: How many there may be.
    """
    breakable = re.sub(r"(?<=[._])(?=[a-z])", _BREAK, units.plain(label))
    folded = wrap_words(breakable, width, max_lines=lines, placeholder=" …", replace_whitespace=False)
    return "\n".join(folded).replace(_BREAK, "")
