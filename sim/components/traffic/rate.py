"""An arrival rate that changes with time: a plain rate, a shape of ramps and steps, a day's rhythm, and spikes on top.

It is piecewise linear, so that its integral (how many requests are expected until `t`) and the inverse of that (when
the n-th is expected) are exact. Arrivals are drawn on the axis of expected requests and carried over to time by the
inverse (time change of a Poisson process; Çinlar, Introduction to Stochastic Processes, section 4.7).
"""

from collections.abc import Sequence
from math import inf
from typing import Annotated, Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, Field, field_validator, model_validator

from sim.values import Config, Duration, Rate, format_duration, format_rate

Floats = NDArray[np.float64]

HIGHEST_RATE: Final = 1e6


def runnable(rate: float) -> float:
    """The same rate.

    Raises:
        ValueError: It is above a million requests per second.
    """
    if rate > HIGHEST_RATE:
        raise ValueError(
            f"{format_rate(rate)} is more than this simulator can run; "
            f"scale the rate and the capacity behind it down together, to {format_rate(HIGHEST_RATE)} or less"
        )
    return rate


ArrivalRate = Annotated[Rate, AfterValidator(runnable)]
"""Requests per second, written like `400/s`; a million at most."""

_PIECES_PER_PERIOD: Final = 144


class ShapePoint(Config):
    """One point of a rate that changes with time."""

    at: Duration = Field(description="When the rate is reached, from the start of the run.")
    rate: ArrivalRate = Field(description="Requests per second from then on.")
    ramp: Literal["linear", "step"] = Field(
        default="linear",
        description="How the rate gets there: in a straight line from the point before, or all at once.",
    )


class DiurnalConfig(Config):
    """A day's rhythm: the rate follows a sine wave between its lowest and its highest value."""

    low: ArrivalRate = Field(description="Requests per second at the quietest moment.")
    high: ArrivalRate = Field(description="Requests per second at the busiest moment.")
    period: Duration = Field(default=86_400.0, description="Length of the day; 24 hours, one second at least.")
    peak_at: Duration | None = Field(
        default=None, description="When the busiest moment is, from the start of the run; after half a period."
    )

    @field_validator("period")
    @classmethod
    def _period_is_a_second_at_least(cls, period: float) -> float:
        if period < 1.0:
            raise ValueError(f"a period of {format_duration(period)} is too short; one second is the least")
        return period

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low ({format_rate(self.low)}) is above high ({format_rate(self.high)})")
        return self


class Spike(NamedTuple):
    """A stretch of time in which the rate is multiplied.

    Args:
        start: Its first moment, s.
        end: The first moment after it, s; may be infinite.
        factor: What the rate is multiplied by.
    """

    start: float
    end: float
    factor: float


class RateFunction:
    """A piecewise-linear rate from 0 s on; the last piece never ends and is flat.

    Args:
        starts: When each piece begins, s; the first at 0, increasing.
        rates: The rate at the beginning of each piece, 1/s.
        slopes: How fast the rate grows in each piece, 1/s².
    """

    def __init__(self, starts: ArrayLike, rates: ArrayLike, slopes: ArrayLike) -> None:
        self._starts: Floats = np.asarray(starts, dtype=np.float64)
        self._rates: Floats = np.asarray(rates, dtype=np.float64)
        self._slopes: Floats = np.asarray(slopes, dtype=np.float64)
        self._ends: Floats = np.append(self._starts[1:], inf)
        lengths = np.diff(self._starts)
        counts = np.maximum(lengths * (self._rates[:-1] + 0.5 * self._slopes[:-1] * lengths), 0.0)
        self._counts: Floats = np.concatenate([[0.0], np.cumsum(counts)])

    @classmethod
    def constant(cls, rate: float) -> Self:
        """The same `rate` at all times, 1/s."""
        return cls([0.0], [rate], [0.0])

    @classmethod
    def shaped(cls, base: float, points: Sequence[ShapePoint]) -> Self:
        """Ramps and steps from point to point; the last rate holds on.

        Args:
            base: The rate at 0 s, 1/s.
            points: In the order of time.
        """
        pieces: list[tuple[float, float, float]] = []
        time, rate = 0.0, base
        for point in points:
            if point.at > time:
                slope = (point.rate - rate) / (point.at - time) if point.ramp == "linear" else 0.0
                pieces.append((time, rate, slope))
            time, rate = point.at, point.rate
        pieces.append((time, rate, 0.0))
        return cls(*zip(*pieces, strict=True))

    @classmethod
    def diurnal(cls, low: float, high: float, period: float, peak_at: float, until: float) -> Self:
        """A sine wave in 144 straight pieces a period, each right at both its ends.

        Args:
            low: The lowest rate, 1/s.
            high: The highest rate, 1/s.
            period: Time from peak to peak, s.
            peak_at: One of the moments of the highest rate, s.
            until: How long the wave must last, s.
        """
        pieces = int(np.ceil(until / period) + 1) * _PIECES_PER_PERIOD
        phases = np.arange(pieces + 1) / _PIECES_PER_PERIOD
        waves = 0.5 * (1.0 + np.cos(2.0 * np.pi * (phases - peak_at / period)))
        rates = low + (high - low) * waves
        slopes = np.append(np.diff(rates) * (_PIECES_PER_PERIOD / period), 0.0)
        return cls(phases * period, rates, slopes)

    def with_spikes(self, spikes: Sequence[Spike]) -> "RateFunction":
        """The same rate times the factor of every spike that is on; before the first spike nothing changes by a bit."""
        edges = {edge for spike in spikes for edge in (spike.start, spike.end) if 0.0 < edge < inf}
        starts = np.union1d(self._starts, np.array(sorted(edges), dtype=np.float64))
        pieces = self._piece(starts)
        rates = self._rates[pieces] + self._slopes[pieces] * (starts - self._starts[pieces])
        factors = np.ones_like(starts)
        for spike in spikes:
            factors[(starts >= spike.start) & (starts < spike.end)] *= spike.factor
        return RateFunction(starts, rates * factors, self._slopes[pieces] * factors)

    def rate_at(self, time: ArrayLike) -> Floats:
        """The rate at `time`, s; at a step, the new one. In 1/s."""
        times = np.asarray(time, dtype=np.float64)
        pieces = self._piece(times)
        rates: Floats = self._rates[pieces] + self._slopes[pieces] * (times - self._starts[pieces])
        return rates

    def cumulative(self, time: ArrayLike) -> Floats:
        """How many requests are expected until `time`, s."""
        times = np.asarray(time, dtype=np.float64)
        pieces = self._piece(times)
        since = times - self._starts[pieces]
        counts: Floats = self._counts[pieces] + since * (self._rates[pieces] + 0.5 * self._slopes[pieces] * since)
        return counts

    def inverse(self, cumulative: ArrayLike) -> Floats:
        """The last moment until which no more than `cumulative` requests are expected, s; infinite if there is none."""
        counts = np.asarray(cumulative, dtype=np.float64)
        pieces = np.searchsorted(self._counts, counts, side="right") - 1
        rates, slopes = self._rates[pieces], self._slopes[pieces]
        due = counts - self._counts[pieces]
        # the root of rate x + slope x²/2 = due, in the form that loses no digits when the slope is small
        divisor = rates + np.sqrt(np.maximum(rates * rates + 2.0 * slopes * due, 0.0))
        never = (divisor == 0.0) & ((due > 0.0) | (pieces == len(self._counts) - 1))
        since = np.where(never, inf, 2.0 * due / np.where(divisor > 0.0, divisor, 1.0))
        times: Floats = np.minimum(self._starts[pieces] + since, self._ends[pieces])
        return times

    def mean(self, start: float, end: float) -> float:
        """The average rate from `start` to `end`, s; in 1/s."""
        if end <= start:
            return float(self.rate_at(start))
        return float(self.cumulative(end) - self.cumulative(start)) / (end - start)

    def peak(self, start: float, end: float) -> float:
        """The highest rate from `start` to `end`, s; in 1/s."""
        first = int(self._piece(start))
        last = max(first, int(np.searchsorted(self._starts, end, side="left")) - 1)
        pieces = slice(first, last + 1)
        begins = np.maximum(self._starts[pieces], start) - self._starts[pieces]
        ends = np.minimum(self._ends[pieces], max(start, end)) - self._starts[pieces]
        rates, slopes = self._rates[pieces], self._slopes[pieces]
        return float(np.max(np.maximum(rates + slopes * begins, rates + slopes * ends)))

    def _piece(self, time: ArrayLike) -> NDArray[np.intp]:
        return np.maximum(np.searchsorted(self._starts, time, side="right") - 1, 0)
