"""A response is the answer to a request, and an outcome is how the request ended, seen from whoever waited for it.

A refusal is a response like any other. What happened further down keeps its outcome on the way up, but not its effect
on a connection: behind a proxy that still stands, a broken connection is an error status (RFC 9110, 502 and 504).
"""

from enum import IntEnum
from typing import Final


class Outcome(IntEnum):
    """How a request ended, seen from whoever waited for it."""

    OK = 0
    CACHED = 1
    DEGRADED = 2
    TIMEOUT = 3
    REFUSED = 4
    RESET = 5
    RATE_LIMITED = 6
    UNAUTHORIZED = 7
    INVALID = 8
    BLOCKED = 9
    NOT_FOUND = 10
    SHED = 11
    QUEUE_FULL = 12
    CIRCUIT_OPEN = 13
    NO_HEALTHY_INSTANCE = 14
    UPSTREAM_ERROR = 15
    LOST = 16

    @property
    def word(self) -> str:
        """The outcome as reports and scenarios spell it."""
        return self.name.lower()

    @property
    def is_success(self) -> bool:
        """Whether the user got an answer that counts: `ok`, `cached` or `degraded`."""
        return self <= Outcome.DEGRADED


class Response:
    """An answer, as the caller of the component that gives it sees it.

    Attributes:
        outcome: How the request ended, at the place where it ended.
        success: Whether that counts as a success.
        relayed: Whether something in between passes on what happened further down: its own caller has a whole
            connection and sees an error status, whatever it was.
        relay: The same answer, passed on.
        condition: What a retry policy calls it: `ok`, `timeout`, `connect_failure`, `reset`, `429`, `4xx` or `5xx`.
    """

    __slots__ = ("condition", "outcome", "relay", "relayed", "success")

    relay: "Response"

    def __init__(self, outcome: Outcome, relayed: bool = False) -> None:
        self.outcome = outcome
        self.success = outcome.is_success
        self.relayed = relayed
        self.condition = _CONDITIONS.get(outcome, "ok" if self.success else "5xx")
        if relayed and self.condition in ("timeout", "connect_failure", "reset"):
            self.condition = "5xx"

    def __repr__(self) -> str:
        return f"Response({self.outcome.word})"


_CONDITIONS: Final = {
    Outcome.TIMEOUT: "timeout",
    Outcome.LOST: "timeout",
    Outcome.REFUSED: "connect_failure",
    Outcome.RESET: "reset",
    Outcome.RATE_LIMITED: "429",
    Outcome.UNAUTHORIZED: "4xx",
    Outcome.INVALID: "4xx",
    Outcome.BLOCKED: "4xx",
    Outcome.NOT_FOUND: "4xx",
}


def _ready_made(outcome: Outcome) -> Response:
    response = Response(outcome)
    response.relay = response if response.success else Response(outcome, relayed=True)
    response.relay.relay = response.relay
    return response


ANSWERS: Final = {outcome: _ready_made(outcome) for outcome in Outcome}
"""The response for each outcome; responses carry nothing else, so one object of each is enough."""
