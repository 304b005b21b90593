"""Overloads that outlive their cause: queues that drain, and queues that time-outs and retries keep full."""

import numpy as np
import pytest

from sim.request import Outcome
from tests.theory.formulas.retrying import storm_recovery
from tests.theory.protocol import Study


def test_a_queue_drains_as_fast_as_there_is_spare_capacity(theory):
    """After 10 s without service at 800 of 1000 requests a second, 8000 wait and it takes 40 s to work them off.

    The server is frozen by one request that takes 10 s: an event multiplies the service time of what begins in 1 ms.

    Source: fluid model.
    """
    study = Study(
        """
duration: 60s
clients:
  user: {traffic: {rate: 800/s, arrivals: constant}, to: server}
components:
  server: {kind: service, queue: unbounded, work: 1ms}
events:
  - {at: 2s, for: 1.25ms, slow: server, factor: 10000}
""",
        seeds=1,
    )
    case, given = "A16-drain", "800/s, constant 1 ms, 1 worker, frozen for 10 s"

    def delayed(run):
        return run.rows[run.rows["queue"] > 1e-9]

    def drained(run):
        return float((delayed(run)["arrived"] + delayed(run)["latency"]).max() - 12.0)

    theory.agrees(case, "backlog", study, lambda run: run.component("server", "queue_max"), 0.8 * 10_000, given)
    theory.agrees(case, "time to drain", study, drained, 8000 / 200, given)
    theory.agrees(case, "requests delayed", study, lambda run: len(delayed(run)), 800 * 50, given)
    theory.agrees(case, "longest delay", study, lambda run: delayed(run)["queue"].max(), 10.0, given)
    theory.agrees(case, "mean delay of the delayed", study, lambda run: delayed(run)["queue"].mean(), 5.0, given)


START, STAGGER = 5.0, 0.1


def database(rate, seconds, freeze=10.0, seeds=10, rules=""):
    """Thirty workers of 100 ms (300/s); callers give up after 1 s and try once more. At 5 s the workers freeze.

    A worker freezes when it is done with a request, a service time later on average: an event makes a step of 10 us
    behind the work as long as the freeze, until every worker has come by. Meanwhile the queue fills.
    """
    return Study(
        f"""
duration: {START + freeze + seconds:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, timeout: 1s, retry: {{attempts: 2, on: timeout}}, to: database}}
components:
  database:
    kind: service
    workers: 30
    queue: unbounded
    {rules}
    steps: [{{work: {{exponential: 100ms}}}}, {{call: disk}}]
  disk: {{kind: external, latency: 10us}}
events:
  - {{at: {START:g}s, for: 900ms, slow: disk, factor: {1e5 * freeze:.0f}}}
""",
        seeds,
    )


def recovery(run, freeze=10.0):
    """Seconds from the end of the freeze until nine of ten first attempts succeed, and go on to; infinite if never."""
    rows = run.result.requests
    first = (rows["outcome"] == Outcome.OK) & (rows["attempts"] == 1)
    seconds = int(run.result.duration - 2.0)
    sent = np.bincount(rows["arrived"].astype(int), minlength=seconds)[:seconds]
    good = np.bincount(rows["arrived"][first].astype(int), minlength=seconds)[:seconds]
    back = max(np.flatnonzero(good < 0.9 * sent), default=-1) + 1
    return float("inf") if back >= seconds else back - START - freeze - STAGGER


def per_second(times, start, end):
    """How many of the times lie between two, per second."""
    return float(((times >= start) & (times < end)).sum() / (end - start))


def goodput(run, start, end):
    """Successes per second that ended between two times."""
    rows = run.result.requests[run.result.requests["outcome"] == Outcome.OK]
    return per_second(rows["arrived"] + rows["latency"], start, end)


class TestRetryStorm:
    """A database for 300 requests a second whose callers try twice has a hidden capacity of 150."""

    @pytest.mark.parametrize(("rate", "seconds", "seeds"), [(100, 40, 10), (140, 180, 6)])
    def test_below_the_hidden_capacity_it_recovers(self, theory, rate, seconds, seeds):
        """While answers are late the load is twice the traffic; what is left of the capacity works the backlog off.

        Source: N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; fluid model.
        """
        expected = storm_recovery(rate, 300.0, 10.0, 1.0)
        study, given = database(rate, seconds, seeds=seeds), f"{rate}/s, 300/s capacity, frozen for 10 s, one retry"
        theory.agrees("B11-hotos21", f"recovery at {rate}/s, s", study, recovery, expected, given)

    @pytest.mark.parametrize(("rate", "seconds"), [(160, 45), (280, 25)])
    def test_above_the_hidden_capacity_it_never_does(self, theory, rate, seconds):
        """All work is for callers who have given up: no goodput, twice the traffic, and a queue that grows for ever.

        Source: N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
        """
        study, given = database(rate, seconds, seeds=4), f"{rate}/s, 300/s capacity, frozen for 10 s, one retry"
        end = START + 10.0 + seconds
        assert storm_recovery(rate, 300.0, 10.0, 1.0) is None
        assert all(recovery(run) == float("inf") and goodput(run, 20.0, end) == 0.0 for run in study.runs)

        def attempts(run):
            return per_second(run.result.attempt_starts[0], 20.0, end)

        def growth(run):
            samples = run.result.samples[run.result.samples["place"] == 0]
            first, last = np.searchsorted(samples["t"], (20.0, end - 1.0))
            return (samples["queue"][last] - samples["queue"][first]) / (samples["t"][last] - samples["t"][first])

        case = "A16-hidden-capacity"
        theory.agrees(case, f"attempts at {rate}/s", study, attempts, 2.0 * rate, given)
        theory.agrees("B11-hotos21", f"growth of the queue at {rate}/s", study, growth, 2.0 * rate - 300.0, given)

    @pytest.mark.parametrize(("freeze", "recovers"), [(1.0, True), (1.5, False)])
    def test_the_length_of_the_trigger_decides(self, freeze, recovers):
        """At 200/s a freeze of one second passes without a trace, one of one and a half is never recovered from.

        Source: N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
        """
        runs = database(200, 20, freeze, seeds=5).runs
        assert all((recovery(run, freeze) < 10.0) == recovers for run in runs)

    def test_dropping_dead_requests_hardly_helps_a_fifo_queue(self, theory):
        """Deadlines that travel along spare the work, but the oldest are served at the edge of their time-out.

        Source: N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; the figure is a simulation.
        """
        study = database(280, 45, seeds=4, rules="deadline_propagation: true")
        given = "280/s, 300/s capacity, frozen for 10 s, one retry, dead requests dropped"
        theory.agrees("B11-hotos21", "goodput", study, lambda run: goodput(run, 20.0, 59.0), given=given)


@pytest.mark.parametrize(
    ("places", "load", "stuck", "seconds"), [(80, 0.95, False, 2500), (100, 0.95, False, 6000), (120, 0.8, True, 2500)]
)
def test_a_queue_longer_than_the_callers_patience_gets_stuck(theory, places, load, stuck, seconds):
    """Ten requests a second, patience for 90 of them, three retries; for 100 s ten times the traffic comes.

    With 80 places whoever gets one is served in time, and the overload ends with its cause. With 120 places, at 80%
    load, all that is served is too late: the queue stays full of retries for good. With 100 a full queue is just too
    long, and chance empties it, after half an hour in some runs: so the last 1000 of 6000 s decide.

    Source: P. Alvaro, R. Isaacs, R. Majumdar et al., "Formal Analysis of Metastable Failures in Software Systems",
    2025; parameters of the tool `metafor`.
    """
    study = Study(
        f"""
duration: {seconds}s
clients:
  user: {{traffic: {{rate: {10 * load:g}/s}}, timeout: 9s, retry: {{attempts: 4, on: timeout}}, to: server}}
components:
  server: {{kind: service, queue: {places}, work: {{exponential: 100ms}}}}
events:
  - {{at: 1000s, for: 100s, spike: user, factor: 10}}
""",
        seeds=3,
    )
    shares = [goodput(run, seconds - 1000.0, seconds) / (10.0 * load) for run in study.runs]

    def full(run):
        return run.result.samples["queue"][run.result.samples["t"] > seconds - 1000.0].mean()

    if stuck:
        assert max(shares) < 0.05
        given = f"{10 * load:g}/s, 10/s capacity, {places} places, patience 9 s, three retries"
        theory.agrees("B13-metafor", "mean queue", study, full, given=given)
    else:
        assert min(shares) > 0.9
