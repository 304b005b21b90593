"""Law 9: warm-up is cut by arrival time, and the run stops at its end exactly."""

import pytest

WARM = """
    duration: 3s
    warmup: 1s
    clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 800ms}}
    components: {api: {kind: service, workers: 10, work: 500ms}}
    """


def test_a_request_that_arrived_before_the_warm_up_was_over_does_not_count(play):
    """Sent at 0.9 s, it is answered at 1.4 s, in the middle of what counts; the one of 1.0 s counts."""
    story = play(WARM, user=[0.9, 1.0, 1.5])
    assert story.outcomes == ["ok", "ok", "ok"]
    assert story.summary["requests"]["offered"] == 2
    assert story.summary["requests"]["ok"] == 2
    assert story.result.useful_work == pytest.approx(1.0)


def test_rates_are_per_second_of_what_counts(play):
    assert play(WARM, user=[0.9, 1.0, 1.5]).summary["rates"]["offered_rps"] == pytest.approx(2 / 2)


def test_a_slow_request_of_the_warm_up_is_in_no_figure(play):
    """Two attempts, 600 ms and more, wasted work: nothing of a request of the warm-up shows."""
    text = WARM.replace("work: 500ms", "work: 900ms").replace("timeout: 800ms", "timeout: 800ms, retry: 2")
    story = play(text, user=[0.9])
    assert story.log == [(0.9, 2.5, "timeout")]
    assert story.summary["requests"]["completed"] == 0
    assert story.summary["latency_s"]["all"]["max"] is None
    assert len(story.result.attempt_latencies[0]) == 0
    assert story.result.wasted_work == story.result.useful_work == 0.0


def test_components_count_from_the_end_of_the_warm_up_on(play):
    """Busy from 0.9 to 1.4 s: 400 ms of the two seconds that count; ten workers."""
    api = play(WARM, user=[0.9]).component("api")
    assert api["utilization"] == pytest.approx(0.4 / 2 / 10)
    assert api["offered"] == 0


def test_what_waits_when_the_warm_up_ends_still_waits(play):
    """A queue that has built up in the warm-up delays the first request that counts."""
    text = WARM.replace("workers: 10", "workers: 1").replace("timeout: 800ms", "timeout: 10s")
    story = play(text, user=[0.55, 0.6, 1.1])
    assert story.log[-1] == (1.1, 2.05, "ok")
    assert story.component("api")["queue_max"] == 1


def test_the_run_stops_at_its_end_exactly(play):
    """Answered at 999 ms: done. Answered at 1 s sharp, the end of the run: in flight."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, workers: 10, work: 500ms}}
        """,
        user=[0.499, 0.5],
    )
    assert story.result.duration == 1.0
    assert story.outcomes == ["ok", "in_flight"]
    assert story.summary["requests"]["oldest_in_flight_s"] == 0.5


def test_nobody_arrives_at_the_end(play):
    """Evenly spaced requests at 0, 0.1, … 0.9 s: ten, not eleven."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {rate: 10/s, arrivals: constant}, to: api}}
        components: {api: {kind: service, work: 1ms}}
        """
    )
    assert [arrived for arrived, _, _ in story.log] == pytest.approx([n / 10 for n in range(10)])


@pytest.mark.parametrize("duration", ["700ms", "1s", "3.3s", "10s"])
def test_up_time_is_the_length_of_the_run(play, duration):
    """A server that is always busy has a utilization of one, whatever the length of the run."""
    story = play(
        f"""
        duration: {duration}
        clients: {{user: {{traffic: {{replay: user.csv}}, to: api}}}}
        components: {{api: {{kind: service, work: 100s}}}}
        """,
        user=[0],
    )
    assert story.component("api")["utilization"] == pytest.approx(1.0, abs=1e-12)
