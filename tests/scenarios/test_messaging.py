"""Queues that absorb a spike, that choke on poison, and that hide an outage."""

import numpy as np
import pytest

from sim.request import Outcome


def series(run, queue, name):
    """What a queue kept second by second: times, s, and values."""
    number = run.result.series_names.index((queue, name))
    points = run.result.series[run.result.series["series"] == number]
    return points["t"], points["value"]


def counted(run, queue, counter):
    """A counter of a queue."""
    return run.result.components[queue][counter]


class TestEmailQueue:
    """email_queue: the spike is absorbed, and the lag drains."""

    SPIKE = (60.0, 150.0)

    def drained(self, run):
        """How long after the spike the backlog was gone, s."""
        times, depth = series(run, "emails", "depth")
        return float(times[(times > self.SPIKE[1]) & (depth < 5)][0]) - self.SPIKE[1]

    def test_users_do_not_notice(self, runs, p):
        """All requests succeed, and those of the spike are as fast as those before."""
        for run in runs("email_queue"):
            assert set(run.summary["requests"]["by_outcome"]) == {"ok"}
            assert p(run.sent(*self.SPIKE), 0.99) == pytest.approx(p(run.sent(10, 60), 0.99), rel=0.25)
            assert p(run.sent(*self.SPIKE), 0.99) < 0.03

    def test_the_backlog_is_what_came_and_could_not_be_done(self, runs):
        """90 s at 200/s, less 90 s of capacity."""
        for run in runs("email_queue"):
            backlog = 90 * (200 - self.capacity(run))
            assert counted(run, "emails", "depth_max") == pytest.approx(backlog, rel=0.03)

    def test_it_drains_with_spare_capacity(self, runs):
        """Drain time = backlog / (capacity - arrivals), with what the mailers did and what came meanwhile."""
        for run in runs("email_queue"):
            times, published = series(run, "emails", "published")
            until = self.SPIKE[1] + self.drained(run)
            came = np.interp([self.SPIKE[1], until], times, published)
            arrivals = (came[1] - came[0]) / (until - self.SPIKE[1])
            _, depth = series(run, "emails", "depth")
            backlog = float(np.interp(self.SPIKE[1], times, depth))
            assert self.drained(run) == pytest.approx(backlog / (self.capacity(run) - arrivals), rel=0.05)
            assert self.drained(run) > 2 * (self.SPIKE[1] - self.SPIKE[0])

    def capacity(self, run):
        """What the mailers have done a second while all of them were busy."""
        times, done = series(run, "emails", "acknowledged")
        before, after = np.interp([80.0, 300.0], times, done)
        return (after - before) / 220.0

    def test_the_oldest_ages_on_after_the_spike(self, runs):
        for run in runs("email_queue"):
            times, lag = series(run, "emails", "lag_s")
            assert times[np.argmax(lag)] > self.SPIKE[1] + 60
            assert lag.max() > 1.5 * np.interp(self.SPIKE[1], times, lag)

    def test_half_as_many_mailers_again_drain_it_in_less_than_a_third(self, runs):
        more = runs("email_queue", {"components.mailer.instances": "6"})
        for run, faster in zip(runs("email_queue"), more, strict=True):
            assert self.drained(faster) < self.drained(run) / 3


class TestPoisonMessage:
    """poison_message: given up, tried for ever, or in everybody's way."""

    def test_poison_that_is_tried_for_ever_takes_the_workers(self, runs):
        """Attempts at it grow until the good messages wait; nothing of that shows in the latency of orders."""
        for run in runs("poison_message"):
            times, depth = series(run, "endless", "depth")
            assert depth[times > 290].mean() > 10 * depth[times < 100].mean()
            assert run.mean("utilization", "invoices", 250, 300) > 0.98
            assert run.mean("utilization", "invoices", 10, 30) < 0.8
            assert run.summary["latency_s"]["all"]["max"] < 0.01

    def test_dead_letters_are_cheap(self, runs):
        """One in a hundred, after four deliveries each: 3% more work."""
        for run in runs("poison_message"):
            published, dead = (counted(run, "dead_letter", key) for key in ("published", "dead_letters"))
            assert dead / published == pytest.approx(0.01, rel=0.4)
            assert counted(run, "dead_letter", "delivered") / published == pytest.approx(1.03, abs=0.01)
            assert counted(run, "dead_letter", "end_to_end_s")["p99"] < 0.6
            assert counted(run, "endless", "dead_letters") == 0

    def test_order_makes_others_wait_for_it(self, runs):
        """Three pauses of two seconds, and four times the work; without order nobody waits."""
        for run in runs("poison_message"):
            figures = counted(run, "in_order", "end_to_end_s")
            assert 4.0 < figures["p99"] < 9.0
            assert figures["p50"] < 0.2
            dead = counted(run, "in_order", "dead_letters") / counted(run, "in_order", "published")
            assert dead == pytest.approx(0.01, rel=0.4)


class TestUnboundedQueue:
    """unbounded_queue: the hidden outage."""

    def test_no_request_ever_fails_and_the_lag_grows(self, runs):
        """By a second every eleven; 55 a second come and 50 are done."""
        for run in runs("unbounded_queue"):
            mine = run.sent(client="unbounded")
            assert (mine["outcome"] == Outcome.OK).mean() > 0.999
            times, lag = series(run, "open", "lag_s")
            slope = np.polyfit(times[times > 60], lag[times > 60], 1)[0]
            assert slope == pytest.approx(1 / 11, abs=0.035)
            assert counted(run, "open", "oldest_s") > 25

    def test_a_bounded_queue_says_so(self, runs):
        """Requests are rejected, and the lag stays below the ten seconds of work that fit."""
        for run in runs("unbounded_queue"):
            rejected = (run.sent(120, client="rejecting")["outcome"] == Outcome.QUEUE_FULL).mean()
            assert rejected == pytest.approx(1 / 11, abs=0.03)
            assert counted(run, "strict", "lag_max_s") < 13
            assert counted(run, "strict", "depth_max") == 500
            assert counted(run, "strict", "refused") > 0

    def test_back_pressure_fills_the_publisher(self, runs, p):
        """The shop's workers wait for room; it refuses when its own queue is full, and all are slow before that."""
        for run in runs("unbounded_queue"):
            mine = run.sent(200, 460, client="blocking")
            assert (mine["outcome"] == Outcome.QUEUE_FULL).mean() == pytest.approx(1 / 11, abs=0.05)
            assert p(mine[mine["outcome"] == Outcome.OK], 0.5) > 1.0
            assert counted(run, "patient", "refused") == 0
            assert counted(run, "patient", "lag_max_s") < 13
