"""How long an event is felt, on made-up time lines: so many requests a second, and what went wrong when."""

from dataclasses import replace

import numpy as np
import pytest

from sim.metrics import ROW_TYPE, Event, Recovery, recoveries

RATES = [50, 300, 5000]
UNKNOWN = ("failover", "recovery")


def timeline_of(run, rate, duration, *troubles, events, poisson=None, latency=0.05):
    """A run in which requests go well but for some troubles.

    Args:
        run: Builds a result.
        rate: Requests per second.
        duration: Of the run, s.
        troubles: `(from, until, share, change)`: of the requests sent in this time so many are changed like this.
        events: What happened.
        poisson: Seed of random arrivals and exponential latencies; evenly spaced and constant if None.
        latency: Of requests without trouble, s.
    """
    number = int(rate * duration)
    arrived = np.arange(number) / rate
    latencies = np.full(number, latency)
    if poisson is not None:
        rng = np.random.default_rng(poisson)
        arrived, latencies = np.sort(rng.uniform(0.0, duration, number)), rng.exponential(latency, number)
    outcome = np.zeros(number, np.uint8)
    for begin, end, share, change in troubles:
        hit = np.flatnonzero((arrived >= begin) & (arrived < end))
        hit = hit[np.diff(np.floor(np.arange(len(hit) + 1) * share + 1e-6)) > 0]
        if change == "fail":
            outcome[hit], latencies[hit] = 4, 0.001
        elif change == "time out":
            outcome[hit], latencies[hit] = 3, 0.3
        elif change == "hang":
            outcome[hit], latencies[hit] = 255, 0.0
        elif change == "wait":
            latencies[hit] = end - arrived[hit]
        else:
            latencies[hit] *= change
    outcome[arrived + latencies >= duration] = 255
    rows = np.zeros(number, ROW_TYPE)
    rows["arrived"], rows["latency"], rows["outcome"] = arrived, np.where(outcome == 255, 0.0, latencies), outcome
    return replace(run([], duration=duration, events=events, warmup=10.0), requests=rows)


@pytest.mark.parametrize("rate", RATES)
def test_a_crash_is_felt_until_the_dead_instance_is_ejected(run, rate):
    """A quarter of the requests is refused from 70 s, when it dies, to 73.2 s; it is up again at 100 s, unnoticed."""
    crash = Event("crash", "search", 70.0, 100.0, detected=73.2)
    result = timeline_of(run, rate, 180.0, (70.0, 73.2, 0.25, "fail"), events=[crash])
    (felt,) = recoveries(result)
    assert felt.failover == pytest.approx(3.2, abs=0.3)
    assert felt.recovery == 0.0


@pytest.mark.parametrize("rate", RATES)
def test_what_nobody_feels_takes_no_time(run, rate):
    """With steady traffic and a constant latency an event without effect has failover and recovery 0."""
    assert recoveries(timeline_of(run, rate, 120.0, events=[Event("flush", "cache", 70.0, 80.0)])) == [
        Recovery(0.0, 0.0)
    ]


def test_noise_is_not_felt(run):
    """Neither are Poisson arrivals, exponential latencies and one failure in a hundred, whatever the seed."""
    for seed in range(20):
        result = timeline_of(
            run, 100, 130.0, (0.0, 130.0, 0.01, "fail"), events=[Event("flush", "cache", 70.0, 80.0)], poisson=seed
        )
        assert recoveries(result) == [Recovery(0.0, 0.0)]


@pytest.mark.parametrize("rate", RATES)
def test_a_retry_storm_that_outlives_its_cause_never_recovers(run, rate):
    """From the spike at 60 s on every request times out, long after the spike has gone."""
    spike = Event("spike", "app", 60.0, 70.0)
    result = timeline_of(run, rate, 240.0, (61.0, 240.0, 1.0, "time out"), events=[spike])
    assert recoveries(result) == [Recovery(None, None)]


@pytest.mark.parametrize("rate", RATES)
def test_silence_is_not_recovery(run, rate):
    """From 65 s on nothing ends any more, so there is no bad request either; still nobody is served."""
    spike = Event("spike", "app", 60.0, 70.0)
    result = timeline_of(run, rate, 120.0, (65.0, 120.0, 1.0, "hang"), events=[spike])
    assert recoveries(result) == [Recovery(None, None)]


@pytest.mark.parametrize("rate", RATES)
def test_no_answer_is_no_success(run, rate):
    """From 65 s on one request in four is never answered and never times out; the rest goes well."""
    hang = Event("hang", "api[0]", 65.0, 70.0)
    result = timeline_of(run, rate, 120.0, (65.0, 120.0, 0.25, "hang"), events=[hang])
    assert recoveries(result) == [Recovery(None, None)]


def test_a_silence_that_ends_counts_until_its_end(run):
    """Requests sent from 70 s to 74 s are all answered at 74 s: late, but not failed."""
    result = timeline_of(
        run, 100, 120.0, (70.0, 74.0, 1.0, "wait"), events=[Event("partition", "db", 70.0, 72.0)], latency=0.01
    )
    (felt,) = recoveries(result)
    assert felt.failover == pytest.approx(4.0, abs=0.3)
    assert felt.recovery == pytest.approx(2.25, abs=0.3)


@pytest.mark.parametrize("rate", RATES)
def test_late_successes_delay_recovery_but_not_failover(run, rate):
    """Everything takes five times as long until 3 s after the event, and nothing fails."""
    result = timeline_of(run, rate, 140.0, (70.0, 83.0, 1.0, 5.0), events=[Event("slow", "db", 70.0, 80.0)])
    (felt,) = recoveries(result)
    assert felt.failover == 0.0
    assert felt.recovery == pytest.approx(3.25, abs=0.3)


def test_a_tail_that_stays_heavy_is_no_recovery(run):
    """One request in twenty stays five times slower than before: p99 does not come back, success does."""
    result = timeline_of(run, 300, 140.0, (70.0, 140.0, 0.05, 5.0), events=[Event("slow", "db[0]", 70.0, 80.0)])
    assert recoveries(result) == [Recovery(0.0, None)]


@pytest.mark.parametrize(("slower", "recovery"), [(1.15, 0.0), (1.25, None)])
def test_a_fifth_more_is_where_slower_begins(run, slower, recovery):
    """All requests stay a little slower than before: up to 1.2 times is normal for a p99, more is not."""
    result = timeline_of(run, 300, 140.0, (70.0, 140.0, 1.0, slower), events=[Event("slow", "db", 70.0, 80.0)])
    assert recoveries(result) == [Recovery(0.0, recovery)]


@pytest.mark.parametrize(("share", "failover"), [(0.012, 0.0), (0.03, None)])
def test_one_failure_in_a_hundred_more_is_where_worse_begins(run, share, failover):
    """The ratio is back at 99% of its level; what chance adds to a share is allowed, twice as many are not."""
    result = timeline_of(run, 300, 140.0, (70.0, 140.0, share, "fail"), events=[Event("crash", "api", 70.0, 80.0)])
    assert recoveries(result)[0].failover == failover


def test_a_ratio_that_touches_its_level_does_not_hold(run):
    """Two good seconds between two bad times are no failover."""
    result = timeline_of(
        run,
        100,
        140.0,
        (70.0, 74.0, 1.0, "fail"),
        (76.0, 80.0, 1.0, "fail"),
        events=[Event("partition", "db", 70.0, 80.0)],
    )
    assert recoveries(result)[0].failover == pytest.approx(10.0, abs=0.3)


def test_what_was_normal_need_not_be_perfect(run):
    """Where one request in five is refused by a rate limit anyway, that level is what must come back."""
    result = timeline_of(
        run,
        200,
        140.0,
        (0.0, 140.0, 0.2, "fail"),
        (70.0, 75.0, 0.8, "fail"),
        events=[Event("crash", "api", 70.0, 80.0)],
    )
    (felt,) = recoveries(result)
    assert felt.failover == pytest.approx(5.0, abs=0.5)
    assert felt.recovery == 0.0


def test_one_event_is_watched_until_the_next_begins(run):
    """The crash is over before the outage that follows, which is judged by the good time in between."""
    crash, outage = Event("crash", "api", 60.0, 65.0), Event("outage", "db", 100.0, 110.0)
    result = timeline_of(
        run, 200, 180.0, (60.0, 62.0, 0.5, "fail"), (100.0, 112.0, 1.0, "fail"), events=[outage, crash]
    )
    after_outage, after_crash = recoveries(result)
    assert after_crash == Recovery(pytest.approx(2.0, abs=0.3), 0.0)
    assert after_outage == Recovery(pytest.approx(12.0, abs=0.3), pytest.approx(2.0, abs=0.3))


def test_a_system_that_never_recovered_has_no_new_normal(run):
    """After a spike that broke it for good, the failures that go on during the next event are not normal."""
    spike, flush = Event("spike", "app", 60.0, 70.0), Event("flush", "cache", 100.0, 101.0)
    result = timeline_of(run, 200, 160.0, (60.0, 160.0, 0.6, "time out"), events=[spike, flush])
    assert recoveries(result) == [Recovery(None, None), Recovery(None, None)]


def test_the_end_of_the_run_proves_nothing(run):
    """Failures stop two seconds before the run does: too late to say that it holds, too early for never."""
    result = timeline_of(run, 200, 100.0, (70.0, 98.0, 1.0, "fail"), events=[Event("crash", "api", 70.0, 80.0)])
    assert recoveries(result) == [Recovery(None, None, unknown=UNKNOWN)]


@pytest.mark.parametrize("end", [99.9, 100.0])
@pytest.mark.parametrize("trouble", [0.0, 1.0])
def test_a_run_that_ends_with_the_event_says_nothing_of_recovery(run, end, trouble):
    """Good or bad: nothing, or next to nothing, came after it."""
    result = timeline_of(run, 100, 100.0, (70.0, 100.0, trouble, "fail"), events=[Event("crash", "api", 70.0, end)])
    assert recoveries(result) == [Recovery(None if trouble else 0.0, None, unknown=("recovery",))]


def test_a_few_failures_are_no_verdict(run):
    """At one request a second a few come after the event, all bad."""
    result = timeline_of(run, 1, 110.0, (90.0, 110.0, 1.0, "fail"), events=[Event("crash", "api", 91.0, 102.0)])
    assert recoveries(result)[0].unknown == UNKNOWN


@pytest.mark.parametrize(("rate", "recovery"), [(20, None), (50, 12.0)])
def test_a_few_good_requests_prove_nothing(run, rate, recovery):
    """Failures stop eight seconds before the end: 160 good requests are too few to say so, 400 are enough."""
    result = timeline_of(run, rate, 100.0, (70.0, 92.0, 1.0, "fail"), events=[Event("crash", "api", 70.0, 80.0)])
    assert recoveries(result)[0].recovery == (recovery and pytest.approx(recovery, abs=0.3))


def test_an_event_that_lasts_has_a_failover_and_no_recovery(run):
    """The instance stays dead; users stop noticing after 4 s."""
    result = timeline_of(run, 200, 140.0, (70.0, 74.0, 0.3, "fail"), events=[Event("crash", "api", 70.0, None)])
    assert recoveries(result) == [Recovery(pytest.approx(4.0, abs=0.3), None)]


def test_without_a_time_before_nothing_can_be_said(run):
    """An event during warm-up, and one in a run without requests."""
    nothing = [Recovery(None, None, unknown=UNKNOWN)]
    assert recoveries(timeline_of(run, 200, 60.0, events=[Event("slow", "db", 5.0, 20.0)])) == nothing
    assert recoveries(run([], events=[Event("slow", "db", 5.0, 6.0)])) == nothing
    assert recoveries(run([])) == []


def test_where_nothing_worked_before_there_is_no_level_to_come_back_to(run):
    """A system in which every request fails neither fails over nor recovers."""
    spike = Event("spike", "app", 60.0, 70.0)
    result = timeline_of(run, 200, 120.0, (0.0, 120.0, 1.0, "fail"), events=[spike])
    assert recoveries(result) == [Recovery(None, None, unknown=UNKNOWN)]


@pytest.mark.parametrize(
    ("rate", "share", "early", "late"),
    [(50, 0.25, 0.1, 0.25), (300, 0.25, 0.1, 0.25), (300, 0.05, 0.2, 0.1), (50, 0.05, 1.0, 0.0)],
)
def test_the_end_of_a_faint_trouble_is_found(run, rate, share, early, late):
    """On average over seeds: a second early where one in twenty fails of fifty a second, else hardly off at all."""
    crash = Event("crash", "search", 70.0, 100.0)
    wrong = []
    for seed in range(20):
        end = 80.0 + seed / 20.0
        rng = np.random.default_rng(seed)
        result = timeline_of(run, rate, 130.0, events=[crash], poisson=seed, latency=0.001)
        rows = result.requests
        hit = (rows["arrived"] >= 70.0) & (rows["arrived"] < end) & (rng.random(len(rows)) < share)
        rows["outcome"][hit & (rows["outcome"] == 0)] = 4
        failover = recoveries(result)[0].failover
        assert failover is not None
        wrong.append(failover - (end - 70.0))
    assert -early < np.mean(wrong) < late
