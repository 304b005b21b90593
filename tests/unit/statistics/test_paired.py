"""Paired differences: by hand, degenerate, against exact covariances, and how often they hold the truth."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.experiment.statistics import Interval, mean_interval, paired_difference
from tests.unit.statistics.coverage import judge, mean_wait


def correlated(rng, shape, correlation, spread=1.0):
    """Two normal figures with means 0 and 0.5, standard deviations 1 and `spread`, and a given correlation."""
    first, other = rng.normal(size=shape), rng.normal(size=shape)
    return first, 0.5 + spread * (correlation * first + sqrt(1.0 - correlation**2) * other)


def test_three_seeds_by_hand():
    """Slow seeds are slow for both: the differences 1, 2, 3 vary less than the figures do."""
    difference = paired_difference([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    assert difference.interval == mean_interval([1.0, 2.0, 3.0])
    assert difference.correlation == pytest.approx(1.0)
    assert difference.variance_reduction == pytest.approx(1.0 - 1.0 / (100.0 + 121.0))
    assert difference.p_value == pytest.approx(stats.ttest_rel([11, 22, 33], [10, 20, 30]).pvalue)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=20))
def test_p_value_and_correlation_are_those_of_scipy(pairs):
    """Wherever the figures vary enough to have any."""
    a, b = np.array(pairs).T
    if min(a.std(), b.std(), (b - a).std()) < 1e-3:
        return
    difference = paired_difference(a, b)
    assert difference.p_value == pytest.approx(stats.ttest_rel(b, a).pvalue, rel=1e-6)
    assert difference.correlation == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "mean", "p_value"),
    [
        ([1.0, 2.0, 4.0], [1.0, 2.0, 4.0], 0.0, 1.0),
        ([1.0, 2.0, 4.0], [1.5, 2.5, 4.5], 0.5, 0.0),
        ([3.0, 3.0, 3.0], [3.0, 3.0, 3.0], 0.0, 1.0),
        ([3.0, 3.0, 3.0], [5.0, 5.0, 5.0], 2.0, 0.0),
    ],
)
def test_differences_that_are_all_equal_are_certain(a, b, mean, p_value):
    """The interval has no width; zero is no difference, anything else is one."""
    difference = paired_difference(a, b)
    assert difference.interval == Interval(mean, mean, mean, 3, 0.95)
    assert difference.p_value == p_value


def test_what_common_seeds_save_where_little_varies():
    """All where the difference is constant; nothing where one of the variants, or both, are."""
    constant = paired_difference([1.0, 2.0, 4.0], [1.5, 2.5, 4.5])
    assert (constant.correlation, constant.variance_reduction) == (pytest.approx(1.0), 1.0)
    one = paired_difference([3.0, 3.0, 3.0], [1.0, 2.0, 4.0])
    assert (one.correlation, one.variance_reduction) == (0.0, 0.0)
    none = paired_difference([3.0, 3.0], [5.0, 5.0])
    assert (none.correlation, none.variance_reduction) == (0.0, 0.0)


def test_a_single_pair_says_nothing():
    """Its difference is there, its ends are infinite, and no difference is as likely as any."""
    difference = paired_difference([1.0], [3.0])
    assert difference.interval == Interval(2.0, -inf, inf, 1, 0.95)
    assert (difference.p_value, difference.correlation, difference.variance_reduction) == (1.0, 0.0, 0.0)


def test_rounding_is_no_difference():
    """0.1 + 0.2 is not 0.3, and yet no better or worse."""
    difference = paired_difference([0.3, 0.6, 0.7], [0.1 + 0.2, 0.6, 0.7])
    assert difference.interval == Interval(0.0, 0.0, 0.0, 3, 0.95)
    assert difference.p_value == 1.0


def test_pairs_that_do_not_match_are_refused():
    """A seed that one of the variants lacks."""
    with pytest.raises(ValueError, match="as many samples of one as of the other, not 2 and 3"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="there are no samples"):
        paired_difference([], [])


@pytest.mark.parametrize("spread", [1.0, 2.0])
@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.5, 0.95])
def test_the_variance_reduction_is_what_the_covariance_says(correlation, spread):
    """2 cov / (var a + var b), from 20,000 pairs; negative correlation costs instead of saving."""
    a, b = correlated(np.random.default_rng(41), 20_000, correlation, spread)
    exact = 2.0 * correlation * spread / (1.0 + spread**2)
    difference = paired_difference(a, b)
    assert difference.variance_reduction == pytest.approx(exact, abs=0.02)
    assert difference.correlation == pytest.approx(correlation, abs=0.02)
    independent = a.var() + b.var()
    assert difference.interval.half_width == pytest.approx(1.96 * sqrt(independent * (1.0 - exact) / 20_000), rel=0.02)


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.95])
def test_it_holds_the_difference_whatever_the_correlation(correlation):
    """Ten pairs, 2000 experiments."""
    a, b = correlated(np.random.default_rng(42), (2000, 10), correlation)
    judge(paired_difference(x, y).interval.contains(0.5) for x, y in zip(a, b, strict=True))


def test_common_seeds_tell_two_queues_apart():
    """M/M/1 with the same arrivals and the same work at 50% and, on a 5% faster server, 47.6%.

    The intervals hold the exact difference of the waits, and pairs know it with a tenth of the variance.
    """
    rng, speed, experiments = np.random.default_rng(43), 1.05, 500
    a, b = [], []
    for _ in range(experiments // 10):
        work, gaps = rng.standard_exponential((100, 2500)), 2.0 * rng.standard_exponential((100, 2500))
        for figures, scale in ((a, 1.0), (b, 1.0 / speed)):
            walk = np.cumsum(scale * work - gaps, axis=1)
            waiting = walk - np.minimum.accumulate(np.minimum(walk, 0.0), axis=1)
            figures.append(waiting[:, 500:].mean(axis=1))
    pairs = zip(np.reshape(a, (experiments, 10)), np.reshape(b, (experiments, 10)), strict=True)
    differences = [paired_difference(x, y) for x, y in pairs]
    truth = mean_wait(0.5 / speed) / speed - mean_wait(0.5)
    judge(difference.interval.contains(truth) for difference in differences)
    assert np.median([difference.variance_reduction for difference in differences]) > 0.9
    assert np.mean([difference.interval.hi < 0.0 for difference in differences]) > 0.99
