"""Peak EWMA: quick to distrust a slow instance, slow to forgive."""

from heapq import heappop, heappush
from math import exp

import pytest

from sim.balancing.least import LeastRequest
from sim.balancing.least_response_time import LeastResponseTime
from sim.balancing.round_robin import RoundRobin
from sim.kernel import Streams


@pytest.fixture
def learned(uniform, service):
    """A balancer that has had one answer from each endpoint, of the given latencies, at 0 s."""

    def build(*latencies, weights=None, **options):
        endpoints = service(weights or len(latencies))
        balancer = LeastResponseTime(uniform, **options)
        balancer.update(endpoints, 0.0)
        for endpoint, latency in zip(endpoints, latencies, strict=True):
            balancer.answered(endpoint, latency, True, 0.0)
        return balancer, endpoints

    return build


def test_the_fast_one_is_preferred(learned, names):
    """With nothing outstanding the lowest latency wins."""
    balancer, _ = learned(0.020, 0.010, 0.030)
    assert set(names(balancer, 20)) == {"b"}


def test_outstanding_requests_multiply_the_latency(learned, request_for):
    """An instance three times as fast holds three times as many before the slower one is used."""
    balancer, _ = learned(0.010, 0.0301)
    picked = []
    for _ in range(5):
        endpoint = balancer.pick(request_for(), 0.0)
        endpoint.outstanding += 1
        picked.append(endpoint.name)
    assert picked == ["a", "a", "a", "b", "a"]


def test_one_slow_answer_counts_at_once(learned, request_for):
    """A peak is not averaged away: the next request already goes elsewhere."""
    balancer, (a, b) = learned(0.010, 0.012)
    assert balancer.pick(request_for(), 0.0) is a
    balancer.answered(a, 2.0, True, 0.0)
    assert balancer.pick(request_for(), 0.0) is b


def test_fast_answers_do_not_excuse_a_slow_one(learned):
    """Only time does: a peak of 2 s is 2 s/e after the decay time, whatever was answered meanwhile."""
    balancer, (a, _) = learned(2.0, 0.010, decay=10.0)
    for tenth in range(1, 101):
        balancer.answered(a, 0.010, True, tenth / 10)
    assert balancer.cost(a, 10.0) == pytest.approx(2.0 * exp(-1.0))


def test_a_peak_is_forgotten_in_the_end(learned, request_for):
    """After 10 s x ln(200) = 53 s a peak of 2 s has sunk to the 10 ms of the answers since."""
    balancer, (a, _) = learned(2.0, 0.010, decay=10.0)
    balancer.answered(a, 0.010, True, 52.0)
    assert balancer.cost(a, 52.0) > 0.010
    balancer.answered(a, 0.010, True, 54.0)
    assert balancer.cost(a, 54.0) == 0.010


def test_an_instance_never_heard_of_gets_one_request_first(learned, request_for, service):
    """A newcomer is tried at once, but with a single request until it has answered."""
    balancer, endpoints = learned(0.010, 0.010)
    newcomer = service(3)[2]
    balancer.update([*endpoints, newcomer], 1.0)
    assert balancer.pick(request_for(), 1.0) is newcomer
    newcomer.outstanding += 1
    assert balancer.pick(request_for(), 1.0) is not newcomer
    newcomer.outstanding -= 1
    balancer.answered(newcomer, 0.001, True, 1.1)
    assert balancer.pick(request_for(), 1.1) is newcomer


def test_all_unknown_are_drawn_evenly(uniform, service, names, is_even):
    """Before the first answer nothing distinguishes them."""
    balancer = LeastResponseTime(uniform)
    balancer.update(service(4), 0.0)
    assert is_even(names(balancer, 10_000), dict.fromkeys("abcd", 1.0))


def test_weights_divide_the_cost(learned, names):
    """Half the weight, twice the cost."""
    balancer, _ = learned(0.010, 0.015, weights=[0.5, 1.0])
    assert set(names(balancer, 20)) == {"b"}


def test_two_choices_leave_only_the_slowest_out(learned, names, is_even):
    """Of four distinct costs the pick is the lower of two distinct ones: 3/6, 2/6, 1/6, never the slowest."""
    balancer, _ = learned(0.010, 0.020, 0.030, 0.040, choices=2)
    assert is_even(names(balancer, 20_000), {"a": 3.0, "b": 2.0, "c": 1.0})


def success_ratio(balancer, endpoints, request):
    """One slow backend of eleven: 1000 requests/s for 60 s take 167 ms, but 2 s on the first backend in [15, 45) s.

    S. Jenson, R. Oanta, Beyond Round Robin: Load Balancing for Latency, Linkerd, 2016; success is an answer within 1 s.
    """
    balancer.update(endpoints, 0.0)
    latencies = Streams(1).rng("latency").normal(0.167, 0.005, 60_000).tolist()
    answers, good = [], 0
    for number, latency in enumerate(latencies):
        now = number / 1000
        while answers and answers[0][0] <= now:
            due, _, endpoint, took = heappop(answers)
            endpoint.outstanding -= 1
            balancer.answered(endpoint, took, True, due)
        endpoint = balancer.pick(request, now)
        endpoint.outstanding += 1
        took = 2.0 if endpoint.index == 0 and 15.0 <= now < 45.0 else latency
        good += took <= 1.0
        heappush(answers, (now + took, number, endpoint, took))
    return good / len(latencies)


def test_one_slow_backend_of_eleven(uniform, service, request_for):
    """Published: round robin about 95%, least loaded about 99%, peak EWMA about 99.9%.

    Least loaded keeps L outstanding on each, so that the slow one gets L / 2 s: 1000/s = 10 L / 167 ms + L / 2 s.
    """
    ratios = [
        success_ratio(balancer, service(11), request_for())
        for balancer in (RoundRobin(uniform), LeastRequest(uniform), LeastResponseTime(uniform))
    ]
    outstanding = 1000 / (10 / 0.167 + 1 / 2.0)
    assert ratios[0] == pytest.approx(1 - 30 * 1000 / 11 / 60_000, abs=1e-4)
    assert ratios[1] == pytest.approx(1 - 30 * outstanding / 2.0 / 60_000, abs=5e-4)
    assert ratios[2] >= 0.999
