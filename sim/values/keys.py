"""A key distribution says which item a request is about: a few items are popular, most are not.

Items are numbered 0, 1, … from the most popular on. Under Zipf's law item i is asked for with a probability
proportional to 1/(i+1)^s; s is near 0.6 to 1.1 for web pages and database keys (Breslau et al., Web Caching and
Zipf-like Distributions, INFOCOM 1999).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from sim.values.config import Config
from sim.values.numbers import Count, Number
from sim.values.quantity import shown

_MOST_ITEMS = 20_000_000
_HELP = "one is written {zipf: {items: 20k, s: 1.1}}, {uniform: {items: 1000}}, or as the number of an item"

_Items = Annotated[Count, Field(le=_MOST_ITEMS)]


class Zipf(Config):
    """Popularity by Zipf's law."""

    shorthand: ClassVar[str | None] = "items"
    items: _Items = Field(ge=1, description="How many items there are.")
    s: Number = Field(
        1.0,
        ge=0.0,
        le=10.0,
        description="The skew: 0 makes all items equally popular, 1 (the default) is Zipf's law.",
    )


class UniformKeys(Config):
    """All items equally popular."""

    shorthand: ClassVar[str | None] = "items"
    items: _Items = Field(ge=1, description="How many items there are.")


class KeyDistribution(Config):
    """Which item a request is about: `{zipf: {items: 20k, s: 1.1}}`, `{uniform: {items: 1000}}`, or always item `7`."""

    shorthand: ClassVar[str | None] = "constant"
    zipf: Zipf | None = Field(None, description="Items whose popularity follows Zipf's law.")
    uniform: UniformKeys | None = Field(None, description="Items that are equally popular.")
    constant: _Items | None = Field(None, description="The number of the one item that is asked for.")

    @model_validator(mode="before")
    @classmethod
    def _check_shape(cls, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | str | Mapping | KeyDistribution):
            raise ValueError(f"{shown(value)} is not a key distribution; {_HELP}")
        if isinstance(value, str) and not value[:1].isdigit():
            raise ValueError(f"{shown(value)} is not a key distribution; {_HELP}")
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> "KeyDistribution":
        if sum(each is not None for each in (self.zipf, self.uniform, self.constant)) != 1:
            raise ValueError(f"give exactly one kind of key distribution; {_HELP}")
        return self

    @model_serializer(mode="wrap", when_used="json")
    def _spell(self, handler: SerializerFunctionWrapHandler) -> Any:
        if self.constant is not None:
            return self.constant
        return {name: value for name, value in handler(self).items() if value is not None}

    @property
    def items(self) -> int:
        """How many items there are; what is drawn is below it."""
        if self.zipf is not None:
            return self.zipf.items
        if self.uniform is not None:
            return self.uniform.items
        assert self.constant is not None
        return self.constant + 1

    def probabilities(self) -> NDArray[np.float64]:
        """The probability of each item, in the order of their numbers."""
        if self.zipf is not None:
            return _zipf(self.zipf.items, self.zipf.s)
        if self.uniform is not None:
            return np.full(self.items, 1.0 / self.items)
        certain = np.zeros(self.items)
        certain[-1] = 1.0
        return certain

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Draws item numbers.

        Args:
            rng: Where the randomness comes from.
            n: How many.

        Returns:
            An array of shape (n,), each 0 … items - 1.
        """
        if self.zipf is not None:
            return np.searchsorted(_zipf_table(self.zipf.items, self.zipf.s), rng.random(n), side="right")
        if self.uniform is not None:
            return rng.integers(0, self.uniform.items, n)
        assert self.constant is not None
        return np.full(n, self.constant, dtype=np.int64)

    def describe(self) -> str:
        """The distribution in words."""
        if self.zipf is not None:
            return f"Zipf s {self.zipf.s:g} over {self.zipf.items} items"
        if self.uniform is not None:
            return f"uniform over {self.uniform.items} items"
        return f"always item {self.constant}"


def _zipf(items: int, s: float) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.arange(1, items + 1, dtype=np.float64) ** -s
    weights /= weights.sum()
    return weights


@lru_cache(maxsize=16)
def _zipf_table(items: int, s: float) -> NDArray[np.float64]:
    table = np.cumsum(_zipf(items, s))
    table[-1] = 1.0
    table.flags.writeable = False
    return table
