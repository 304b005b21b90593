"""Distribution-free intervals for a quantile: their ranks, their ends, and how often they hold the truth."""

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.experiment.statistics import quantile_interval
from tests.unit.statistics.coverage import judge


def test_the_median_of_ten():
    """The second and the ninth: at most one of ten is below the median in 11 of 1024 cases."""
    interval = quantile_interval([5, 1, 9, 3, 7, 10, 2, 8, 6, 4], 0.5)
    assert (interval.lo, interval.mean, interval.hi) == (2.0, 5.5, 9.0)
    assert (interval.n, interval.confidence) == (10, 0.95)


@given(st.integers(1, 400), st.floats(0.01, 0.99), st.floats(0.5, 0.999))
def test_the_ranks_are_the_tightest_that_the_binomial_allows(n, q, confidence):
    """Each end errs with at most half of what the confidence leaves; the next rank inwards would err more."""
    interval = quantile_interval(np.arange(1, n + 1), q, confidence)
    below, error = stats.binom(n, q), 0.5 * (1.0 - confidence)
    slack = 1e-9
    lower = 0 if interval.lo == -inf else int(interval.lo)
    upper = n + 1 if interval.hi == inf else int(interval.hi)
    assert below.cdf(lower - 1) <= error + slack
    assert below.cdf(lower) > error - slack
    assert below.sf(upper - 1) <= error + slack
    assert below.sf(upper - 2) > error - slack


def test_the_estimate_is_that_of_numpy():
    """Linear interpolation between the two nearest samples."""
    samples = np.random.default_rng(1).exponential(size=1234)
    assert quantile_interval(samples, 0.99).mean == np.quantile(samples, 0.99)


def test_a_sample_that_is_too_small_has_an_infinite_end():
    """All 367 are below p99 in 0.99^367 = 2.501% of cases, all 368 in 2.48%: only then the largest is an upper end."""
    assert quantile_interval(np.arange(367), 0.99).hi == inf
    assert quantile_interval(np.arange(368), 0.99).hi == 367.0
    assert quantile_interval(np.arange(368), 0.01).lo == 0.0
    assert quantile_interval(np.arange(367), 0.01).lo == -inf
    single = quantile_interval([3.0], 0.5)
    assert (single.lo, single.mean, single.hi) == (-inf, 3.0, inf)


def test_an_impossible_quantile_is_refused():
    """Such as 99 for p99."""
    with pytest.raises(ValueError, match="a quantile lies between 0 and 1, not at 99"):
        quantile_interval([1.0, 2.0], 99)
    with pytest.raises(ValueError, match="there are no samples"):
        quantile_interval([], 0.99)
    with pytest.raises(ValueError, match=r"such as 0\.95, not at 95"):
        quantile_interval([1.0, 2.0], 0.5, 95)


@pytest.mark.parametrize(("n", "q"), [(30, 0.5), (200, 0.9), (1000, 0.99)])
def test_it_holds_the_quantile_of_an_exponential_as_often_as_the_binomial_says(n, q):
    """At least in 95% of 2000 experiments, and just as often as its ranks promise."""
    samples = np.random.default_rng(21).exponential(size=(2000, n))
    intervals = [quantile_interval(row, q) for row in samples]
    below = stats.binom(n, q)
    lower, upper = below.ppf(0.025), below.ppf(0.975) + 1
    promised = below.cdf(upper - 1) - below.cdf(lower - 1)
    assert promised >= 0.95
    judge((interval.contains(-log(1.0 - q)) for interval in intervals), promised)


def test_a_million_samples_give_three_digits_of_p99():
    """The interval is as wide as large-sample theory says: 2 · 1.96 · √(q (1 - q) / n) / density."""
    n, q = 1_000_000, 0.99
    interval = quantile_interval(np.random.default_rng(22).exponential(size=n), q)
    expected = 1.96 * (q * (1.0 - q) / n) ** 0.5 / (1.0 - q)
    assert interval.half_width == pytest.approx(expected, rel=0.1)
    assert interval.contains(-log(0.01))
