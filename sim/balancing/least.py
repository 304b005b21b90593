"""Least connections and least request send a request where the fewest answers are outstanding.

With all instances looked at this is join the shortest queue. With `choices: d` only d instances, drawn anew for each
request, are compared: two choices already take most of the benefit of a full scan (the power of two choices), and
callers whose view is stale do not all rush to the same idle instance.

Weights divide the load. Least connections minimises outstanding / weight, as NGINX's `least_conn` and LVS's weighted
least connections do, and of several with the least one is drawn in proportion to weight. Least request minimises
(outstanding + 1) / weight, the load with this request included, as Envoy's weighted least request does; so a heavy
instance is also preferred when all are idle. With equal weights both are the same. Ties are broken evenly.

Sources: M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12(10), 2001; Envoy,
supported load balancers; NGINX, `ngx_http_upstream_least_conn_module`.
"""

from collections.abc import Sequence
from math import inf

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.kernel import Uniform
from sim.request import Request


def fewest_outstanding(eligible: Sequence[Endpoint], uniform: Uniform) -> Endpoint:
    """One of the endpoints with the fewest outstanding requests, each with equal probability.

    Args:
        eligible: At least one endpoint.
        uniform: The stream that breaks ties.
    """
    chosen, draw = eligible[0], uniform.next
    least, ties = chosen.outstanding + 1, 0
    for endpoint in eligible:
        load = endpoint.outstanding
        if load < least:
            least, chosen, ties = load, endpoint, 1
        elif load == least:
            ties += 1
            if draw() * ties < 1.0:
                chosen = endpoint
    return chosen


class LeastConnections(Balancer):
    """Picks the least outstanding / weight of all.

    Args:
        uniform: The stream that breaks ties.
    """

    weighted = True

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._eligible: Sequence[Endpoint] = ()
        self._equal = True

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = tuple(eligible)
        self._equal = len({endpoint.weight for endpoint in eligible}) <= 1

    def pick(self, request: Request, now: float) -> Endpoint:
        eligible = self._eligible
        if self._equal:
            return fewest_outstanding(eligible, self._uniform)
        least, chosen, weight = inf, eligible[0], 0.0
        for endpoint in eligible:
            load = endpoint.outstanding / endpoint.weight
            if load < least:
                least, chosen, weight = load, endpoint, endpoint.weight
            elif load == least:
                weight += endpoint.weight
                if self._uniform.next() * weight < endpoint.weight:
                    chosen = endpoint
        return chosen


class LeastRequest(Balancer):
    """Picks the least (outstanding + 1) / weight of some distinct endpoints drawn at random, or of all.

    Args:
        uniform: The stream that draws the choices and breaks ties.
        choices: How many endpoints are compared; None: all.
    """

    weighted = True

    def __init__(self, uniform: Uniform, *, choices: int | None = None) -> None:
        self._uniform = uniform
        self._choices = choices
        self._eligible: list[Endpoint] = []
        self._equal = True

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = list(eligible)
        self._equal = len({endpoint.weight for endpoint in eligible}) <= 1

    def pick(self, request: Request, now: float) -> Endpoint:
        eligible, choices = self._eligible, self._choices
        count = len(eligible)
        if choices is None or choices >= count:
            if self._equal:
                return fewest_outstanding(eligible, self._uniform)
            choices = count
        elif choices == 2 and self._equal:
            draw = self._uniform.next
            first, second = int(draw() * count), int(draw() * (count - 1))
            one, other = eligible[first], eligible[second if second < first else second + 1]
            return one if one.outstanding <= other.outstanding else other
        least, chosen = inf, eligible[0]
        for endpoint in sample(eligible, choices, self._uniform):
            load = (endpoint.outstanding + 1) / endpoint.weight
            if load < least:
                least, chosen = load, endpoint
        return chosen


def sample(endpoints: list[Endpoint], choices: int, uniform: Uniform) -> list[Endpoint]:
    """Distinct endpoints in random order, so that taking the first of several equal ones is fair.

    One round of Fisher and Yates' shuffle for each choice, in place: the list stays a permutation of itself.

    Args:
        endpoints: What to draw from; its order changes.
        choices: How many to draw, at most all.
        uniform: The stream to draw with.
    """
    count = len(endpoints)
    for position in range(choices):
        other = position + int(uniform.next() * (count - position))
        endpoints[position], endpoints[other] = endpoints[other], endpoints[position]
    return endpoints[:choices]
