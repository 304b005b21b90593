"""Intervals for a mean: arithmetic on paper, few samples, and how often they hold the truth."""

from math import inf, isnan, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiment.statistics import Interval, mean_interval
from tests.unit.statistics.coverage import DOUBT, judge, mean_wait, probability, waits

NUMBERS = st.floats(-1e9, 1e9)


def test_five_runs_by_hand():
    """Mean 3, variance 2.5, and 2.776 is the quantile in every table: 3 ± 2.776 · √(2.5 / 5)."""
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.7764451052 * sqrt(0.5)
    assert (interval.mean, interval.n, interval.confidence) == (3.0, 5, 0.95)
    assert interval.lo == pytest.approx(3.0 - half)
    assert interval.hi == pytest.approx(3.0 + half)
    assert interval.half_width == pytest.approx(half)
    assert interval.relative == pytest.approx(half / 3.0)
    assert interval.contains(3.0 + 0.999 * half)
    assert not interval.contains(3.0 + 1.001 * half)


def test_one_run_says_nothing_of_its_spread():
    """The mean is there, the ends are infinite, and no error is small enough."""
    interval = mean_interval([18.2])
    assert interval == Interval(18.2, -inf, inf, 1, 0.95)
    assert (interval.half_width, interval.relative) == (inf, inf)
    assert interval.contains(1e300)


def test_equal_runs_have_no_width():
    """A deterministic case is known exactly, whatever the sum of its runs is rounded to."""
    interval = mean_interval([0.1] * 7)
    assert interval == Interval(0.1, 0.1, 0.1, 7, 0.95)
    assert interval.relative == 0.0


def test_the_relative_width_around_zero():
    """It is infinite, but for an interval without any width."""
    assert mean_interval([-1.0, 1.0]).relative == inf
    assert mean_interval([0.0, 0.0]).relative == 0.0


def test_samples_that_cannot_be_reckoned_with_are_refused():
    """None at all, or a figure that a run did not have, which is named."""
    with pytest.raises(ValueError, match="there are no samples"):
        mean_interval([])
    with pytest.raises(ValueError, match="sample 2 of 3 is nan, not a finite number"):
        mean_interval([1.0, float("nan"), 2.0])
    with pytest.raises(ValueError, match="sample 1 of 2 is inf, not a finite number"):
        mean_interval([inf, 2.0])


@pytest.mark.parametrize("confidence", [95.0, 1.0, 0.0, -0.5])
def test_a_confidence_that_is_none_is_refused(confidence):
    """Nobody is more than certain; certainty would be an infinite interval."""
    with pytest.raises(ValueError, match=f"between 0 and 1, such as 0.95, not at {confidence:g}"):
        mean_interval([1.0, 2.0], confidence)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.floats(0.01, 0.999))
def test_it_is_never_nan_and_holds_its_mean(samples, confidence):
    """Whatever the samples are."""
    interval = mean_interval(samples, confidence)
    figures = (interval.mean, interval.lo, interval.hi, interval.half_width, interval.relative)
    assert not any(isnan(figure) for figure in figures)
    assert interval.lo <= interval.mean <= interval.hi
    assert interval.contains(interval.mean)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("runs", [2, 3, 10])
def test_it_holds_the_mean_of_a_normal_figure_as_often_as_it_says(runs, confidence):
    """Exactly so, from two runs on: 3000 experiments each."""
    samples = np.random.default_rng(11).normal(5.0, 2.0, (3000, runs))
    judge((mean_interval(row, confidence).contains(5.0) for row in samples), confidence)


@pytest.mark.parametrize(("rho", "customers"), [(0.5, 2_000), (0.8, 10_000)])
def test_it_holds_the_mean_wait_in_a_queue(rho, customers):
    """M/M/1, 1000 experiments of ten runs each; a typical interval is 8% to either side."""
    rng = np.random.default_rng(12)
    means = np.concatenate([waits(rng, rho, 50, customers).mean(axis=1) for _ in range(200)])
    intervals = [mean_interval(row) for row in means.reshape(1000, 10)]
    judge(interval.contains(mean_wait(rho)) for interval in intervals)
    assert float(np.mean([interval.relative for interval in intervals])) < 0.1


def test_the_judge_would_notice_a_normal_quantile():
    """With five runs, mean ± 1.96 s/√n holds the truth in 88% of cases: Student's reason to write."""
    samples = np.random.default_rng(13).normal(0.0, 1.0, (1000, 5))
    half = NormalDist().inv_cdf(0.975) * samples.std(axis=1, ddof=1) / sqrt(5)
    inside = list(abs(samples.mean(axis=1)) <= half)
    assert probability(inside) < DOUBT
    judge(inside, 1.0 - 0.1217)
