"""Rate limits: what a token bucket lets through, and whose requests are counted together."""

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.policies.rate_limit import RateLimitConfig, TokenBucket
from sim.request import Request, RequestKind

SEARCH = RequestKind(path="/search")
LOGIN = RequestKind(method="POST", path="/login")


def request(client="web", caller=0, key=0, kind=SEARCH):
    """A request that arrives at 0 s."""
    return Request(0, kind, client, 0.0, caller, key)


def test_a_bucket_is_full_at_first_and_refills_at_its_rate():
    """Two requests pass at once, the next ones every half second."""
    bucket = TokenBucket(rate=2.0, burst=2.0)
    times = [10.0, 10.0, 10.0, 10.25, 10.5, 10.75, 11.0, 11.0]
    assert [bucket.allows(now) for now in times] == [True, True, False, False, True, False, True, False]


def test_a_bucket_never_holds_more_than_its_burst():
    """After an hour of calm there is one burst, not an hour's worth."""
    bucket = TokenBucket(rate=10.0, burst=3.0)
    assert bucket.allows(0.0)
    assert sum(bucket.allows(3600.0) for _ in range(100)) == 3


def test_a_refusal_costs_nothing():
    """Who asks too often is not punished for asking."""
    bucket = TokenBucket(rate=1.0, burst=1.0)
    assert bucket.allows(0.0)
    assert not any(bucket.allows(now / 100) for now in range(1, 100))
    assert bucket.allows(1.0)


def test_traffic_at_exactly_the_rate_passes_for_ever():
    """Rounding of floating-point times refuses nobody."""
    bucket = TokenBucket(rate=30.0, burst=1.0)
    assert all(bucket.allows(number / 30.0) for number in range(100_000))


def test_a_request_may_cost_more_than_one_token():
    """What costs more than the burst never passes."""
    bucket = TokenBucket(rate=1.0, burst=5.0)
    assert bucket.allows(0.0, cost=4.0)
    assert not bucket.allows(0.0, cost=2.0)
    assert bucket.retry_after(0.0, cost=2.0) == pytest.approx(1.0)
    assert bucket.allows(1.0, cost=2.0)
    assert bucket.retry_after(1.0, cost=6.0) == inf
    assert not bucket.allows(1e6, cost=6.0)


@settings(deadline=None)
@given(
    rate=st.floats(0.01, 1e5),
    burst=st.floats(1.0, 1e4),
    gaps=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=60),
)
def test_retry_after_is_when_the_next_request_passes(rate, burst, gaps):
    """Who waits as long as it says gets through."""
    bucket, now = TokenBucket(rate, burst), 0.0
    for gap in gaps:
        now += gap
        while bucket.allows(now, cost=burst / 2):
            pass
        now += bucket.retry_after(now)
        assert bucket.allows(now)


@settings(deadline=None)
@given(
    rate=st.floats(0.1, 1000.0), burst=st.integers(1, 20), gaps=st.lists(st.floats(0.0, 0.5), min_size=2, max_size=100)
)
def test_between_any_two_instants_no_more_than_burst_and_rate_passes(rate, burst, gaps):
    """Over T seconds at most burst + rate * T requests pass: the definition."""
    bucket, now, passed = TokenBucket(rate, burst), 0.0, []
    for gap in gaps:
        now += gap
        if bucket.allows(now):
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + rate * (passed[last] - passed[first]) + 1e-3


def test_the_default_burst_is_one_seconds_worth_and_at_least_one():
    """100/s lets 100 through at once; 6/m one."""
    fast = RateLimitConfig(rate="100/s").limiter()
    slow = RateLimitConfig(rate="6/m").limiter()
    assert sum(fast.allows(request(), 0.0) for _ in range(200)) == 100
    assert sum(slow.allows(request(), 0.0) for _ in range(200)) == 1


@pytest.mark.parametrize(
    ("per", "passes"),
    [
        ("all", [True, False, False, False, False, False]),
        ("client", [True, False, True, True, False, False]),
        ("key", [True, False, False, False, True, False]),
        ("route", [True, False, False, False, False, True]),
    ],
)
def test_whose_requests_are_counted_together(per, passes):
    """A burst of one: the first request of each partition passes."""
    limiter = RateLimitConfig(algorithm="token_bucket", rate="1/s", burst=1, per=per).limiter()
    requests = [
        request(),
        request(),
        request(caller=1),
        request(client="mobile"),
        request(key=7),
        request(kind=LOGIN),
    ]
    assert [limiter.allows(sent, 0.0) for sent in requests] == passes


def test_a_refusal_says_when_to_come_back():
    """Of its own partition, not of a busier one."""
    limiter = RateLimitConfig(rate="4/s", burst=1, per="client").limiter()
    assert limiter.allows(request(caller=1), 0.0)
    assert limiter.retry_after(request(caller=1), 0.0) == pytest.approx(0.25)
    assert limiter.retry_after(request(caller=2), 0.0) == 0.0


def test_idle_partitions_are_forgotten_and_busy_ones_are_not():
    """Callers that come once leave no buckets behind; one that keeps coming stays limited."""
    limiter = RateLimitConfig(rate="1/s", burst=2, per="client").limiter()
    passed, most = [], 0
    for number in range(100_000):
        now = number / 1_000
        limiter.allows(request(caller=number), now)
        most = max(most, len(limiter))
        if number % 100 == 0 and limiter.allows(request(client="busy"), now):
            passed.append(now)
    assert most <= 2_100  # a bucket that gave one token is full again after a second, that is a thousand callers later
    assert len(passed) == pytest.approx(2 + 100, abs=1)
    assert all(later - sooner >= 0.999 for sooner, later in pairwise(passed[2:]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"rate": "10/s", "algorithm": "magic"}, "Input should be 'token_bucket'"),
        ({"rate": "0/s"}, "greater than 0"),
        ({"rate": 10}, "10 needs a unit"),
        ({"rate": "10/s", "burst": 0}, "greater than or equal to 1"),
        ({"rate": "10/s", "burst": "2.5"}, "not a whole number"),
        ({"rate": "10/s", "per": "planet"}, "'all', 'client', 'key' or 'route'"),
        ({"burst": 10}, "Field required"),
    ],
)
def test_what_a_scenario_may_not_say(value, message):
    """Each mistake is one error that says what is wrong."""
    with pytest.raises(ValidationError) as caught:
        RateLimitConfig.model_validate(value)
    assert caught.value.error_count() == 1
    assert message in str(caught.value)
