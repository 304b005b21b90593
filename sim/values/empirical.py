"""An empirical distribution is a list of measured values from a file, drawn as they are, each as likely as the next.

The file has one column: numbers with a unit (`5ms`), or bare ones below a header that ends with it (`latency_ms`,
`seconds`). Drawing is by the inverse of the empirical distribution function, so that no value is made up.
"""

import csv
import re
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic.json_schema import JsonSchemaValue

from sim.values.distribution import Distribution
from sim.values.files import find_file
from sim.values.parameters import Parameter, Reading, parameter
from sim.values.quantity import Quantity, Unit, shown

_WORDS: Final = {"milliseconds": "ms", "millis": "ms", "microseconds": "us", "micros": "us", "bytes": "B"}


@dataclass(frozen=True)
class Sample:
    """The values of a file; two samples are equal if their files and their values are.

    Args:
        path: The file.
        digest: Of the values, in hexadecimal digits.
        values: Sorted, in seconds or bytes; read-only.
    """

    path: Path
    digest: str
    values: NDArray[np.float64] = field(compare=False, repr=False)


class _File(Parameter):
    """A path to a file with one column of values."""

    def read(self, value: Any, reading: Reading) -> Sample:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{shown(value)} is not the name of a CSV file")
        return read_sample((reading.folder / value).resolve(), reading.quantity)

    def spell(self, value: Sample, quantity: Quantity) -> str:
        return str(value.path)

    def json_schema(self, quantity: Quantity) -> JsonSchemaValue:
        return {"type": "string", "examples": ["latencies.csv"]}


@dataclass(frozen=True)
class Empirical(Distribution, key="empirical"):
    """Measured values from a file."""

    form: ClassVar[str] = "{empirical: FILE.csv}"
    empirical: Sample = parameter(_File(), "A file with a column of values: 5ms, or 5 below latency_ms.")  # noqa: RUF009

    @property
    def mean(self) -> float:
        return float(self.empirical.values.mean())

    @property
    def variance(self) -> float:
        return float(self.empirical.values.var())

    def quantile(self, share: float) -> float:
        """The least value that a share of all values, 0 <= share <= 1, does not exceed."""
        return float(np.quantile(self.empirical.values, share, method="inverted_cdf"))

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        values = self.empirical.values
        return values[(rng.random(n) * values.size).astype(np.int64)]

    def describe(self) -> str:
        return self._with_mean(f"empirical {self.empirical.path.name} ({self.empirical.values.size} values)")


def read_sample(path: Path, quantity: Quantity) -> Sample:
    """Reads a file of values.

    Args:
        path: The file.
        quantity: What its values are.

    Raises:
        ValueError: The file cannot be read, or a line of it is not a value.
    """
    find_file(path, "a file of values")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ValueError(f"cannot read {path}: {reason}") from error
    values: list[float] = []
    unit = None
    for place, (number, row) in enumerate(rows):
        if len(row) != 1:
            raise ValueError(f"{path.name}, line {number}: {len(row)} columns where one is expected")
        text = row[0].strip()
        if place == 0 and not re.match(r"[-+.]?\d", text):
            unit = _unit_of(text, quantity)
            continue
        try:
            values.append(_read_value(text, quantity, unit))
        except ValueError as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
    if not values:
        raise ValueError(f"{path.name} has no values")
    ordered = np.sort(np.array(values))
    ordered.flags.writeable = False
    return Sample(path, blake2b(ordered.tobytes(), digest_size=16).hexdigest(), ordered)


def _unit_of(header: str, quantity: Quantity) -> Unit | None:
    """The unit that a header ends with: `latency_ms`, `Latency (s)`, `milliseconds`."""
    word = (re.findall(r"[^\W\d_]+", header) or [""])[-1]
    symbols = {word, word.lower()} | {dict(quantity.meant).get(word.lower()), _WORDS.get(word.lower())}
    return next((unit for unit in quantity.units if unit.symbol in symbols), None)


def _read_value(text: str, quantity: Quantity, unit: Unit | None) -> float:
    try:
        bare = float(text)
    except ValueError:
        return quantity.parse(text)
    if unit is None:
        raise ValueError(
            f"{text} needs a unit: write {quantity.examples[0]}, or a first line that names it for all, such as "
            f"{'size_bytes' if quantity.base == 'B' else 'latency_ms'}"
        )
    amount = bare * float(unit.factor)
    if not 0.0 <= amount <= quantity.limit:
        raise ValueError(f"{text} is not {quantity.name} in {unit.symbol}")
    return amount
