"""Queues and what feeds them: mmc, bursty_traffic, open_vs_closed_loop, tail_at_scale."""

import numpy as np
import pytest
from scipy import stats

from tests.theory.formulas.queueing import ManyServers


def interval(samples):
    """The 99.9% confidence interval of a mean over seeds (Student's t)."""
    return stats.t.interval(0.999, len(samples) - 1, np.mean(samples), stats.sem(samples))


class TestMmc:
    """mmc: the figures are those of Erlang C."""

    def test_most_requests_find_all_workers_taken(self, runs):
        """The workers are 80% busy, and still most requests (60%) find all four of them taken and have to wait."""
        expected = ManyServers(80, 25, 4).prob_wait
        waited = [np.mean(run.sent(100)["queue"] > 1e-9) for run in runs("mmc")]
        busy = [run.summary["components"]["server"]["utilization"] for run in runs("mmc")]
        assert all(0.58 < share < 0.62 for share in waited)
        assert all(0.78 < utilization < 0.82 for utilization in busy)
        low, high = interval(waited)
        assert low < expected < high
        low, high = interval(busy)
        assert low < 0.8 < high

    def test_the_mean_wait(self, runs):
        """The mean wait is about 30 ms, nearly as long as the mean service time of 40 ms."""
        expected = ManyServers(80, 25, 4).mean_wait
        waits = [run.summary["time_ledger"]["mean"]["queue"] for run in runs("mmc")]
        assert all(0.027 < wait < 0.034 for wait in waits)
        low, high = interval(waits)
        assert low < expected < high
        assert high - low < 0.3 * expected


class TestBurstyTraffic:
    """bursty_traffic: the mean says nothing about the queue."""

    def test_the_mean_hides_the_full_seconds(self, runs):
        """The mean utilization is about 60%, but in a fifth of all seconds and more it is 100%."""
        for run in runs("bursty_traffic"):
            assert 0.5 < run.summary["components"]["api"]["utilization"] < 0.7
            assert np.mean(run.seconds.utilization > 0.99) > 0.2

    def test_bursts_make_the_tail(self, runs, p):
        """p99 is more than ten times that of Poisson arrivals; evenly spaced ones are a little better still."""
        bursty = [p(run.sent(10), 0.99) for run in runs("bursty_traffic")]
        poisson = [p(run.sent(10), 0.99) for run in runs("bursty_traffic", {"clients.app.traffic.arrivals": "poisson"})]
        even = [p(run.sent(10), 0.99) for run in runs("bursty_traffic", {"clients.app.traffic.arrivals": "constant"})]
        for with_bursts, without, spaced in zip(bursty, poisson, even, strict=True):
            assert with_bursts > 10 * without
            assert spaced < without


class TestOpenVsClosedLoop:
    """open_vs_closed_loop: coordinated omission."""

    def test_the_load_test_misses_the_stall(self, runs):
        """The p99 of the crowd is two seconds and more, that of the load test under 50 ms, for the same stall."""
        for run in runs("open_vs_closed_loop"):
            crowd, load_test = (run.summary["clients"][name]["latency_s"]["all"] for name in ("crowd", "load_test"))
            assert crowd["p99"] > 2.0
            assert load_test["p99"] < 0.05
            assert crowd["p50"] == pytest.approx(load_test["p50"], rel=0.06)
            assert load_test["max"] > 2.0, "it was hit as hard, only less often"

    def test_the_load_test_stops_sending(self, runs):
        """During the stall the crowd sends about 400 requests, the load test fewer than 30."""
        for run in runs("open_vs_closed_loop"):
            assert 340 < len(run.sent(30, 32, "crowd")) < 460
            assert len(run.sent(30, 32, "load_test")) < 30
            for client in ("crowd", "load_test"):
                assert len(run.sent(10, 30, client)) / 20 == pytest.approx(200, rel=0.05)


class TestTailAtScale:
    """tail_at_scale: what is rare for a call is common for a page."""

    @pytest.mark.parametrize(("client", "calls", "most"), [("one", 1, 0.02), ("ten", 10, 0.13), ("hundred", 100, 0.71)])
    def test_pages_that_see_a_slow_call(self, runs, client, calls, most):
        """About 1% of the pages with one call take a second, 10% of those with ten, and 63% of those with a hundred."""
        expected = 1 - 0.99**calls
        pages = [run.sent(0, 43, client) for run in runs("tail_at_scale")]
        slow = [int(np.count_nonzero(rows["latency"] > 0.5)) for rows in pages]
        sizes = [len(rows) for rows in pages]
        interval = stats.binomtest(sum(slow), sum(sizes)).proportion_ci(0.999)
        assert interval.low < expected < interval.high
        assert all(0.8 * expected - 0.005 < count / size < most for count, size in zip(slow, sizes, strict=True))

    def test_the_median_page_is_a_slow_one(self, runs):
        """With a hundred calls the median of the page is the worst case of the call."""
        for run in runs("tail_at_scale"):
            assert run.summary["clients"]["hundred"]["latency_s"]["all"]["p50"] == pytest.approx(1.0)
            assert run.summary["clients"]["one"]["latency_s"]["all"]["p50"] == pytest.approx(0.01)
