"""One long run: how much of its start to cut, and what its batches know of the long-run mean."""

from math import inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiment.statistics import (
    LagOne,
    batch_means,
    batch_quantile,
    in_batches,
    lag_one,
    mean_interval,
    mser5,
    paired_difference,
)
from tests.unit.statistics.coverage import DOUBT, judge, mean_wait, probability, waits


def autoregressive(rng, runs, length, phi, start):
    """AR(1) with mean 0 and variance 1 that starts at a value and forgets it as phi^t."""
    noise = rng.normal(0.0, sqrt(1.0 - phi**2), (runs, length))
    series = np.empty((runs, length))
    series[:, 0] = start
    for t in range(1, length):
        series[:, t] = phi * series[:, t - 1] + noise[:, t]
    return series


def textbook_mser5(series):
    """The definition, one cut after the other."""
    means = [np.mean(series[i : i + 5]) for i in range(0, len(series) - 4, 5)]
    errors = [np.var(means[cut:]) / (len(means) - cut) for cut in range(len(means) // 2 + 1)]
    return 5 * int(np.argmin(errors))


def test_a_step_is_cut_where_it_ends():
    """Twenty observations at 9, then a hundred around 0: all twenty go."""
    series = [9.0] * 20 + [1.0, -1.0, 0.0, 2.0, -2.0] * 2 * 10
    assert mser5(series) == 20


def test_the_second_half_is_not_searched():
    """A series that falls to its end is cut at the half, which says that the run is too short."""
    assert mser5(np.arange(100.0, 0.0, -1.0)) == 50


def test_a_constant_is_not_cut():
    """Nor a series that is too short to judge."""
    assert mser5([0.1] * 1000) == 0
    assert mser5([5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]) == 0


@given(st.lists(st.integers(0, 20), min_size=10, max_size=120), st.floats(-1e3, 1e3))
def test_it_is_the_textbook_definition(values, level):
    """At whatever level: of equally good cuts either may be taken."""
    series = np.array(values) + level
    cut, expected = mser5(series), textbook_mser5(series)

    def error(at):
        means = series[at : len(series) // 5 * 5].reshape(-1, 5).mean(axis=1)
        return np.var(means) / len(means)

    assert cut % 5 == 0
    assert 0 <= cut <= len(series) // 2
    assert error(cut) == pytest.approx(error(expected), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("start", "gone"), [(10.0, 22), (100.0, 44)])
def test_it_cuts_the_transient_of_an_autoregressive_series(start, gone):
    """0.9^t times the start is below one standard deviation after `gone` steps: the cut is near, and takes the bias."""
    series = autoregressive(np.random.default_rng(31), 200, 2000, 0.9, start)
    cuts = [mser5(row) for row in series]
    assert 0.5 * gone <= np.median(cuts) <= 1.5 * gone
    assert np.quantile(cuts, 0.9) < 150
    before = mean_interval(series.mean(axis=1))
    after = mean_interval([row[cut:].mean() for row, cut in zip(series, cuts, strict=True)])
    assert before.lo > 0.0
    assert after.contains(0.0)


def test_it_cuts_little_from_a_stationary_series():
    """Nothing from more than half of them, and under 5% from nine of ten."""
    rng = np.random.default_rng(32)
    series = autoregressive(rng, 300, 2000, 0.9, rng.normal(size=300))
    cuts = [mser5(row) for row in series]
    assert np.median(cuts) == 0.0
    assert np.quantile(cuts, 0.9) < 100


def test_it_cuts_the_queue_that_a_run_began_with():
    """At 90% a backlog of 500 services drains within 500 · 0.9 / 0.1 = 4500 customers, and with it goes the bias."""
    series = waits(np.random.default_rng(33), 0.9, 100, 50_000, first=500.0)
    cuts = [mser5(row) for row in series]
    assert np.median(cuts) == pytest.approx(4500, rel=0.15)
    after = [row[cut:].mean() for row, cut in zip(series, cuts, strict=True)]
    assert series.mean() > 3.0 * mean_wait(0.9)
    assert np.mean(after) == pytest.approx(mean_wait(0.9), rel=0.05)


def test_of_a_single_busy_run_it_keeps_the_calm_end():
    """M/M/1 at 90% in its steady state, 300 runs of 5000 customers: to cut is to lose 5% and more of the mean."""
    series = waits(np.random.default_rng(39), 0.9, 300, 5_000)
    kept = [row[mser5(row) :].mean() for row in series]
    assert paired_difference(series.mean(axis=1), kept).interval.hi < -0.05 * mean_wait(0.9)


def test_it_cuts_the_empty_start_from_an_average_over_runs():
    """An empty M/M/1 at 90% takes some hundred customers to fill, which the average of 4000 runs shows.

    In a relaxation time 1 / (√μ - √λ)² there are ρ / (1 - √ρ)² = 342 arrivals (J. Abate, W. Whitt, "Transient behavior
    of the M/M/1 queue: starting at the origin", Queueing Systems 2(1), 1987). The cut is one to three times that, and
    takes most of the bias.
    """
    average = waits(np.random.default_rng(34), 0.9, 4000, 2_000, first=0.0).mean(axis=0)
    cut, relaxation = mser5(average), 0.9 / (1.0 - sqrt(0.9)) ** 2
    assert relaxation <= cut <= 3.0 * relaxation
    assert average.mean() < 0.97 * mean_wait(0.9)
    assert abs(average[cut:].mean() - mean_wait(0.9)) < 0.5 * abs(average.mean() - mean_wait(0.9))


def test_batches_by_hand():
    """Seven observations in three batches: the first is left over, the means are 1, 4 and 7."""
    series = [100.0, 0.0, 2.0, 3.0, 5.0, 6.0, 8.0]
    assert in_batches(series, 3).tolist() == [[0.0, 2.0], [3.0, 5.0], [6.0, 8.0]]
    assert batch_means(series, 3) == mean_interval([1.0, 4.0, 7.0])
    assert batch_quantile(series, 0.5, 3) == mean_interval([1.0, 4.0, 7.0])
    assert batch_quantile(series, 1.0, 3) == mean_interval([2.0, 5.0, 8.0])


def test_a_series_with_fewer_observations_than_batches_has_infinite_ends():
    """It is one batch, which has no spread."""
    interval = batch_means([1.0, 2.0, 3.0])
    assert (interval.mean, interval.lo, interval.hi, interval.n) == (2.0, -inf, inf, 1)
    assert batch_quantile([1.0, 2.0, 3.0], 0.5).hi == inf


def test_one_batch_is_refused():
    """There would be nothing to compare it with."""
    with pytest.raises(ValueError, match="at least two batches, not 1"):
        batch_means([1.0, 2.0, 3.0], 1)


def test_correlation_by_hand():
    """Von Neumann: alternating values repel each other, a slope holds together, equal values say nothing."""
    assert lag_one([1.0, -1.0, 1.0, -1.0]).correlation == pytest.approx(1.0 - 12.0 / 8.0)
    assert lag_one([0.0, 1.0, 2.0, 3.0]).correlation == pytest.approx(1.0 - 3.0 / 10.0)
    assert lag_one([0.0, 1.0, 2.0, 3.0]).standard_error == pytest.approx(sqrt(2.0 / 15.0))
    assert lag_one([0.1] * 20) == LagOne(0.0, sqrt(18.0 / 399.0))
    assert lag_one([1.0, 2.0]) == LagOne(0.0, inf)
    assert not lag_one([1.0, 2.0]).correlated


def test_the_standard_error_of_the_correlation_is_exact():
    """Over 4000 rows of 20 independent normal values; one in twenty rows is called correlated."""
    rows = [lag_one(row) for row in np.random.default_rng(35).normal(size=(4000, 20))]
    correlations = np.array([row.correlation for row in rows])
    assert mean_interval(correlations, 0.999).contains(0.0)
    assert correlations.std() == pytest.approx(rows[0].standard_error, rel=0.04)
    judge((row.correlated for row in rows), 0.05)


def test_batch_means_of_a_long_run_hold_the_mean_wait():
    """M/M/1 at 50%, batches of a thousand customers, which are as good as independent: one warning in twenty."""
    series = waits(np.random.default_rng(36), 0.5, 600, 20_000)
    judge(batch_means(row).contains(mean_wait(0.5)) for row in series)
    judge((lag_one(in_batches(row).mean(axis=1)).correlated for row in series), 0.05)


def test_batch_means_of_a_run_that_is_too_short_hold_it_too_rarely_and_say_so():
    """M/M/1 at 80%, batches of twenty customers where a relaxation time sees 72: most runs are called correlated."""
    series = waits(np.random.default_rng(37), 0.8, 600, 400)
    inside = [batch_means(row).contains(mean_wait(0.8)) for row in series]
    assert probability(inside) < DOUBT
    assert np.mean(inside) < 0.75
    assert np.mean([lag_one(in_batches(row).mean(axis=1)).correlated for row in series]) > 0.5


@pytest.mark.parametrize(("q", "customers"), [(0.9, 40_000), (0.99, 200_000)])
def test_batch_quantiles_of_a_long_run_hold_the_quantile_of_the_wait(q, customers):
    """M/M/1 at 50%: P(W > w) = ρ exp(-(1 - ρ) w)."""
    rng, truth = np.random.default_rng(38), log(0.5 / (1.0 - q)) / 0.5
    judge(batch_quantile(waits(rng, 0.5, 1, customers)[0], q).contains(truth) for _ in range(200))
