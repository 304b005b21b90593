"""Least response time prefers the instance whose answers have been fast lately, in the form called peak EWMA.

Each endpoint has a cost: its latest latency peak, which decays exponentially with time. A slow answer raises the cost
at once; fast ones do not lower it, only time does: quick to distrust, slow to forgive. The endpoint with the least
cost x (outstanding + 1) is picked; one that has never answered gets a single request first. An instance that fails
fast looks fast: to remove it is the business of outlier ejection.

The known risk is a feedback loop: many callers that all see the same instance recover rush there together. `choices`
damps it: as in Finagle and Linkerd, which compare two.

Sources: Finagle, `loadbalancer/PeakEwma.scala`, as if every cost were read at every pick; S. Jenson,
R. Oanta, Beyond Round Robin: Load Balancing for Latency, Linkerd, 2016.
"""

from collections.abc import Sequence
from math import exp, inf
from typing import Final

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.balancing.least import sample
from sim.kernel import Uniform
from sim.request import Request

_UNKNOWN: Final = 1e9
"""Cost of an endpoint that has been sent a request and has never answered, s: more than any latency."""


class LeastResponseTime(Balancer):
    """Picks the least peak EWMA x (outstanding + 1) / weight of some distinct endpoints drawn at random, or of all.

    Args:
        uniform: The stream that draws the choices and breaks ties.
        choices: How many endpoints are compared; None: all.
        decay: Time constant of the decay, s: what is left of a peak after this time is 37%.
    """

    learns = True
    weighted = True

    def __init__(self, uniform: Uniform, *, choices: int | None = None, decay: float = 10.0) -> None:
        self._uniform = uniform
        self._choices = choices
        self._decay = decay
        self._eligible: list[Endpoint] = []
        self._peaks: dict[int, tuple[float, float]] = {}

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = list(eligible)

    def cost(self, endpoint: Endpoint, now: float) -> float:
        """What is left of the endpoint's latency peak at `now`, s; 0 if it has never answered."""
        peak, since = self._peaks.get(endpoint.index, (0.0, now))
        return peak * exp((since - now) / self._decay)

    def pick(self, request: Request, now: float) -> Endpoint:
        candidates, choices = self._eligible, self._choices
        if choices is not None and choices < len(candidates):
            candidates = sample(candidates, choices, self._uniform)
        least, chosen, ties = inf, candidates[0], 0
        for endpoint in candidates:
            outstanding = endpoint.outstanding
            cost = self.cost(endpoint, now)
            if cost == 0.0 and outstanding:
                cost = _UNKNOWN
            load = cost * (outstanding + 1) / endpoint.weight
            if load < least:
                least, chosen, ties = load, endpoint, 1
            elif load == least:
                ties += 1
                if self._uniform.next() * ties < 1.0:
                    chosen = endpoint
        return chosen

    def answered(self, endpoint: Endpoint, latency: float, success: bool, now: float) -> None:
        self._peaks[endpoint.index] = max(latency, self.cost(endpoint, now)), now
