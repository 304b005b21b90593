"""Sequential stopping: when a figure is known well enough, how many runs that takes, and what the wait costs."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.experiment.statistics import FIRST_REPLICATIONS, Interval, is_precise, mean_interval, replications_needed
from tests.unit.statistics.coverage import DOUBT, probability


def around(mean, half_width, n):
    """An interval of given width."""
    return Interval(mean, mean - half_width, mean + half_width, n, 0.95)


def until_precise(rng, relative, mean=10.0, spread=3.0):
    """Normal figures, replicated as the rule says; the interval at which it stopped."""
    samples = rng.normal(mean, spread, FIRST_REPLICATIONS)
    while more := replications_needed(mean_interval(samples), relative):
        samples = np.append(samples, rng.normal(mean, spread, more))
    return mean_interval(samples)


def until_it_looks_precise(rng, relative, first, mean=10.0, spread=3.0):
    """The same without a minimum: one by one from a few runs on."""
    samples = rng.normal(mean, spread, first)
    while mean_interval(samples).relative > relative / (1.0 + relative):
        samples = np.append(samples, rng.normal(mean, spread))
    return mean_interval(samples)


def test_the_half_width_counts_against_the_true_value():
    """5% of a true 100 is an estimate of 105 ± 5: 5 / 105 of the estimate is enough, 5% of it is not."""
    assert is_precise(around(105.0, 4.9999, 20), 0.05)
    assert not is_precise(around(105.0, 5.0001, 20), 0.05)
    assert is_precise(around(-105.0, 4.9999, 20), 0.05)


def test_nothing_is_decided_before_ten_runs():
    """However narrow it looks: nine are one too few, one is nine too few."""
    assert not is_precise(around(100.0, 0.0, 9), 0.05)
    assert replications_needed(around(100.0, 0.0, 9), 0.05) == 1
    assert replications_needed(mean_interval([3.0]), 0.05) == 9
    assert is_precise(around(100.0, 0.0, 10), 0.05)


def test_the_number_grows_as_the_square_but_doubles_at_most():
    """1.2 times too wide takes 1.44 times as many; ten times too wide is looked at again after twice as many."""
    allowed = 100.0 * 0.05 / 1.05
    assert replications_needed(around(100.0, 1.2 * allowed, 100), 0.05) == 44
    assert replications_needed(around(100.0, 1.0001 * allowed, 100), 0.05) == 1
    assert replications_needed(around(100.0, 10.0 * allowed, 100), 0.05) == 100
    assert replications_needed(around(100.0, 0.9 * allowed, 100), 0.05) == 0


def test_a_mean_of_zero_goes_on_doubling():
    """No relative error is small there; and neither is an infinite interval."""
    assert replications_needed(around(0.0, 1.0, 30), 0.05) == 30
    assert replications_needed(Interval(1.0, 0.5, inf, 30, 0.95), 0.05) == 30
    assert replications_needed(around(1e-300, 1.0, 30), 0.05) == 30
    assert replications_needed(around(0.0, 0.0, 30), 0.05) == 0


def test_an_error_that_is_none_is_refused():
    """Zero takes for ever."""
    for relative in (0.0, -0.1):
        with pytest.raises(ValueError, match=r"a relative error is positive, such as 0\.05, not"):
            is_precise(around(1.0, 0.1, 10), relative)


@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6) | st.just(inf), st.integers(1, 1000), st.floats(0.001, 2.0))
def test_more_are_needed_until_it_is_precise(mean, half_width, n, relative):
    """None just when it is precise; otherwise at least one, and never more than as many again or the first ten."""
    interval = around(mean, half_width, n)
    needed = replications_needed(interval, relative)
    assert (needed == 0) == is_precise(interval, relative)
    assert needed <= max(n, FIRST_REPLICATIONS - n)


def test_it_stops_after_about_as_many_as_chow_and_robbins_say():
    """(1.96 · σ / μ / allowed)² runs, here 152, and hardly more."""
    rng, relative = np.random.default_rng(61), 0.05
    expected = (1.96 * 0.3 * (1.0 + relative) / relative) ** 2
    numbers = [until_precise(rng, relative).n for _ in range(300)]
    assert expected <= np.mean(numbers) <= 1.1 * expected


@pytest.mark.parametrize("relative", [0.2, 0.1, 0.05])
def test_it_holds_the_truth_nearly_as_often_as_it_says(relative):
    """Less often than in 95% of 2000 experiments, but surely in more than 92%; and the error is as small as asked."""
    rng = np.random.default_rng(62)
    stopped = [until_precise(rng, relative) for _ in range(2000)]
    assert all(interval.relative <= relative / (1.0 + relative) for interval in stopped)
    inside = sum(interval.contains(10.0) for interval in stopped)
    close = sum(abs(interval.mean - 10.0) <= relative * 10.0 for interval in stopped)
    assert stats.binomtest(inside, 2000, 0.92, alternative="greater").pvalue < 0.01
    assert stats.binomtest(inside, 2000, 0.95, alternative="greater").pvalue >= DOUBT
    assert stats.binomtest(close, 2000, 0.95, alternative="less").pvalue >= DOUBT


def test_without_a_minimum_it_would_stop_by_luck():
    """Two runs that happen to agree: it holds the truth in fewer than 90% of cases."""
    rng = np.random.default_rng(63)
    inside = [until_it_looks_precise(rng, 0.2, first=2).contains(10.0) for _ in range(1000)]
    assert probability(inside) < DOUBT
    assert np.mean(inside) < 0.9
