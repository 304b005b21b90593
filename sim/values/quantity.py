"""A quantity is a number with a unit: `5ms`, `400/s`, `64KiB`.

It is read exactly (as a fraction, rounded once) and kept as a float in its base unit; a spelled quantity reads back as
the same float. A `Quantity` is put into an `Annotated` type, and pydantic then validates, serialises and documents it.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from math import isfinite
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sim.values.nearest import nearest

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_QUANTITY = re.compile(rf"\s*(?P<sign>[+-]?)(?P<number>{_NUMBER}(?:[eE][+-]?\d+)?)\s*(?P<unit>.*?)\s*")
_LONGEST = 60
_MOST_DIGITS = 400
_LEAST = Fraction(1, 10**12)
_SHORT = 6
_EXACT = 15


_QUANTITIES: "list[Quantity]" = []


def shown(value: object) -> str:
    """A value as YAML spells it, for error messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case str():
            text = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
            return text if re.match(r"[-+.]?\d", text) else f"'{text}'"
        case _:
            return str(value)


def decimal(number: Fraction, digits: int) -> str:
    """A number in plain digits, without an exponent.

    Args:
        number: Any fraction.
        digits: How many significant digits to round to.
    """
    rounded = Context(prec=digits).divide(Decimal(number.numerator), Decimal(number.denominator)).normalize()
    return format(rounded, "f")


@dataclass(frozen=True)
class Unit:
    """One way to write a quantity.

    Args:
        symbol: What follows the number.
        factor: How many base units it is.
        whole: Whether it is written out only where the number is whole (`2h`, but `90s`, not `1.5m`).
        written: Whether it is written out at all, or only read.
    """

    symbol: str
    factor: Fraction
    whole: bool = False
    written: bool = True


@dataclass(frozen=True)
class Quantity:
    """A kind of number with units, read from YAML and spelled back.

    Args:
        name: With its article, as messages say it: `a duration`.
        units: From the largest to the smallest, in the order of preference for writing.
        base: Symbol of the unit that the float counts.
        examples: Right spellings, of one number in several units.
        limit: The largest sensible value, in the base unit.
        limit_text: The same, as messages say it.
        description: One sentence for the JSON schema.
        meant: Foreign spellings of units, and what the error message offers for them.
    """

    name: str
    units: tuple[Unit, ...]
    base: str
    examples: tuple[str, ...]
    limit: float
    limit_text: str
    description: str
    meant: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _QUANTITIES.append(self)

    @property
    def symbols(self) -> list[str]:
        """What may follow the number."""
        return [unit.symbol for unit in self.units]

    def parse(self, value: object) -> float:
        """Reads a spelled quantity.

        Args:
            value: What YAML gave.

        Returns:
            The quantity in the base unit.

        Raises:
            ValueError: It is not a quantity of this kind; the message says how one is written.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            if isinstance(value, int) or isfinite(value):
                raise ValueError(self._needs_unit(str(value)))
            raise ValueError(f"{value} is not {self.name}; {self._written_like()}")
        if not isinstance(value, str):
            raise ValueError(f"{shown(value)} is not {self.name}; {self._written_like()}")
        parts = _QUANTITY.fullmatch(value) if len(value) <= _MOST_DIGITS else None
        if parts is None:
            raise ValueError(f"{shown(value)} is not {self.name}; {self._written_like()}")
        number, symbol = parts["number"], parts["unit"]
        if "e" in number.lower():
            raise ValueError(f"{value} has an exponent; {self._written_like()}")
        if not symbol:
            raise ValueError(self._needs_unit(value.strip()))
        unit = next((unit for unit in self.units if unit.symbol == symbol), None)
        if unit is None:
            raise ValueError(self._unknown_unit(value.strip(), number, symbol))
        amount = Fraction(number) * unit.factor
        if parts["sign"] == "-" and amount:
            raise ValueError(f"{value} is negative; {self.name} cannot be")
        if amount > self.limit:
            raise ValueError(f"{value} is more than {self.limit_text}; {self.name} of that size makes no sense")
        if 0 < amount < _LEAST:
            raise ValueError(f"{shown(value)} is next to nothing; {self.name} of that size makes no sense")
        return float(amount)

    def spell(self, amount: float) -> str:
        """The spelling that reads back as the same float.

        Args:
            amount: In the base unit.
        """
        return self._written(amount, exact=True)

    def format(self, amount: float) -> str:
        """The spelling for people: rounded to three digits unless the exact one is as short; may be negative.

        Args:
            amount: In the base unit.
        """
        if not isfinite(amount):
            return str(amount)
        if amount < 0.0:
            return f"-{self.format(-amount)}"
        exact = self._written(amount, exact=True)
        if sum(character.isdigit() for character in exact) <= 4:
            return exact
        return self._written(float(f"{amount:.2e}"), exact=False)

    def json_schema(self) -> JsonSchemaValue:
        """The JSON schema of the spelled form, for editors."""
        symbols = "|".join(map(re.escape, self.symbols))
        return {
            "type": "string",
            "pattern": rf"^\s*\+?{_NUMBER}\s*({symbols})\s*$",
            "examples": list(self.examples),
            "description": self.description,
        }

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self.parse,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(self.spell, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.json_schema()

    def _written(self, amount: float, exact: bool) -> str:
        value = Fraction(repr(float(amount)))
        if value:
            for unit in self.units:
                if not unit.written:
                    continue
                number = decimal(value / unit.factor, _EXACT if exact else 3)
                whole = "." not in number
                digits = number.replace(".", "").strip("0")
                if len(digits) > _SHORT or (Fraction(number) < 1 and unit is not self.units[-1]):
                    continue
                if unit.whole and not whole and (exact or Fraction(number) < 10):
                    continue
                if not exact or float(Fraction(number) * unit.factor) == amount:
                    return f"{number}{unit.symbol}"
        return f"{decimal(value, 17)}{self.base}"

    def _written_like(self) -> str:
        return f"one is written like {', '.join(self.examples)}"

    def _needs_unit(self, number: str) -> str:
        plain = re.fullmatch(_NUMBER, number)
        like = [re.sub(_NUMBER, number, example, count=1) for example in self.examples] if plain else self.examples
        return f"{number} needs a unit; {self.name} is written like {', '.join(like)}"

    def _unknown_unit(self, written: str, number: str, symbol: str) -> str:
        meant = dict(self.meant).get(symbol)
        other = next((each for each in _QUANTITIES if symbol in each.symbols), None)
        if meant is None and other is not None:
            return f"{written} is {other.name}, not {self.name}; {self._written_like()}"
        near = meant or nearest(symbol, self.symbols)
        return (
            f"{written}: unknown unit '{symbol}'; {f'did you mean {number}{near}?' if near else self._written_like()}"
        )
