"""Bursty arrivals: the rate jumps between a high value (on) and a low one (off), each for a random time.

A Markov-modulated Poisson process of two states, MMPP-2 (Fischer and Meier-Hellstern, "The Markov-modulated Poisson
process cookbook", 1993). Periods last exponential times. In an on period the rate is `factor` times the client's rate;
in an off period it is so much lower that the *mean* stays the client's rate, `(1 - factor p) / (1 - p)` times it, where
`p = on / (on + off)` is the share of time that is on. With the largest possible factor, `1 / p`, nothing arrives in an
off period (the interrupted Poisson process).
"""

from math import inf
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from sim.components.traffic.rate import Floats, RateFunction
from sim.values import Config, Duration, Number, format_duration, wrong_key

_PAIRS = 256
_TOLERANCE = 1e-9


class BurstyConfig(Config):
    """Bursts with calmer stretches between them; the mean rate stays the client's rate."""

    factor: Number = Field(ge=1.0, description="How many times the mean rate arrives during a burst.")
    on: Duration = Field(ge=0.001, description="Mean length of a burst (exponential).")
    off: Duration = Field(ge=0.001, description="Mean length of the calm between two bursts (exponential).")

    @model_validator(mode="after")
    def _mean_can_hold(self) -> Self:
        most = 1.0 / self.share_on
        if self.factor > most * (1.0 + _TOLERANCE):
            raise wrong_key(
                "factor",
                f"bursts of {format_duration(self.on)} with {format_duration(self.off)} between them can bring "
                f"at most {most:.4g} times the mean rate, not {self.factor:g} times",
            )
        return self

    @property
    def share_on(self) -> float:
        """The long-run share of time that is on."""
        return self.on / (self.on + self.off)

    @property
    def off_factor(self) -> float:
        """How many times the mean rate arrives between bursts."""
        return max(0.0, (1.0 - self.factor * self.share_on) / (1.0 - self.share_on))


class Bursts:
    """Carries expected requests over to time, through on and off periods that are drawn as they are needed.

    Args:
        config: How long the periods are, and how strong.
        rate: The mean rate that they modulate.
        rng: Draws the periods and nothing else.
        until: Nobody asks beyond this time, s.
    """

    def __init__(self, config: BurstyConfig, rate: RateFunction, rng: np.random.Generator, until: float) -> None:
        self._config = config
        self._rate = rate
        self._rng = rng
        self._until = until
        self._on = bool(rng.random() < config.share_on)
        self._edges: Floats = np.zeros(1)
        self._unmodulated: Floats = np.zeros(1)
        self._modulated: Floats = np.zeros(1)
        self._factors: Floats = np.zeros(0)

    def inverse(self, cumulative: Floats) -> Floats:
        """When so many requests are expected, s; infinite beyond the end.

        Args:
            cumulative: Numbers of expected requests, increasing from call to call.
        """
        done = max(int(np.searchsorted(self._modulated, cumulative[0], side="right")) - 1, 0)
        self._edges, self._factors = self._edges[done:], self._factors[done:]
        self._unmodulated, self._modulated = self._unmodulated[done:], self._modulated[done:]
        while self._modulated[-1] <= cumulative[-1] and self._edges[-1] < self._until:
            self._draw_periods()
        times = np.full(len(cumulative), inf)
        known = int(np.searchsorted(cumulative, self._modulated[-1], side="left"))
        periods = np.searchsorted(self._modulated, cumulative[:known], side="right") - 1
        due = (cumulative[:known] - self._modulated[periods]) / self._factors[periods]
        times[:known] = np.minimum(self._rate.inverse(self._unmodulated[periods] + due), self._edges[periods + 1])
        return times

    def _draw_periods(self) -> None:
        config = self._config
        pairs = max(_PAIRS, len(self._factors) // 2)
        order = [True, False] if self._on else [False, True]
        means = [config.on if on else config.off for on in order]
        factors = np.tile([config.factor if on else config.off_factor for on in order], pairs)
        lengths = self._rng.standard_exponential((pairs, 2)) * means
        edges = np.cumsum(np.append(self._edges[-1], lengths))
        unmodulated = self._rate.cumulative(edges)
        modulated = np.cumsum(np.append(self._modulated[-1], np.diff(unmodulated) * factors))
        self._edges = np.append(self._edges, edges[1:])
        self._unmodulated = np.append(self._unmodulated, unmodulated[1:])
        self._modulated = np.append(self._modulated, modulated[1:])
        self._factors = np.append(self._factors, factors)
