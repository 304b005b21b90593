"""Least connections and least request: the fewest outstanding, even ties, weights, d choices."""

from collections import Counter

import pytest

from sim.balancing.least import LeastConnections, LeastRequest, sample

FULL_SCANS = [LeastConnections, LeastRequest]


def started(balancer, endpoints):
    balancer.update(endpoints, 0.0)
    return balancer


@pytest.mark.parametrize("algorithm", FULL_SCANS)
def test_the_least_loaded_is_picked(algorithm, uniform, service, names):
    """Wherever it stands."""
    for load in ([0, 1, 1], [3, 2, 3], [9, 9, 8]):
        balancer = started(algorithm(uniform), service(3, load))
        assert set(names(balancer, 20)) == {"abc"[load.index(min(load))]}


@pytest.mark.parametrize("algorithm", FULL_SCANS)
@pytest.mark.parametrize(
    ("load", "tied"), [([0, 0, 0, 0], "abcd"), ([1, 0, 1, 0], "bd"), ([2, 5, 2, 2], "acd"), ([7, 7, 7, 8], "abc")]
)
def test_ties_are_broken_evenly(algorithm, load, tied, uniform, service, names, is_even):
    """Each of the least loaded is as likely as the others, wherever they stand."""
    drawn = names(started(algorithm(uniform), service(4, load)), 20_000)
    assert is_even(drawn, dict.fromkeys(tied, 1.0))


@pytest.mark.parametrize("algorithm", FULL_SCANS)
def test_requests_that_stay_out_fill_the_instances_level(algorithm, uniform, service, request_for):
    """Twelve requests on four instances are three on each: join the shortest queue."""
    endpoints = service(4)
    balancer = started(algorithm(uniform), endpoints)
    for _ in range(12):
        balancer.pick(request_for(), 0.0).outstanding += 1
    assert [endpoint.outstanding for endpoint in endpoints] == [3, 3, 3, 3]


@pytest.mark.parametrize("algorithm", FULL_SCANS)
def test_weights_divide_the_load(algorithm, uniform, service, request_for):
    """Requests that stay out settle in proportion to weight."""
    endpoints = service([4.0, 2.0, 1.0])
    balancer = started(algorithm(uniform), endpoints)
    for _ in range(70):
        balancer.pick(request_for(), 0.0).outstanding += 1
    assert [endpoint.outstanding for endpoint in endpoints] == pytest.approx([40, 20, 10], abs=1)


def test_idle_instances_get_least_connections_by_weight(uniform, service, names, is_even):
    """Nothing outstanding anywhere is a tie, drawn in proportion to weight."""
    drawn = names(started(LeastConnections(uniform), service([3.0, 1.0, 1.0])), 20_000)
    assert is_even(drawn, {"a": 3.0, "b": 1.0, "c": 1.0})


def test_least_request_counts_the_request_itself(uniform, service, names):
    """Idle, weight 1: (0 + 1) / 1. One outstanding, weight 3: (1 + 1) / 3, and this is less."""
    assert set(names(started(LeastRequest(uniform), service([1.0, 3.0], [0, 1])), 20)) == {"b"}
    assert set(names(started(LeastConnections(uniform), service([1.0, 3.0], [0, 1])), 20)) == {"a"}


def test_weighted_least_request_breaks_ties_evenly(uniform, service, names, is_even):
    """(0 + 1) / 1 and (1 + 1) / 2 are equal."""
    drawn = names(started(LeastRequest(uniform), service([1.0, 2.0, 1.0], [0, 1, 5])), 20_000)
    assert is_even(drawn, {"a": 1.0, "b": 1.0})


@pytest.mark.parametrize("choices", [2, 3])
@pytest.mark.parametrize("weights", [[1.0] * 5, [1.0, 1.0, 1.0, 1.0, 1.001]])
def test_choices_between_idle_instances_are_even(choices, weights, uniform, service, names, is_even):
    """d choices with equal loads pick uniformly."""
    drawn = names(started(LeastRequest(uniform, choices=choices), service(weights)), 20_000)
    if weights[-1] == 1.0:
        assert is_even(drawn, dict.fromkeys("abcde", 1.0))
    else:
        assert drawn.count("e") / len(drawn) == pytest.approx(choices / 5, abs=0.015)


def test_two_choices_are_distinct_and_uniform(uniform, service, names, is_even):
    """With loads 0 < 1 < 2 < 3 the pick is the lower of two distinct ones: 3/6, 2/6, 1/6, and never the last."""
    drawn = names(started(LeastRequest(uniform, choices=2), service(4, [0, 1, 2, 3])), 20_000)
    assert is_even(drawn, {"a": 3.0, "b": 2.0, "c": 1.0})


def test_three_choices_are_distinct_and_uniform(uniform, service, names, is_even):
    """With five loads in ascending order the lowest of three distinct ones is 6/10, 3/10, 1/10."""
    drawn = names(started(LeastRequest(uniform, choices=3), service(5, [0, 1, 2, 3, 4])), 20_000)
    assert is_even(drawn, {"a": 6.0, "b": 3.0, "c": 1.0})


def test_one_choice_is_random(uniform, service, names, is_even):
    """A single choice compares nothing."""
    drawn = names(started(LeastRequest(uniform, choices=1), service(3, [0, 4, 9])), 10_000)
    assert is_even(drawn, dict.fromkeys("abc", 1.0))


@pytest.mark.parametrize("choices", [3, 10])
def test_as_many_choices_as_instances_are_a_full_scan(choices, uniform, service, names):
    """More choices than there are instances compare all."""
    assert set(names(started(LeastRequest(uniform, choices=choices), service(3, [2, 1, 2])), 50)) == {"b"}


def test_choices_follow_the_eligible_instances(uniform, service, names):
    """Two choices among the two that are left pick the less loaded of these."""
    endpoints = service(4, [0, 0, 1, 2])
    balancer = started(LeastRequest(uniform, choices=2), endpoints)
    balancer.update(endpoints[2:], 1.0)
    assert set(names(balancer, 50)) == {"c"}


def test_a_sample_is_distinct_and_every_order_equally_likely(uniform, service, is_even):
    """Six ordered pairs of three, also after the list has been shuffled by earlier draws."""
    endpoints = service(3)
    drawn = ["".join(endpoint.name for endpoint in sample(endpoints, 2, uniform)) for _ in range(12_000)]
    assert is_even(drawn, dict.fromkeys(("ab", "ac", "ba", "bc", "ca", "cb"), 1.0))
    assert Counter(endpoint.name for endpoint in endpoints) == {"a": 1, "b": 1, "c": 1}
