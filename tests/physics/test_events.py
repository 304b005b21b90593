"""What is kept of events: when they were, what they cost, and who noticed them."""

import pytest

CALL = """
    duration: 10s
    network: {latency: 10ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components: {api: {kind: service, workers: 10, work: 10ms}}
    """


def test_events_tell_when_they_were_and_what_they_cost(play):
    """Two reset, one refused; restarted at 400 ms."""
    text = CALL.replace("workers: 10, work: 10ms", "work: 100ms")
    story = play(f"{text}events: [{{at: 100ms, crash: api, restart_after: 300ms}}]", user=[0.05, 0.06, 0.2, 0.5])
    (crash,) = story.result.events
    assert (crash.kind, crash.target) == ("crash", "api")
    assert (crash.start, crash.end) == pytest.approx((0.1, 0.4))
    assert crash.lost == 3


@pytest.mark.parametrize(
    "component",
    [
        "{kind: service, workers: 9, steps: [call: behind]}",
        "{kind: gateway, routes: [{match: /**, to: behind}]}",
        "{kind: cdn, to: behind}",
        "{kind: waf, to: behind}",
    ],
)
def test_an_outage_costs_what_it_has_killed_and_refused(play, component):
    """Two are inside when it goes away, three come before it is back; of the others none is lost."""
    story = play(
        f"""
        duration: 3s
        clients: {{user: {{traffic: {{replay: user.csv}}, to: target}}}}
        components:
          target: {component}
          behind: {{kind: service, workers: 9, work: 200ms}}
        events: [{{at: 500ms, outage: target, for: 500ms}}]
        """,
        user=[0.1, 0.4, 0.45, 0.6, 0.7, 0.8, 1.1],
    )
    assert story.outcomes == ["ok", "reset", "reset", "refused", "refused", "refused", "ok"]
    assert story.result.events[0].lost == 5


def test_what_a_hang_without_end_has_swallowed_is_lost(play):
    """One is inside at 15 ms, two come later; nobody ever hears of them."""
    story = play(f"{CALL}events: [{{at: 15ms, hang: api}}]", user=[0, 1, 2])
    assert story.result.events[0].lost == 3


def test_an_event_is_detected_by_what_is_done_about_it(play):
    """Each crash has a detection of its own; that an instance is found healthy again detects nothing."""
    story = play(
        """
        duration: 60s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api:
            kind: service
            instances: 3
            work: 1ms
            health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 2}
        events:
          - {at: 5s, crash: "api[0]", for: 10s}
          - {at: 14s, slow: api, factor: 2, for: 10s}
          - {at: 30s, crash: "api[0]", for: 10s}
          - {at: 32s, crash: "api[1]", for: 10s}
        """,
        user=[0],
    )
    first, slow, second, other = (event.detected for event in story.result.events)
    assert slow is None
    assert 6.0 <= first <= 7.0
    assert 31.0 <= second <= 32.0
    assert 33.0 <= other <= 34.0


def test_events_happen_at_their_time_in_whatever_order_they_are_written(play):
    events = "{at: 300ms, crash: api, restart_after: 100ms}, {at: 100ms, crash: api, restart_after: 100ms}"
    story = play(f"{CALL}events: [{events}]", user=[0.05, 0.15, 0.25, 0.35, 0.45])
    assert story.outcomes == ["ok", "refused", "ok", "refused", "ok"]


def test_an_event_after_the_end_does_not_happen(play):
    story = play(f"{CALL}events: [{{at: 20s, crash: api}}]", user=[0])
    assert story.result.events == []
