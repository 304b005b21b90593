"""The judge itself: what it accepts, what it refuses, and what a control variate does for it."""

import numpy as np
import pytest

from tests.theory.protocol import Estimate, accept, surely_positive


def test_a_mean_within_the_tolerance_or_its_interval_agrees():
    """An interval of ± 0.22 around 10: it agrees with 10.2 by its interval, and with 9.9 also by the tolerance."""
    samples = [9.5, 10.5, 9.8, 10.2, 10.0, 9.7, 10.3, 9.9, 10.1, 10.0]
    estimate = accept(samples, 10.2, 0.015)
    assert estimate.mean == pytest.approx(10.0)
    assert estimate.half_width == pytest.approx(2.262 * np.std(samples, ddof=1) / 10**0.5, rel=1e-3)
    assert accept(samples, 9.9, 0.02) == estimate


def test_a_mean_outside_of_both_does_not():
    """The message says what was expected, what was found and how far off it is."""
    with pytest.raises(AssertionError, match=r"expected 11 within 2.00%, found 10 ± 0.*, -9.09%"):
        accept([9.9, 10.0, 10.1], 11.0, 0.02)


def test_a_wide_interval_decides_nothing():
    """Samples that would agree with anything agree with nothing."""
    with pytest.raises(AssertionError, match="too few requests to tell"):
        accept([5.0, 15.0, 10.0], 10.0, 0.05)


def test_a_control_variate_takes_out_what_it_explains():
    """A figure of 3 that moves with a surplus: the mean over runs is off by chance, the regression at zero is not."""
    rng = np.random.default_rng(1)
    surplus = rng.normal(0.0, 1.0, 10)
    samples = 3.0 + 0.5 * surplus + rng.normal(0.0, 0.01, 10)
    plain, controlled = Estimate.of(samples), Estimate.of(samples, surplus)
    assert abs(controlled.mean - 3.0) <= controlled.half_width < 0.1 * plain.half_width


def test_the_interval_with_a_control_variate_covers_what_it_should():
    """In 95% of cases the known mean is inside."""
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(2000):
        surplus = rng.normal(0.0, 1.0, 10)
        estimate = Estimate.of(3.0 + 0.5 * surplus + rng.normal(0.0, 0.3, 10), surplus)
        inside += abs(estimate.mean - 3.0) <= estimate.half_width
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)


def test_differences_are_positive_only_if_their_interval_is():
    """Pairs of runs decide about an order."""
    assert surely_positive([1.0, 1.2, 0.9])
    assert not surely_positive([1.0, -0.5, 0.4])
