"""Student's t against scipy, and against what is known without it."""

from math import inf, pi, tan

import numpy as np
import pytest
from scipy import special, stats

from sim.experiment.statistics import student_p_value, student_quantile
from sim.experiment.statistics.incomplete_beta import regularised_beta

FREEDOM = (1, 1.5, 2, 3, 4, 9, 19, 30, 99, 1e3, 1e4, 1e5, 1e6)
TAILS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.025, 0.05, 0.1, 0.3, 0.49)


@pytest.mark.parametrize("df", FREEDOM)
def test_quantiles_are_those_of_scipy(df):
    """To eight digits and more, in both tails."""
    for p in (*TAILS, 0.5, *(1.0 - p for p in TAILS)):
        assert student_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=2e-9, abs=1e-15)


@pytest.mark.parametrize("df", FREEDOM)
def test_p_values_are_those_of_scipy(df):
    """On both sides of zero, from the middle to far out in the tails."""
    for t in (0.0, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 1e3, 1e8):
        expected = 2.0 * special.stdtr(df, -t)
        assert student_p_value(t, df) == pytest.approx(expected, rel=2e-9, abs=1e-290)
        assert student_p_value(-t, df) == student_p_value(t, df)


@pytest.mark.parametrize("df", FREEDOM)
def test_close_to_the_middle_a_quantile_is_a_probability_over_the_density_there(df):
    """At a distance of 10^-6, where scipy itself is wrong in the fifth digit for four degrees of freedom."""
    density = stats.t.pdf(0.0, df)
    assert student_quantile(0.5 + 1e-6, df) == pytest.approx(1e-6 / density, rel=1e-8)
    assert student_quantile(0.5 - 1e-6, df) == pytest.approx(-1e-6 / density, rel=1e-8)


def test_one_degree_of_freedom_is_cauchy():
    """Its quantile is a tangent; and the chance to be further out than 10^-8 is 1 - 2/π · 10^-8."""
    for p in (0.6, 0.9, 0.999, 1.0 - 1e-9):
        assert student_quantile(p, 1) == pytest.approx(tan(pi * (p - 0.5)), rel=1e-7 if p > 0.999 else 1e-10)
    assert 1.0 - student_p_value(1e-8, 1) == pytest.approx(2e-8 / pi, rel=1e-7)


def test_a_quantile_and_its_p_value_are_inverse():
    """What an interval excludes, its test rejects, because both come from one function."""
    for df in FREEDOM:
        for tails in (1e-5, 0.003, 0.05, 0.4):
            assert student_p_value(student_quantile(1.0 - 0.5 * tails, df), df) == pytest.approx(tails, rel=1e-8)


def test_the_ends_are_infinite():
    """Nothing is beyond infinity, and everything beyond zero."""
    assert (student_quantile(0.0, 3), student_quantile(0.5, 3), student_quantile(1.0, 3)) == (-inf, 0.0, inf)
    assert (student_p_value(inf, 3), student_p_value(-inf, 3)) == (0.0, 0.0)
    assert (student_p_value(0.0, 3), student_p_value(1e-200, 3)) == (1.0, 1.0)
    assert student_p_value(1e200, 3) == 0.0
    assert student_quantile(1e-150, 1) == pytest.approx(-1e150 / pi)


def test_what_is_no_probability_is_refused():
    """And so is less than one degree of freedom."""
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"a probability lies in 0\.\.1, not at"):
            student_quantile(p, 3)
    with pytest.raises(ValueError, match="at least one degree of freedom, not 0"):
        student_quantile(0.9, 0)
    with pytest.raises(ValueError, match="at least one degree of freedom, not 0"):
        student_p_value(2.0, 0)


def test_the_incomplete_beta_function_is_that_of_scipy():
    """For small and large parameters, at arguments that such a variable takes."""
    rng = np.random.default_rng(1)
    for _ in range(2000):
        a, b = 10.0 ** rng.uniform(-0.3, 6.0, 2)
        x = rng.beta(a, b)
        assert regularised_beta(a, b, x, 1.0 - x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-12)
    assert (regularised_beta(2.0, 3.0, 0.0, 1.0), regularised_beta(2.0, 3.0, 1.0, 0.0)) == (0.0, 1.0)
