"""Which requests are traced: the slowest successes, failures of every outcome, and some at random."""

import subprocess
import sys
from dataclasses import replace
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from sim.experiment import run
from sim.experiment.tracing import trace
from sim.experiment.tracing.choice import choose
from sim.metrics import IN_FLIGHT, ROW_TYPE
from sim.request import Outcome
from sim.scenario import load

OK, CACHED, TIMEOUT, RESET, LOST = Outcome.OK, Outcome.CACHED, Outcome.TIMEOUT, Outcome.RESET, Outcome.LOST


@pytest.fixture(scope="module")
def empty():
    """A result whose requests are to be replaced."""
    return run(load("mmc").with_({"duration": "1s", "warmup": "0s"}))


@pytest.fixture
def result(empty):
    """Makes a result from outcomes and latencies, one request a second."""

    def result_(*requests, warmup=0.0, seed=1):
        rows = np.zeros(len(requests), dtype=ROW_TYPE)
        rows["arrived"] = np.arange(len(requests))
        rows["outcome"] = [outcome for outcome, _ in requests]
        rows["latency"] = [latency for _, latency in requests]
        return replace(empty, requests=rows, warmup=warmup, seed=seed)

    return result_


def rows_of(chosen, reason):
    return [row for row, why in chosen.items() if why == reason]


def test_a_third_of_each_sort(result):
    """The slowest successes come first, the slowest of them before the others."""
    many = result(*[(OK, latency) for latency in range(100)], *[(TIMEOUT, 500.0)] * 100)
    chosen = choose(many, 30)
    assert rows_of(chosen, "slow") == list(range(99, 89, -1))
    assert len(rows_of(chosen, "failed")) == len(rows_of(chosen, "random")) == 10
    assert all(row >= 100 for row in rows_of(chosen, "failed"))


def test_where_fewer_failed_there_are_more_slow_ones(result):
    chosen = choose(result(*[(OK, latency) for latency in range(100)], (RESET, 0.0)), 30)
    assert [len(rows_of(chosen, reason)) for reason in ("slow", "failed", "random")] == [19, 1, 10]


def test_failures_are_spread_over_the_outcomes(result):
    """Three lost answers and two resets are not overlooked among a thousand time-outs."""
    chosen = choose(result(*[(TIMEOUT, 1.0)] * 1000, *[(LOST, 1.0)] * 3, *[(RESET, 1.0)] * 2), 27)
    failed = rows_of(chosen, "failed")
    assert len(failed) == 9
    assert sum(1000 <= row < 1003 for row in failed) == 3
    assert sum(row >= 1003 for row in failed) == 2


def test_where_nothing_succeeds_the_others_are_random(result):
    chosen = choose(result(*[(TIMEOUT, 1.0)] * 50), 9)
    assert [len(rows_of(chosen, reason)) for reason in ("slow", "failed", "random")] == [0, 3, 6]


def test_what_has_not_ended_or_came_in_warm_up_is_left_out(result):
    """Of five requests two count; one can have them all, and no more."""
    requests = ((OK, 9.0), (OK, 9.0), (CACHED, 1.0), (IN_FLIGHT, 0.0), (OK, 2.0))
    assert choose(result(*requests, warmup=2.0), 50) == {4: "slow", 2: "slow"}


def test_chance_is_the_seed_alone(result):
    requests = [(OK, 1.0)] * 1000
    one, same, other = (choose(result(*requests, seed=seed), 30) for seed in (1, 1, 2))
    assert one == same
    assert rows_of(one, "random") != rows_of(other, "random")


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_as_many_as_asked_for(result, count):
    assert len(choose(result(*[(OK, 1.0)] * 10, *[(TIMEOUT, 1.0)] * 10), count)) == count


def test_the_second_run_is_checked_against_the_first():
    """A trace of another run would be a trace of nothing."""
    scenario = load("mmc").with_({"duration": "2s", "warmup": "0s"})
    result = run(scenario)
    with pytest.raises(RuntimeError, match="is not the same"):
        trace(scenario, result.seed + 1, result, 3)


def test_a_run_that_was_interrupted_cannot_be_traced():
    scenario = load("mmc").with_({"duration": "2s", "warmup": "0s"})
    with pytest.raises(ValueError, match="interrupted"):
        trace(scenario, 1, replace(run(scenario), interrupted=True), 3)


def test_the_same_traces_again():
    """From the choice to the last bit of every span."""
    scenario = load("retry_storm").with_({"duration": "25s"})
    result = run(scenario)
    assert trace(scenario, result.seed, result, 20) == trace(scenario, result.seed, result, 20)


def test_a_plain_run_knows_nothing_of_traces():
    """Not a line of it is loaded."""
    code = """
import sys
from sim.cli import main

small = ["--set", "duration=2s", "--set", "warmup=0s", "--quiet", "--no-report"]
main(["run", "mmc", *small, "--out", sys.argv[1]], standalone_mode=False)
assert not [name for name in sys.modules if "tracing" in name or "report.trace" in name]
"""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", code, f"{folder}/out"], check=True)
