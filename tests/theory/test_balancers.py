"""Several instances behind a balancer: how much waiting each algorithm leaves, and what one slow instance does."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from sim.request import Outcome
from tests.theory.formulas.chains import shorter_of_two, supermarket, supermarket_limit
from tests.theory.formulas.queueing import ManyServers, quantile, round_robin
from tests.theory.protocol import SEEDS, Study, surely_positive, surplus_work
from tests.theory.walks import waits


def fleet(rate, instances, balancer, seconds, warmup, seeds=SEEDS, workers=1, surplus=None, tail=0.5):
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
        surplus or surplus_work(0.01 * rate),
        tail,
    )


def surplus_wait(rate, workers):
    """How much longer than M/M/c the requests of a run would have waited in one queue for as many workers, s.

    The shortest of some queues is nearly one queue for all, so that this explains most of the chance in it.
    """
    exact = ManyServers(rate, 100, workers).mean_wait

    def surplus(run):
        rows = run.result.requests
        first, last = np.searchsorted(rows["arrived"], (run.result.warmup, run.result.warmup + run.seconds))
        return float(waits(rows["arrived"], rows["service"], workers)[first:last].mean()) - exact

    return surplus


def test_shorter_of_two_queues(theory):
    """Least connections over two instances: better than round robin, close to one queue for both (27.8 ms).

    Source: L. Flatto, H. P. McKean, 1977; the chain of the two queue lengths solved numerically.
    """
    study = fleet(160, 2, "least_connections", 60, 4, surplus=surplus_wait(160, 2))
    mean, idle = shorter_of_two(160, 100)
    case, given = "A8-jsq-n2-0.8", "160/s, exponential 10 ms, 2 instances, least connections"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "probability to find one idle", study, lambda run: 1.0 - run.waited, idle, given)


def test_two_choices_of_a_hundred(theory):
    """The shorter of two queues out of a hundred: at 90% the mean is a quarter of that of a random choice (100 ms).

    Sources: M. Mitzenmacher, IEEE TPDS 12(10), 2001; the correction for 100 instances: N. Gast, B. Van Houdt, "A
    Refined Mean Field Approximation", 2017. Percentiles are those of an independent simulation.
    """
    study = fleet(9000, 100, "{algorithm: least_request, choices: 2}", 3, 0.8, tail=0.2)
    expected, given = 1e3 * supermarket(0.9, 100, 100), "9000/s, exponential 10 ms, 100 instances, best of 2"
    case = "A8-jsq2-n100-0.9"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), expected, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), given=given)
    theory.agrees(case, "p99 response", study, lambda run: run.latency(0.99), given=given)
    theory.agrees("B20-mitzenmacher-n100", "mean response", study, lambda run: run.latency(), expected, given)


@pytest.mark.parametrize(
    ("load", "choices", "seconds", "warmup", "seeds"),
    [
        (0.7, 2, 0.7, 0.3, 6),
        (0.9, 2, 0.7, 0.8, 6),
        (0.9, 3, 0.7, 0.6, 6),
        pytest.param(0.99, 2, 10, 8, 10, marks=pytest.mark.slow),
    ],
)
def test_a_few_choices_of_very_many(theory, load, choices, seconds, warmup, seeds):
    """Five hundred instances are nearly infinitely many: a third choice gains much less than the second.

    Warm-up is as long as the differential equations of the limit take from empty queues to within 0.1% of their end.

    Sources: N. D. Vvedenskaya, R. L. Dobrushin, F. I. Karpelevich, 1996; M. Mitzenmacher, 1996.
    """
    rate = round(500 * 100 * load)
    study = fleet(rate, 500, f"{{algorithm: least_request, choices: {choices}}}", seconds, warmup, seeds, tail=0.2)
    case, given = f"A8-jsq{choices}-mf-{load}", f"{rate}/s, exponential 10 ms, 500 instances, best of {choices}"
    expected = 1e3 * supermarket_limit(load, 100, choices)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), expected, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), given=given)
    theory.agrees(case, "p99 response", study, lambda run: run.latency(0.99), given=given)


@pytest.mark.parametrize(
    ("case", "balancer"),
    [
        ("A8-jsq-n10-0.9", "least_connections"),
        ("A8-jsq2-n10-0.9", "{algorithm: least_request, choices: 2}"),
    ],
)
def test_the_shortest_of_ten_queues(theory, case, balancer):
    """At 90% the shortest of ten queues takes 19 ms on average, the shorter of two of them 30 ms; a random one 100 ms.

    The figures are those of an independent simulation.
    """
    study = fleet(900, 10, balancer, 40, 4, seeds=8, surplus=surplus_wait(900, 10))
    given = f"900/s, exponential 10 ms, 10 instances, {balancer}"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), given=given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), given=given)
    theory.agrees(case, "p99 response", study, lambda run: run.latency(0.99), given=given)


@pytest.mark.parametrize("instances", [2, 4])
def test_turns_of_a_few(theory, instances):
    """Every second or fourth arrival goes to the same server: a queue E2/M/1 or E4/M/1.

    Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 6.
    """
    rate = 80 * instances
    study, (mean, slowest) = fleet(rate, instances, "round_robin", 60, 6), round_robin(rate, 100, instances)
    case, given = f"A8-rr-{instances}-0.8", f"{rate}/s, exponential 10 ms, {instances} instances, round robin"
    p95 = 1e3 * quantile(lambda time: np.exp(-slowest * time), 0.95, 10.0)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), p95, given)


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
    seconds, warmup = 10, 2
    return TenServers(
        central=fleet(800, 1, "round_robin", seconds, warmup, workers=10),
        least=fleet(800, 10, "least_connections", seconds, warmup),
        two=fleet(800, 10, "{algorithm: least_request, choices: 2}", seconds, warmup),
        round_robin=fleet(800, 10, "round_robin", seconds, warmup),
        random=fleet(800, 10, "random", seconds, warmup),
    )


class TestTenServers:
    """A8-central-vs-split and its parts. In one class, so that one worker of pytest-xdist can share the runs."""

    def test_round_robin(self, theory, ten):
        """Every tenth arrival goes to the same server: a queue E10/M/1, whose response time is exponential.

        Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 6.
        """
        mean, rate = round_robin(800, 100, 10)
        case, given = "A8-rr-10-0.8", "800/s, exponential 10 ms, 10 instances, round robin"
        theory.agrees(case, "mean response", ten.round_robin, lambda run: run.latency(), 1e3 * mean, given)
        p95 = 1e3 * quantile(lambda time: np.exp(-rate * time), 0.95, 10.0)
        theory.agrees(case, "p95 response", ten.round_robin, lambda run: run.latency(0.95), p95, given)

    def test_the_more_a_balancer_knows_the_shorter_the_wait(self, theory, ten):
        """Central queue < shortest queue < shorter of two < round robin < random, by pairs of runs of one traffic."""
        order = [ten.central, ten.least, ten.two, ten.round_robin, ten.random]
        for better, worse in pairwise(order):
            pairs = zip(better.runs, worse.runs, strict=True)
            assert surely_positive([other.latency() - one.latency() for one, other in pairs])
        case, given = "A8-central-vs-split", "800/s, exponential 10 ms, 10 workers or instances"
        central, turns = 1e3 * ManyServers(800, 100, 10).mean_response, 1e3 * round_robin(800, 100, 10)[0]
        theory.agrees(case, "central queue", ten.central, lambda run: run.latency(), central, given)
        theory.agrees(case, "round robin", ten.round_robin, lambda run: run.latency(), turns, given)
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
    fastest = linkerd("least_response_time", 1)
    assert all(0.999 <= in_time(run) < 1.0 for run in fastest.runs)


@pytest.mark.parametrize("load", [1.27, 1.74])
def test_probes_find_the_machines_that_have_room(load):
    """B14-prequal: beyond its share of a machine a replica only goes on where the neighbours leave room.

    Half of the machines are free, and three times as fast. Round robin sends the others as much, whose callers wait
    for all of their 5 s; whoever probes has no error at 1.74 times the share, and a p99 far from the time-out.

    Source: B. Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024; the order only.
    """

    def replicas(balancer):
        return Study(
            f"""
duration: 40s
warmup: 10s
clients:
  user: {{traffic: {{rate: {load * 20 / 0.08:g}/s}}, timeout: 5s, to: replica}}
components:
  replica:
    kind: service
    instances: 20
    queue: unbounded
    work: {{exponential: 80ms}}
    speed: [{", ".join(["1", "3"] * 10)}]
    balancer: {balancer}
""",
            seeds=2,
        ).runs

    assert all(run.share(Outcome.TIMEOUT) > 0.2 for run in replicas("round_robin"))
    assert all(run.share(Outcome.TIMEOUT) == 0.0 and run.latency(0.99) < 1000.0 for run in replicas("prequal"))


def test_clients_who_know_only_of_their_own_requests(theory):
    """Ten clients, each with a balancer of its own that counts what it has outstanding on servers of 600 to 1000 ms.

    Each arrival goes to a client at random. The slowest server takes 0.02 ms longer, so that an answer due at the very
    moment of an arrival comes after it, as in the original; the other way round the mean is 0.3% longer.

    Source: Palantir, Dialogue, simulation report, 2024: simplest_possible_case.
    """
    clients = range(10)
    kinds = ", ".join(f"{{send: GET /{number}}}" for number in clients)
    routes = ", ".join(f"{{match: /{number}, to: client{number}}}" for number in clients)
    callers = "".join(f"  client{n}: {{kind: service, workers: 100k, steps: [{{call: server}}]}}\n" for n in clients)
    study = Study(f"""
duration: 1200s
clients:
  user: {{traffic: {{rate: 11/s, arrivals: constant}}, requests: [{kinds}], to: spread}}
components:
  spread: {{kind: gateway, routes: [{routes}]}}
{callers}
  server:
    kind: service
    instances: 3
    workers: 100k
    work: 600ms
    speed: [1.0, 0.75, 0.59999]
    balancer: least_connections
""")
    case, given = "B19-dialogue-simplest_possible_case", "11/s, 10 clients, 3 servers of 600, 800 and 1000 ms"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), given=given)
    theory.agrees(case, "success", study, lambda run: run.success, 1.0, given)
