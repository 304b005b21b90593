"""Holm's procedure against its textbook form, and how often it raises a false alarm."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.experiment.statistics import compare_all, holm_levels, paired_difference
from tests.unit.statistics.coverage import DOUBT, judge, probability

ALPHAS = st.sampled_from([0.01, 0.05, 0.2])


def textbook_holm(p_values, alpha):
    """Which are rejected, by adjusted p-values: the running maximum of (m - k + 1) p(k), at most 1."""
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    adjusted = np.maximum.accumulate((m - np.arange(m)) * np.asarray(p_values)[order])
    rejected = np.zeros(m, dtype=bool)
    rejected[order] = np.minimum(adjusted, 1.0) <= alpha
    return rejected.tolist()


def test_four_hypotheses_by_hand():
    """0.005 passes 0.05/4 and 0.01 passes 0.05/3, but 0.03 does not pass 0.05/2: with it 0.04 is stopped as well."""
    assert holm_levels([0.03, 0.005, 0.04, 0.01]) == pytest.approx([0.025, 0.0125, 0.025, 0.05 / 3])


def test_a_single_hypothesis_is_judged_at_alpha():
    """And none at no level."""
    assert holm_levels([0.3], 0.1) == [0.1]
    assert holm_levels([]) == []
    assert compare_all([]) == []


def test_an_impossible_alpha_is_refused():
    """Such as 5 for 5%."""
    with pytest.raises(ValueError, match=r"alpha lies between 0 and 1, such as 0\.05, not at 5"):
        holm_levels([0.1, 0.2], 5)


@given(st.lists(st.floats(0.0, 1.0) | st.floats(0.0, 0.03), max_size=12), ALPHAS)
def test_the_levels_reject_what_holm_rejects(p_values, alpha):
    """Whatever the p-values and their order."""
    levels = holm_levels(p_values, alpha)
    rejected = [p <= level for p, level in zip(p_values, levels, strict=True)]
    on_the_border = any(abs(p * k - alpha) < 1e-12 for p in p_values for k in range(1, len(p_values) + 1))
    assert on_the_border or rejected == textbook_holm(p_values, alpha)
    assert all(alpha / len(p_values) <= level <= alpha for level in levels)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(2, 12), ALPHAS)
def test_an_interval_excludes_zero_just_when_holm_rejects(seed, variants, seeds, alpha):
    """Variants with effects from none to plain, on common seeds."""
    rng = np.random.default_rng(seed)
    baseline = rng.normal(10.0, 1.0, seeds)
    effects = rng.choice([0.0, 0.3, 1.0, 3.0], variants)
    others = [baseline + effect + rng.normal(0.0, 0.5, seeds) for effect in effects]
    excludes = [
        not difference.interval.contains(0.0)
        for difference in compare_all([(baseline, other) for other in others], alpha)
    ]
    assert excludes == textbook_holm([stats.ttest_rel(other, baseline).pvalue for other in others], alpha)


def test_variants_without_any_spread_are_judged_too():
    """One that equals the baseline is a tie, one that is always 1 slower is not, and it eases the level of the rest."""
    baseline = [1.0, 2.0, 4.0, 3.0]
    others = [baseline, [2.0, 3.0, 5.0, 4.0], [1.4, 2.1, 4.2, 3.5]]
    same, slower, noisy = compare_all([(baseline, other) for other in others])
    assert (same.interval.lo, same.interval.hi, same.p_value) == (0.0, 0.0, 1.0)
    assert (slower.interval.lo, slower.interval.hi, slower.p_value) == (1.0, 1.0, 0.0)
    assert noisy.interval.confidence == pytest.approx(0.975)
    assert slower.interval.confidence == pytest.approx(1.0 - 0.05 / 3)


def test_one_seed_proves_nothing():
    """All intervals are infinite."""
    for difference in compare_all([([1.0], [2.0]), ([1.0], [3.0])]):
        assert (difference.interval.lo, difference.interval.hi) == (-inf, inf)


def family(rng, effects):
    """Ten seeds of a baseline, paired with each of several variants, all moved by the same traffic."""
    traffic = rng.normal(0.0, 2.0, 10)
    baseline = traffic + rng.normal(size=10)
    return [(baseline, traffic + effect + rng.normal(size=10)) for effect in effects]


def test_false_alarms_are_as_rare_as_promised():
    """Five variants that are no different, 1500 families: any of them seems to be in at most 5%.

    Uncorrected intervals would call a false difference three times as often.
    """
    rng = np.random.default_rng(51)
    families = [family(rng, [0.0] * 5) for _ in range(1500)]
    alarms = [any(not d.interval.contains(0.0) for d in compare_all(each)) for each in families]
    assert stats.binomtest(sum(alarms), len(alarms), 0.05, alternative="greater").pvalue >= DOUBT
    careless = [any(not paired_difference(*pair).interval.contains(0.0) for pair in pairs) for pairs in families]
    assert probability(careless, 0.05) < DOUBT
    assert np.mean(careless) > 0.1


def test_plain_differences_do_not_loosen_the_others():
    """Two of four are plainly slower: they are found, and of the other two any seems different in at most 5%.

    After the plain ones the first is judged at 0.025 and the next at 0.05, so that it is hardly below 5%.
    """
    rng = np.random.default_rng(52)
    compared = [compare_all(family(rng, [0.0, 8.0, 0.0, 8.0])) for _ in range(1500)]
    found = [each[1].interval.lo > 0.0 and each[3].interval.lo > 0.0 for each in compared]
    alarms = [not (each[0].interval.contains(0.0) and each[2].interval.contains(0.0)) for each in compared]
    assert np.mean(found) > 0.999
    assert stats.binomtest(sum(alarms), len(alarms), 0.05, alternative="greater").pvalue >= DOUBT
    assert np.mean(alarms) > 0.025


def test_a_pair_is_judged_without_correction():
    """Two variants are one comparison: an interval of 95%, a false alarm in one of twenty."""
    rng = np.random.default_rng(53)
    judge((compare_all(family(rng, [0.0]))[0].interval.contains(0.0) for _ in range(1500)), 0.95)
