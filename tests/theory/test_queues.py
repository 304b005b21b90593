"""One service and its queue: waiting, losing, giving up, against Erlang, Pollaczek and Khinchine."""

import numpy as np
import pytest

from sim.experiment import run
from sim.request import Outcome
from tests.theory.formulas.queueing import (
    ManyServers,
    bounded,
    erlang_b,
    impatient_queue,
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


def queue(rate, service, seconds, seeds=SEEDS, client="", surplus=None):
    """Poisson arrivals at one instance of a service, where a request needs 10 ms on average.

    The first tenth, up to 20 s, is warm-up.
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
        surplus=surplus or surplus_work(0.01 * rate),
    )


def waiting(theory, case, study, exact, given, figures=()):
    """Judges some figures of an M/M/c queue; by default all for which there is a reference."""
    for figure in figures or REFERENCES[case][1]:
        measure, expected = EXACT[figure]
        theory.agrees(case, figure, study, measure, expected(exact), given)


@pytest.mark.parametrize(
    ("load", "seconds", "figures"),
    [
        (0.5, 200, ("mean wait", "mean response", "p50 response", "p95 response", "probability to wait")),
        (0.8, 200, ("p50 response", "probability to wait")),
    ],
)
def test_single_server(theory, load, seconds, figures):
    """M/M/1: the response time is exponential with rate mu - lambda; a share rho of the requests waits.

    What takes longer runs is among the walks. Source: L. Kleinrock, Queueing Systems 1, 1975, chapter 3.
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

    def surplus(run):
        server = run.result.components["server"]
        busy = server["utilization"] * (run.result.duration - run.result.warmup)
        return len(run.rows) / run.seconds * busy / server["served"] - load

    service = "queue: unbounded, deadline_propagation: true, work: {exponential: 10ms}"
    study = queue(rate, service, 100, client=f", timeout: {patience:g}s", surplus=surplus)
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
    ("workers", "load", "requests"),
    [
        (2, 0.8, 30_000),
        (4, 0.8, 15_000),
        (5, 0.5, 10_000),
        (10, 0.5, 30_000),
        (10, 0.8, 10_000),
        (50, 0.9, 40_000),
        (100, 0.8, 10_000),
    ],
)
def test_workers_share_a_queue(theory, workers, load, requests):
    """M/M/c: Erlang C gives the probability to wait, and the wait is exponential if there is one.

    What takes longer runs is among the walks.

    Source: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5.
    """
    rate = 100.0 * load * workers
    study = queue(rate, f"workers: {workers}, queue: unbounded, work: {{exponential: 10ms}}", requests / rate)
    case, given = f"A2-mmc-c{workers}-rho{load}", f"{rate:g}/s, exponential 10 ms, {workers} workers"
    figures = [figure for figure in ("mean response", "probability to wait") if figure in REFERENCES[case][1]]
    waiting(theory, case, study, ManyServers(rate, 100, workers), given, figures)


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
    study = queue(100 * offered, f"workers: {workers}, queue: 0, work: {work}", 10)
    case, given = f"A3-erlangB-c{workers}-a{offered}", f"{100 * offered:g}/s, {work}, {workers} workers, no queue"
    theory.agrees(case, "blocking", study, lambda run: run.share(Outcome.QUEUE_FULL), blocking, given)
    utilisation = offered / workers * (1.0 - blocking)
    theory.agrees(case, "utilisation", study, lambda run: run.component("server", "utilization"), utilisation, given)


@pytest.mark.parametrize(
    ("workers", "places", "load", "seconds"), [(4, 12, 3.8, 20), (1, 10, 0.9, 80), (1, 20, 1.2, 30)]
)
def test_bounded_queue(theory, workers, places, load, seconds):
    """M/M/c/K: what finds all places taken is refused; the rest wait no longer than that.

    Source: birth-death chain; D. Gross, C. M. Harris, Fundamentals of Queueing Theory, chapter 2.
    """
    rate, waiting_places = 100.0 * load, places - workers
    service = f"workers: {workers}, queue: {waiting_places}, work: {{exponential: 10ms}}"
    study, exact = queue(rate, service, seconds), bounded(rate, 100, workers, places)
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
