"""Slow start gives a new instance a small share of the traffic at first, and its full share after a while.

A cold instance (empty caches, code not yet compiled, no connections) is slow; with its full share at once it would
queue. Its weight is scaled by (age / window) ** (1 / aggression), never less than `min_weight`: with aggression 1 the
traffic grows in a straight line, above 1 faster at the beginning, below 1 slower.

Source: Envoy, slow start mode, whose formula counts an age below one second as one second.
"""

from typing import ClassVar, Final

from pydantic import Field

from sim.values import Config, Duration, Number, Share

_YOUNGEST: Final = 1.0


class SlowStartConfig(Config):
    """How the traffic of a new instance grows."""

    shorthand: ClassVar[str | None] = "window"

    window: Duration = Field(gt=0, description="Age at which an instance gets its full share of the traffic.")
    aggression: Number = Field(
        1.0, gt=0, description="Shape of the growth: 1 is linear, more is faster at first, less is slower at first."
    )
    min_weight: Share = Field(0.1, gt=0, description="The share of its weight that an instance has at least.")


def weight_factor(age: float, config: SlowStartConfig) -> float:
    """What a new instance's weight is multiplied by, in (0, 1].

    Args:
        age: Time since the instance became available, s.
        config: The curve.
    """
    if age >= config.window:
        return 1.0
    grown = max(age, _YOUNGEST) / config.window
    return float(max(config.min_weight, min(1.0, grown ** (1.0 / config.aggression))))
