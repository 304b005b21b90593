"""Databases with replicas: what lags, what is lost, and how long nobody can write."""

import numpy as np
import pytest

from sim.request import Outcome


def series(run, component, name):
    """What a component kept of itself, second by second."""
    number = run.result.series_names.index((component, name))
    rows = run.result.series
    return rows["value"][rows["series"] == number]


def counted(run, database, counter):
    """A counter, summed over all replicas of a database."""
    components = run.summary["components"].items()
    return sum(counters[counter] for name, counters in components if name.startswith(f"{database}@"))


def well(rows):
    """The share of some requests that succeeded."""
    return float((rows["outcome"] <= Outcome.DEGRADED).mean())


def event(run):
    """The first event, and what it cost."""
    return run.summary["events"][0]


class TestReplicaLag:
    """replica_lag: nothing fails, nothing is slow, and what is read is old."""

    NAME = "replica_lag"

    def test_the_lag_is_the_backlog_over_the_capacity(self, runs):
        """50 writes a second too many, for 30 s, at 250 a second: 6 s, when the last of them is next, at 76 s.

        Then each second of work is for 250 / 150 seconds of writes, so that it has caught up at 85 s.
        """
        lags = np.array([series(run, "posts@eu", "replication_lag") for run in runs(self.NAME)])
        assert lags.max(axis=1).mean() == pytest.approx(6.0, rel=0.1)
        assert lags[:, 10:39].max() < 0.2
        assert lags[:, 79].mean() == pytest.approx(6.0 - (80 - 76) * (250 / 150 - 1), abs=0.6)
        assert lags[:, 89:].max() < 0.2

    def test_nobody_notices(self, runs, p):
        """All requests succeed, and the readers' p99 is what it was."""
        for run in runs(self.NAME):
            assert run.summary["rates"]["success_ratio"] == 1.0
            before, during = (run.sent(*span, "readers", "GET /timeline") for span in ((10, 40), (40, 85)))
            assert p(during, 0.99) == pytest.approx(p(before, 0.99), rel=0.01)
            assert counted(run, "posts", "stale_reads") > 1500

    def test_several_appliers_keep_up(self, runs):
        """The lag stays where it was; one reader in a hundred misses a post of their own, not one in four."""

        def missed(run):
            return counted(run, "posts", "unseen_own_writes") / counted(run, "posts", "reads")

        keeping_up = runs(self.NAME, {"components.posts.replication.appliers": "4"})
        assert max(series(run, "posts@eu", "replication_lag").max() for run in keeping_up) < 0.1
        assert [missed(run) for run in keeping_up] == pytest.approx([0.01] * len(keeping_up), abs=0.005)
        assert np.mean([missed(run) for run in runs(self.NAME)]) == pytest.approx(0.25, abs=0.03)

    def test_sessions_wait(self, runs):
        """Nobody misses a post of their own, and some wait for it for seconds."""
        for run in runs(self.NAME, {"components.posts.read_your_writes": "true"}):
            assert counted(run, "posts", "unseen_own_writes") == 0
            assert 3.0 < run.sent(40, 85, "readers", "GET /timeline")["latency"].max() < 7.0

    def test_the_primary_is_never_stale_and_far_away(self, runs, p):
        for run, near in zip(runs(self.NAME, {"components.posts.read_from": "primary"}), runs(self.NAME), strict=True):
            assert counted(run, "posts", "stale_reads") == 0
            medians = [p(each.sent(client="readers", route="GET /timeline"), 0.5) for each in (run, near)]
            assert medians[0] - medians[1] == pytest.approx(0.079, abs=0.001)


class TestSplitBrain:
    """split_brain: both sides take orders, or one side takes none."""

    FENCED = ("split_brain", {"components.orders.failover.fencing": "true"})

    def test_without_fencing_america_notices_nothing_and_loses_everything(self, runs):
        """All orders of the minute, 100 a second; since the promotion there are two primaries."""
        for run in runs("split_brain"):
            assert well(run.sent(60, 119.5, "americas")) == 1.0
            cost = event(run)
            assert cost["writes_lost"] == pytest.approx(100 * 60, abs=250)
            assert counted(run, "orders", "split_brain_writes") == pytest.approx(100 * 45.5, abs=250)
            assert 60.0 <= cost["rpo_s"] <= 61.2
            assert cost["rto_s"] == 0.0

    def test_with_fencing_it_loses_what_it_took_until_its_lease_ran_out(self, runs):
        """9 to 10 s of orders; then it takes none until the network is back."""
        for run in runs(*self.FENCED):
            cost = event(run)
            assert 9.0 <= cost["detection_s"] <= 10.0
            assert cost["writes_lost"] == pytest.approx(100 * cost["detection_s"], abs=110)
            assert counted(run, "orders", "split_brain_writes") == 0
            assert well(run.sent(60, 60 + cost["detection_s"] - 0.1, "americas")) == 1.0
            assert well(run.sent(60 + cost["detection_s"] + 0.1, 119.5, "americas")) == 0.0
            assert 14.0 <= cost["rto_s"] <= 15.2

    def test_europe_waits_for_a_new_primary_either_way(self, runs):
        """It cannot order for 15 s."""
        for run in (*runs("split_brain"), *runs(*self.FENCED)):
            assert well(run.sent(60, 73, "europeans")) == 0.0
            assert well(run.sent(75.5, 119.5, "europeans")) == 1.0


class TestPaymentDualRegion:
    """payment_dual_region: what it costs never to lose a payment."""

    NAME = "payment_dual_region"
    ASYNC = ("payment_dual_region", {"components.ledger.replication.mode": "async"})

    def test_no_payment_is_lost_and_others_are_taken_after_15_s(self, runs):
        for run in runs(self.NAME):
            assert (event(run)["writes_lost"], event(run)["rpo_s"]) == (0, 0.0)
            assert 14.0 <= event(run)["rto_s"] <= 15.5
            assert run.summary["objectives"][0]["met"]

    def test_asynchronously_those_of_the_last_moment_are(self, runs):
        """200 a second within a lag of 50 ms: ten, give or take the three of a Poisson count."""
        lost = [event(run)["writes_lost"] for run in runs(*self.ASYNC)]
        assert np.mean(lost) == pytest.approx(10.0, abs=3 * (10 / len(lost)) ** 0.5)
        assert all(0.0 < event(run)["rpo_s"] <= 0.05 for run in runs(*self.ASYNC))

    def test_a_second_copy_costs_74_ms(self, runs, p):
        """50 ms there, 24 ms back."""
        for safe, fast in zip(runs(self.NAME), runs(*self.ASYNC), strict=True):
            medians = [p(run.sent(10, 119, "west"), 0.5) for run in (safe, fast)]
            assert medians[0] - medians[1] == pytest.approx(0.074, abs=0.002)

    def test_two_copies_are_of_no_use(self, runs):
        """Whoever is left has nobody to acknowledge anything: nothing is lost, and nothing taken until the end."""
        for run in runs(self.NAME, {"components.ledger.replicas": "[dublin]"}):
            assert event(run)["writes_lost"] == 0
            assert event(run)["rto_s"] > 40.0


class TestGlobalFailover:
    """global_failover: a region, its users, its database."""

    def test_the_database_is_ready_long_before_anybody_writes(self, runs):
        """A new primary after 14 to 15 s; the first write when the checks of DNS have found out, 20 to 31 s after."""
        for run in runs("global_failover"):
            promoted = 180 + int(np.argmax(series(run, "posts@us-west", "primary")[180:] == 1.0))
            assert promoted in (194, 195)
            assert 20.0 < event(run)["rto_s"] < 40.0

    def test_writes_of_the_last_lag_are_lost(self, runs):
        """25 a second: none or a few, within two seconds of the failure."""
        lost = [(event(run)["writes_lost"], event(run)["rpo_s"]) for run in runs("global_failover")]
        assert all(writes <= 25 * rpo + 12 and rpo < 2.0 for writes, rpo in lost)
        assert sum(writes for writes, _ in lost) > 0

    def test_a_tenth_of_the_resolvers_keeps_failures_alive(self, runs):
        """A tenth keep the address for 300 s: 90 s after the failure 7 in 10 of those still call the dead region."""
        shares = [well(run.sent(250, 290, "americas")) for run in runs("global_failover")]
        assert np.mean(shares) == pytest.approx(1.0 - 0.1 * 0.7, abs=0.02)
        for run in runs("global_failover"):
            assert well(run.sent(180, 290, "europe")) > 0.999
            assert event(run)["failover_s"] is None or event(run)["failover_s"] > 100.0

    def test_without_them_it_is_over_within_a_minute_or_so(self, runs):
        for run in runs("global_failover", {"components.dns.ignore_ttl": "0%"}):
            assert event(run)["failover_s"] < 70.0
