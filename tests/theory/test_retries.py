"""What retries do to load and success: attempts, layers, budgets, time-outs."""

from itertools import pairwise

import pytest
from scipy import stats

from sim.request import Outcome
from tests.theory.formulas.retrying import (
    amplification,
    budgeted_amplification,
    impatient,
    layered_amplification,
    success,
)
from tests.theory.protocol import SEEDS, Study


def provider(rate, failing, retry, seconds, warmup=0, latency="0ms", seeds=SEEDS):
    """Poisson requests to somebody else's service, of whose answers a share are errors."""
    return Study(
        f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: provider{retry}}}
components:
  provider: {{kind: external, latency: {latency}, error_rate: {failing}}}
""",
        seeds,
    )


def attempts(run):
    """Attempts per request."""
    return run.amplification


def succeeded(run):
    """Share of requests that succeeded."""
    return run.success


@pytest.mark.parametrize(("failing", "seconds"), [(0.1, 2), (0.3, 3), (0.5, 4), (1.0, 1)])
def test_attempts_are_a_geometric_sum(theory, failing, seconds):
    """Four attempts that fail independently: 1 + p + p² + p³ times the load, and 1 - p⁴ of the requests succeed.

    Source: geometric sum.
    """
    study = provider(1000, failing, ", retry: {attempts: 4}", seconds)
    case, given = f"A16-retry-{failing}-4", f"{failing:.0%} of attempts fail, 4 attempts"
    theory.agrees(case, "attempts per request", study, attempts, amplification(failing, 4), given)
    theory.agrees(case, "success", study, succeeded, success(failing, 4), given)
    if failing == 1.0:
        study, given = provider(1000, 1.0, ", retry: {attempts: 3}", seconds), "100% of attempts fail, 3 attempts"
        theory.agrees("B16-budgets", "attempts per request, no budget", study, attempts, 3.0, given)


@pytest.mark.parametrize(
    ("layers", "tries", "failing", "rate", "seconds"),
    [(3, 4, 1.0, 20, 5), (3, 4, 0.9, 100, 13), (3, 4, 0.5, 1000, 2.5), (5, 3, 1.0, 10, 4)],
)
def test_layers_multiply_retries_only_if_everything_fails(theory, layers, tries, failing, rate, seconds):
    """Client, gateway and services try several times each: 4³ = 64 attempts in an outage, but two if half fail.

    Source: B. Beyer et al., Site Reliability Engineering, 2016, chapter 22; five layers of three tries: Amazon
    Builders' Library. Otherwise the product telescopes.
    """
    retry = f"retry: {{attempts: {tries}}}"
    chain = [*(f"service{number}" for number in range(layers - 2)), "bottom"]
    services = "".join(
        f"  {name}: {{kind: service, workers: 100k, steps: [{{call: {{to: {below}, {retry}}}}}]}}\n"
        for name, below in pairwise(chain)
    )
    study = Study(f"""
duration: {seconds}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: gateway, {retry}}}
components:
  gateway: {{kind: gateway, routes: [{{match: /**, to: {chain[0]}, {retry}}}]}}
{services}
  bottom: {{kind: external, latency: 0ms, error_rate: {failing}}}
""")
    case = f"A16-layers-{layers}x{tries}-{failing}"
    given = f"{layers} layers of {tries} attempts, {failing:.0%} fail at the bottom"

    def at_the_bottom(run):
        return run.component("bottom", "offered") / len(run.result.requests)

    expected = layered_amplification(failing, tries, layers)
    theory.agrees(case, "attempts per request", study, at_the_bottom, expected, given)
    theory.agrees(case, "success", study, succeeded, success(failing, tries**layers), given)


@pytest.mark.parametrize(
    ("figure", "backoff"), [("load", "none"), ("load with backoff", "{base: 100ms, jitter: none}")]
)
def test_backoff_does_not_relieve_an_open_loop(theory, figure, backoff):
    """New requests come whatever happens to the old ones: half fail, four attempts, 1.875 times the load either way.

    Source: M. Brooker, "What is Backoff For?", 2022.
    """
    study = provider(1000, 0.5, f", retry: {{attempts: 4, backoff: {backoff}}}", 4)

    def load(run):
        starts = run.result.attempt_starts[0]
        return ((starts >= 1.0) & (starts < 4.0)).sum() / 3.0

    theory.agrees(
        "B3-brooker-backoff", figure, study, load, 1000 * amplification(0.5, 4), f"50% fail, backoff {backoff}"
    )


@pytest.mark.parametrize(("failing", "ratio"), [(0.5, 0.2), (0.5, 0.1), (0.1, 0.2)])
def test_a_budget_bounds_the_load(theory, failing, ratio):
    """However much fails, retries are a share of the requests; what they can repair they do: (1 + ratio) (1 - p).

    Source: Twitter, "Retry Budgets", Finagle, 2016; B. Beyer et al., Site Reliability Engineering, 2016, chapter 21.
    """
    study = provider(1000, failing, f", retry: {{attempts: 4, budget: {ratio}}}", 2, warmup=0.5)
    case, given = f"A16-budget-{failing}-{ratio}", f"{failing:.0%} of attempts fail, 4 attempts, budget {ratio:.0%}"
    load = budgeted_amplification(failing, 4, ratio)
    theory.agrees(case, "attempts per request", study, attempts, load, given)
    theory.agrees(case, "success", study, succeeded, load * (1.0 - failing), given)
    if load == 1.0 + ratio:
        theory.agrees("B16-budgets", f"attempts per request, budget {ratio:.0%}", study, attempts, load, given)


@pytest.mark.parametrize("failing", [0.01, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_no_retries_three_retries_or_a_token_bucket(theory, failing):
    """With a budget of 10% and any number of attempts, load stays at 1.1 and 1.1 (1 - p) succeed, once p > 1/11.

    Three retries repair more and cost up to twice the load. In the original each of a hundred clients has a bucket of
    its own; here they share one, so this is its long run.

    Source: M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022.
    """
    hop = "{exponential: 20ms}"
    case = "B2-brooker-retries"
    policies = {
        "none": ("", 1.0, 1.0 - failing),
        "three": (", retry: {attempts: 4}", amplification(failing, 4), success(failing, 4)),
        "budget": (
            ", retry: {attempts: 100, budget: 10%}",
            budgeted_amplification(failing, 100, 0.1),
            min(1.0, 1.1 * (1.0 - failing)),
        ),
    }
    for policy, (retry, load, succeeding) in policies.items():
        study = provider(1000, failing, retry, 2.5, warmup=0.5, latency=hop)
        given = f"{failing:.0%} of attempts fail"
        theory.agrees(case, f"load {policy} {failing}", study, attempts, load, given)
        theory.agrees(case, f"success {policy} {failing}", study, succeeded, succeeding, given)


@pytest.mark.parametrize(
    ("case", "rate", "work", "share", "end", "seconds"),
    [
        ("B19-dialogue-all_nodes_500", 100, 0.6, 1.0, 10, 20),
        ("B19-dialogue-uncommon_flakes", 1000, 1e-6, 0.01, 10, 10),
    ],
)
def test_errors_that_every_server_makes(theory, case, rate, work, share, end, seconds):
    """What all servers answer alike no balancer can avoid, and what is not tried again fails.

    That an answer is an error is known after the work, so errors end that much later.

    Source: Palantir, Dialogue, simulation report, 2024: all_nodes_500 and uncommon_flakes.
    """
    traffic = f"{{shape: [{{at: 0s, rate: {rate}/s}}, {{at: {seconds}s, rate: 0/s, ramp: step}}], arrivals: constant}}"
    study = Study(f"""
duration: {seconds + 2}s
clients:
  user: {{traffic: {traffic}, to: server}}
components:
  server:
    kind: service
    instances: 2
    workers: 100k
    balancer: least_connections
    steps: [{{work: {1e6 * work:g}us}}, {{call: verdict}}]
  verdict: {{kind: external, latency: 0ms}}
events:
  - {{at: 0s, for: {end + work}s, errors: verdict, rate: {share}}}
""")
    given = f"{rate}/s for {seconds} s, 2 servers of {1e6 * work:g} us, {share:.0%} errors until {end} s"
    theory.agrees(case, "success", study, succeeded, 1.0 - share * end / seconds, given)
    theory.agrees(case, "mean response", study, lambda run: 1e3 * run.rows["latency"].mean(), given=given)


@pytest.mark.parametrize(("seconds", "seeds"), [(2, 10), pytest.param(7, 20, marks=pytest.mark.slow)])
def test_time_outs_cut_the_tail_and_repeat_the_work(theory, seconds, seeds):
    """An exponential delay of 100 ms, given up after 200 ms and tried again after 50 ms, at most twice.

    One request in four hundred fails three times, which takes a million requests to tell.

    Source: truncated exponential.
    """
    retry = ", timeout: 200ms, retry: {attempts: 3, backoff: 50ms}"
    study = provider(10_000, 0, retry, seconds, latency="{exponential: 100ms}", seeds=seeds)
    exact = impatient(0.1, 0.2, 3, 0.05)
    case, given = "A16-timeout-retry", "exponential 100 ms, time-out 200 ms, 3 attempts, backoff 50 ms"

    def mean(run):
        return 1e3 * float(run.rows["latency"].mean())

    def failed(run):
        return run.share(Outcome.TIMEOUT)

    if seeds > 10:
        theory.agrees(case, "failures", study, failed, exact["failures"], given)
        return
    theory.agrees(case, "attempts per request", study, attempts, exact["attempts"], given)
    theory.agrees(case, "mean response", study, mean, 1e3 * exact["mean_latency"], given)
    requests = sum(len(run.rows) for run in study.runs)
    failures = round(sum(failed(run) * len(run.rows) for run in study.runs))
    assert stats.binomtest(failures, requests, exact["failures"]).pvalue > 0.001
