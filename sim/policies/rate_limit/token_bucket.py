"""A token bucket lets a caller burst, but holds its average rate.

Tokens drip into the bucket at a steady rate until it is full; a request takes one (or as many as it costs) and is
refused when they are not there. So over any stretch of T seconds at most `burst + rate * T` requests pass.

The refill is continuous, not in ticks, and the whole state is one number: when the bucket will be full again if nobody
takes from it. This is the Generic Cell Rate Algorithm (ATM Forum, Traffic Management Specification 4.0, 1996). AWS API
Gateway throttles with a token bucket, and NGINX's `limit_req … burst=N nodelay` acts as one.
"""

from math import inf

_ROUNDING = 1e-6  # tokens; what floating-point time may be short of without a refusal


class TokenBucket:
    """A bucket that is full until somebody takes from it.

    Args:
        rate: Tokens per second.
        burst: Tokens in the full bucket.
    """

    __slots__ = ("_burst", "_full_at", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._full_at = -inf

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Takes the tokens if they are there, and says whether they were.

        Args:
            now: The current time, s.
            cost: Tokens the request takes.
        """
        full_at = (self._full_at if self._full_at > now else now) + cost / self._rate
        if (full_at - now) * self._rate > self._burst + _ROUNDING:
            return False
        self._full_at = full_at
        return True

    def retry_after(self, now: float, cost: float = 1.0) -> float:
        """How long until the tokens are there if nobody else takes any, s; infinite if the bucket can never hold them.

        Args:
            now: The current time, s.
            cost: Tokens the request takes.
        """
        if cost > self._burst:
            return inf
        return max(0.0, self._full_at - now - (self._burst - cost) / self._rate)

    def is_idle(self, now: float) -> bool:
        """Whether the bucket is full, so that nothing would be lost by forgetting it."""
        return self._full_at <= now
