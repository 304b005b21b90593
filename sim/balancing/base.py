"""A balancer picks, for each request, the instance that gets it.

It decides and nothing else: it has no clock, sends nothing and waits for nothing. There is one for each caller and
service, so that each knows only what that caller has seen.
"""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from sim.balancing.endpoint import Endpoint
from sim.request import Request


class Balancer(Protocol):
    """What every algorithm does; algorithms derive from it and override what they need.

    Attributes:
        learns: Whether `answered` must be called.
        weighted: Whether the endpoints' weights matter, and with them slow start.
        probes: Whether `probe_targets` must be asked with every request.
        probe_work: How long an instance works to answer such a probe, s.
    """

    learns: ClassVar[bool] = False
    weighted: ClassVar[bool] = False
    probes: ClassVar[bool] = False
    probe_work: float = 0.0

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        """Takes note that the endpoints that may be picked, or their weights, have changed.

        Args:
            eligible: The endpoints, in the order of their index; may be empty.
            now: The current time, s.
        """

    def pick(self, request: Request, now: float) -> Endpoint:
        """The endpoint that gets `request`; called only while there is an eligible one.

        Args:
            request: What is to be sent.
            now: The current time, s.
        """

    def answered(self, endpoint: Endpoint, latency: float, success: bool, now: float) -> None:
        """Takes note of an answer.

        Args:
            endpoint: Where it came from.
            latency: Time since the request was sent there, s.
            success: Whether the instance did what it should; an error that is the caller's fault (4xx) is no failure.
            now: The current time, s.
        """

    def probe_targets(self, now: float) -> list[Endpoint]:
        """The endpoints to ask for their load now, beside the request that was just picked for."""
        return []

    def probed(self, endpoint: Endpoint, in_flight: int, latency: float, now: float) -> None:
        """Takes note of the answer to a probe.

        Args:
            endpoint: Where it came from.
            in_flight: How many requests the instance has, from all callers.
            latency: What the instance expects a request to take at that load (`LatencyByLoad`), s.
            now: The current time, s.
        """
