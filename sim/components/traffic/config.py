"""What a client's traffic is: arrivals at a rate, a fixed number of users, or the replay of an access log."""

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from sim.components.traffic.open_loop import ArrivalsConfig, OpenLoopConfig
from sim.components.traffic.replay import ReplayConfig
from sim.values import Config, Count, Distribution, wrong_key

MOST_USERS: Final = 1_000_000


class ClosedLoopConfig(Config):
    """Traffic of a fixed number of users, each of whom waits for the answer before going on."""

    users: Count | None = Field(
        default=None,
        ge=1,
        le=MOST_USERS,
        description="How many users there are; each has one request under way at a time.",
    )
    think: Distribution | None = Field(
        default=None, description="How long a user pauses after an answer before the next request; no time at all."
    )


class TrafficConfig(ClosedLoopConfig, ReplayConfig, OpenLoopConfig):
    """Where a client's requests come from: `rate` (or `shape`, `diurnal`), `users` or `replay`."""

    shorthand: ClassVar[str | None] = "rate"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = self._sources
        if not given:
            raise ValueError("say where requests come from: rate (or shape, diurnal), users or replay")
        ways = [name for name in ("users", "replay") if name in given]
        if ways and len(given) > 1:
            other = next(name for name in given if name != ways[0])
            raise wrong_key(other, f"traffic has one source, {ways[0]} or {other}")
        if self.think is not None and self.users is None:
            raise wrong_key("think", "is for users, as in {users: 500, think: 2s}")
        if self.replay is None and (self.format is not None or self.speed != 1.0):
            alone = "format" if self.format is not None else "speed"
            raise wrong_key(alone, "is for the replay of a log, as in {replay: access.log}")
        if ways and self.arrivals != ArrivalsConfig():
            raise wrong_key("arrivals", f"is for a rate; {ways[0]} says by itself when requests come")
        return self

    @property
    def way(self) -> Literal["open", "closed", "replay"]:
        """Who decides when the next request comes: a rate, the users, or a log."""
        given = self._sources
        return "closed" if "users" in given else "replay" if "replay" in given else "open"

    @property
    def _sources(self) -> list[str]:
        return [name for name in ("rate", "shape", "diurnal", "users", "replay") if getattr(self, name) is not None]
