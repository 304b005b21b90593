"""What is offered to somebody who mistyped a name."""

import pytest

from sim.values import did_you_mean, nearest

ALGORITHMS = ["random", "round_robin", "least_connections", "least_request"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("least_conn", "least_connections"),
        ("roundrobin", "round_robin"),
        ("Round_Robin", "round_robin"),
        ("weather", None),
        ("", None),
    ],
)
def test_nearest_finds_the_word_that_was_meant_and_nothing_far_away(word: str, near: str | None) -> None:
    """A typo, an abbreviation and a wrong case find their word; another word finds none."""
    assert nearest(word, ALGORITHMS) == near


def test_nearest_of_words_that_differ_by_case_is_the_first() -> None:
    """Two words of the same letters are told apart by their order alone, so that the answer is always the same."""
    assert nearest("mb", ["MB", "Mb"]) == "MB"


def test_an_error_message_ends_with_the_nearest_word() -> None:
    """The phrase can be put behind any message."""
    assert did_you_mean("randm", ALGORITHMS) == "; did you mean 'random'?"


def test_an_error_message_lists_what_is_known_when_nothing_is_near() -> None:
    """Without a near word, all are named; without any word, nothing is said."""
    assert did_you_mean("weather", ["fifo", "lifo"]) == "; known: fifo, lifo"
    assert did_you_mean("weather", []) == ""
