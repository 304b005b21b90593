"""Several services, one after the other and at once: against Burke, Jackson and order statistics."""

import numpy as np
import pytest

from sim.request import Outcome
from tests.theory.formulas.queueing import (
    any_slow,
    erlang_tail,
    fork_join,
    largest_exponential,
    quantile,
    tandem_tail,
)
from tests.theory.protocol import Study, surplus_work

FRONT = "{kind: service, workers: 100k, queue: unbounded, steps: "
"""Holds any number of requests while it calls others, and takes no time itself."""


def study(rate, seconds, warmup, components, client="", surplus=None):
    """Poisson arrivals at a front that calls others."""
    text = f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: front{client}}}
components:
"""
    return Study(text + "".join(f"  {name}: {config}\n" for name, config in components.items()), surplus=surplus)


def queue(mean):
    """One exponential server."""
    return f"{{kind: service, queue: unbounded, work: {{exponential: {mean}}}}}"


def test_three_queues_in_a_row(theory):
    """What leaves an M/M/1 queue is again a Poisson stream, and the three sojourns of a request are independent.

    Source: P. J. Burke, 1956; E. Reich, 1963.
    """
    components = {
        "front": FRONT + "[{call: first}, {call: second}, {call: third}]}",
        "first": queue("8ms"),
        "second": queue("10ms"),
        "third": queue("7ms"),
    }
    rates = [1.0 / mean - 80.0 for mean in (0.008, 0.01, 0.007)]
    runs = study(80, 130, 8, components, surplus=surplus_work(80 * 0.025))
    case, given = "A9-tandem3", "80/s, exponential 8, 10 and 7 ms, one worker each"
    theory.agrees(case, "mean response", runs, lambda run: run.latency(), sum(1e3 / rate for rate in rates), given)
    p95 = 1e3 * quantile(lambda time: tandem_tail(rates, time), 0.95, 5.0)
    theory.agrees(case, "p95 response", runs, lambda run: run.latency(0.95), p95, given)


def test_failures_come_back_to_the_queue(theory):
    """A fifth of the answers are errors, known only after the work; retried at once, they are 1/(1-p) times the load.

    Source: J. R. Jackson, 1957 (Bernoulli feedback): the mean response is that of M/M/1 for each of 1/(1-p) visits.
    """
    components = {
        "front": "{kind: service, queue: unbounded, steps: [{work: {exponential: 10ms}}, {call: verdict}]}",
        "verdict": "{kind: external, latency: 0ms, error_rate: 20%}",
    }
    runs = study(60, 170, 10, components, ", retry: {attempts: 100}", surplus=surplus_work(0.75))
    case, given = "A9-feedback-retry", "60/s, exponential 10 ms, 20% fail and are retried at once"
    theory.agrees(case, "attempts", runs, lambda run: run.component("front", "offered") / 170, 60 / 0.8, given)
    theory.agrees(case, "utilisation", runs, lambda run: run.component("front", "utilization"), 0.6 / 0.8, given)
    theory.agrees(case, "mean response", runs, lambda run: run.latency(), 1e3 / (100 - 75) / 0.8, given)
    assert all(run.share(Outcome.OK) == 1.0 for run in runs.runs)


@pytest.mark.parametrize(("rate", "seconds"), [(50, 60), (80, 80)])
def test_both_of_two_queues(theory, rate, seconds):
    """Fork and join: the slower of two queues with the same arrivals.

    Source: L. Flatto, S. Hahn, 1984; R. Nelson, A. N. Tantawi, IEEE ToC 37(6), 1988.
    """
    components = {
        "front": FRONT + "[{parallel: [{call: left}, {call: right}]}]}",
        "left": queue("10ms"),
        "right": queue("10ms"),
    }

    def surplus(run):
        return run.component("left", "utilization") + run.component("right", "utilization") - 2 * rate / 100

    runs = study(rate, seconds, 8, components, surplus=surplus)
    expected, given = 1e3 * fork_join(rate, 100), f"{rate}/s, two branches, exponential 10 ms, one worker each"
    theory.agrees(f"A10-fj2-{rate / 100}", "mean response", runs, lambda run: run.latency(), expected, given)


@pytest.mark.parametrize(("count", "seconds"), [(10, 28), (100, 10)])
def test_the_slowest_of_many(theory, count, seconds):
    """A page of n parallel parts waits for the slowest: of 100 parts, each slow in 1% of cases, 63% of pages are slow.

    Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013; order statistics.
    """
    components = {
        "front": FRONT + f"[{{parallel: [{{call: leaf, times: {count}}}]}}]}}",
        "leaf": "{kind: external, latency: {exponential: 10ms}}",
    }
    runs = study(100, seconds, 0, components)
    case, given = f"A10-maxexp-{count}", f"{count} parallel calls, exponential 10 ms"
    mean, median, p99 = (1e3 * largest_exponential(0.01, count, level) for level in (None, 0.5, 0.99))
    theory.agrees(case, "mean response", runs, lambda run: run.latency(), mean, given)
    theory.agrees(case, "p50 response", runs, lambda run: run.latency(0.5), median, given)
    theory.agrees(case, "p99 response", runs, lambda run: run.latency(0.99), p99, given)
    slow = 0.01 * np.log(100.0)  # the 99th percentile of one call
    case, expected = f"A10-fanout-{count}-0.01", any_slow(count, 0.01)
    theory.agrees(case, "probability to be slow", runs, lambda run: run.longer_than(slow), expected, given)
    if count == 100:
        case, figure = "B15-tail-at-scale", "100 calls, one in 100 slow"
        theory.agrees(case, figure, runs, lambda run: run.longer_than(slow), expected, given)


@pytest.mark.slow
def test_one_slow_call_in_ten_thousand(theory):
    """Of pages with 2000 parts, each slow in one case of ten thousand, almost one in five is slow.

    Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.
    """
    components = {
        "front": FRONT + "[{parallel: [{call: leaf, times: 2000}]}]}",
        "leaf": "{kind: external, latency: {exponential: 10ms}}",
    }
    runs = study(100, 14, 0, components)
    slow, expected, given = 0.01 * np.log(10_000.0), any_slow(2000, 0.0001), "2000 parallel calls, exponential 10 ms"
    for case, figure in (
        ("A10-fanout-2000-0.0001", "probability to be slow"),
        ("B15-tail-at-scale", "2000 calls, one in 10000 slow"),
    ):
        theory.agrees(case, figure, runs, lambda run: run.longer_than(slow), expected, given)


def test_three_delays_in_a_row(theory):
    """The sum of three exponential delays is Erlang-3: its p99 is 84 ms, not three times 46 ms.

    Source: M. Brooker, "Serial, Parallel, and Quorum Latencies", 2021.
    """
    components = {
        "front": FRONT + "[{call: leaf}, {call: leaf}, {call: leaf}]}",
        "leaf": "{kind: external, latency: {exponential: 10ms}}",
    }
    runs = study(500, 5, 0, components)
    case, given = "A10-serial3", "three calls in a row, exponential 10 ms"
    p99 = 1e3 * quantile(lambda time: erlang_tail(3, 100, time), 0.99, 1.0)
    theory.agrees(case, "mean response", runs, lambda run: run.latency(), 30.0, given)
    theory.agrees(case, "p99 response", runs, lambda run: run.latency(0.99), p99, given)


BIMODAL = "{mixture: [{weight: 99, of: {normal: 10ms, sd: 2ms}}, {weight: 1, of: {normal: 100ms, sd: 10ms}}]}"


def test_one_percent_of_slow_calls(theory):
    """Of ten calls, each slow in 1% of cases, one is slow in 9.6%; in a row, the slow ones multiply the variance by 21.

    Source: M. Brooker, "Tail Latency Might Matter More Than You Think", 2021. (It says "a factor of 25".)
    """
    leaf = f"{{kind: external, latency: {BIMODAL}}}"
    case, given = "B7-tail-amplification", "ten calls, 99% N(10, 2) ms, 1% N(100, 10) ms"
    parallel = {"front": FRONT + "[{parallel: [{call: leaf, times: 10}]}]}", "leaf": leaf}
    theory.agrees(
        case,
        "probability to be slow",
        study(1000, 5, 0, parallel),
        lambda run: run.longer_than(0.05),
        any_slow(10, 0.01),
        given,
    )
    variance = 0.99 * 2.0**2 + 0.01 * 10.0**2 + 0.99 * 0.01 * 90.0**2
    serial = {"front": FRONT + "[" + ", ".join(["{call: leaf}"] * 10) + "]}", "leaf": leaf}
    theory.agrees(
        case,
        "variance ratio",
        study(1000, 4, 0, serial, surplus=lambda run: run.latency() - 10 * 10.9),
        lambda run: 1e6 * float(run.rows["latency"].var()) / (10 * 2.0**2),
        variance / 2.0**2,
        given,
    )
