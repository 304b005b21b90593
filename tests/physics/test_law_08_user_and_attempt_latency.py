"""Law 8: user latency and attempt latency are different figures, and percentiles say whose they are."""

import numpy as np
import pytest

RETRY = """
    duration: 1s
    network: {latency: 5ms}
    clients:
      user:
        traffic: {replay: user.csv}
        to: api
        timeout: 100ms
        retry: {attempts: 3, backoff: 20ms, on: [timeout, 5xx]}
    components: {api: {kind: service, work: 10ms}}
    events: [{at: 0s, errors: api, for: 34ms}]
    """


def test_user_latency_runs_from_the_first_try_to_the_last_answer(play):
    """An error after 10 ms, a pause of 20 ms, and an answer after another 20 ms."""
    story = play(RETRY, user=[0])
    assert story.log == [(0.0, 0.05, "ok")]
    assert story.attempts == [2]
    assert story.result.attempt_starts[0].tolist() == pytest.approx([0.0, 0.03])
    assert story.result.attempt_latencies[0].tolist() == pytest.approx([0.01, 0.02], abs=1e-7)
    assert story.summary["latency_s"]["all"]["mean"] == pytest.approx(0.05)
    assert story.summary["latency_s"]["attempt"]["mean"] == pytest.approx(0.015, abs=1e-7)


def test_an_attempt_that_was_not_answered_has_no_latency(play):
    """The first attempt times out at 100 ms and the second is answered after 20 ms: one attempt latency, of 20 ms."""
    story = play(RETRY.replace("errors: api, for: 34ms", "hang: api, for: 105ms"), user=[0])
    assert story.log == [(0.0, 0.14, "ok")]
    assert story.attempts == [2]
    assert story.result.attempt_latencies[0].tolist() == pytest.approx([0.02], abs=1e-7)


def test_a_late_answer_to_an_abandoned_attempt_is_no_attempt_latency(play):
    """The first attempt is answered at 160 ms, when nobody listens any more."""
    text = RETRY.replace("work: 10ms", "work: 150ms").replace("events: [{at: 0s, errors: api, for: 34ms}]", "")
    story = play(text.replace("attempts: 3", "attempts: 1"), user=[0])
    assert story.log == [(0.0, 0.1, "timeout")]
    assert story.component("api")["served"] == 1
    assert story.result.attempt_latencies[0].tolist() == []


def test_percentiles_of_successes_and_of_all_that_ended_are_apart(play):
    """Of 200 requests of 10 ms ten take 2 s and are given up after 1 s: the p99 of all, not of the successes."""
    story = play(
        """
        duration: 20s
        clients: {user: {traffic: {rate: 10/s, arrivals: constant}, to: api, timeout: 1s}}
        components: {api: {kind: service, workers: 100, work: 10ms}}
        events: [{at: 4995ms, slow: api, factor: 200, for: 1s}]
        """
    )
    figures = story.summary["latency_s"]
    assert story.outcomes.count("timeout") == 10
    assert figures["ok"]["max"] == pytest.approx(0.01)
    assert figures["ok"]["p99"] == pytest.approx(0.01)
    assert figures["all"]["p99"] == pytest.approx(1.0)
    assert figures["all"]["p90"] == pytest.approx(0.01)
    assert figures["all"]["mean"] == pytest.approx((190 * 0.01 + 10 * 1.0) / 200)


def test_fast_failures_do_not_make_the_successes_look_fast(play):
    """Of ten at once one is served and nine are refused in no time: `all` is fast, `ok` is not."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, queue: 0, work: 100ms}}
        """,
        user=[0] * 10,
    )
    assert story.summary["latency_s"]["all"]["p50"] == 0.0
    assert story.summary["latency_s"]["ok"]["p50"] == pytest.approx(0.1)


def test_percentiles_are_those_of_the_sample(play):
    """A thousand requests, served one after the other, take 1, 2, … 1000 ms."""
    story = play(
        """
        duration: 2s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, queue: unbounded, work: 1ms}}
        """,
        user=[0] * 1000,
    )
    figures = story.summary["latency_s"]["all"]
    sample = np.arange(1, 1001) / 1000
    for name, share in {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}.items():
        assert figures[name] == pytest.approx(np.quantile(sample, share), abs=0.001)
    assert figures["max"] == pytest.approx(1.0)
    assert figures["mean"] == pytest.approx(0.5005)
