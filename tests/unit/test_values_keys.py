"""Which item a request is about: popularity by Zipf's law, none, or always the same item."""

import pickle
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from sim.values import KeyDistribution


def keys(written: Any) -> KeyDistribution:
    """Reads a key distribution."""
    return KeyDistribution.model_validate(written)


@pytest.mark.parametrize("s", [0.6, 1.0, 1.1, 2.0])
def test_zipf_probabilities_fall_with_the_rank_to_the_power_of_s(s: float) -> None:
    """P(i) is proportional to 1/(i+1)^s and sums to 1."""
    probabilities = keys({"zipf": {"items": 1000, "s": s}}).probabilities()
    assert probabilities == pytest.approx(stats.zipfian(s, 1000).pmf(np.arange(1, 1001)), rel=1e-9)
    assert probabilities.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "written", [{"zipf": {"items": 50, "s": 1.1}}, {"uniform": {"items": 50}}, {"zipf": {"items": 50, "s": 0}}]
)
def test_draws_follow_the_probabilities(written: dict[str, Any]) -> None:
    """Chi-square goodness of fit over independent seeds: its p-values are uniform."""
    distribution = keys(written)
    expected = distribution.probabilities() * 5000
    p_values = []
    for seed in range(20):
        counts = np.bincount(distribution.draw(np.random.default_rng(seed), 5000), minlength=50)
        p_values.append(stats.chisquare(counts, expected).pvalue)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("written", [{"zipf": {"items": "20k", "s": 1.1}}, {"uniform": {"items": 1000}}, 7])
def test_draws_are_item_numbers_and_repeatable(written: Any) -> None:
    """Whole numbers from 0 to items - 1, the same for the same generator state."""
    distribution = keys(written)
    drawn = distribution.draw(np.random.default_rng(3), 10_000)
    assert drawn.dtype == np.int64
    assert drawn.shape == (10_000,)
    assert 0 <= drawn.min() <= drawn.max() < distribution.items
    assert np.array_equal(drawn, distribution.draw(np.random.default_rng(3), 10_000))


def test_a_constant_key_is_always_the_same_item() -> None:
    """A hot key: the item of that number in the population of its neighbours."""
    hot = keys(7)
    assert hot.draw(np.random.default_rng(1), 4).tolist() == [7, 7, 7, 7]
    assert hot.items == 8
    assert hot.probabilities().tolist() == [0.0] * 7 + [1.0]


def test_a_million_items_are_drawn_from_one_table() -> None:
    """The last item is within reach, and none beyond it."""
    distribution = keys({"zipf": {"items": "1M", "s": 0.8}})
    drawn = distribution.draw(np.random.default_rng(5), 4096)
    assert drawn.max() < 1_000_000
    assert np.unique(drawn).size > 2000


def test_the_number_of_items_may_stand_alone() -> None:
    """`{zipf: 20k}` is short for the classic law with exponent 1."""
    assert keys({"zipf": "20k"}) == keys({"zipf": {"items": 20_000, "s": 1.0}})
    assert keys({"uniform": 1000}) == keys({"uniform": {"items": "1k"}})


@pytest.mark.parametrize(
    ("written", "words", "spelled"),
    [
        ({"zipf": {"items": "20k", "s": 1.1}}, "Zipf s 1.1 over 20000 items", {"zipf": {"items": 20_000, "s": 1.1}}),
        ({"uniform": {"items": 1000}}, "uniform over 1000 items", {"uniform": {"items": 1000}}),
        (7, "always item 7", 7),
    ],
)
def test_a_key_distribution_describes_itself_and_reads_back(written: Any, words: str, spelled: Any) -> None:
    """In words, as plain data, and as a pickle."""
    distribution = keys(written)
    assert distribution.describe() == words
    assert distribution.model_dump(mode="json") == spelled
    for copy in (keys(spelled), pickle.loads(pickle.dumps(distribution))):
        assert copy == distribution
        assert hash(copy) == hash(distribution)


HELP = "one is written {zipf: {items: 20k, s: 1.1}}, {uniform: {items: 1000}}, or as the number of an item"


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        ("home", (), f"'home' is not a key distribution; {HELP}"),
        (True, (), f"true is not a key distribution; {HELP}"),
        (None, (), f"null is not a key distribution; {HELP}"),
        ({}, (), f"give exactly one kind of key distribution; {HELP}"),
        ({"zipf": 5, "uniform": 5}, (), f"give exactly one kind of key distribution; {HELP}"),
        ({"zpf": 5}, ("zpf",), "Extra inputs are not permitted"),
        ({"zipf": {"items": 0}}, ("zipf", "items"), "Input should be greater than or equal to 1"),
        ({"zipf": {"items": "30M"}}, ("zipf", "items"), "Input should be less than or equal to 20000000"),
        ({"zipf": {"items": 5, "s": -1}}, ("zipf", "s"), "Input should be greater than or equal to 0"),
    ],
)
def test_a_wrong_key_distribution_is_refused(written: Any, place: tuple[str, ...], message: str) -> None:
    """With the place of the mistake."""
    with pytest.raises(ValidationError) as refused:
        keys(written)
    (error,) = refused.value.errors()
    assert (error["loc"], error["msg"].removeprefix("Value error, ")) == (place, message)
