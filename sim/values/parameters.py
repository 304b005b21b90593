"""The parameters of a distribution: how each is read from YAML, spelled back and described in the JSON schema.

A distribution is a frozen dataclass whose fields are named as the scenario language names them; `parameter(…)` says
what kind of value a field is.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.json_schema import JsonSchemaValue

from sim.values.numbers import parse_count, parse_number
from sim.values.quantity import Quantity, shown


@dataclass(frozen=True)
class Reading:
    """What a value is read as.

    Args:
        quantity: Whether the distribution is one of durations or of sizes.
        folder: Where relative paths start: the scenario's folder.
    """

    quantity: Quantity
    folder: Path


class Parameter(ABC):
    """A kind of parameter."""

    @abstractmethod
    def read(self, value: Any, reading: Reading) -> Any:
        """The value that the distribution keeps; raises ValueError."""

    def spell(self, value: Any, quantity: Quantity) -> Any:
        """The value as YAML says it."""
        return value

    @abstractmethod
    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        """What may be written."""


class Measure(Parameter):
    """A duration or a size."""

    def read(self, value: Any, reading: Reading) -> float:
        return reading.quantity.parse(value)

    def spell(self, value: float, quantity: Quantity) -> str:
        return quantity.spell(value)

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        return quantity.json_schema()


class PositiveNumber(Parameter):
    """A plain number from 0.001 to 1000."""

    def read(self, value: Any, reading: Reading) -> float:
        number = parse_number(value)
        if number < 0.001:
            raise ValueError(f"{value} must be at least 0.001")
        if number > 1000.0:
            raise ValueError(f"{value} must be at most 1000")
        return number

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        return {"type": "number", "minimum": 0.001, "maximum": 1000}


class WholeNumber(Parameter):
    """A whole number from 1."""

    def read(self, value: Any, reading: Reading) -> int:
        count = parse_count(value)
        if count < 1:
            raise ValueError(f"{value} must be 1 or more")
        return count

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        return {"type": "integer", "minimum": 1}


class Interval(Parameter):
    """Two measures, the lower one first."""

    def read(self, value: Any, reading: Reading) -> tuple[float, float]:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
            raise ValueError(f"{shown(value)} is not an interval; one is written [A, B]")
        low, high = (reading.quantity.parse(end) for end in value)
        if high < low:
            raise ValueError(f"the interval ends at {value[1]}, below its start {value[0]}")
        return low, high

    def spell(self, value: tuple[float, float], quantity: Quantity) -> list[str]:
        return [quantity.spell(end) for end in value]

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        return {"type": "array", "items": quantity.json_schema(), "minItems": 2, "maxItems": 2}


def parameter(kind: Parameter, description: str, optional: bool = False) -> Any:
    """A dataclass field that is a parameter of the language.

    Args:
        kind: What may be written.
        description: One sentence, for editors.
        optional: Whether it may be left out; the field is then None.
    """
    metadata = {"parameter": kind, "description": description}
    return field(default=None, metadata=metadata) if optional else field(metadata=metadata)
