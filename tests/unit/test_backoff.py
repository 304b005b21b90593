"""Pauses between attempts, and the budget that says whether there is another one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sim.kernel import Uniform
from sim.policies.backoff import BackoffConfig, DecorrelatedJitter, EqualJitter, Exponential, FullJitter
from sim.policies.retry_budget import RetryBudget


class Always:
    """A stand-in for `Uniform` that always draws the same number."""

    def __init__(self, number):
        self.number = number

    def next(self):
        return self.number


def pauses(backoff, retries, uniform):
    """The pauses of one request that keeps failing."""
    pause, series = 0.0, []
    for attempt in range(1, retries + 1):
        pause = backoff.pause(attempt, pause, uniform)
        series.append(pause)
    return series


def written(value):
    """The backoff that a scenario describes with this value."""
    return BackoffConfig.model_validate(value).build()


def test_the_first_retry_waits_base_and_each_next_one_factor_times_as_long_up_to_max():
    """The n-th retry waits min(max, base * factor^(n-1))."""
    backoff = Exponential(base=0.1, cap=1.0, factor=3.0)
    assert pauses(backoff, 5, Always(0.5)) == pytest.approx([0.1, 0.3, 0.9, 1.0, 1.0])


def test_a_request_may_fail_a_million_times():
    """The power does not overflow."""
    assert Exponential(base=1e-3, cap=20.0, factor=10.0).pause(1_000_000, 20.0, Always(0.5)) == 20.0


def test_full_jitter_draws_from_nothing_to_the_whole_pause():
    """A draw of u waits u * v."""
    backoff = FullJitter(Exponential(base=0.1, cap=1.0))
    assert pauses(backoff, 3, Always(0.0)) == [0.0, 0.0, 0.0]
    assert pauses(backoff, 3, Always(0.75)) == pytest.approx([0.075, 0.15, 0.3])


def test_equal_jitter_keeps_half_of_the_pause():
    """A draw of u waits v/2 + u * v/2."""
    backoff = EqualJitter(Exponential(base=0.1, cap=1.0))
    assert pauses(backoff, 3, Always(0.0)) == pytest.approx([0.05, 0.1, 0.2])
    assert pauses(backoff, 3, Always(0.5)) == pytest.approx([0.075, 0.15, 0.3])


def test_decorrelated_jitter_draws_from_base_to_three_times_the_last_pause():
    """A draw of u waits base + u * (3 * previous - base), with base as the pause before the first."""
    backoff = DecorrelatedJitter(base=0.1, cap=1.0)
    assert pauses(backoff, 3, Always(0.0)) == pytest.approx([0.1, 0.1, 0.1])
    assert pauses(backoff, 4, Always(0.5)) == pytest.approx([0.2, 0.35, 0.575, 0.9125])
    assert pauses(backoff, 6, Always(0.5))[-1] == 1.0


@pytest.mark.parametrize("jitter", ["none", "full", "equal", "decorrelated"])
@settings(deadline=None)
@given(seed=st.integers(0, 2**32), base=st.floats(1e-6, 20.0), retries=st.integers(1, 40))
def test_no_pause_is_negative_or_longer_than_max(jitter, seed, base, retries):
    """Whatever is drawn, pauses stay between 0 and max."""
    backoff = BackoffConfig(base=f"{base:f}s", max="20s", jitter=jitter).build()
    series = pauses(backoff, retries, Uniform(np.random.default_rng(seed)))
    assert all(0.0 <= pause <= 20.0 * (1.0 + 1e-12) for pause in series)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("none", [0.0, 0.0, 0.0]),
        ("50ms", [0.05, 0.05, 0.05]),
        ("1m", [60.0, 60.0, 60.0]),
        ({"base": "1s"}, [1.0, 2.0, 4.0]),
        ({"base": "8s"}, [8.0, 16.0, 20.0]),
        ({"base": "1m"}, [60.0, 60.0, 60.0]),
        ({"base": "1s", "max": "3s"}, [1.0, 2.0, 3.0]),
        ({"base": "1s", "factor": 1}, [1.0, 1.0, 1.0]),
        ({"base": "1s", "factor": 1.5}, [1.0, 1.5, 2.25]),
        ({"base": "1s", "jitter": "full"}, [0.5, 1.0, 2.0]),
        ({"base": "1s", "jitter": "equal"}, [0.75, 1.5, 3.0]),
        ({"base": "1s", "max": "10s", "jitter": "decorrelated"}, [2.0, 3.5, 5.75]),
    ],
)
def test_what_a_scenario_may_say(value, expected):
    """`none`, a constant, or base, max, factor and jitter; seen with draws of 1/2."""
    assert pauses(written(value), 3, Always(0.5)) == pytest.approx(expected)


@pytest.mark.parametrize("value", ["none", "50ms", "1m", {"base": "1m"}, {"base": "1s", "max": "3s", "jitter": "full"}])
def test_a_backoff_can_be_written_out_and_read_again(value):
    """The scenario as run describes the same backoff."""
    config = BackoffConfig.model_validate(value)
    assert BackoffConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"base": "1s", "max": "500ms"}, "500ms is less than base, 1s"),
        ({"base": "1s", "factor": 0.5}, "greater than or equal to 1"),
        ({"base": "1s", "jitter": "some"}, "'none', 'full', 'equal' or 'decorrelated'"),
        ({"max": "1s"}, "Field required"),
        ({"base": "1s", "cap": "2s"}, "Extra inputs are not permitted"),
        (5, "5 needs a unit"),
        ("exponential", "'exponential' is not a backoff"),
    ],
)
def test_what_a_scenario_may_not_say(value, message):
    """Each mistake is one error that says what is wrong."""
    with pytest.raises(ValidationError) as caught:
        written(value)
    assert caught.value.error_count() == 1
    assert message in str(caught.value)


def test_the_schema_knows_all_three_spellings():
    """Editors offer `none`, a duration and the mapping."""
    none, constant, mapping = TypeAdapter(BackoffConfig).json_schema()["anyOf"]
    assert none == {"const": "none"}
    assert constant["type"] == "string"
    assert set(mapping["properties"]) == {"base", "max", "factor", "jitter"}


def test_a_budget_starts_with_its_burst_and_is_then_paid_for_by_first_tries():
    """With 20%, five first tries pay for one retry."""
    budget = RetryBudget(0.2, burst=2)
    assert [budget.allows() for _ in range(3)] == [True, True, False]
    for _ in range(4):
        budget.first_try()
    assert not budget.allows()
    budget.first_try()
    assert [budget.allows() for _ in range(2)] == [True, False]


def test_a_budget_saves_up_no_more_than_its_burst():
    """A long calm does not pay for a storm."""
    budget = RetryBudget(0.5, burst=3)
    for _ in range(1_000):
        budget.first_try()
    assert [budget.allows() for _ in range(4)] == [True, True, True, False]


def test_a_budget_of_nothing_allows_no_retry():
    """Not even at the start."""
    budget = RetryBudget(0.0)
    budget.first_try()
    assert not budget.allows()


@settings(deadline=None)
@given(ratio=st.floats(0.0, 1.0), tries=st.lists(st.integers(0, 5), max_size=200))
def test_retries_never_exceed_their_share_and_the_burst(ratio, tries):
    """Over n first tries there are at most ratio * n + burst retries, however they are asked for."""
    budget, retries = RetryBudget(ratio, burst=4), 0
    for asked in tries:
        budget.first_try()
        retries += sum(budget.allows() for _ in range(asked))
    assert retries <= ratio * len(tries) + 4 + 1e-6
