"""One service and its queue: waiting, losing, giving up, against Erlang, Pollaczek and Khinchine."""

import numpy as np
import pytest

from sim.experiment import run
from sim.request import Outcome
from tests.theory.formulas.chains import hyperexponential_servers
from tests.theory.formulas.queueing import (
    ManyServers,
    bounded,
    erlang_b,
    impatient_queue,
    pollaczek_khinchine,
)
from tests.theory.protocol import SEEDS, Run, Study, surplus_work
from tests.theory.references import REFERENCES

MIXTURE = (
    "{mixture: [{weight: 0.887298, of: {exponential: 5.635083ms}}, {weight: 0.112702, of: {exponential: 44.364917ms}}]}"
)
"""Hyperexponential: mean 10 ms, squared coefficient of variation 4."""
LOGNORMAL = "{p50: 4.472136ms, p99: 85.554650ms}"
"""The same mean and variation: sigma² = ln 5."""

EXACT = {
    "mean wait": (lambda run: run.mean_wait, lambda exact: 1e3 * exact.mean_wait),
    "mean response": (lambda run: run.latency(), lambda exact: 1e3 * exact.mean_response),
    "probability to wait": (lambda run: run.waited, lambda exact: exact.prob_wait),
    "p50 response": (lambda run: run.latency(0.5), lambda exact: 1e3 * exact.response(0.5)),
    "p95 response": (lambda run: run.latency(0.95), lambda exact: 1e3 * exact.response(0.95)),
    "p99 response": (lambda run: run.latency(0.99), lambda exact: 1e3 * exact.response(0.99)),
    "p999 response": (lambda run: run.latency(0.999), lambda exact: 1e3 * exact.response(0.999)),
}
"""The figures of M/M/c: how to measure them, and what theory says."""


def queue(rate, service, seconds, seeds=SEEDS, lossless=True, client=""):
    """Poisson arrivals at one instance of a service; the first tenth, up to 20 s, is warm-up.

    A request needs 10 ms on average; where none is lost that says how much work arrives.
    """
    warmup = min(0.1 * seconds, 20.0)
    return Study(
        f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: server{client}}}
components:
  server: {{kind: service, {service}}}
""",
        seeds,
        surplus=surplus_work(0.01 * rate) if lossless else None,
    )


def waiting(theory, case, study, exact, given, figures=()):
    """Judges some figures of an M/M/c queue; by default all for which there is a reference."""
    for figure in figures or REFERENCES[case][1]:
        measure, expected = EXACT[figure]
        theory.agrees(case, figure, study, measure, expected(exact), given)


@pytest.mark.parametrize(
    ("load", "seconds", "figures"),
    [
        (0.5, 800, ()),
        (0.8, 1000, ("mean wait", "mean response", "p50 response", "probability to wait")),
        (0.9, 400, ("p50 response", "probability to wait")),
    ],
)
def test_single_server(theory, load, seconds, figures):
    """M/M/1: the response time is exponential with rate mu - lambda; a share rho of the requests waits.

    Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 3.
    """
    rate = 100.0 * load
    study, exact = queue(rate, "queue: unbounded, work: {exponential: 10ms}", seconds), ManyServers(rate, 100)
    waiting(theory, f"A1-mm1-rho{load}", study, exact, f"{rate:g}/s, exponential 10 ms, 1 worker", figures)


def test_late_answers(theory):
    """A caller's time-out stops the caller, not the server, which does all the work of those who have given up.

    With a time-out of 100 ms exactly those requests time out that would have taken longer.

    Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 3.
    """
    study = queue(80, "queue: unbounded, work: {exponential: 10ms}", 100)
    case, given = "A7-mm1-late", "80/s, exponential 10 ms, 1 worker, time-out 100 ms"
    theory.agrees(case, "utilisation", study, lambda run: run.component("server", "utilization"), 0.8, given)
    patient, impatient = study.runs[0], Run(run(study.scenario.with_({"clients.user.timeout": "100ms"}), seed=1))
    timed_out = impatient.rows["outcome"] == Outcome.TIMEOUT
    assert np.array_equal(timed_out, patient.rows["latency"] > 0.1)
    assert impatient.component("server", "utilization") == patient.component("server", "utilization")
    requests = patient.result.requests
    late = (requests["arrived"] >= patient.result.warmup) & (requests["latency"] > 0.1)
    assert impatient.result.wasted_work == pytest.approx(requests["service"][late].sum(), rel=0.01)


@pytest.mark.parametrize(("load", "patience"), [(0.9, 0.05), (1.2, 0.03)])
def test_dropping_those_who_have_waited_too_long(theory, load, patience):
    """M/M/1 whose requests are dropped, when their turn comes, if their caller has given up; who is begun is finished.

    So even an overloaded server keeps its waits below the patience of its callers.

    Source: D. Y. Barrer, Operations Research 5(5), 1957; F. Baccelli, P. Boyer, G. Hebuterne, 1984 (M/M/1+D).
    """
    rate = 100.0 * load
    service = "queue: unbounded, deadline_propagation: true, work: {exponential: 10ms}"
    study = queue(rate, service, 300, lossless=False, client=f", timeout: {patience:g}s")
    exact = impatient_queue(rate, 100, patience)
    case, given = f"A7-mm1D-{load}-{100 * patience}", f"{rate:g}/s, exponential 10 ms, patience {1e3 * patience:g} ms"

    def dropped(run):
        return run.rows["queue"] >= patience - 1e-9

    def goodput(run):
        return run.component("server", "served") / (run.result.duration - run.result.warmup)

    theory.agrees(case, "dropped", study, lambda run: dropped(run).mean(), exact["dropped"], given)
    wait = 1e3 * exact["mean_wait"]
    theory.agrees(case, "wait", study, lambda run: 1e3 * run.rows["queue"][~dropped(run)].mean(), wait, given)
    theory.agrees(case, "goodput", study, goodput, exact["goodput"], given)


@pytest.mark.parametrize(
    ("workers", "load", "requests", "seeds"),
    [
        (2, 0.8, 60_000, SEEDS),
        (4, 0.8, 60_000, 15),
        (5, 0.5, 100_000, SEEDS),
        (10, 0.5, 100_000, 16),
        (10, 0.8, 80_000, 18),
        (50, 0.9, 60_000, SEEDS),
        (100, 0.8, 20_000, SEEDS),
    ],
)
def test_workers_share_a_queue(theory, workers, load, requests, seeds):
    """M/M/c: Erlang C gives the probability to wait, and the wait is exponential if there is one.

    Ten workers at 80% with one queue wait a twentieth of what ten servers with a queue each do.

    Source: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5.
    """
    rate = 100.0 * load * workers
    study = queue(rate, f"workers: {workers}, queue: unbounded, work: {{exponential: 10ms}}", requests / rate, seeds)
    given = f"{rate:g}/s, exponential 10 ms, {workers} workers"
    waiting(theory, f"A2-mmc-c{workers}-rho{load}", study, ManyServers(rate, 100, workers), given)


@pytest.mark.parametrize(
    ("workers", "offered", "work"),
    [
        (10, 7.0, "10ms"),
        (10, 7.0, "{exponential: 10ms}"),
        (10, 7.0, "{p50: 7.0710678ms, p99: 49.0622ms}"),
        (20, 16.0, "{exponential: 10ms}"),
    ],
)
def test_loss_depends_on_the_mean_service_time_only(theory, workers, offered, work):
    """Workers and no queue: Erlang B, whether service is constant, exponential or lognormal.

    Source: A. K. Erlang, 1917; insensitivity: B. A. Sevastyanov, 1957.
    """
    blocking = erlang_b(offered, workers)
    study = queue(100 * offered, f"workers: {workers}, queue: 0, work: {work}", 14, lossless=False)
    case, given = f"A3-erlangB-c{workers}-a{offered}", f"{100 * offered:g}/s, {work}, {workers} workers, no queue"
    theory.agrees(case, "blocking", study, lambda run: run.share(Outcome.QUEUE_FULL), blocking, given)
    utilisation = offered / workers * (1.0 - blocking)
    theory.agrees(case, "utilisation", study, lambda run: run.component("server", "utilization"), utilisation, given)


@pytest.mark.parametrize(
    ("workers", "places", "load", "seconds"), [(4, 12, 3.8, 45), (1, 10, 0.9, 200), (1, 20, 1.2, 150)]
)
def test_bounded_queue(theory, workers, places, load, seconds):
    """M/M/c/K: what finds all places taken is refused; the rest wait no longer than that.

    Source: birth-death chain; D. Gross, C. M. Harris, Fundamentals of Queueing Theory, chapter 2.
    """
    rate, waiting_places = 100.0 * load, places - workers
    service = f"workers: {workers}, queue: {waiting_places}, work: {{exponential: 10ms}}"
    study, exact = queue(rate, service, seconds, lossless=False), bounded(rate, 100, workers, places)
    case = f"A3-mmck-c{workers}-K{places}-l{load}"
    given = f"{rate:g}/s, exponential 10 ms, workers: {workers}, queue: {waiting_places}"
    theory.agrees(case, "blocking", study, lambda run: run.share(Outcome.QUEUE_FULL), exact["blocking"], given)
    theory.agrees(
        case, "throughput", study, lambda run: run.summary["rates"]["goodput_rps"], exact["throughput"], given
    )
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * exact["mean_response"], given)
    theory.agrees(
        case, "utilisation", study, lambda run: run.component("server", "utilization"), exact["utilisation"], given
    )


@pytest.mark.parametrize(("load", "seconds"), [(0.8, 200), (0.9, 400)])
def test_constant_service(theory, load, seconds):
    """M/D/1: half the wait of M/M/1.

    Source: Pollaczek and Khinchine, 1930.
    """
    rate = 100.0 * load
    study = queue(rate, "queue: unbounded, work: 10ms", seconds)
    case, given = f"A4-md1-{load}", f"{rate:g}/s, constant 10 ms, 1 worker"
    mean = 1e3 * pollaczek_khinchine(rate, 0.01, 0.0)
    theory.agrees(case, "mean wait", study, lambda run: run.mean_wait, mean - 10.0, given)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), mean, given)


@pytest.mark.parametrize(
    ("case", "load", "work", "cv2", "seconds"),
    [("A4-me4-0.8", 0.8, "{erlang: 10ms, k: 4}", 0.25, 200), ("A4-mh2-0.7", 0.7, MIXTURE, 4.0, 400)],
)
def test_the_wait_depends_on_the_variance_of_service(theory, case, load, work, cv2, seconds):
    """M/G/1: between a constant and an exponential service time, or 2.5 times the wait of that, with a cv² of 4.

    Source: Pollaczek and Khinchine, 1930.
    """
    rate = 100.0 * load
    study = queue(rate, f"queue: unbounded, work: {work}", seconds)
    mean, given = 1e3 * pollaczek_khinchine(rate, 0.01, cv2), f"{rate:g}/s, 1 worker, {work}"
    theory.agrees(case, "mean wait", study, lambda run: run.mean_wait, mean - 10.0, given)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), mean, given)


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
