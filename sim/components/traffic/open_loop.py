"""Open-loop traffic: users come at a rate of their own, however slowly they are answered.

Arrivals are drawn on the axis of expected requests (one per unit) and carried over to time by the inverse of the
cumulative rate. So a spike, a ramp or another rate bends time and shifts no draw: two variants of a scenario see the
same sequence (common random numbers).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from sim.components.traffic.bursty import Bursts, BurstyConfig
from sim.components.traffic.mix import BLOCK
from sim.components.traffic.rate import ArrivalRate, DiurnalConfig, Floats, RateFunction, ShapePoint, Spike, runnable
from sim.kernel import Streams
from sim.values import Config, format_duration, shown, wrong_key


class ArrivalsConfig(Config):
    """How arrivals scatter around their rate: `poisson`, `constant` or `{bursty: …}`."""

    shorthand: ClassVar[str | None] = "process"

    process: Literal["poisson", "constant"] = Field(
        default="poisson",
        description="`poisson`: independent of each other, as of many users; `constant`: evenly spaced.",
    )
    bursty: BurstyConfig | None = Field(default=None, description="Poisson arrivals whose rate jumps up and down.")

    @model_validator(mode="before")
    @classmethod
    def _known_word(cls, value: Any) -> Any:
        word = value.get("process", "poisson") if isinstance(value, dict) else value
        if isinstance(word, str) and word not in ("poisson", "constant"):
            bursty = "{bursty: {factor: 5, on: 2s, off: 18s}}"
            raise ValueError(f"{shown(word)} is not known; write poisson, constant or {bursty}")
        return value

    @model_validator(mode="after")
    def _bursts_are_poisson(self) -> Self:
        if self.bursty is not None and self.process == "constant":
            raise wrong_key("process", "arrivals are either constant or bursty")
        return self


class OpenLoopConfig(Config):
    """Traffic that arrives at a rate."""

    rate: ArrivalRate | None = Field(default=None, description="Requests per second, on average.")
    arrivals: ArrivalsConfig = Field(
        default=ArrivalsConfig(), description="How arrivals scatter around the rate; independently (`poisson`)."
    )
    shape: tuple[ShapePoint, ...] | None = Field(
        default=None,
        description="How the rate changes with time, point by point; before the first point it is `rate`, or zero.",
    )
    diurnal: DiurnalConfig | None = Field(default=None, description="A day's rhythm: low at night, high at noon.")

    @field_validator("shape")
    @classmethod
    def _points_in_order(cls, shape: tuple[ShapePoint, ...] | None) -> tuple[ShapePoint, ...] | None:
        if shape is None:
            return None
        if not shape:
            raise ValueError("a shape needs at least one point, such as {at: 10s, rate: 100/s}")
        for before, after in pairwise(shape):
            if after.at <= before.at:
                raise ValueError(
                    f"points must be in the order of time: {format_duration(after.at)} comes after "
                    f"{format_duration(before.at)}"
                )
        return shape

    @model_validator(mode="after")
    def _rate_makes_sense(self) -> Self:
        if self.diurnal is not None and (self.rate is not None or self.shape is not None):
            other = "shape" if self.rate is None else "rate"
            raise wrong_key(other, "leave it out: diurnal says what the rate is at any time")
        if self.rate is None and self.shape is None and self.diurnal is None:
            return self
        if self.highest_rate == 0.0:
            raise wrong_key("rate" if self.shape is None else "shape", "a rate of zero brings no request at all")
        if self.arrivals.bursty is not None:
            runnable(self.highest_rate * self.arrivals.bursty.factor)
        return self

    @property
    def highest_rate(self) -> float:
        """The highest rate that the configuration names, 1/s; without bursts and spikes."""
        if self.diurnal is not None:
            return self.diurnal.high
        return max([self.rate or 0.0, *(point.rate for point in self.shape or ())])

    def rate_function(self, until: float, spikes: Sequence[Spike] = ()) -> RateFunction:
        """The rate at any time.

        Args:
            until: How long the run lasts, s.
            spikes: When the rate is multiplied, and by what.
        """
        if self.diurnal is not None:
            day = self.diurnal
            peak_at = 0.5 * day.period if day.peak_at is None else day.peak_at
            rate = RateFunction.diurnal(day.low, day.high, day.period, peak_at, until)
        else:
            rate = RateFunction.shaped(self.rate or 0.0, self.shape or ())
        return rate.with_spikes(spikes) if spikes else rate


def arrival_times(
    config: OpenLoopConfig, rate: RateFunction, streams: Streams, name: str, duration: float
) -> Iterator[Floats]:
    """When requests arrive, in blocks of `BLOCK` (the last one may be shorter).

    Args:
        config: How arrivals scatter.
        rate: How many arrive per second, at any time.
        streams: The run's random streams; `NAME/arrivals` and `NAME/bursts` are used.
        name: Of the client.
        duration: Only arrivals before this time count, s.

    Yields:
        Increasing times, s.
    """
    if config.arrivals.bursty is not None:
        rng = streams.rng(f"{name}/bursts")
        inverse = Bursts(config.arrivals.bursty, rate, rng, duration).inverse
    else:
        inverse = rate.inverse
    if config.arrivals.process == "constant":
        positions = _even_positions()
    else:
        positions = _poisson_positions(streams.rng(f"{name}/arrivals"))
    for block in positions:
        times = inverse(block)
        count = int(np.searchsorted(times, duration, side="left"))
        if count:
            yield times[:count]
        if count < BLOCK:
            return


def _even_positions() -> Iterator[Floats]:
    first = 0
    while True:
        yield np.arange(first, first + BLOCK, dtype=np.float64)
        first += BLOCK


def _poisson_positions(rng: np.random.Generator) -> Iterator[Floats]:
    last = 0.0
    while True:
        block = np.cumsum(np.append(last, rng.standard_exponential(BLOCK)))[1:]
        last = float(block[-1])
        yield block
