"""A mixture draws from one of several distributions, each with its weight: nine fast requests and a slow one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails

from sim.values.blame import WrongKey
from sim.values.distribution import KINDS, Distribution, inner_problems, parse_distribution, problem
from sim.values.nearest import did_you_mean, nearest
from sim.values.numbers import format_share, parse_number, parse_share
from sim.values.parameters import Parameter, Reading, parameter
from sim.values.quantity import Quantity, shown

_FORM = "{weight: WEIGHT, of: DISTRIBUTION}"
_KEYS = ("weight", "of")


@dataclass(frozen=True)
class Part:
    """One of the distributions that are mixed.

    Args:
        weight: How often it is drawn from, relative to the other parts.
        of: The distribution.
    """

    weight: float
    of: Distribution


class _Parts(Parameter):
    """A list of weighted distributions."""

    def read(self, value: Any, reading: Reading) -> tuple[Part, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise ValueError(f"{shown(value)} is not a mixture; one is written [{_FORM}, …]")
        parts: list[Part] = []
        problems: list[InitErrorDetails] = []
        for index, written in enumerate(value):
            try:
                parts.append(_read_part(written, reading))
            except ValidationError as error:
                problems.extend(inner_problems(index, error))
            except ValueError as error:
                problems.append(problem(index, written, error))
        if problems:
            raise ValidationError.from_exception_data("mixture", problems)
        return tuple(parts)

    def spell(self, value: tuple[Part, ...], quantity: Quantity) -> list[dict[str, Any]]:
        return [{"weight": part.weight, "of": part.of.to_yaml()} for part in value]

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        kinds = [kind.mapping_schema(quantity) for kind in KINDS.values() if kind is not Mixture]
        part = {
            "type": "object",
            "properties": {
                "weight": {
                    "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^[\d.]+%$"}],
                    "description": "How often it is drawn from, relative to the other parts: 9, or 90%.",
                },
                "of": {"oneOf": [quantity.json_schema(), *kinds], "description": "The distribution of this part."},
            },
            "required": ["weight", "of"],
            "additionalProperties": False,
        }
        return {"type": "array", "items": part, "minItems": 1}


@dataclass(frozen=True)
class Mixture(Distribution, key="mixture"):
    """One of several distributions, by weight."""

    form: ClassVar[str] = f"{{mixture: [{_FORM}, …]}}"
    mixture: tuple[Part, ...] = parameter(_Parts(), "The parts and their weights.")

    @property
    def shares(self) -> tuple[float, ...]:
        """The probability of each part."""
        total = fsum(part.weight for part in self.mixture)
        return tuple(part.weight / total for part in self.mixture)

    @property
    def mean(self) -> float:
        return sum(share * part.of.mean for share, part in zip(self.shares, self.mixture, strict=True))

    @property
    def variance(self) -> float:
        mean = self.mean
        return sum(
            share * (part.of.variance + (part.of.mean - mean) ** 2)
            for share, part in zip(self.shares, self.mixture, strict=True)
        )

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        bounds = np.cumsum(self.shares)[:-1]
        chosen = np.searchsorted(bounds, rng.random(n), side="right")
        values = np.empty(n)
        for index, part in enumerate(self.mixture):
            places = np.flatnonzero(chosen == index)
            values[places] = part.of.draw(rng, places.size)
        return values

    def describe(self) -> str:
        parts = zip(self.shares, self.mixture, strict=True)
        words = [f"{format_share(share)} ({part.of.describe()})" for share, part in parts]
        return self._with_mean(f"mixture of {' and '.join(words)}")


def _read_part(written: Any, reading: Reading) -> Part:
    if not isinstance(written, Mapping):
        raise ValueError(f"{shown(written)} is not a part of a mixture; one is written {_FORM}")
    problems = [
        problem(key, value, WrongKey(f"'{key}' is not a part of {_FORM}{did_you_mean(str(key), _KEYS)}"))
        for key, value in written.items()
        if key not in _KEYS
    ]
    given = {nearest(str(key), _KEYS) if key not in _KEYS else key for key in written}
    missing = [key for key in _KEYS if key not in given]
    if missing:
        problems.append(problem(None, written, ValueError(f"{' and '.join(missing)} missing in {_FORM}")))
    weight, distribution = 0.0, None
    try:
        weight = _read_weight(written.get("weight", 1.0))
    except ValueError as error:
        problems.append(problem("weight", written["weight"], error))
    try:
        distribution = parse_distribution(written["of"], reading.quantity, reading.folder) if "of" in written else None
    except ValidationError as error:
        problems.extend(inner_problems("of", error))
    except ValueError as error:
        problems.append(problem("of", written["of"], error))
    if problems or distribution is None:
        raise ValidationError.from_exception_data("mixture", problems)
    return Part(weight, distribution)


def _read_weight(value: Any) -> float:
    weight = parse_share(value) if isinstance(value, str) else parse_number(value)
    if weight <= 0.0:
        raise ValueError(f"{value} must be above 0")
    return weight
