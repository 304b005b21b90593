"""How much more counts vary than chance makes them."""

import numpy as np
import pytest

from sim.metrics import dispersion


def test_it_is_the_variance_over_the_mean():
    """Counts of 2, 4 and 12 have a mean of 6 and a variance of 28."""
    assert dispersion([2, 4, 12]) == pytest.approx(28 / 6)


def test_it_is_one_for_independent_events():
    """Poisson counts have their mean as variance."""
    assert dispersion(np.random.default_rng(1).poisson(50.0, 20_000)) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("counts", [[], [7], [0, 0, 0], [5, 5, 5]])
def test_it_is_never_less_than_one(counts):
    """Too few counts, none at all, or all alike: nothing says that they vary more than chance."""
    assert dispersion(counts) == 1.0
