"""Words for numbers in sentences: shares, multiples, lists of names, ranges of instances."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import floor

_ALL = 1.0 - 1e-9


def percent(ratio: float) -> str:
    """A share of one: `65%`, below a fifth `12.5%`, below a tenth `4.2%`; `100%` is nothing less than all."""
    if ratio >= _ALL:
        return f"{100.0 * ratio:.0f}%"
    if ratio >= 0.995:
        return f"{floor(1000.0 * ratio) / 10.0:g}%"
    if ratio >= 0.2 or ratio == 0.0:
        return f"{100.0 * ratio:.0f}%"
    return f"{100.0 * ratio:.{3 if ratio >= 0.1 else 2}g}%"


def times(ratio: float) -> str:
    """A multiple in two digits: `4.4`, `66`, `2,900`."""
    return f"{float(f'{ratio:.2g}'):,.10g}"


def number(value: float) -> str:
    """A count in full, or a mean in three digits: `14,491`, `41.3`."""
    return f"{value:,.0f}" if value >= 100.0 or float(value).is_integer() else f"{value:.3g}"


def some(value: float, word: str) -> str:
    """A mean number of things: `1 request`, `41.3 requests`."""
    return f"{number(value)} {word}{'' if number(value) == '1' else plural(0, word)}"


def counted(value: int, word: str) -> str:
    """A number of things: `1 request`, `530 misses`."""
    return f"{value:,} {word}{plural(value, word)}"


def plural(value: int, word: str = "") -> str:
    """The ending of a word for so many things."""
    if value == 1:
        return ""
    return "es" if word.endswith(("s", "x", "ch")) else "s"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: `a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def instances(component: str, numbers: Iterable[int]) -> str:
    """Instances by name, neighbours as a range: `api[0] and api[4..7]`; the component alone for -1."""
    chosen = sorted(numbers)
    if chosen == [-1]:
        return component
    runs = [[each for _, each in run] for _, run in groupby(enumerate(chosen), lambda pair: pair[1] - pair[0])]
    return listed([f"{component}[{run[0]}]" if len(run) == 1 else f"{component}[{run[0]}..{run[-1]}]" for run in runs])


def place(component: str, numbers: Sequence[int]) -> str:
    """A component, or those of its instances that are meant: `api`, `api[2]`."""
    return instances(component, numbers) if numbers else component


def from_to(values: Sequence[float]) -> str:
    """The range of some shares: `48% to 54%`, or `5.9%` where they read the same."""
    low, high = percent(min(values)), percent(max(values))
    return low if low == high else f"{low} to {high}"
