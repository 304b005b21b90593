"""Intervals from the simulator's own runs: how often they hold an answer that is known, and what common seeds save."""

import numpy as np
import pytest
from scipy import stats

from sim.experiment import run
from sim.experiment.statistics import mean_interval, paired_difference
from tests.theory.formulas.queueing import ManyServers
from tests.theory.protocol import Run, scenario

INTERVALS, REPLICATIONS = 60, 10

QUEUE = scenario(
    """
duration: 12s
warmup: 2s
clients:
  user: {traffic: {rate: 50/s}, to: server}
components:
  server: {kind: service, queue: unbounded, work: {exponential: 10ms}}
"""
)
"""M/M/1 at half load: its relaxation time is 0.12 s, so that after 2 s it has forgotten that it was empty."""


def mean_response(variant, seed):
    """Of a run, ms."""
    return Run(run(variant, seed)).latency()


@pytest.fixture(scope="module")
def responses():
    """Of each run, ms; the seeds are 1, 2, 3 …"""
    return np.array([mean_response(QUEUE, seed) for seed in range(1, INTERVALS * REPLICATIONS + 1)])


def test_intervals_from_short_runs_hold_the_mean_response(responses):
    """M/M/1 at half load: 60 intervals, each from ten runs of 10 s, hold 20 ms in about 95% of cases.

    Judged by the binomial test: if they held it in 95%, a share so far off would be seen in more than one of a hundred
    such experiments. The interval of all 600 runs together holds it too.
    """
    truth = 1e3 * ManyServers(50, 100).mean_response
    inside = sum(mean_interval(row).contains(truth) for row in responses.reshape(INTERVALS, REPLICATIONS))
    assert stats.binomtest(inside, INTERVALS, 0.95).pvalue > 0.01, f"{inside} of {INTERVALS}"
    assert mean_interval(responses, 0.99).contains(truth)


def test_common_seeds_know_a_difference_from_few_runs(responses):
    """M/M/1, 10 ms of work against 9.5 ms: 50 pairs of runs with the same traffic hold the exact difference.

    The variance is less than a tenth of that of independent runs.
    """
    seeds = range(1, 51)
    quicker = QUEUE.with_({"components.server.work.exponential": "9.5ms"})
    before = responses[: len(seeds)]
    after = np.array([mean_response(quicker, seed) for seed in seeds])
    truth = 1e3 * (ManyServers(50, 1.0 / 0.0095).mean_response - ManyServers(50, 100).mean_response)
    difference = paired_difference(before, after)
    assert difference.interval.contains(truth)
    assert difference.interval.hi < 0.0
    assert difference.variance_reduction > 0.9
    assert difference.p_value < 1e-3 * stats.ttest_ind(before, after).pvalue
