"""One queue, and figures that take millions of requests: far tails, and service or traffic that varies a lot."""

import pytest

from tests.theory.formulas.chains import hyperexponential_servers, modulated_arrivals
from tests.theory.formulas.queueing import ManyServers, constant_service_response, pollaczek_khinchine
from tests.theory.protocol import Study, surplus_work
from tests.theory.test_queues import EXACT, LOGNORMAL, MIXTURE, queue, waiting
from tests.theory.walks import Walks

PERCENTILES = {"p50 response": 0.5, "p95 response": 0.95, "p99 response": 0.99}


def walks(rate, work, millions, workers=1):
    """So many requests in all, after two runs of 8000 have been found to wait exactly as walks do."""
    service = f"workers: {workers}, queue: unbounded, work: {work}"
    return Walks(queue(rate, service, 8000 / rate, seeds=2), 1e5 * millions / rate)


@pytest.mark.parametrize(("load", "millions"), [(0.5, 3), (0.8, 10), (0.9, 40)])
def test_the_far_tail_of_a_single_server(theory, load, millions):
    """M/M/1 to the last thousandth, on walks: the response time is exponential with rate mu - lambda.

    At 80% the p99 is 23 service times, which the open loop of a benchmark (scaled from 0.1 ms to 10 ms) has to show,
    and 13.5% of the requests take longer than the 100 ms after which their callers may have given up. A walk is
    Lindley's recursion over the traffic and the service times of the scenario, which simulated runs were found to
    follow request by request.

    Sources: L. Kleinrock, Queueing Systems 1, 1975, chapter 3; M. Brooker, "Open and Closed, Omission and Collapse",
    2023; D. V. Lindley, 1952.
    """
    rate = 100.0 * load
    study, exact = walks(rate, "{exponential: 10ms}", millions), ManyServers(rate, 100)
    given = f"{rate:g}/s, exponential 10 ms, 1 worker; {millions} million requests"
    waiting(theory, f"A1-mm1-rho{load}", study, exact, given, EXACT)
    if load == 0.8:
        p99, late = 1e3 * exact.response(0.99), exact.response_tail(0.1)
        theory.agrees("B8-open-closed", "open p99", study, lambda run: run.latency(0.99), p99, given)
        theory.agrees("A7-mm1-late", "probability to be late", study, lambda run: run.longer_than(0.1), late, given)


@pytest.mark.parametrize(
    ("workers", "load", "millions"),
    [(2, 0.8, 2), (4, 0.8, 2), (5, 0.5, 1), (10, 0.5, 4), (10, 0.8, 2), (50, 0.9, 1), (100, 0.8, 1)],
)
def test_the_tail_of_workers_that_share_a_queue(theory, workers, load, millions):
    """M/M/c, on walks: ten workers at 80% with one queue wait a twentieth of what ten servers with a queue each do.

    Sources: A. K. Erlang, 1917; L. Kleinrock, Queueing Systems 1, 1975, section 3.5; J. Kiefer, J. Wolfowitz, 1955.
    """
    rate = 100.0 * load * workers
    study = walks(rate, "{exponential: 10ms}", millions, workers)
    given = f"{rate:g}/s, exponential 10 ms, {workers} workers; {millions} million requests"
    waiting(theory, f"A2-mmc-c{workers}-rho{load}", study, ManyServers(rate, 100, workers), given)


def means(theory, case, study, rate, cv2, given):
    """Judges the mean wait and response of a service of 10 ms with a squared coefficient of variation."""
    mean = 1e3 * pollaczek_khinchine(rate, 0.01, cv2)
    theory.agrees(case, "mean wait", study, lambda run: run.mean_wait, mean - 10.0, given)
    theory.agrees(case, "mean response", study, lambda run: run.latency(), mean, given)


@pytest.mark.parametrize(("load", "millions"), [(0.8, 4), (0.9, 10)])
def test_constant_service(theory, load, millions):
    """M/D/1, on walks: half the wait of M/M/1; the distribution of the response time is a sum over service times.

    Sources: Pollaczek and Khinchine, 1930; C. D. Crommelin, 1932.
    """
    rate = 100.0 * load
    study = walks(rate, "10ms", millions)
    case, given = f"A4-md1-{load}", f"{rate:g}/s, constant 10 ms, 1 worker; {millions} million requests"
    means(theory, case, study, rate, 0.0, given)
    for figure, level in PERCENTILES.items():
        expected = 1e3 * constant_service_response(rate, 0.01, level)
        theory.agrees(case, figure, study, lambda run, level=level: run.latency(level), expected, given)


@pytest.mark.parametrize(
    ("case", "load", "work", "cv2", "millions"),
    [("A4-me4-0.8", 0.8, "{erlang: 10ms, k: 4}", 0.25, 5), ("A4-mh2-0.7", 0.7, MIXTURE, 4.0, 8)],
)
def test_the_wait_depends_on_the_variance_of_service(theory, case, load, work, cv2, millions):
    """M/G/1, on walks: between a constant and an exponential service time, or 2.5 times the wait of that.

    The p99 is three times as long for service with a cv² of 4 instead of 1/4, and that at less load. Sources: Pollaczek
    and Khinchine, 1930; percentiles by numerical inversion of their transform (J. Abate, W. Whitt, 1995).
    """
    rate = 100.0 * load
    study, given = walks(rate, work, millions), f"{rate:g}/s, 1 worker, {work}; {millions} million requests"
    means(theory, case, study, rate, cv2, given)
    for figure, level in PERCENTILES.items():
        theory.agrees(case, figure, study, lambda run, level=level: run.latency(level), given=given)


def test_lognormal_service(theory):
    """M/G/1, on walks: a lognormal service time makes requests wait as long as any other of its mean and variance.

    Source: Pollaczek and Khinchine, 1930.
    """
    given = f"70/s, 1 worker, {LOGNORMAL}; 6 million requests"
    means(theory, "A4-mlogn-0.7", walks(70, LOGNORMAL, 6), 70, 4.0, given)


def test_hyperexponential_service_of_four_workers(theory):
    """M/H2/4, on walks: no closed form; the chain of (number present, number in the slow kind of service) solved.

    Source: M. F. Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981.
    """
    study = walks(320, MIXTURE, 2, workers=4)
    parts = [(0.887298, 0.005635083), (0.112702, 0.044364917)]
    mean, waits = hyperexponential_servers(320, parts, 4)
    case, given = "A4-mh2c-4-0.8", "320/s, hyperexponential 10 ms with cv² 4, 4 workers; 2 million requests"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "probability to wait", study, lambda run: run.waited, waits, given)


def test_users_who_come_in_bursts(theory):
    """The rate jumps between 120 and 40 a second every 200 ms: the mean response is 117 ms, where M/M/1 has 50 ms.

    On walks. Source: M. F. Neuts, 1981 (MMPP/M/1 as a quasi-birth-death process), solved numerically.
    """
    runs = Study(
        """
duration: 100s
clients:
  user: {traffic: {rate: 80/s, arrivals: {bursty: {factor: 1.5, on: 200ms, off: 200ms}}}, to: server}
components:
  server: {kind: service, queue: unbounded, work: {exponential: 10ms}}
""",
        seeds=2,
        surplus=surplus_work(0.8),
    )
    study, (mean, idle) = Walks(runs, 10_000), modulated_arrivals((120.0, 40.0), (5.0, 5.0), 100.0)
    case, given = "A17-mmpp-120-40", "120/s and 40/s for 200 ms each on average, exponential 10 ms; 8 million requests"
    theory.agrees(case, "mean response", study, lambda run: run.latency(), 1e3 * mean, given)
    theory.agrees(case, "probability to find it idle", study, lambda run: 1.0 - run.waited, idle, given)
