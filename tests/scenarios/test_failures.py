"""Instances that die, hang, or come back cold, and who notices."""

import numpy as np
import pytest

from sim.request import Outcome


def failed(rows):
    """Which of some requests did not succeed."""
    return rows[rows["outcome"] > Outcome.DEGRADED]


def lost(run):
    """How many requests the first event cost."""
    return run.summary["events"][0]["lost"]


class TestSlowStart:
    """slow_start: a cold instance gets its full share at once."""

    def test_coming_back_hurts_more_than_being_away(self, runs, p):
        """p99 is about 60 ms during the crash and about a second after the restart, ten times as much and more."""
        away, back = ([p(run.sent(*span), 0.99) for run in runs("slow_start")] for span in ((16, 25), (26, 50)))
        assert np.mean(away) == pytest.approx(0.06, abs=0.006)
        assert np.mean(back) == pytest.approx(1.0, abs=0.15)
        assert all(later > 10 * before for before, later in zip(away, back, strict=True))

    def test_slow_start_spares_the_cold_instance(self, runs, p):
        """With slow start p99 after the restart stays under 0.2 s, and hardly anybody queues at the cold instance."""
        for run, abrupt in zip(
            runs("slow_start", {"components.api.slow_start": "40s"}), runs("slow_start"), strict=True
        ):
            assert p(run.sent(26, 50), 0.99) < 0.2
            waiting, before = (each.mean("queue", "api", 26, 50, instance=0) for each in (run, abrupt))
            assert waiting < before / 30

    def test_a_balancer_that_looks_needs_no_slow_start(self, runs, p):
        """A balancer that looks at outstanding requests needs no slow start."""
        for run in runs("slow_start", {"components.api.balancer": "least_request"}):
            assert p(run.sent(26, 50), 0.99) < 0.25


class TestHealthChecks:
    """health_checks_fast and health_checks_slow: requests lost against the interval."""

    @pytest.mark.parametrize(("name", "interval"), [("health_checks_fast", 1.0), ("health_checks_slow", 10.0)])
    def test_detection_takes_two_to_three_intervals(self, runs, name, interval):
        """The dead instance is found 2 to 3 intervals after the crash, and costs a fifth of the traffic until then."""
        for run in runs(name):
            detection = run.summary["events"][0]["detection_s"]
            assert 2 * interval <= detection <= 3 * interval
            passed = len(run.sent(20.0, 20.0 + detection))
            assert lost(run) == pytest.approx(passed / 5, abs=1)

    def test_the_damage_is_proportional_to_the_interval(self, runs):
        """About 40 to 60 requests at one second; 400 to 600, ten times as many, at ten."""
        for fast, slow in zip(runs("health_checks_fast"), runs("health_checks_slow"), strict=True):
            assert 35 <= lost(fast) <= 65
            assert 390 <= lost(slow) <= 620
            assert lost(slow) / lost(fast) == pytest.approx(10, rel=0.15)

    def test_objectives(self, runs):
        """The fast check meets the objective for availability, the slow one does not."""
        assert all(run.summary["objectives"][0]["met"] for run in runs("health_checks_fast"))
        assert not any(run.summary["objectives"][0]["met"] for run in runs("health_checks_slow"))

    def test_outlier_ejection_needs_no_probe(self, runs):
        """With outlier ejection it costs five."""
        assert [lost(run) for run in runs("health_checks_slow", {"components.api.outlier_ejection": "5"})] == [5] * 5


class TestInstanceCrash:
    """instance_crash: a dead instance is the fastest of all."""

    def test_the_dead_instance_attracts_traffic(self, runs):
        """During the crash about half of all requests are refused, and the others are less busy than before."""
        for run in runs("instance_crash"):
            during = run.sent(20, 40)
            assert len(failed(during)) / len(during) == pytest.approx(0.52, abs=0.02)
            for index in (0, 1, 3, 4):
                before = run.mean("utilization", "api", 10, 20, index)
                assert run.mean("utilization", "api", 20, 40, index) < 0.7 * before

    def test_round_robin_loses_a_fifth(self, runs):
        """round_robin loses a fifth only."""
        for run in runs("instance_crash", {"components.api.balancer": "round_robin"}):
            during = run.sent(20, 40)
            assert len(failed(during)) / len(during) == pytest.approx(0.2, abs=0.005)

    def test_a_retry_alone_hardly_helps(self, runs):
        """A retry hardly helps, because it goes to the same idle-looking instance."""
        for run in runs("instance_crash", {"clients.app.retry": "2"}):
            during = run.sent(20, 40)
            assert len(failed(during)) / len(during) == pytest.approx(0.46, abs=0.02)

    def test_outlier_ejection_ends_it(self, runs):
        """With outlier ejection five requests are lost."""
        assert [lost(run) for run in runs("instance_crash", {"components.api.outlier_ejection": "5"})] == [5] * 5


class TestBlackHole:
    """black_hole: an instance that accepts and never answers."""

    def test_callers_see_only_their_timeout(self, runs):
        """Every fifth request ends after exactly one second, as a timeout, and so the p99 of the run is 1 s."""
        for run in runs("black_hole"):
            during = run.sent(20, 39)
            assert len(failed(during)) / len(during) == pytest.approx(0.2, abs=0.005)
            assert set(failed(during)["outcome"]) == {Outcome.TIMEOUT}
            assert failed(during)["latency"] == pytest.approx(1.0)
            assert run.summary["latency_s"]["all"]["p99"] == pytest.approx(1.0)

    def test_a_crash_tells_at_once(self, runs):
        """With a crash the same fifth is refused, but at once, and p99 is 60 ms."""
        for run in runs("black_hole", {"events[0]": "{at: 20s, for: 20s, crash: 'api[2]'}"}):
            during = run.sent(20, 40)
            assert len(failed(during)) / len(during) == pytest.approx(0.2, abs=0.005)
            assert np.quantile(failed(during)["latency"], 0.99) < 0.001
            assert run.summary["latency_s"]["all"]["p99"] == pytest.approx(0.06, abs=0.005)

    def test_outstanding_requests_give_the_hole_away(self, runs):
        """With least_request a handful of requests fall into the hole, and no more - it never looks idle again."""
        for run in runs("black_hole", {"components.api.balancer": "least_request"}):
            assert 2 <= len(failed(run.sent(5, 59))) <= 5

    def test_a_health_check_finds_it(self, runs):
        """A health check finds it: less than a fifth of the requests that are hurt otherwise."""
        probed = runs("black_hole", {"components.api.health_check": "{interval: 1s, timeout: 500ms}"})
        for run, blind in zip(probed, runs("black_hole"), strict=True):
            assert len(failed(run.sent(20, 40))) < len(failed(blind.sent(20, 40))) / 5


class TestPanicThreshold:
    """panic_threshold: when most instances are gone, ask them all."""

    OFF = ("panic_threshold", {"components.api.balancer.panic_threshold": "0%"})

    @staticmethod
    def served(run, since, until):
        """The requests of a time, s, that were served, and their share."""
        rows = run.sent(since, until)
        served = rows[rows["outcome"] <= Outcome.DEGRADED]
        return served, len(served) / len(rows)

    def test_panic_serves_what_can_be_served(self, runs, p):
        """During the crash two requests in five are served, as fast as ever."""
        for run in runs("panic_threshold"):
            served, share = self.served(run, 18, 35)
            assert share == pytest.approx(0.4, abs=0.005)
            assert p(served, 0.99) == pytest.approx(p(self.served(run, 5, 15)[0], 0.99), rel=0.25)
            assert run.summary["events"][0]["recovery_s"] < 1.0

    def test_without_panic_the_survivors_go_under(self, runs, p):
        """Without it hardly one in ten once the dead are out, who waits five times as long; it outlives the crash."""
        for run, calm in zip(runs(*self.OFF), runs("panic_threshold"), strict=True):
            served, share = self.served(run, 18, 35)
            assert share < 0.12
            assert p(served, 0.5) > 5 * p(self.served(calm, 18, 35)[0], 0.5)
            assert run.summary["events"][0]["recovery_s"] > calm.summary["events"][0]["recovery_s"] + 1.5
