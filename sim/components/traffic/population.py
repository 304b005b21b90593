"""A population is the distinct callers behind one client: people, API keys or addresses, some busier than others."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.values import Config, Count, KeyDistribution, Number, UniformKeys, Zipf


class PopulationConfig(Config):
    """How many callers a client stands for, and how unequal they are."""

    shorthand: ClassVar[str | None] = "size"

    size: Count = Field(ge=1, le=20_000_000, description="How many distinct callers there are.")
    zipf: Number | None = Field(
        default=None,
        ge=0.0,
        le=10.0,
        description="Skew of Zipf's law for how often each caller sends; all send equally often if absent.",
    )

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Draws who sends each of `n` requests: 0 … size - 1, the busiest caller first."""
        return self._callers.draw(rng, n)

    def describe(self) -> str:
        """The population in words."""
        return f"{self.size} callers" + (f", Zipf s {self.zipf:g}" if self.zipf is not None else "")

    @property
    def _callers(self) -> KeyDistribution:
        if self.zipf is None:
            return KeyDistribution(uniform=UniformKeys(items=self.size))
        return KeyDistribution(zipf=Zipf(items=self.size, s=self.zipf))
