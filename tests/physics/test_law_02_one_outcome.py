"""Law 2: every request ends in exactly one outcome; what has not ended is in flight, and its age is told."""

import pytest

OVERLOAD = """
    duration: 9.993s
    clients: {user: {traffic: {rate: 200/s, arrivals: constant}, to: api}}
    components: {api: {kind: service, queue: unbounded, work: 10ms}}
    """


def test_offered_is_what_ended_and_what_is_in_flight(play):
    """200/s on a server of 100/s: request n is sent at n * 5 ms and would be answered at (n + 1) * 10 ms."""
    requests = play(OVERLOAD).summary["requests"]
    assert requests["offered"] == 1999
    assert requests["by_outcome"] == {"ok": 999}
    assert requests["in_flight"] == 1000


def test_the_oldest_request_in_flight_is_told(play):
    """Request 999, sent at 4.995 s, is being served when the run ends at 9.993 s."""
    assert play(OVERLOAD).summary["requests"]["oldest_in_flight_s"] == pytest.approx(4.998, abs=1e-9)


def test_an_overloaded_run_does_not_look_better(play):
    """A longer run of the same overload only gets worse: its slow requests are not forgotten but counted."""
    short = play(OVERLOAD.replace("9.993s", "4.993s")).summary
    long = play(OVERLOAD).summary
    assert long["latency_s"]["all"]["p99"] > short["latency_s"]["all"]["p99"]
    assert long["requests"]["in_flight"] > short["requests"]["in_flight"]
    assert long["requests"]["oldest_in_flight_s"] > short["requests"]["oldest_in_flight_s"]


def test_a_late_answer_does_not_end_a_request_again(play):
    """The user gives up at 30 ms; the server finishes at 100 ms, and the outcome stays a time-out of 30 ms."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 30ms}}
        components: {api: {kind: service, work: 100ms}}
        """,
        user=[0],
    )
    assert story.component("api")["served"] == 1
    assert story.log == [(0.0, 0.03, "timeout")]
    assert story.summary["requests"]["by_outcome"] == {"timeout": 1}


def test_two_attempts_are_one_request(play):
    """The first attempt is answered after the second: the request still ends once."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 30ms, retry: 2}}
        components: {api: {kind: service, workers: 2, work: 40ms}}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.06, "timeout")]
    assert story.attempts == [2]
    assert story.summary["requests"]["offered"] == 1


def test_each_way_to_end_is_counted_once(play):
    """Ok, queue full, time-out in the queue, reset by a crash, refused by the dead."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 70ms}}
        components: {api: {kind: service, work: 50ms, queue: 1}}
        events: [{at: 145ms, crash: api}]
        """,
        user=[0, 0.01, 0.02, 0.06, 0.11, 0.2],
    )
    assert story.log == [
        (0.0, 0.05, "ok"),
        (0.01, 0.08, "timeout"),  # served from 50 ms on, too late
        (0.02, 0.02, "queue_full"),
        (0.06, 0.13, "timeout"),  # served from 100 ms on, killed at 145 ms
        (0.11, 0.145, "reset"),
        (0.2, 0.2, "refused"),
    ]
    requests = story.summary["requests"]
    assert requests["by_outcome"] == {"ok": 1, "timeout": 2, "refused": 1, "reset": 1, "queue_full": 1}
    assert requests["offered"] == requests["completed"] == 6


def test_success_ratio_and_drop_ratio_are_shares_of_what_ended(play):
    """Of four requests two succeed, one is refused by a full queue and one is in flight."""
    story = play(
        """
        duration: 130ms
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, work: 50ms, queue: 1}}
        """,
        user=[0, 0, 0, 0.06],
    )
    assert story.outcomes == ["ok", "ok", "queue_full", "in_flight"]
    assert story.summary["rates"]["success_ratio"] == pytest.approx(2 / 3)
    assert story.summary["rates"]["drop_ratio"] == pytest.approx(1 / 3)
