"""A rate limit refuses what comes too fast: for everybody together, or for each client, key or route by itself.

The algorithm says what "too fast" means, each in a module of its own; this one says whose requests are counted
together. Every partition has its own state, made when its first request comes and forgotten when it is idle again.
"""

from collections.abc import Callable, Hashable
from typing import Final, Literal, Protocol

from pydantic import Field

from sim.policies.rate_limit.token_bucket import TokenBucket
from sim.request import Request
from sim.values import Config, Count, Rate

__all__ = ["Algorithm", "Limiter", "RateLimitConfig", "TokenBucket"]

_SWEEP_FROM = 1024  # partitions; below, idle ones are not worth looking for


class Algorithm(Protocol):
    """The state of one partition."""

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Counts the request and says whether it may pass."""

    def retry_after(self, now: float, cost: float = 1.0) -> float:
        """How long until such a request may pass, s."""

    def is_idle(self, now: float) -> bool:
        """Whether a fresh state would decide the same from now on."""


class RateLimitConfig(Config):
    """A limit on the rate of requests; what exceeds it is answered with `429 Too Many Requests`."""

    algorithm: Literal["token_bucket"] = Field("token_bucket", description="How the rate is measured.")
    rate: Rate = Field(gt=0.0, description="Requests per second that may pass in the long run.")
    burst: Count | None = Field(
        None, ge=1.0, description="Requests that may pass at once after a calm; default one second's worth, at least 1."
    )
    per: Literal["all", "client", "key", "route"] = Field(
        "all",
        description="Whose requests are counted together: everybody's, each caller's (its API key or address), those "
        "for one item, or those of one line of a mix.",
    )

    def limiter(self) -> "Limiter":
        """A limiter that has seen no request yet."""
        burst = max(1.0, self.rate) if self.burst is None else self.burst
        return Limiter(lambda: TokenBucket(self.rate, burst), PARTITIONS[self.per])


PARTITIONS: Final[dict[str, Callable[[Request], Hashable]]] = {
    "all": lambda request: None,
    "client": lambda request: (request.client, request.caller),
    "key": lambda request: request.key,
    "route": lambda request: request.kind.label,
}
"""What `per` tells requests apart by."""


class Limiter:
    """Limits every partition by itself.

    Idle partitions are swept out whenever the number kept has doubled, so memory follows the partitions that are busy
    at a time, not all that were ever seen.

    Args:
        algorithm: Makes the state of a new partition.
        partition: Tells which requests are counted together.
    """

    def __init__(self, algorithm: Callable[[], Algorithm], partition: Callable[[Request], Hashable]) -> None:
        self._algorithm = algorithm
        self._partition = partition
        self._states: dict[Hashable, Algorithm] = {}
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        """How many partitions are kept."""
        return len(self._states)

    def allows(self, request: Request, now: float) -> bool:
        """Counts the request in its partition and says whether it may pass.

        Args:
            request: Whose partition is looked up.
            now: The current time, s.
        """
        return self._state(request, now).allows(now)

    def retry_after(self, request: Request, now: float) -> float:
        """How long until such a request may pass, s; the `Retry-After` of a refusal.

        Args:
            request: Whose partition is looked up.
            now: The current time, s.
        """
        return self._state(request, now).retry_after(now)

    def _state(self, request: Request, now: float) -> Algorithm:
        partition = self._partition(request)
        state = self._states.get(partition)
        if state is None:
            if len(self._states) >= self._sweep_at:
                self._states = {key: kept for key, kept in self._states.items() if not kept.is_idle(now)}
                self._sweep_at = max(_SWEEP_FROM, 2 * len(self._states))
            state = self._states[partition] = self._algorithm()
        return state
