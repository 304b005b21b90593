"""Queues with consumers: waiting for one, draining, and being delivered more often than once."""

import numpy as np
import pytest

from tests.theory.formulas.messaging import deliveries, drain_time
from tests.theory.formulas.queueing import ManyServers
from tests.theory.protocol import SEEDS, Study


def depth(run):
    """How many messages waited, second by second: times, s, and numbers."""
    series = run.result.series[run.result.series["series"] == run.result.series_names.index(("jobs", "depth"))]
    return series["t"], series["value"]


def test_waiting_for_a_consumer(theory):
    """Poisson messages and four consumers with exponential work are M/M/4, whether these are instances or workers.

    Source: Erlang 1917; L. Kleinrock, Queueing Systems vol. 1, 1975, section 3.5.
    """
    exact = ManyServers(320, 100, 4)

    def busy(run):
        return run.result.useful_work / (run.result.duration - run.result.warmup) - 3.2

    def study(consumers, seeds):
        return Study(
            f"""
duration: 88s
warmup: 8s
clients:
  user: {{traffic: {{rate: 320/s}}, to: jobs}}
components:
  jobs: {{kind: queue, size: unbounded, consumers: worker}}
  worker: {{kind: service, {consumers}: 4, work: {{exponential: 10ms}}}}
""",
            seeds,
            surplus=busy,
        )

    def times(run):
        return run.result.components["jobs"]["end_to_end_s"]

    case, given, instances = "A2-mmc-c4-rho0.8", "messages, 4 consumers", study("instances", SEEDS)
    mean, p95 = 1e3 * exact.mean_response, 1e3 * exact.response(0.95)
    theory.agrees(case, "mean response", instances, lambda run: 1e3 * times(run)["mean"], mean, given)
    theory.agrees(case, "p95 response", instances, lambda run: 1e3 * times(run)["p95"], p95, given)
    for one, other in zip(instances.runs, study("workers", 2).runs, strict=False):
        assert times(one) == pytest.approx(times(other), rel=1e-9)


def test_a_backlog_drains_with_spare_capacity(theory):
    """Consumers are down for 10 s at 800 messages a second; they can do 1000, so 8000 take 40 s to be worked off.

    Source: fluid model.
    """
    study = Study(
        """
duration: 60s
clients:
  user: {traffic: {rate: 800/s, arrivals: constant}, to: jobs}
components:
  jobs: {kind: queue, size: unbounded, consumers: worker}
  worker: {kind: service, work: 1ms}
events:
  - {at: 2001.1ms, for: 10s, crash: worker}
""",
        seeds=1,
    )
    case, given = "A16-drain", "messages, 800/s, constant 1 ms, 1 consumer, down for 10 s"

    def drained(run):
        times, waiting = depth(run)
        falling = (times > 13.0) & (times < 50.0)
        slope, start = np.polyfit(times[falling], waiting[falling], 1)
        return -start / slope - 12.0

    def longest(run):
        return run.result.components["jobs"]["lag_max_s"]

    theory.agrees(case, "backlog", study, lambda run: run.component("jobs", "depth_max"), 8000.0, given)
    theory.agrees(case, "time to drain", study, drained, drain_time(8000, 800, 1000), given)
    theory.agrees(case, "longest delay", study, longest, 10.0, given)


DOWN, BACK, SECONDS = 10.0, 60.0, 340.0


def test_a_random_backlog_drains_with_spare_capacity_on_average(theory):
    """Poisson messages, 40 a second, and exponential work, 50 a second: what has come in 50 s is gone 200 s later.

    Source: elementary (Wald's identity).
    """
    study = Study(
        f"""
duration: {SECONDS:g}s
clients:
  user: {{traffic: {{rate: 40/s}}, to: jobs}}
components:
  jobs: {{kind: queue, size: unbounded, consumers: worker}}
  worker: {{kind: service, workers: 5, work: {{exponential: 100ms}}}}
events:
  - {{at: {DOWN:g}s, for: {BACK - DOWN:g}s, crash: worker}}
""",
        surplus=lambda run: run.result.useful_work / SECONDS - 4.0,
    )

    def drained(run):
        times, waiting = depth(run)
        return float(times[(times > BACK) & (waiting == 0)][0] - BACK)

    case, given = "drain-40-50-50", "40/s, exponential 100 ms, 5 consumers, down for 50 s"
    theory.agrees(case, "time to drain, s", study, drained, drain_time(40 * (BACK - DOWN), 40, 50), given)


def test_a_slow_consumer_does_some_work_twice(theory):
    """Exponential work of as long as the visibility time-out on average: a message is delivered 1.42 times.

    Source: elementary; AWS, Amazon SQS Developer Guide, visibility timeout.
    """
    study = Study("""
duration: 50s
clients:
  user: {traffic: {rate: 100/s}, to: jobs}
components:
  jobs: {kind: queue, visibility_timeout: 100ms, consumers: worker}
  worker: {kind: service, workers: 500, work: {exponential: 100ms}}
""")

    def per_message(counter):
        return lambda run: run.component("jobs", counter) / run.component("jobs", "published")

    case, given = "visibility-0.1-0.1", "visibility time-out 100 ms, exponential 100 ms"
    expected = deliveries(0.1, 0.1)
    theory.agrees(case, "deliveries per message", study, per_message("delivered"), expected, given)
    theory.agrees(case, "duplicates per message", study, per_message("duplicates"), expected - 1.0, given)
