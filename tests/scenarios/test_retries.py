"""Retries: retry_storm with its two would-be cures, retry_herd, retry_layers."""

import numpy as np
import pytest

from sim.experiment.statistics import mean_interval

JITTER = {"clients.devices.retry.backoff.jitter": "full"}


def wasted(run):
    """Share of all work whose answer nobody used."""
    attempts = run.summary["attempts"]
    return attempts["wasted_work_s"] / (attempts["wasted_work_s"] + attempts["useful_work_s"])


def attempts_per_request(run, since, until):
    """How often each request sent in a time, s, was tried in that time."""
    return run.attempts(since, until) / len(run.sent(since, until))


class TestRetryStorm:
    """retry_storm: an overload that outlives its cause."""

    def test_goodput_does_not_come_back(self, runs):
        """Goodput does not come back when the spike ends - the system is metastable."""
        for run in runs("retry_storm"):
            assert run.answered(10, 20) > 630
            assert run.answered(40, 90) == 0
            assert run.summary["events"][0]["recovery_s"] is None
            assert [objective["met"] for objective in run.summary["objectives"]] == [False, False]

    def test_most_work_is_wasted(self, runs):
        """Most of the work done by the servers (over 80%) is for callers that have already given up (90%)."""
        assert all(wasted(run) > 0.88 for run in runs("retry_storm"))

    def test_a_queue_no_longer_than_patience_ends_it(self, runs):
        """With a queue of 8 it is well again less than 3 s after the spike."""
        for run in runs("retry_storm", {"components.api.queue": "8"}):
            assert run.summary["events"][0]["recovery_s"] < 3.0

    def test_a_queue_longer_than_patience_does_not(self, runs):
        """A queue of 20 is already too long: whoever has waited through it has given up."""
        for run in runs("retry_storm", {"components.api.queue": "20"}):
            assert run.summary["events"][0]["recovery_s"] is None
            assert run.answered(60, 90) < 0.01 * len(run.sent(60, 90))


class TestRetryStormBackoff:
    """retry_storm_backoff: slower, not less."""

    def test_goodput_does_not_come_back_either(self, runs):
        """Goodput does not come back after the spike, exactly as without backoff."""
        for run in runs("retry_storm_backoff"):
            assert run.answered(40, 90) == 0
            assert run.summary["events"][0]["recovery_s"] is None

    def test_there_are_as_many_attempts(self, runs):
        """Attempts per request stay near four after the spike - backoff moves retries, it does not remove them."""
        for run in runs("retry_storm_backoff"):
            assert attempts_per_request(run, 40, 85) == pytest.approx(4.0, rel=0.02)


class TestRetryStormBudget:
    """retry_storm_budget: the overload ends."""

    def test_goodput_comes_back(self, runs):
        """Goodput comes back by itself, about 40 s after the spike: 670 requests too many, at 17 more a second."""
        recoveries = [run.summary["events"][0]["recovery_s"] for run in runs("retry_storm_budget")]
        assert mean_interval(recoveries, 0.99).contains((1.2 * 140 - 101) * 10 / (101 - 1.2 * 70))
        for run in runs("retry_storm_budget"):
            assert run.answered(90, 100) > 0.95 * len(run.sent(90, 100))
            assert all(objective["met"] for objective in run.summary["objectives"])

    def test_retries_are_a_fifth_at_most(self, runs):
        """No more than one retry for every five requests, even while all requests fail."""
        for run in runs("retry_storm_budget"):
            assert run.answered(32, 55) < 0.01 * len(run.sent(32, 55))
            assert attempts_per_request(run, 32, 55) == pytest.approx(1.2, abs=0.002)

    def test_a_bounded_queue_and_a_budget_end_it_at_once(self, runs):
        """With a queue of 8 as well it takes less than 3 s."""
        for run in runs("retry_storm_budget", {"components.api.queue": "8"}):
            assert run.summary["events"][0]["recovery_s"] < 3.0


class TestRetryHerd:
    """retry_herd: jitter flattens it."""

    @staticmethod
    def wave(run, begin):
        """Attempts in the tenth of a second from `begin`, s, and the half second after it."""
        return run.attempts(begin, begin + 0.1), run.attempts(begin + 0.2, begin + 0.7)

    def test_attempts_come_in_waves(self, runs):
        """They come in waves 1, 2, 4 and 8 s apart, in a tenth of a second: at 20 times the rate of the next half."""
        for run in runs("retry_herd"):
            for begin in (11, 13, 17, 25):
                inside, after = self.wave(run, begin)
                assert inside / 0.1 > 20 * after / 0.5

    def test_jitter_flattens_the_waves(self, runs):
        """With full jitter the highest wave is a fifth of that."""
        edges = np.arange(10.2, 40, 0.1)
        for herd, spread in zip(runs("retry_herd"), runs("retry_herd", JITTER), strict=True):
            highest = [np.histogram(run.result.attempt_starts[0], edges)[0].max() for run in (herd, spread)]
            assert highest[1] < 0.2 * highest[0]

    def test_jitter_lets_all_succeed_sooner(self, runs):
        """Hundreds fail for good; with full jitter all succeed, and the herd takes about 1 s on average, not 9."""
        for herd, spread in zip(runs("retry_herd"), runs("retry_herd", JITTER), strict=True):
            assert herd.summary["requests"]["by_outcome"]["queue_full"] > 200
            assert spread.summary["requests"]["ok"] == spread.summary["requests"]["completed"]
            assert herd.sent(10, 10.1)["latency"].mean() == pytest.approx(9.0, abs=1.0)
            assert spread.sent(10, 10.1)["latency"].mean() == pytest.approx(1.0, abs=0.2)


class TestRetryLayers:
    """retry_layers: 4 x 4 x 4 = 64."""

    def test_layers_multiply(self, runs):
        """Before the fault a request makes one query; during the fault every request makes 64."""
        for run in runs("retry_layers"):
            failed = run.summary["requests"]["by_outcome"]["upstream_error"]
            database = run.summary["components"]["orders_db"]
            assert database["served"] == run.summary["requests"]["ok"]
            assert database["errors"] / failed == pytest.approx(64, rel=0.02)

    def test_one_layer_is_enough(self, runs):
        """Where only the app retries, a failing request makes four queries."""
        once = {"components.gateway.routes[0].retry": "1", "components.orders.steps[1].call.retry": "1"}
        for run in runs("retry_layers", once):
            failed = run.summary["requests"]["by_outcome"]["upstream_error"]
            assert run.summary["components"]["orders_db"]["errors"] / failed == pytest.approx(4, rel=0.02)
