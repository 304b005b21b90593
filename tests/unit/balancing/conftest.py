"""Services, requests and random streams for the balancers' tests."""

from collections import Counter

import pytest
from scipy import stats

from sim.balancing import Endpoint
from sim.kernel import Streams
from sim.request import Request, RequestKind


class Zeros:
    """A stream that always draws the smallest number, so that what is random becomes the first."""

    def next(self):
        return 0.0

    def below(self, n):
        return 0


@pytest.fixture
def uniform():
    return Streams(7).uniform("balancer")


@pytest.fixture
def zeros():
    return Zeros()


@pytest.fixture
def service():
    """Builds endpoints a, b, c, … with the given weights, or so many of weight 1."""

    def build(weights=3, outstanding=()):
        weights = [1.0] * weights if isinstance(weights, int) else weights
        endpoints = [Endpoint(i, chr(97 + i) if i < 26 else f"i{i}", weight) for i, weight in enumerate(weights)]
        for endpoint, load in zip(endpoints, outstanding, strict=False):
            endpoint.outstanding = load
        return endpoints

    return build


@pytest.fixture
def request_for():
    """Builds a request for an item, from a caller."""

    def build(key=0, caller=0, path="/", client="web", headers=None):
        return Request(0, RequestKind(path=path, headers=headers), client, 0.0, caller, key)

    return build


@pytest.fixture
def names(request_for):
    """The names of the next endpoints that a balancer picks for requests that do not differ, nothing being sent."""

    def pick(balancer, count):
        request = request_for()
        return "".join(balancer.pick(request, 0.0).name for _ in range(count))

    return pick


@pytest.fixture
def is_even():
    """Whether names were drawn with the given probabilities (equal ones by default): chi-square at 0.1%."""

    def check(drawn, expected=None):
        counts = Counter(drawn)
        expected = expected or dict.fromkeys(counts, 1.0)
        if set(counts) != set(expected):
            return False
        scale = len(drawn) / sum(expected.values())
        return (
            stats.chisquare([counts[name] for name in expected], [share * scale for share in expected.values()]).pvalue
            > 0.001
        )

    return check
