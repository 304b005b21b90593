"""Round robin, plain and weighted, and random choice."""

from collections import Counter

import pytest

from sim.balancing.random import Random
from sim.balancing.round_robin import RoundRobin, WeightedRoundRobin
from sim.kernel import Streams


def started(balancer, endpoints):
    balancer.update(endpoints, 0.0)
    return balancer


def test_random_hits_every_instance_equally_often(uniform, service, names, is_even):
    """Random choice is uniform."""
    drawn = names(started(Random(uniform), service(5)), 20_000)
    assert is_even(drawn, dict.fromkeys("abcde", 1.0))


def test_random_follows_the_eligible_instances(uniform, service, names):
    """An instance that is no longer eligible is not picked."""
    endpoints = service(3)
    balancer = started(Random(uniform), endpoints)
    balancer.update(endpoints[1:], 1.0)
    assert set(names(balancer, 200)) == {"b", "c"}


def test_round_robin_goes_round(zeros, service, names):
    """One after the other, and again from the first."""
    assert names(started(RoundRobin(zeros), service(3)), 7) == "abcabca"


def test_round_robin_ignores_weights(zeros, service, names):
    """Plain round robin gives a heavy instance no more than the others."""
    assert names(started(RoundRobin(zeros), service([5.0, 1.0, 1.0])), 6) == "abcabc"


def test_callers_begin_anywhere(service, names, is_even):
    """Many callers that start together do not all send their first request to the first instance."""
    firsts = [names(started(RoundRobin(Streams(seed).uniform("caller")), service(4)), 1) for seed in range(400)]
    assert is_even(firsts, dict.fromkeys("abcd", 1.0))


def test_round_robin_goes_on_behind_the_last_when_an_instance_leaves_and_comes_back(zeros, service, names):
    """The circle closes over a gap and opens again; nobody is skipped or served twice."""
    endpoints = service(4)
    balancer = started(RoundRobin(zeros), endpoints)
    assert names(balancer, 2) == "ab"
    balancer.update([endpoints[0], endpoints[1], endpoints[3]], 1.0)
    assert names(balancer, 2) == "da"
    balancer.update(endpoints, 2.0)
    assert names(balancer, 5) == "bcdab"


def test_round_robin_goes_on_behind_the_last_when_the_last_has_left(zeros, service, names):
    """The instance that was picked last leaves: its successor is next."""
    endpoints = service(3)
    balancer = started(RoundRobin(zeros), endpoints)
    assert names(balancer, 2) == "ab"
    balancer.update([endpoints[0], endpoints[2]], 1.0)
    assert names(balancer, 3) == "cac"


def test_smooth_weighted_round_robin_spreads_the_heavy_instance_out(zeros, service, names):
    """The sequence of NGINX's documentation for weights 5, 1, 1."""
    assert names(started(WeightedRoundRobin(zeros), service([5.0, 1.0, 1.0])), 14) == "aabacaaaabacaa"


def test_weighted_round_robin_with_equal_weights_is_round_robin(zeros, service, names):
    """Equal weights, whatever their size, give the plain circle."""
    assert names(started(WeightedRoundRobin(zeros), service([0.3, 0.3, 0.3])), 7) == "abcabca"


@pytest.mark.parametrize("seed", range(5))
def test_every_cycle_holds_the_weights_exactly(seed, service, names):
    """Wherever the cycle begins, 4+2+1 picks hold four, two and one."""
    balancer = started(WeightedRoundRobin(Streams(seed).uniform("caller")), service([4.0, 2.0, 1.0]))
    assert Counter(names(balancer, 7)) == {"a": 4, "b": 2, "c": 1}


def test_weighted_callers_begin_anywhere_in_the_cycle(service, names, is_even):
    """First picks of many callers together are spread by weight; without a random start all would pick the heaviest."""
    firsts = [
        names(started(WeightedRoundRobin(Streams(seed).uniform("caller")), service([5.0, 1.0, 1.0])), 1)
        for seed in range(700)
    ]
    assert is_even(firsts, {"a": 5.0, "b": 1.0, "c": 1.0})


def test_a_cycle_of_a_million_turns_is_not_gone_through_to_find_its_beginning(service):
    """Of thirty-one instances one weighs next to nothing: the last place to begin at is ten thousand turns on."""
    turns = []

    class Counted(WeightedRoundRobin):
        def _turn(self):
            turns.append(1)
            return super()._turn()

    class Last:
        def below(self, n):
            return n - 1

    started(Counted(Last()), service([100.0] * 30 + [0.01]))
    assert len(turns) == 9_999


def test_a_new_weight_changes_the_shares_from_then_on(zeros, service, names):
    """Slow start: an instance at a tenth of its weight gets one in eleven, and half of the traffic when it is warm."""
    endpoints = service([1.0, 0.1])
    balancer = started(WeightedRoundRobin(zeros), endpoints)
    assert Counter(names(balancer, 110)) == {"a": 100, "b": 10}
    endpoints[1].weight = 1.0
    balancer.update(endpoints, 1.0)
    assert abs(names(balancer, 100).count("b") - 50) <= 1


def test_an_instance_that_joins_begins_without_credit(zeros, service, names):
    """A newcomer waits for its turn and is not flooded to catch up."""
    endpoints = service(3)
    balancer = started(WeightedRoundRobin(zeros), endpoints[:2])
    assert names(balancer, 4) == "abab"
    balancer.update(endpoints, 1.0)
    assert names(balancer, 6) == "abcabc"
