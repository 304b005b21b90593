"""A variation says which values one place of a scenario takes: `components.api.instances=2,4,8`, `….rate=1/s..9/s:5`.

A list names its values, separated by commas outside brackets and quotes. A range names both ends and how many values
there are, evenly spaced, or evenly on a logarithmic scale (`1ms..1s:7:log`); ends have the same unit, and whole
numbers stay whole. Several variations make a grid, or a Latin hypercube, in which each of n runs takes its own n-th
part of every range (McKay, Beckman & Conover, Technometrics 21(2), 1979).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np

MOST_VARIANTS: Final = 10_000
_RANGE: Final = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)(?P<low_unit>[a-zA-Zµ%/]*)\s*\.\.\s*(?P<high>\d+(?:\.\d+)?)(?P<unit>[a-zA-Zµ%/]*)"
    r"(?:\s*:\s*(?P<number>\d+))?(?:\s*:\s*(?P<scale>\w+))?"
)
_LIKE: Final = "write it like components.api.instances=2,4,8 or clients.app.traffic.rate=100/s..1000/s:10"


@dataclass(frozen=True)
class Range:
    """All values between two ends.

    Attributes:
        low: The lower end, in `unit`.
        high: The upper end, in `unit`.
        unit: What follows each number, such as `ms` or `/s`; empty for plain numbers.
        logarithmic: Whether steps are even on a logarithmic scale.
        whole: Whether only whole numbers belong to it.
        steps: How many of its values are meant; 0 for all.
    """

    low: float
    high: float
    unit: str = ""
    logarithmic: bool = False
    whole: bool = False
    steps: int = 0

    def __str__(self) -> str:
        return f"{spell(self.spell(self.low))}..{spell(self.spell(self.high))}"

    def at(self, share: float) -> object:
        """The value at a share (0..1) of the way from the lower end to the upper one, as a scenario spells it."""
        if self.logarithmic:
            number = self.low * (self.high / self.low) ** share
        else:
            number = self.low + (self.high - self.low) * share
        return self.spell(number)

    def values(self) -> tuple[object, ...]:
        """The values that are meant, evenly spaced; none where all are."""
        return tuple(dict.fromkeys(self.at(share) for share in np.linspace(0.0, 1.0, self.steps).tolist()))

    def rounded(self, number: float) -> float:
        """The nearest number that `spell` spells exactly: a whole one, or one of six digits."""
        return float(round(number)) if self.whole else float(f"{number:.6g}")

    def spell(self, number: float) -> object:
        """A number of this range as a scenario spells it."""
        number = self.rounded(number)
        if self.unit:
            return np.format_float_positional(number, trim="-") + self.unit
        return int(number) if self.whole else number


@dataclass(frozen=True)
class Setting:
    """Values of several places that go together: one of the variants of a system.

    Attributes:
        name: What it is called.
        values: The value by path; none for the scenario as it is.
    """

    name: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        """As the command line writes it: `big:components.api.instances=8,components.api.workers=2`."""
        return f"{self.name}:{','.join(f'{path}={spell(value)}' for path, value in self.values.items())}"


@dataclass(frozen=True)
class Variation:
    """The values that one place takes, or several places together.

    Attributes:
        path: The place, such as `components.api.balancer.algorithm`; `variant` for several.
        values: What it takes, in order; empty for a range that gives no number of values. Settings, for several places.
        range: The range that the values come from, if it was one.
    """

    path: str
    values: tuple[object, ...]
    range: Range | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The values of several places; none where it is about one."""
        return tuple(value for value in self.values if isinstance(value, Setting))

    @property
    def paths(self) -> list[str]:
        """All places that it is about."""
        places = [path for setting in self.settings for path in setting.values]
        return list(dict.fromkeys(places)) if self.settings else [self.path]

    @property
    def text(self) -> str:
        """As the command line writes it, its values one by one."""
        if self.settings:
            return " ".join(setting.text for setting in self.settings)
        if self.values:
            return f"{self.path}={','.join(map(spell, self.values))}"
        return self.path if self.range is None else f"{self.path}={self.range}"


@dataclass(frozen=True)
class Variant:
    """One choice of a value for each varied place.

    Attributes:
        values: The value by path, in the order of the variations.
    """

    values: Mapping[str, object]

    @property
    def overrides(self) -> dict[str, object]:
        """What it sets in the scenario: every place with its value."""
        found: dict[str, object] = {}
        for path, value in self.values.items():
            found |= value.values if isinstance(value, Setting) else {path: value}
        return {path: value.item() if isinstance(value, np.generic) else value for path, value in found.items()}

    @property
    def label(self) -> str:
        """How tables and figures call it: its values, with the last words of their paths if there are several."""
        if len(self.values) == 1:
            return spell(next(iter(self.values.values())))
        return ", ".join(f"{path.rpartition('.')[2]} {spell(value)}" for path, value in self.values.items())


def spell(value: object) -> str:
    """A value as one would write it in a scenario."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(spell, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def parse_variation(text: str) -> Variation:
    """Reads a variation as the command line writes it.

    Args:
        text: `PATH=VALUE,VALUE,…`, `PATH=LOW..HIGH:NUMBER`, `PATH=LOW..HIGH:NUMBER:log`, or, for a search or a Latin
            hypercube, `PATH=LOW..HIGH` or `PATH` alone.

    Raises:
        ValueError: It cannot be understood.
    """
    path, equals, right = text.partition("=")
    path, right = path.strip(), right.strip()
    if not path or (equals and not right):
        raise ValueError(f"'{text}' is not a variation; {_LIKE}")
    if not equals:
        return Variation(path, ())
    match = _RANGE.fullmatch(right)
    if match is not None:
        return _parse_range(path, right, match)
    values = tuple(split(right))
    if not all(values):
        raise ValueError(f"'{text}' has an empty value; {_LIKE}")
    return make_variation(path, values)


def make_variation(path: str, values: Sequence[object] | str) -> Variation:
    """A variation from Python: a list of values, or a text such as `2,4,8` or `100/s..1000/s:10`.

    Raises:
        ValueError: A value stands twice, or the text cannot be understood.
    """
    if isinstance(values, str):
        return parse_variation(f"{path}={values}")
    spelled = [spell(value) for value in values]
    twice = next((value for number, value in enumerate(spelled) if value in spelled[:number]), None)
    if twice is not None:
        raise ValueError(f"{path}: {twice} stands twice among its values")
    if not spelled:
        raise ValueError(f"{path}: there are no values; {_LIKE}")
    return Variation(path, tuple(values))


def _parse_range(path: str, text: str, match: re.Match[str]) -> Variation:
    unit = match["unit"]
    if match["low_unit"] not in ("", unit):
        raise ValueError(
            f"{path}: both ends of {text} need the same unit, got {match['low_unit']} and {unit or 'none'}"
        )
    low, high = float(match["low"]), float(match["high"])
    if low >= high:
        raise ValueError(f"{path}: in {text} the first end has to be the smaller one")
    if match["scale"] not in (None, "log", "linear"):
        raise ValueError(f"{path}: the steps of a range are linear or log, not {match['scale']}")
    logarithmic = match["scale"] == "log"
    if logarithmic and low == 0.0:
        raise ValueError(f"{path}: a logarithmic range cannot begin at 0")
    whole = not unit and "." not in match["low"] + match["high"]
    steps = 0 if match["number"] is None else int(match["number"])
    if match["number"] is not None and not 2 <= steps <= MOST_VARIANTS:
        raise ValueError(f"{path}: a range has 2 to {MOST_VARIANTS:,} values, not {steps}")
    span = Range(low, high, unit, logarithmic, whole, steps)
    return Variation(path, span.values(), span)


def split(text: str) -> Iterator[str]:
    """The parts between commas that stand outside brackets and quotes."""
    depth, quote, part = 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "{[(":
            depth += 1
        elif letter in "}])":
            depth -= 1
        elif letter == "," and depth == 0:
            yield part.strip()
            part = ""
            continue
        part += letter
    yield part.strip()


def grid(variations: Sequence[Variation]) -> list[Variant]:
    """Every combination of the values, the last variation changing fastest.

    Raises:
        ValueError: There are too many, a path stands twice, or a variation has no values.
    """
    _check(variations)
    for variation in variations:
        if not variation.values:
            raise ValueError(f"{variation.path} needs values; {_LIKE}")
    number = int(np.prod([float(len(variation.values)) for variation in variations]))
    if number > MOST_VARIANTS:
        raise ValueError(f"the grid has {number:,} variants; {MOST_VARIANTS:,} is the most")
    paths = [variation.path for variation in variations]
    combinations = product(*(variation.values for variation in variations))
    return [Variant(dict(zip(paths, values, strict=True))) for values in combinations]


def latin_hypercube(variations: Sequence[Variation], samples: int, seed: int) -> list[Variant]:
    """A Latin hypercube: each variation's range is cut into as many parts as there are samples, each used once.

    Args:
        variations: Each a range, or a list of values of which each is taken equally often.
        samples: How many variants.
        seed: Of the random order.

    Raises:
        ValueError: A variation has neither a range nor values, or a path stands twice.
    """
    _check(variations)
    rng = np.random.default_rng(seed)
    columns: list[list[Any]] = []
    for variation in variations:
        shares = (rng.permutation(samples) + rng.random(samples)) / samples
        if variation.range is not None:
            columns.append([variation.range.at(float(share)) for share in shares])
        elif variation.values:
            columns.append([variation.values[int(share * len(variation.values))] for share in shares])
        else:
            raise ValueError(f"{variation.path} needs a range or values; {_LIKE}")
    paths = [variation.path for variation in variations]
    return [Variant(dict(zip(paths, values, strict=True))) for values in zip(*columns, strict=True)]


def _check(variations: Sequence[Variation]) -> None:
    if not variations:
        raise ValueError(f"nothing is varied; {_LIKE}")
    paths = [path for variation in variations for path in variation.paths]
    if "seed" in paths:
        raise ValueError("seed cannot be varied: every variant runs with the same seeds; --replications says how many")
    twice = next((path for number, path in enumerate(paths) if path in paths[:number]), None)
    if twice is not None:
        raise ValueError(f"{twice} is varied twice")
