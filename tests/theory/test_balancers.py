"""Several instances behind a balancer: how much waiting each algorithm leaves, and what one slow instance does."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from tests.theory.formulas.chains import shorter_of_two, supermarket
from tests.theory.formulas.queueing import ManyServers, quantile, round_robin
from tests.theory.protocol import SEEDS, Study, surely_positive, surplus_work


def fleet(rate, instances, balancer, seconds, warmup, seeds=SEEDS, workers=1):
    """Poisson arrivals at a service of exponential instances, mean 10 ms."""
    return Study(
        f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: server}}
components:
  server:
    kind: service
    instances: {instances}
    workers: {workers}
    queue: unbounded
    work: {{exponential: 10ms}}
    balancer: {balancer}
""",
        seeds,
        surplus=surplus_work(0.01 * rate),
    )


def test_shorter_of_two_queues(theory):
    """Least connections over two instances: better than round robin, close to one queue for both (27.8 ms).

    Source: L. Flatto, H. P. McKean, 1977; the chain of the two queue lengths solved numerically.
    """
    study = fleet(160, 2, "least_connections", 110, 5)
    mean, idle = shorter_of_two(160, 100)
    case, given = "A8-jsq-n2-0.8", "160/s, exponential 10 ms, 2 instances, least connections"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "probability to find one idle", study, lambda run: 1.0 - run.waited, idle, given)


def test_two_choices_of_a_hundred(theory):
    """The shorter of two queues out of a hundred: at 90% the mean is a quarter of that of a random choice (100 ms).

    Sources: M. Mitzenmacher, IEEE TPDS 12(10), 2001; the correction for 100 instances: N. Gast, B. Van Houdt, "A
    Refined Mean Field Approximation", 2017. Percentiles are those of an independent simulation.
    """
    study = fleet(9000, 100, "{algorithm: least_request, choices: 2}", 3, 1.5)
    expected, given = 1e3 * supermarket(0.9, 100, 100), "9000/s, exponential 10 ms, 100 instances, best of 2"
    case = "A8-jsq2-n100-0.9"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), expected, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), given=given)
    theory.agrees(case, "p99 response", study, lambda run: run.latency(0.99), given=given)
    theory.agrees("B20-mitzenmacher-n100", "mean response", study, lambda run: run.latency(), expected, given)


@dataclass
class TenServers:
    """The same traffic, spread over ten servers in five ways."""

    central: Study
    least: Study
    two: Study
    round_robin: Study
    random: Study


@pytest.fixture(scope="module")
def ten():
    """Ten exponential servers of 10 ms at 80%; warm-up and measured time are the same."""
    seconds, warmup = 18, 2
    return TenServers(
        central=fleet(800, 1, "round_robin", seconds, warmup, workers=10),
        least=fleet(800, 10, "least_connections", seconds, warmup),
        two=fleet(800, 10, "{algorithm: least_request, choices: 2}", seconds, warmup),
        round_robin=fleet(800, 10, "round_robin", seconds, warmup),
        random=fleet(800, 10, "random", seconds, warmup),
    )


class TestTenServers:
    """A8-central-vs-split and its parts. In one class, so that one worker of pytest-xdist can share the runs."""

    def test_one_queue_for_all(self, theory, ten):
        """M/M/10: one queue for ten workers is the best that can be.

        Source: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5.
        """
        exact = ManyServers(800, 100, 10)
        case, given = "A2-mmc-c10-rho0.8", "800/s, exponential 10 ms, 10 workers"
        theory.agrees(case, "mean response", ten.central, lambda run: run.latency(), 1e3 * exact.mean_response, given)
        theory.agrees(
            case, "p99 response", ten.central, lambda run: run.latency(0.99), 1e3 * exact.response(0.99), given
        )
        theory.agrees(case, "probability to wait", ten.central, lambda run: run.waited, exact.prob_wait, given)

    def test_round_robin(self, theory, ten):
        """Every tenth arrival goes to the same server: a queue E10/M/1, whose response time is exponential.

        Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 6.
        """
        mean, rate = round_robin(800, 100, 10)
        case, given = "A8-rr-10-0.8", "800/s, exponential 10 ms, 10 instances, round robin"
        theory.agrees(case, "mean response", ten.round_robin, lambda run: run.latency(), 1e3 * mean, given)
        p95 = 1e3 * quantile(lambda time: np.exp(-rate * time), 0.95, 10.0)
        theory.agrees(case, "p95 response", ten.round_robin, lambda run: run.latency(0.95), p95, given)

    def test_the_more_a_balancer_knows_the_shorter_the_wait(self, ten):
        """Central queue < shortest queue < shorter of two < round robin < random, by pairs of runs of one traffic."""
        order = [ten.central, ten.least, ten.two, ten.round_robin, ten.random]
        for better, worse in pairwise(order):
            pairs = zip(better.runs, worse.runs, strict=True)
            assert surely_positive([other.latency() - one.latency() for one, other in pairs])
        arrivals = [study.runs[0].rows["arrived"] for study in order]
        assert all(np.array_equal(arrivals[0], other) for other in arrivals)


def test_random_choice(theory):
    """Each of ten servers gets a Poisson stream of its own: M/M/1, whatever the others do.

    Source: Poisson thinning; L. Kleinrock, Queueing Systems 1, 1975, chapter 3.
    """
    study = fleet(800, 10, "random", 28, 2)
    expected, given = 1e3 * ManyServers(80, 100).mean_response, "800/s, exponential 10 ms, 10 instances, random"
    theory.agrees("A8-random-10-0.8", "mean response", study, lambda run: run.latency(), expected, given)


def linkerd(balancer, seeds):
    """Eleven backends of 167 ms, 1000 requests a second; one backend takes 2 s for what it gets in [15 s, 45 s).

    The minute's share of requests that are answered within a second is what counts.
    """
    return Study(
        f"""
duration: 63.15789474s
clients:
  user: {{traffic: {{rate: 1000/s, arrivals: constant}}, to: backend}}
components:
  backend:
    kind: service
    instances: 11
    workers: 100k
    work: {{normal: 167ms, sd: 5ms}}
    balancer: {balancer}
events:
  - {{at: 15s, for: 30s, slow: "backend[0]", factor: 11.976}}
""",
        seeds,
    )


def test_one_slow_backend(theory):
    """Round robin goes on to send a slow backend its share; who counts outstanding requests or time does not.

    Round robin is late for one of 11 backends in 30 s of 60: 1 - 30/60/11 = 95.45% are in time. With the fewest
    outstanding requests every backend holds as many, so one that takes 2 s instead of 167 ms gets (1/2) / (10/0.167 +
    1/2) of the requests. The slow backend is an event that multiplies service times; the original replays a trace.

    Source: S. Jenson, R. Oanta, "Beyond Round Robin: Load Balancing for Latency", Linkerd, 2016: 95%, 99%, 99.9%.
    """
    case, given = "B10-linkerd", "1000/s, 11 backends of 167 ms, one takes 2 s for half of the time"

    def in_time(run):
        return 1.0 - run.longer_than(1.0)

    turns = linkerd("round_robin", 1)
    theory.agrees(case, "success, round robin", turns, in_time, 1.0 - 30.0 / 60.0 / 11.0, given)
    least = linkerd("least_connections", 2)
    share = 0.5 / (10.0 / 0.167 + 0.5)
    theory.agrees(case, "success, least connections", least, in_time, 1.0 - 0.5 * share, given)
    fastest = linkerd("least_response_time", 2)
    assert all(0.999 <= in_time(run) < 1.0 for run in fastest.runs)
