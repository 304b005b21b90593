"""What a scenario can do to the system, each as a time line: slow, errors, outage, flush, spike."""

import pytest

CALL = """
    duration: 10s
    network: {latency: 10ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components: {api: {kind: service, workers: 10, work: 10ms}}
    """


# -- slow


def test_slow_multiplies_the_service_time_of_what_begins_meanwhile(play):
    """Five times as slow from 100 to 200 ms: what has begun before keeps its pace, what has begun within it too."""
    story = play(f"{CALL}events: [{{at: 100ms, slow: api, factor: 5, for: 100ms}}]", user=[0.085, 0.1, 0.185, 0.195])
    assert story.log == [(0.085, 0.115, "ok"), (0.1, 0.17, "ok"), (0.185, 0.255, "ok"), (0.195, 0.225, "ok")]


def test_slow_downs_that_overlap_multiply_and_end_one_by_one(play):
    events = "{at: 0s, slow: api, factor: 2, for: 1s}, {at: 0s, slow: api, factor: 3, for: 500ms}"
    story = play(f"{CALL}events: [{events}]", user=[0.1, 0.6, 1.1])
    assert [round(end - start, 9) for start, end, _ in story.log] == [0.08, 0.04, 0.03]


def test_one_instance_can_be_slow(play):
    text = CALL.replace("kind: service,", "kind: service, instances: 2,")
    story = play(f'{text}events: [{{at: 0s, slow: "api[1]", factor: 10}}]', user=[0.1, 0.1])
    assert sorted(story.ends) == [0.13, 0.22]


def test_slow_databases_and_providers(play):
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [call: db, call: far]}
          db: {kind: database, work: 10ms}
          far: {kind: external, latency: 100ms}
        events: [{at: 0s, slow: db, factor: 3}, {at: 0s, slow: far, factor: 2}]
        """,
        user=[0.1],
    )
    assert story.ends == [0.33]


# -- errors


def test_errors_are_answered_at_once_without_any_work(play):
    story = play(f"{CALL}events: [{{at: 100ms, errors: api, for: 100ms}}]", user=[0.05, 0.15, 0.25])
    assert story.log == [(0.05, 0.08, "ok"), (0.15, 0.17, "upstream_error"), (0.25, 0.28, "ok")]
    assert story.component("api")["errors"] == 1


def test_a_share_of_requests_fails(play):
    text = CALL.replace("replay: user.csv", "rate: 200/s, arrivals: constant")
    story = play(f"{text}events: [{{at: 0s, errors: api, rate: 30%}}]")
    failed = story.outcomes.count("upstream_error")
    assert failed == pytest.approx(600, abs=4 * (2000 * 0.3 * 0.7) ** 0.5)


def test_errors_that_overlap_end_one_by_one(play):
    """All fail until 2 s, whatever begins and ends within it."""
    events = "{at: 0s, errors: api, for: 2s}, {at: 500ms, errors: api, for: 500ms}"
    story = play(f"{CALL}events: [{events}]", user=[0.1, 0.6, 1.5, 2.5])
    assert story.outcomes == ["upstream_error"] * 3 + ["ok"]


@pytest.mark.parametrize("second", ["0s", "1ms"])
def test_shares_of_errors_that_overlap_add_up_as_chances_do(play, second):
    """Half of them fail for one reason, half of the others for another: three quarters."""
    text = CALL.replace("replay: user.csv", "rate: 200/s, arrivals: constant")
    events = f"{{at: 0s, errors: api, rate: 50%}}, {{at: {second}, errors: api, rate: 50%}}"
    failed = play(f"{text}events: [{events}]").outcomes.count("upstream_error")
    assert failed == pytest.approx(1500, abs=4 * (2000 * 0.75 * 0.25) ** 0.5)


def test_health_checks_do_not_see_errors(play):
    """The process lives: a failing instance keeps its share of the requests, although it is checked."""
    story = play(
        """
        duration: 60s
        clients: {user: {traffic: {rate: 10/s, arrivals: constant}, to: api}}
        components:
          api:
            kind: service
            instances: 2
            work: 10ms
            health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 2}
        events: [{at: 0s, errors: "api[0]"}]
        """
    )
    assert story.outcomes.count("upstream_error") == 300
    assert story.result.events[0].detected is None


# -- outage


@pytest.mark.parametrize(
    "component",
    [
        "{kind: service, workers: 10, work: 10ms}",
        "{kind: database, work: 10ms}",
        "{kind: external, latency: 10ms}",
        "{kind: gateway, latency: 10ms, routes: [{match: /**, to: behind}]}",
        "{kind: cdn, to: behind, cache: {hit: 1ms}}",
        "{kind: waf, latency: 10ms, to: behind}",
    ],
)
def test_during_an_outage_connections_are_refused(play, component):
    """Away from 500 ms to 1 s, as seen at the component: one way after the user has sent the request."""
    story = play(
        f"""
        duration: 3s
        network: {{latency: 10ms}}
        clients: {{user: {{traffic: {{replay: user.csv}}, to: target}}}}
        components:
          target: {component}
          behind: {{kind: service, workers: 10, work: 10ms}}
        events: [{{at: 500ms, outage: target, for: 500ms}}]
        """,
        user=[0.1, 0.495, 0.7, 0.985, 0.995, 1.5],
    )
    assert [outcome == "refused" for outcome in story.outcomes] == [False, True, True, True, False, False]
    assert [end for end, outcome in zip(story.ends, story.outcomes, strict=True) if outcome == "refused"] == [
        0.515,
        0.72,
        1.005,
    ]


@pytest.mark.parametrize(
    "component",
    [
        "{kind: service, workers: 10, work: 200ms}",
        "{kind: external, latency: 200ms}",
        "{kind: gateway, routes: [{match: /**, to: behind}]}",
        "{kind: cdn, to: behind}",
        "{kind: waf, to: behind}",
    ],
)
def test_an_outage_kills_what_is_inside(play, component):
    """At 500 ms the answer to a request of 400 ms is on nobody's way: its caller sees a reset one way later."""
    story = play(
        f"""
        duration: 3s
        network: {{latency: 10ms}}
        clients: {{user: {{traffic: {{replay: user.csv}}, to: target}}}}
        components:
          target: {component}
          behind: {{kind: service, workers: 10, work: 200ms}}
        events: [{{at: 500ms, outage: target, for: 500ms}}]
        """,
        user=[0.4],
    )
    assert story.log == [(0.4, 0.51, "reset")]


def test_the_end_of_an_outage_does_not_bring_back_what_a_crash_has_killed(play):
    text = CALL.replace("kind: service,", "kind: service, instances: 2,")
    events = '{at: 100ms, crash: "api[0]"}, {at: 200ms, outage: api, for: 300ms}'
    story = play(f"{text}events: [{events}]", user=[1 - 1e-6, 1, 1.1, 1.2])
    assert sorted(story.outcomes) == ["ok", "ok", "refused", "refused"]


# -- flush


def test_a_flush_empties_a_cache(play):
    """Fetched at 0, a hit at 100 ms, flushed at 150 ms, fetched again at 200 ms."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: cdn}}
        components:
          cdn: {kind: cdn, to: api, cache: {ttl: 1h}}
          api: {kind: service, work: 10ms}
        events: [{at: 150ms, flush: cdn}]
        """,
        user=[0, 0.1, 0.2, 0.3],
    )
    assert story.log == [(0.0, 0.01, "ok"), (0.1, 0.1, "cached"), (0.2, 0.21, "ok"), (0.3, 0.3, "cached")]


# -- spike


def test_a_spike_multiplies_the_rate(play):
    """Ten a second, thirty a second from 1 s to 2 s, ten again."""
    text = CALL.replace("replay: user.csv", "rate: 10/s, arrivals: constant").replace("10s", "3s")
    story = play(f"{text}events: [{{at: 1s, spike: user, factor: 3, for: 1s}}]")
    arrived = [arrived for arrived, _, _ in story.log]
    assert len(arrived) == 50
    expected = [n / 10 for n in range(10)] + [1 + n / 30 for n in range(30)] + [2 + n / 10 for n in range(10)]
    assert arrived == pytest.approx(expected, abs=1e-9)


def test_a_spike_of_a_closed_loop_brings_more_users(play):
    """Two users send every 115 ms; from 1 s to 2 s there are four."""
    text = CALL.replace("replay: user.csv", "users: 2").replace("10ms}}", "95ms}}").replace("10s", "3s")
    story = play(f"{text}events: [{{at: 1s, spike: user, factor: 2, for: 1s}}]")
    assert len(story.log) == 2 * 27 + 2 * 9
    assert [sum(start <= arrived < start + 1 for arrived, _, _ in story.log) for start in range(3)] == [18, 36, 18]


def test_a_spike_below_one_sends_users_away_for_a_while(play):
    """Four users send every 115 ms; two of them are away from 1 s to 2 s, and finish what they have begun."""
    text = CALL.replace("replay: user.csv", "users: 4").replace("10ms}}", "95ms}}").replace("10s", "3s")
    story = play(f"{text}events: [{{at: 1s, spike: user, factor: 0.5, for: 1s}}]")
    assert [sum(start <= arrived < start + 1 for arrived, _, _ in story.log) for start in range(3)] == [36, 18, 36]


@pytest.mark.parametrize("traffic", ["rate: 10/s, arrivals: constant", "users: 2, think: 100ms"])
def test_two_spikes_at_a_time_multiply(play, traffic):
    """Twice the traffic from 1 s to 3 s and three times from 2 s to 4 s: six times in the second between.

    Users who leave finish what they have begun, so the first 200 ms of a second are left out.
    """
    text = CALL.replace("replay: user.csv", traffic).replace("10ms}}", "80ms}}").replace("10s", "5s")
    events = "[{at: 1s, spike: user, factor: 2, for: 2s}, {at: 2s, spike: user, factor: 3, for: 2s}]"
    story = play(f"{text}events: {events}")
    each = [sum(start + 0.2 <= arrived < start + 1 for arrived, _, _ in story.log) for start in range(5)]
    assert [count / each[0] for count in each] == pytest.approx([1, 2, 6, 3, 1], abs=0.15)


def test_users_that_are_answered_at_once_do_not_stop_time(play):
    """A request that takes no time at all is followed by the next a millisecond later."""
    text = (
        CALL.replace("replay: user.csv", "users: 2").replace("10ms}}", "0ms}}").replace("latency: 10ms", "latency: 0ms")
    )
    assert len(play(text.replace("10s", "1s")).log) == pytest.approx(2 * 1000, abs=2)
