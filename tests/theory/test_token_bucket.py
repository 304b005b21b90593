"""Token buckets against theory: the loss of M/D/1/B, the bound on a burst, the load that a retry budget admits."""

import numpy as np
import pytest
from scipy import stats

from sim.policies.rate_limit.token_bucket import TokenBucket
from sim.policies.retry_budget import RetryBudget

SEEDS = range(1, 11)


def agrees(samples, expected, tolerance):
    """Whether the mean over seeds is within the tolerance (relative), or at least within its own 95% interval."""
    half_width = stats.t.ppf(0.975, len(samples) - 1) * np.std(samples, ddof=1) / np.sqrt(len(samples))
    assert half_width <= 2 * tolerance * expected, "too few requests to tell"
    return abs(np.mean(samples) - expected) <= max(tolerance * expected, half_width)


def md1_loss(load, places):
    """Share of Poisson arrivals that an M/D/1 queue with so many places (the server's included) turns away.

    The queue seen by departures is a Markov chain: from i it goes to max(i - 1, 0) plus the Poisson arrivals during one
    service. With d_0 the chance that a departure leaves nobody, the loss is 1 - 1 / (d_0 + load) (Gross and Harris,
    Fundamentals of Queueing Theory, section 5.1).
    """
    step = np.zeros((places, places))
    for i in range(places):
        first = max(i - 1, 0)
        step[i, first : places - 1] = stats.poisson.pmf(np.arange(places - 1 - first), load)
        step[i, places - 1] = 1.0 - step[i].sum()
    balance = np.vstack([step.T - np.eye(places), np.ones(places)])
    departures = np.linalg.lstsq(balance, np.append(np.zeros(places), 1.0), rcond=None)[0]
    return 1.0 - 1.0 / (departures[0] + load)


@pytest.mark.parametrize(
    ("arrivals", "rate", "burst", "expected", "requests"),
    [
        pytest.param(100.0, 100.0, 10, 0.0508475, 100_000, id="A13-tb-100-100-10"),
        pytest.param(80.0, 100.0, 5, 0.0352904, 150_000, id="A13-tb-80-100-5"),
        pytest.param(150.0, 100.0, 50, 0.333333, 20_000, id="A13-tb-150-100-50"),
    ],
)
def test_poisson_traffic_is_refused_as_by_a_queue_with_constant_service(arrivals, rate, burst, expected, requests):
    """The tokens that are missing behave like the work in an M/D/1 queue with as many places as the bucket."""
    assert md1_loss(arrivals / rate, burst) == pytest.approx(expected, rel=1e-5)
    refused = []
    for seed in SEEDS:
        bucket = TokenBucket(rate, burst)
        times = np.cumsum(np.random.default_rng(seed).exponential(1.0 / arrivals, requests)).tolist()
        passed = [bucket.allows(now) for now in times]
        settled = passed[requests // 10 :]
        refused.append(1.0 - sum(settled) / len(settled))
    assert agrees(refused, expected, 0.03)


def test_a_flood_gets_the_burst_and_then_the_rate():
    """A13-tb-burst: over T seconds at most burst + rate * T requests pass, and a flood gets all of them."""
    bucket = TokenBucket(rate=100.0, burst=50.0)
    passed = [number / 10_000 for number in range(100_000) if bucket.allows(number / 10_000)]
    assert len(passed) == pytest.approx(1050, rel=0.005)
    assert sum(now < 0.1 for now in passed) == pytest.approx(60, abs=1)
    assert [sum(second <= now < second + 1 for now in passed) for second in range(1, 10)] == [100] * 9


@pytest.mark.parametrize(
    ("failures", "ratio", "load", "success"),
    [
        pytest.param(0.5, 0.2, 1.2, 0.6, id="A16-budget-0.5-0.2"),
        pytest.param(0.5, 0.1, 1.1, 0.55, id="A16-budget-0.5-0.1"),
        pytest.param(0.1, 0.2, 1.111, 0.9999, id="A16-budget-0.1-0.2"),
    ],
)
def test_a_retry_budget_bounds_the_load_that_failures_make(failures, ratio, load, success):
    """Four attempts, independent failures: the budget is all spent where failures want more of it, else not noticed."""
    wanted = 1.0 + failures + failures**2 + failures**3
    assert load == pytest.approx(min(1.0 + ratio, wanted))
    assert success == pytest.approx((1.0 - failures) * load)
    requests, loads, successes = 20_000, [], []
    for seed in SEEDS:
        budget = RetryBudget(ratio)
        fails = iter((np.random.default_rng(seed).random(4 * requests) < failures).tolist())
        attempts = answered = 0
        for _ in range(requests):
            budget.first_try()
            for attempt in range(4):
                if attempt > 0 and not budget.allows():
                    break
                attempts += 1
                if not next(fails):
                    answered += 1
                    break
        loads.append(attempts / requests)
        successes.append(answered / requests)
    assert agrees(loads, load, 0.02)
    assert agrees(successes, success, 0.02)
