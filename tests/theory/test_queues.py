"""One service and its queue: waiting, losing, giving up, against Erlang, Pollaczek and Khinchine."""

import numpy as np
import pytest

from sim.experiment import run
from sim.request import Outcome
from tests.theory.formulas.chains import hyperexponential_servers
from tests.theory.formulas.queueing import (
    ManyServers,
    bounded,
    constant_service_response,
    erlang_b,
    pollaczek_khinchine,
)
from tests.theory.protocol import SEEDS, Run, Study, surplus_work

MIXTURE = (
    "{mixture: [{weight: 0.887298, of: {exponential: 5.635083ms}}, {weight: 0.112702, of: {exponential: 44.364917ms}}]}"
)
"""Hyperexponential: mean 10 ms, squared coefficient of variation 4."""


def queue(rate, service, seconds, seeds=SEEDS, lossless=True):
    """Poisson arrivals at one instance of a service; the first tenth, up to 20 s, is warm-up.

    A request needs 10 ms on average; where none is lost that says how much work arrives.
    """
    warmup = min(0.1 * seconds, 20.0)
    return Study(
        f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: server}}
components:
  server: {{kind: service, {service}}}
""",
        seeds,
        surplus=surplus_work(0.01 * rate) if lossless else None,
    )


def test_single_server_at_half_load(theory):
    """M/M/1: the response time is exponential with rate mu - lambda; a share rho of the requests waits.

    Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 3.
    """
    study, exact = queue(50, "queue: unbounded, work: {exponential: 10ms}", 350), ManyServers(50, 100)
    case, given = "A1-mm1-rho0.5", "50/s, exponential 10 ms, 1 worker"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact.mean_response, given)
    theory.agrees(case, "p99 response", study, lambda run: run.latency(0.99), 1e3 * exact.response(0.99), given)
    theory.agrees(case, "probability to wait", study, lambda run: run.waited, exact.prob_wait, given)


def test_single_server_at_high_load(theory):
    """M/M/1 at 80%: mean 5 service times, p99 23; so is the open loop of a benchmark (scaled from 0.1 ms to 10 ms).

    A caller's time-out stops the caller, not the server: with one of 100 ms exactly those requests time out that would
    have taken longer, and the server does all their work.

    Sources: L. Kleinrock, Queueing Systems 1, 1975, chapter 3; M. Brooker, "Open and Closed, Omission and Collapse",
    2023.
    """
    study, exact = queue(80, "queue: unbounded, work: {exponential: 10ms}", 400, seeds=20), ManyServers(80, 100)
    case, given = "A1-mm1-rho0.8", "80/s, exponential 10 ms, 1 worker"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact.mean_response, given)
    theory.agrees(case, "p50 response", study, lambda run: run.latency(0.5), 1e3 * exact.response(0.5), given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), 1e3 * exact.response(0.95), given)
    theory.agrees(case, "probability to wait", study, lambda run: run.waited, exact.prob_wait, given)
    case = "B8-open-closed"
    theory.agrees(case, "open p99", study, lambda run: run.latency(0.99), 1e3 * exact.response(0.99), given)
    case, given = "A7-mm1-late", f"{given}, time-out 100 ms"
    theory.agrees(
        case, "probability to be late", study, lambda run: run.longer_than(0.1), exact.response_tail(0.1), given
    )
    theory.agrees(case, "utilisation", study, lambda run: run.component("server", "utilization"), 0.8, given)
    patient, impatient = study.runs[0], Run(run(study.scenario.with_({"clients.user.timeout": "100ms"}), seed=1))
    timed_out = impatient.rows["outcome"] == Outcome.TIMEOUT
    assert np.array_equal(timed_out, patient.rows["latency"] > 0.1)
    assert impatient.component("server", "utilization") == patient.component("server", "utilization")
    requests = patient.result.requests
    late = (requests["arrived"] >= patient.result.warmup) & (requests["latency"] > 0.1)
    assert impatient.result.wasted_work == pytest.approx(requests["service"][late].sum(), rel=0.01)


def test_four_workers_share_a_queue(theory):
    """M/M/4: Erlang C gives the probability to wait, and the wait is exponential if there is one.

    Source: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5.
    """
    study, exact = queue(320, "workers: 4, queue: unbounded, work: {exponential: 10ms}", 70), ManyServers(320, 100, 4)
    case, given = "A2-mmc-c4-rho0.8", "320/s, exponential 10 ms, 4 workers"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact.mean_response, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), 1e3 * exact.response(0.95), given)
    theory.agrees(case, "probability to wait", study, lambda run: run.waited, exact.prob_wait, given)


@pytest.mark.parametrize("work", ["10ms", "{exponential: 10ms}", "{p50: 7.0710678ms, p99: 49.0622ms}"])
def test_loss_depends_on_the_mean_service_time_only(theory, work):
    """Ten workers and no queue: Erlang B, whether service is constant, exponential or lognormal.

    Source: A. K. Erlang, 1917; insensitivity: B. A. Sevastyanov, 1957.
    """
    blocking = erlang_b(7.0, 10)
    study = queue(700, f"workers: 10, queue: 0, work: {work}", 14, lossless=False)
    case, given = "A3-erlangB-c10-a7.0", f"700/s, {work}, 10 workers, no queue"
    theory.agrees(case, "blocking", study, lambda run: run.share(Outcome.QUEUE_FULL), blocking, given)
    utilisation = 0.7 * (1.0 - blocking)
    theory.agrees(case, "utilisation", study, lambda run: run.component("server", "utilization"), utilisation, given)


def test_bounded_queue(theory):
    """M/M/4/12: what finds eight waiting is refused; the rest wait no longer than that.

    Source: birth-death chain; D. Gross, C. M. Harris, Fundamentals of Queueing Theory, chapter 2.
    """
    study, exact = (
        queue(380, "workers: 4, queue: 8, work: {exponential: 10ms}", 45, lossless=False),
        bounded(380, 100, 4, 12),
    )
    case, given = "A3-mmck-c4-K12-l3.8", "380/s, exponential 10 ms, 4 workers, queue 8"
    theory.agrees(case, "blocking", study, lambda run: run.share(Outcome.QUEUE_FULL), exact["blocking"], given)
    theory.agrees(
        case, "throughput", study, lambda run: run.summary["rates"]["goodput_rps"], exact["throughput"], given
    )
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact["mean_response"], given)
    theory.agrees(
        case, "utilisation", study, lambda run: run.component("server", "utilization"), exact["utilisation"], given
    )


def test_constant_service(theory):
    """M/D/1: half the wait of M/M/1, and a distribution that is a sum over service times.

    Source: Pollaczek and Khinchine, 1930; C. D. Crommelin, 1932.
    """
    study = queue(80, "queue: unbounded, work: 10ms", 130)
    case, given = "A4-md1-0.8", "80/s, constant 10 ms, 1 worker"
    mean, p95 = pollaczek_khinchine(80, 0.01, 0.0), constant_service_response(80, 0.01, 0.95)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "p95 response", study, lambda run: run.latency(0.95), 1e3 * p95, given)


def test_erlang_service(theory):
    """M/E4/1: between constant and exponential service.

    Source: Pollaczek and Khinchine, 1930, with a squared coefficient of variation of 1/4.
    """
    study = queue(80, "queue: unbounded, work: {erlang: 10ms, k: 4}", 120)
    expected = pollaczek_khinchine(80, 0.01, 0.25)
    given = "80/s, Erlang-4 10 ms, 1 worker"
    theory.agrees("A4-me4-0.8", "mean response", study, lambda run: run.latency(), 1e3 * expected, given)


def test_hyperexponential_service(theory):
    """M/H2/1: the same mean service time, but the wait is 2.5 times that of M/M/1.

    Source: Pollaczek and Khinchine, 1930, with a squared coefficient of variation of 4.
    """
    study = queue(70, f"queue: unbounded, work: {MIXTURE}", 300)
    expected = pollaczek_khinchine(70, 0.01, 4.0)
    given = "70/s, hyperexponential 10 ms with cv² 4, 1 worker"
    theory.agrees("A4-mh2-0.7", "mean response", study, lambda run: run.latency(), 1e3 * expected, given)


def test_hyperexponential_service_of_four_workers(theory):
    """M/H2/4: no closed form; the chain of (number present, number in the slow kind of service) solved numerically.

    Source: M. F. Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981.
    """
    study = queue(320, f"workers: 4, queue: unbounded, work: {MIXTURE}", 110)
    parts = [(0.887298, 0.005635083), (0.112702, 0.044364917)]
    mean, waits = hyperexponential_servers(320, parts, 4)
    case, given = "A4-mh2c-4-0.8", "320/s, hyperexponential 10 ms with cv² 4, 4 workers"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "probability to wait", study, lambda run: run.waited, waits, given)
