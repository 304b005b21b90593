"""Backoff is the pause before a retry: it grows with every failure, and jitter spreads it so that clients do not herd.

The n-th retry (n = 1, 2, …) waits v = min(max, base * factor^(n-1)), so the first waits `base`. Jitter turns v into

- full: a uniform time in [0, v];
- equal: half of v and a uniform time in [0, v/2];
- decorrelated: min(max, a uniform time in [base, 3 * the pause before]), which starts from `base` and ignores n.

Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. There v = min(cap, base * 2^n) with n
counted from 1, so that its base of 5 ms is a base of 10 ms here. The default `max` of 20 s is that of the AWS SDKs.
"""

from math import inf, log
from typing import Any, ClassVar, Final, Literal, Protocol

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.kernel import Uniform
from sim.values import Config, Duration, Number, format_duration, shown, wrong_key

Jitter = Literal["none", "full", "equal", "decorrelated"]

DEFAULT_MAX: Final = 20.0  # s


class Backoff(Protocol):
    """Says how long to pause before a retry."""

    def pause(self, attempt: int, previous: float, uniform: Uniform) -> float:
        """The pause, s.

        Args:
            attempt: Which retry it is; 1 is the first.
            previous: The pause before the retry that failed last, s; 0 before the first retry.
            uniform: What jitter draws from.
        """


class Exponential:
    """A pause that grows by a factor up to a cap; constant with a factor of 1.

    Args:
        base: The first pause, s.
        cap: The longest pause, s.
        factor: How much longer each pause is than the one before.
    """

    __slots__ = ("_base", "_cap", "_factor", "_retries_below_cap")

    def __init__(self, base: float, cap: float, factor: float = 2.0) -> None:
        self._base = base
        self._cap = cap
        self._factor = factor
        self._retries_below_cap = log(cap / base) / log(factor) if base > 0.0 and factor > 1.0 else inf

    def pause(self, attempt: int, previous: float, uniform: Uniform) -> float:
        """The same for everybody: nothing is drawn."""
        growth = attempt - 1
        if growth >= self._retries_below_cap:
            return self._cap
        return self._base * self._factor**growth


class FullJitter:
    """A pause anywhere between nothing and what it would be without jitter.

    Args:
        of: The pause without jitter.
    """

    __slots__ = ("_of",)

    def __init__(self, of: Backoff) -> None:
        self._of = of

    def pause(self, attempt: int, previous: float, uniform: Uniform) -> float:
        """Draws one number."""
        share: float = uniform.next()
        return self._of.pause(attempt, previous, uniform) * share


class EqualJitter:
    """A pause of at least half of what it would be without jitter.

    Args:
        of: The pause without jitter.
    """

    __slots__ = ("_of",)

    def __init__(self, of: Backoff) -> None:
        self._of = of

    def pause(self, attempt: int, previous: float, uniform: Uniform) -> float:
        """Draws one number."""
        share: float = uniform.next()
        return self._of.pause(attempt, previous, uniform) * (1.0 + share) / 2.0


class DecorrelatedJitter:
    """A pause between `base` and three times the one before, so that growth itself is random.

    Args:
        base: The shortest pause, s.
        cap: The longest pause, s.
    """

    __slots__ = ("_base", "_cap")

    def __init__(self, base: float, cap: float) -> None:
        self._base = base
        self._cap = cap

    def pause(self, attempt: int, previous: float, uniform: Uniform) -> float:
        """Draws one number."""
        share: float = uniform.next()
        longest = 3.0 * max(previous, self._base)
        return min(self._cap, self._base + (longest - self._base) * share)


class BackoffConfig(Config):
    """The pause between two attempts: `none`, a constant duration, or one that grows from `base` to `max`."""

    shorthand: ClassVar[str | None] = "base"

    base: Duration = Field(description="The pause before the first retry.")
    max: Duration | None = Field(None, description="The longest pause; default 20s, or base if that is longer.")
    factor: Number = Field(
        2.0,
        ge=1.0,
        le=1000,
        description="How many times as long each pause is as the one before; not used with decorrelated.",
    )
    jitter: Jitter = Field("none", description="How the pause is spread at random.")

    @model_validator(mode="before")
    @classmethod
    def _expand_constant(cls, value: Any) -> Any:
        if isinstance(value, dict | Config):
            return value
        if isinstance(value, str) and not value[:1].isdigit() and value != "none":
            raise ValueError(f"{shown(value)} is not a backoff; write none, a duration, or {{base: 100ms, max: 2s}}")
        return {"base": "0s" if value == "none" else value, "factor": 1.0}

    @model_validator(mode="after")
    def _check(self) -> "BackoffConfig":
        if self.max is not None and self.max < self.base:
            raise wrong_key("max", f"{format_duration(self.max)} is less than base, {format_duration(self.base)}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        schema["anyOf"].insert(0, {"const": "none"})
        return schema

    def build(self) -> Backoff:
        """The backoff that this describes."""
        cap = max(DEFAULT_MAX, self.base) if self.max is None else self.max
        if self.jitter == "decorrelated":
            return DecorrelatedJitter(self.base, cap)
        growing = Exponential(self.base, cap, self.factor)
        if self.jitter == "full":
            return FullJitter(growing)
        if self.jitter == "equal":
            return EqualJitter(growing)
        return growing
