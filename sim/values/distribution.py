"""A distribution says how a duration or a size varies: `5ms`, `{p50: 4ms, p99: 20ms}`, `{exponential: 40ms}`, …

Every kind is a frozen dataclass with the parameters of the language as its fields. It knows its true mean and
variance, draws arrays of values that are never negative, and spells itself back as plain data. In a `Config`, a field
`work: Distribution` reads all the kinds; `SizeDistribution` reads the same kinds with sizes in the place of durations.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, GetPydanticSchema, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from sim.values.blame import WrongKey
from sim.values.nearest import did_you_mean, nearest
from sim.values.parameters import Measure, Parameter, Reading, parameter
from sim.values.quantity import Quantity, shown
from sim.values.units import DURATION, SIZE

KINDS: dict[str, type["Distribution"]] = {}
"""The kinds that are written as mappings, by the key that gives them away."""


@dataclass(frozen=True)
class Distribution(ABC):
    """A distribution of durations (seconds) or sizes (bytes).

    Args:
        quantity: Which of the two; it decides the units in which the parameters are spelled.
    """

    form: ClassVar[str]
    quantity: Quantity = field(default=DURATION, kw_only=True, repr=False)

    def __init_subclass__(cls, key: str | None = None) -> None:
        if key is not None:
            KINDS[key] = cls

    @property
    @abstractmethod
    def mean(self) -> float:
        """The mean of what is drawn, in seconds or bytes."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance of what is drawn; infinite where the tail is too heavy."""

    @property
    def cv2(self) -> float:
        """The squared coefficient of variation: variance / mean²; 0 where the mean is 0."""
        return self.variance / self.mean**2 if self.mean else 0.0

    @abstractmethod
    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws values.

        Args:
            rng: Where the randomness comes from.
            n: How many.

        Returns:
            An array of shape (n,), in seconds or bytes, none of them negative.
        """

    @abstractmethod
    def describe(self) -> str:
        """The distribution in words, with its mean."""

    def to_yaml(self) -> Any:
        """Plain data that reads back as an equal distribution."""
        return {
            each.name: each.metadata["parameter"].spell(value, self.quantity)
            for each in _parameters(type(self))
            if (value := getattr(self, each.name)) is not None
        }

    @classmethod
    def read(cls, written: Mapping[Any, Any], reading: Reading) -> "Distribution":
        """Reads the kind's mapping.

        Args:
            written: What YAML gave.
            reading: As what.

        Raises:
            ValidationError: Some parameters are wrong; it locates each.
            ValueError: They do not fit together.
        """
        known = {each.name: each for each in _parameters(cls)}
        problems: list[InitErrorDetails] = []
        values: dict[str, Any] = {}
        for key, value in written.items():
            if key not in known:
                near = nearest(str(key), known)
                message = f"{shown(str(key))} is not a part of {cls.form}" + (
                    f"; did you mean '{near}'?" if near else ""
                )
                problems.append(problem(key, value, WrongKey(message)))
                continue
            kind: Parameter = known[key].metadata["parameter"]
            try:
                values[key] = kind.read(value, reading)
            except ValidationError as error:
                problems.extend(inner_problems(key, error))
            except ValueError as error:
                problems.append(problem(key, value, error))
        given = {nearest(str(key), known) if key not in known else key for key in written}
        missing = [name for name, each in known.items() if name not in given and each.default is not None]
        if missing:
            problems.append(problem(None, written, ValueError(f"{' and '.join(missing)} missing in {cls.form}")))
        if problems:
            raise ValidationError.from_exception_data("distribution", problems)
        return cls(**values, quantity=reading.quantity)

    @classmethod
    def mapping_schema(cls, quantity: Quantity) -> JsonSchemaValue:
        """The JSON schema of the kind's mapping."""
        described = {
            each.name: {**each.metadata["parameter"].json_schema(quantity), "description": each.metadata["description"]}
            for each in _parameters(cls)
        }
        return {
            "type": "object",
            "description": f"{(cls.__doc__ or '').splitlines()[0]} {cls.form}",
            "properties": described,
            "required": [each.name for each in _parameters(cls) if each.default is not None],
            "additionalProperties": False,
        }

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _core_schema(DURATION, f"{__name__}.Distribution")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return _json_schema(DURATION)

    def _amount(self, value: float) -> str:
        return self.quantity.format(value)

    def _with_mean(self, words: str) -> str:
        return f"{words}, mean {self._amount(self.mean)}"


@dataclass(frozen=True)
class Constant(Distribution):
    """Always the same value."""

    form: ClassVar[str] = "a single value"
    value: float = parameter(Measure(), "The value.")

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return np.full(n, self.value)

    def describe(self) -> str:
        return f"constant {self._amount(self.value)}"

    def to_yaml(self) -> str:
        return self.quantity.spell(self.value)


class _OfSizes:
    """What pydantic sees in the place of a `SizeDistribution`."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _core_schema(SIZE, f"{__name__}.SizeDistribution")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return _json_schema(SIZE)


SizeDistribution = Annotated[Distribution, GetPydanticSchema(lambda _, handler: handler.generate_schema(_OfSizes))]
"""A distribution of sizes, in bytes: `64KiB`, `{p50: 2kB, p99: 90kB}`, …"""


def parse_distribution(value: Any, quantity: Quantity = DURATION, folder: Path | None = None) -> Distribution:
    """Reads a distribution.

    Args:
        value: What YAML gave: a single value, or a mapping.
        quantity: `DURATION` or `SIZE`.
        folder: Where relative paths start; the working directory if None.

    Raises:
        ValueError: It is not a distribution; a pydantic ValidationError where a part of it is to blame.
    """
    if isinstance(value, Distribution):
        if value.quantity != quantity:
            raise ValueError(f"a distribution of {quantity.name.split()[-1]}s is needed here")
        return value
    if not isinstance(value, Mapping):
        if isinstance(value, list):
            raise ValueError(f"{shown(value)} is not a distribution; an interval is written {{uniform: [A, B]}}")
        return Constant(quantity.parse(value), quantity=quantity)
    if not value:
        raise ValueError(f"an empty mapping is not a distribution{did_you_mean('', KINDS)}")
    key = "p50" if "p99" in value else next((key for key in value if key in KINDS), None)
    if key is None:
        first = next(iter(value))
        message = f"unknown distribution {shown(str(first))}{did_you_mean(str(first), KINDS)}"
        raise ValidationError.from_exception_data("distribution", [problem(first, value[first], WrongKey(message))])
    return KINDS[key].read(value, Reading(quantity, folder or Path()))


def means_distribution(value: Any, beside: Collection[str]) -> bool:
    """Whether a mapping is meant for a distribution, even if its key is mistyped.

    Args:
        value: What YAML gave.
        beside: The keys of the other mapping that may stand in the same place.
    """
    if not isinstance(value, Mapping) or any(key in beside for key in value):
        return False
    keys = {*KINDS, "p99"}
    return any(nearest(str(key), [*beside, *keys]) in keys for key in value)


def problem(key: Any, value: Any, error: ValueError) -> InitErrorDetails:
    """One wrong part of a mapping, located for a ValidationError; the mapping itself if `key` is None."""
    location = () if key is None else (key if isinstance(key, str | int) else str(key),)
    return InitErrorDetails(type="value_error", loc=location, input=value, ctx={"error": error})


def inner_problems(key: str | int, error: ValidationError) -> Iterator[InitErrorDetails]:
    """The problems of a part, located from the whole."""
    for inner in error.errors():
        yield InitErrorDetails(
            type="value_error", loc=(key, *inner["loc"]), input=inner["input"], ctx={"error": inner["ctx"]["error"]}
        )


def _parameters(cls: type[Distribution]) -> list[Field[Any]]:
    return [each for each in fields(cls) if "parameter" in each.metadata]


def _validate(quantity: Quantity, value: Any, info: ValidationInfo) -> Distribution:
    folder = info.context.get("folder") if isinstance(info.context, dict) else None
    return parse_distribution(value, quantity, folder)


def _spell(distribution: Distribution) -> Any:
    return distribution.to_yaml()


def _core_schema(quantity: Quantity, ref: str) -> CoreSchema:
    return core_schema.with_info_plain_validator_function(
        partial(_validate, quantity),
        ref=ref,
        serialization=core_schema.plain_serializer_function_ser_schema(_spell, when_used="json"),
    )


def _json_schema(quantity: Quantity) -> JsonSchemaValue:
    kinds = [kind.mapping_schema(quantity) for kind in KINDS.values()]
    return {
        "description": f"How {quantity.name} varies: one constant value, or a distribution.",
        "oneOf": [quantity.json_schema(), *kinds],
    }
