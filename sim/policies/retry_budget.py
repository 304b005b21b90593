"""A retry budget lets a client repeat a share of its requests and no more, so that retries cannot multiply an outage.

Every first try puts `ratio` of a token into a bucket, every retry takes one out, and without a token there is no
retry. In an outage the load is then `1 + ratio` times the traffic, whatever the number of attempts allowed: 1.2 with
20%, where four attempts without a budget make it 4. The bucket holds `burst` tokens and starts full, so that the first
failures after a calm are retried; over n first tries there are never more than `ratio * n + burst` retries.

Sources: Twitter, "Retry Budgets", Finagle, 2016 (a token per request, default 20%); gRPC proposal A6 "Client retries"
(a bucket of 10 tokens that starts full; but it refills on success and drains on failure); Brooker, "Fixing retries
with token buckets and circuit breakers", 2022. Finagle's floor of ten retries a second has no counterpart here.
"""

from typing import Final

DEFAULT_BURST: Final = 10.0

_ROUNDING = 1e-9  # tokens; ten deposits of 0.1 are a retry


class RetryBudget:
    """The retries that all requests of one caller share.

    Args:
        ratio: Retries per first try, 0 … 1; with 0 nothing is ever retried.
        burst: The most retries that can be saved up.
    """

    __slots__ = ("_burst", "_ratio", "_tokens")

    def __init__(self, ratio: float, burst: float = DEFAULT_BURST) -> None:
        self._ratio = ratio
        self._burst = self._tokens = burst if ratio > 0.0 else 0.0

    def first_try(self) -> None:
        """Pays in for a request that is sent for the first time."""
        self._tokens = min(self._burst, self._tokens + self._ratio)

    def allows(self) -> bool:
        """Takes a token for a retry if there is one, and says whether there was."""
        if self._tokens < 1.0 - _ROUNDING:
            return False
        self._tokens -= 1.0
        return True
