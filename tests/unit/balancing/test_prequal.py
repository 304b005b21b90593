"""Prequal: who is probed, what the pool keeps, and which of its answers decides."""

from collections import Counter
from heapq import heappop, heappush

import numpy as np
import pytest

from sim.balancing import LatencyByLoad
from sim.balancing.least import LeastRequest
from sim.balancing.prequal import Prequal
from sim.kernel import Streams


@pytest.fixture
def prequal(uniform, service):
    """A balancer over so many instances; unless said otherwise no answer is removed but by age and use."""

    def build(count=4, **options):
        endpoints = service(count)
        balancer = Prequal(uniform, **{"removals_per_request": 0.0} | options)
        balancer.update(endpoints, 0.0)
        return balancer, endpoints

    return build


def pooled(balancer):
    return [(probe.endpoint.name, probe.in_flight) for probe in balancer.pool]


def test_the_fastest_of_the_cold_is_picked(prequal, request_for):
    """b is fast but has more in flight than the quantile of the answers: hot, and c is the fastest of the rest."""
    balancer, (a, b, c, d) = prequal(hot_quantile=0.5)
    for endpoint, in_flight, latency in ((a, 1, 0.030), (b, 9, 0.001), (c, 2, 0.010), (d, 2, 0.020)):
        balancer.probed(endpoint, in_flight, latency, 0.0)
    assert balancer.pick(request_for(), 0.0) is c


def test_the_least_loaded_is_picked_when_all_are_hot(prequal, request_for):
    """The pool holds only answers above the quantile of recent ones: latency no longer matters."""
    balancer, (a, b, c, d) = prequal(hot_quantile=0.5)
    for now in range(4):
        balancer.probed(c, 0, 0.010, float(now))
        balancer.probed(d, 0, 0.010, float(now))
    balancer.probed(a, 7, 0.001, 5.0)
    balancer.probed(b, 5, 0.020, 5.0)
    assert balancer.pick(request_for(), 5.0) is b


def test_with_the_quantile_at_one_nobody_is_hot(prequal, request_for):
    """Latency alone decides."""
    balancer, (a, b, *_) = prequal(hot_quantile=1.0)
    balancer.probed(a, 0, 0.010, 0.0)
    balancer.probed(b, 90, 0.009, 0.0)
    assert balancer.pick(request_for(), 0.0) is b


def test_without_answers_the_pick_is_random(prequal, names, is_even):
    """An empty pool falls back to random choice."""
    balancer, _ = prequal()
    assert is_even(names(balancer, 8_000), dict.fromkeys("abcd", 1.0))


def test_equal_answers_are_drawn_evenly(prequal, request_for, is_even):
    """Ties are broken at random."""
    balancer, endpoints = prequal()
    drawn = []
    for _ in range(4_000):
        for endpoint in endpoints:
            balancer.probed(endpoint, 1, 0.010, 0.0)
        drawn.append(balancer.pick(request_for(), 0.0).name)
    assert is_even(drawn, dict.fromkeys("abcd", 1.0))


def test_an_answer_that_has_been_used_counts_the_request_that_it_got(prequal, request_for):
    """The picked instance has one more in flight than it said."""
    balancer, (a, b, *_) = prequal()
    balancer.probed(a, 3, 0.010, 0.0)
    balancer.probed(b, 3, 0.020, 0.0)
    balancer.pick(request_for(), 0.0)
    assert pooled(balancer) == [("a", 4), ("b", 3)]


def test_old_answers_are_forgotten(prequal, request_for):
    """After one second only the newer answer is left."""
    balancer, (a, b, *_) = prequal()
    balancer.probed(a, 0, 0.001, 0.0)
    balancer.probed(b, 0, 0.010, 0.5)
    assert balancer.pick(request_for(), 1.0) is a
    assert balancer.pick(request_for(), 1.1) is b


def test_a_newer_answer_replaces_the_older_of_the_same_instance(prequal):
    """The pool knows each instance once."""
    balancer, (a, b, *_) = prequal()
    for endpoint, in_flight in ((a, 1), (b, 2), (a, 3)):
        balancer.probed(endpoint, in_flight, 0.010, 0.0)
    assert pooled(balancer) == [("b", 2), ("a", 3)]


def test_a_full_pool_drops_the_oldest(prequal):
    """Two places, three answers."""
    balancer, (a, b, c, _) = prequal(pool=2)
    for endpoint in (a, b, c):
        balancer.probed(endpoint, 1, 0.010, 0.0)
    assert pooled(balancer) == [("b", 1), ("c", 1)]


def test_the_worst_and_the_oldest_go_by_turns(prequal, request_for):
    """With each request one answer is dropped: first the hottest (d), then the oldest (a)."""
    balancer, (a, b, c, d) = prequal(removals_per_request=1.0, hot_quantile=0.5)
    for endpoint, in_flight, latency in ((a, 1, 0.020), (b, 2, 0.010), (c, 3, 0.030), (d, 9, 0.001)):
        balancer.probed(endpoint, in_flight, latency, 0.0)
    balancer.pick(request_for(), 0.0)
    assert [name for name, _ in pooled(balancer)] == ["a", "b", "c"]
    balancer.pick(request_for(), 0.0)
    assert [name for name, _ in pooled(balancer)] == ["b", "c"]


def test_the_worst_of_the_cold_is_the_slowest(prequal, request_for):
    """Nobody is hot, so the answer with the highest latency goes."""
    balancer, (a, b, *_) = prequal(removals_per_request=1.0)
    balancer.probed(a, 0, 0.010, 0.0)
    balancer.probed(b, 0, 0.090, 0.0)
    balancer.pick(request_for(), 0.0)
    assert [name for name, _ in pooled(balancer)] == ["a"]


def test_an_answer_is_used_as_often_as_the_paper_says(prequal, request_for):
    """100 instances, a pool of 16, three probes and one removal a request: 1.316 uses of an answer, on average."""
    balancer, (a, *_) = prequal(100, removals_per_request=1.0)
    uses = 0
    for _ in range(5_000):
        balancer.probed(a, 0, 0.010, 0.0)
        uses += balancer.pool[0].uses
        balancer.pick(request_for(), 0.0)
    assert uses / 5_000 == pytest.approx(2 / ((1 - 16 / 100) * 3 - 1), abs=0.02)


def test_a_small_fleet_uses_answers_until_they_are_replaced(prequal, names):
    """With the whole fleet in the pool a limit on uses would only empty it."""
    balancer, (a, *_) = prequal(4)
    balancer.probed(a, 0, 0.010, 0.0)
    assert names(balancer, 20) == "a" * 20


@pytest.mark.parametrize(("rate", "sent"), [(3.0, [3, 3, 3, 3]), (0.5, [0, 1, 0, 1]), (1.5, [1, 2, 1, 2])])
def test_probes_go_out_with_each_request(rate, sent, prequal):
    """On average so many as configured."""
    balancer, _ = prequal(10, probes_per_request=rate)
    assert [len(balancer.probe_targets(0.0)) for _ in range(4)] == sent


def test_probes_go_to_distinct_instances_evenly(prequal, is_even):
    """Two of four each time, and each equally often; never more than there are."""
    balancer, _ = prequal(4, probes_per_request=2.0)
    rounds = [[endpoint.name for endpoint in balancer.probe_targets(0.0)] for _ in range(5_000)]
    assert all(len(set(targets)) == 2 for targets in rounds)
    assert is_even([name for targets in rounds for name in targets], dict.fromkeys("abcd", 1.0))
    small, _ = prequal(2, probes_per_request=3.0)
    assert Counter(endpoint.name for endpoint in small.probe_targets(0.0)) == {"a": 1, "b": 1}


def test_answers_of_instances_that_left_are_void(prequal, request_for):
    """Neither what the pool had nor what comes late counts."""
    balancer, (a, b, c, d) = prequal()
    balancer.probed(a, 0, 0.001, 0.0)
    balancer.probed(b, 0, 0.010, 0.0)
    balancer.update([b, c, d], 0.1)
    balancer.probed(a, 0, 0.001, 0.2)
    assert balancer.pick(request_for(), 0.2) is b
    assert [name for name, _ in pooled(balancer)] == ["b"]


def test_the_hot_quantile_follows_the_recent_answers(prequal, request_for):
    """Long ago 50 in flight were many; after 128 answers of 100 and more they are few."""
    balancer, (a, b, c, _) = prequal(hot_quantile=0.5)
    for _ in range(128):
        balancer.probed(a, 10, 0.010, 0.0)
    balancer.probed(b, 50, 0.001, 0.0)
    assert balancer.pick(request_for(), 0.0) is a
    for _ in range(128):
        balancer.probed(c, 100, 0.010, 0.0)
    balancer.probed(b, 50, 0.001, 0.0)
    assert balancer.pick(request_for(), 0.0) is b


def test_an_instance_reports_the_latency_at_its_load():
    """Few in flight, fast; many in flight, slow; between two loads that were seen, the nearer."""
    report = LatencyByLoad()
    assert report.expected(3) == 0.0
    for in_flight, latency in ((0, 0.010), (0, 0.014), (0, 0.011), (8, 0.090)):
        report.answered(in_flight, latency)
    assert [report.expected(load) for load in (0, 3, 5, 8, 50)] == [0.011, 0.011, 0.090, 0.090, 0.090]


def test_an_instance_reports_what_is_recent():
    """Sixteen fast answers push the slow ones before them out."""
    report = LatencyByLoad()
    for latency in [0.500] * 20 + [0.010] * 16:
        report.answered(2, latency)
    assert report.expected(2) == 0.010


def slowest_percent(algorithm, speeds, endpoints, request, seed, requests=8_000, callers=4):
    """p99 latency, s, of exponential 10 ms requests at 80% load on FIFO instances; each caller has its own balancer."""
    streams = Streams(seed)
    arrivals = np.cumsum(streams.rng("arrivals").exponential(0.010 / (0.8 * sum(speeds)), requests)).tolist()
    demands = streams.rng("demands").exponential(0.010, requests).tolist()
    views = [endpoints(len(speeds)) for _ in range(callers)]
    balancers = [algorithm(streams.uniform(f"caller {caller}")) for caller in range(callers)]
    for balancer, view in zip(balancers, views, strict=True):
        balancer.update(view, 0.0)
    free, in_flight, reports = [0.0] * len(speeds), [0] * len(speeds), [LatencyByLoad() for _ in speeds]
    answers, latencies = [], []
    for number, now in enumerate(arrivals):
        while answers and answers[0][0] <= now:
            _, _, endpoint, found, latency = heappop(answers)
            endpoint.outstanding -= 1
            in_flight[endpoint.index] -= 1
            reports[endpoint.index].answered(found, latency)
        balancer = balancers[number % callers]
        endpoint = balancer.pick(request, now)
        at = endpoint.index
        free[at] = max(now, free[at]) + demands[number] / speeds[at]
        latencies.append(free[at] - now)
        heappush(answers, (free[at], number, endpoint, in_flight[at], latencies[-1]))
        endpoint.outstanding += 1
        in_flight[at] += 1
        for target in balancer.probe_targets(now):
            load = in_flight[target.index]
            balancer.probed(target, load, reports[target.index].expected(load), now)
    return np.quantile(latencies[requests // 4 :], 0.99)


def test_slow_instances_are_spared(service, request_for):
    """Two of sixteen run at a quarter of the speed: what probes tell of them gives a lower p99 than two choices."""
    speeds = [1.0] * 14 + [0.25] * 2
    ratios = [
        slowest_percent(Prequal, speeds, service, request_for(), seed)
        / slowest_percent(lambda uniform: LeastRequest(uniform, choices=2), speeds, service, request_for(), seed)
        for seed in range(5)
    ]
    assert np.mean(ratios) + 2.776 * np.std(ratios, ddof=1) / np.sqrt(5) < 1.0
