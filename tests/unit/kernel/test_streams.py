"""Random streams: the same name gives the same numbers, and no name disturbs another."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.kernel import SENDER_BITS, FixedDemand, Streams


def exponential(rng, n):
    return rng.exponential(1.0, n)


def first(stream, n=10_000):
    return [stream.next() for _ in range(n)]


@pytest.fixture
def streams():
    return Streams(7)


def test_the_same_seed_and_name_give_the_same_numbers():
    assert first(Streams(7).uniform("a")) == first(Streams(7).uniform("a"))


@pytest.mark.parametrize("other", [("b", 7), ("a", 8), ("a ", 7), ("A", 7)])
def test_another_name_or_seed_gives_other_numbers(other):
    name, seed = other
    ours, theirs = first(Streams(7).uniform("a"), 100), first(Streams(seed).uniform(name), 100)
    assert not set(ours) & set(theirs)


def test_streams_of_different_names_are_independent(streams):
    """Correlations of neighbouring names are within what 100 independent pairs show."""
    columns = np.array([first(streams.uniform(f"instance[{n}]"), 5000) for n in range(15)])
    correlations = np.corrcoef(columns)[np.triu_indices(15, 1)]
    assert stats.kstest(correlations * np.sqrt(5000), "norm").pvalue > 0.001


def test_what_one_stream_draws_does_not_shift_another(streams):
    """However the draws of two streams interleave, each sees its own numbers."""
    alone = first(Streams(7).uniform("a"), 9000)
    a, b = streams.uniform("a"), streams.uniform("b")
    mixed = []
    for n in range(9000):
        mixed.append(a.next())
        for _ in range(n % 3):
            b.next()
    assert mixed == alone


def test_a_uniform_stream_is_uniform_and_below_is_even(streams):
    numbers = first(streams.uniform("a"), 20_000)
    assert all(0.0 <= number < 1.0 for number in numbers)
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    uniform = streams.uniform("b")
    counts = np.bincount([uniform.below(7) for _ in range(21_000)], minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_drawn_stream_has_its_distribution(streams):
    assert stats.kstest(first(streams.drawn("a", exponential)), "expon").pvalue > 0.001


def test_values_are_plain_floats(streams):
    """numpy's own floats would make everything after them slow, and flows refuse them."""
    assert type(streams.uniform("a").next()) is float
    assert type(streams.drawn("a", exponential).next()) is float
    assert type(streams.demand("a", exponential).at(0)) is float
    assert type(streams.demand("a", exponential).at(0, 1)) is float


def test_a_fixed_demand_never_varies():
    demand = FixedDemand(0.25)
    assert {demand.at(index, call) for index in range(10) for call in range(3)} == {0.25}


def test_a_demand_has_its_distribution(streams):
    demand = streams.demand("a", exponential)
    assert stats.kstest([demand.at(index) for index in range(20_000)], "expon").pvalue > 0.001
    assert stats.kstest([demand.at(index, 3) for index in range(5000)], "expon").pvalue > 0.001


@given(
    st.lists(
        st.tuples(st.integers(0, 60_000), st.sampled_from([0, 0, 0, 1, 2, 1 << 16, (1 << 16) + 1])),
        min_size=1,
        max_size=60,
    )
)
def test_a_demand_is_the_same_in_whatever_order_it_is_asked_for(questions):
    """Random access, with blocks made, dropped and made again, gives what a fresh look-up gives."""
    demand = Streams(7).demand("a", exponential)
    answers = [demand.at(index, call) for index, call in questions]
    fresh = [Streams(7).demand("a", exponential).at(index, call) for index, call in questions]
    assert answers == fresh


def test_random_access_equals_sequential_access(streams):
    sequential = [streams.demand("a", exponential).at(0)]
    demand = streams.demand("a", exponential)
    sequential = [demand.at(index) for index in range(20_000)]
    order = np.random.default_rng(1).permutation(20_000).tolist()
    other = Streams(7).demand("a", exponential)
    shuffled = {index: other.at(index) for index in order}
    assert [shuffled[index] for index in range(20_000)] == sequential


def test_a_block_that_was_dropped_comes_back_the_same(streams):
    demand = streams.demand("a", exponential)
    before = [demand.at(0), demand.at(4095), demand.at(0, 5), demand.at(255, 5)]
    for index in range(0, 1_000_001, 1000):
        demand.at(index)
        demand.at(index, 5)
    assert [demand.at(0), demand.at(4095), demand.at(0, 5), demand.at(255, 5)] == before


def test_repeated_calls_of_a_request_are_independent_of_each_other_and_of_its_first(streams):
    """Attempt 2 of request i draws anew; it is neither attempt 1 of request i nor attempt 1 of another."""
    demand = streams.demand("a", lambda rng, n: rng.random(n))
    calls = np.array([[demand.at(index, call) for index in range(4000)] for call in (0, 1, 2, 1 << 16)])
    assert len(np.unique(calls)) == calls.size
    correlations = np.corrcoef(calls)[np.triu_indices(4, 1)]
    assert abs(correlations).max() < 5 / np.sqrt(4000)


def needs(senders, name):
    """What 1,000 requests of one sender need, each in two calls."""
    demand = Streams(7, senders).demand("a", lambda rng, n: rng.random(n))
    first = senders.index(name) << SENDER_BITS
    return [demand.at(first + index, call) for index in range(1000) for call in (0, 1)]


def test_what_a_request_needs_depends_on_the_name_of_its_sender_and_not_on_its_place():
    assert needs(["app"], "app") == needs(["robots", "app", "other"], "app") == needs(["other", "app"], "app")


def test_requests_of_different_senders_need_different_things():
    senders = ["app", "robots", "ap"]
    everything = [value for name in senders for value in needs(senders, name)]
    assert len(set(everything)) == len(everything) == 6000


def test_demands_of_different_names_are_independent(streams):
    a, b = (streams.demand(name, lambda rng, n: rng.random(n)) for name in ("api.work", "db.work"))
    pairs = np.array([[a.at(index), b.at(index)] for index in range(4000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 5 / np.sqrt(4000)


def test_memory_stays_bounded_over_a_long_run(streams):
    """Ten million requests with a repeated call now and then keep a few blocks, not all they ever saw."""
    demand = streams.demand("a", exponential)
    for index in range(0, 10_000_000, 997):
        demand.at(index)
        if index % 5 == 0:
            demand.at(index, 1)
            demand.at(index, 2)
    kept = sum(len(block) for name in ("_blocks", "_repeats") for block in getattr(demand, name).values())
    assert kept * sys.getsizeof(0.0) < 2e6
