"""Instances that come back: startup, warm-up, slow start; and instances whose answers take them out."""

import numpy as np
import pytest

RESTART = """
    duration: 20s
    clients: {{user: {{traffic: {{replay: user.csv}}, to: api}}}}
    components: {{api: {{kind: service, workers: 10, work: 10ms, {more}}}}}
    events: [{{at: 1s, crash: api, restart_after: 1s}}{events}]
    """


def test_a_restarted_process_is_slow_until_it_is_warm(play):
    """Five times as slow at 2 s, falling in a straight line to full speed at 12 s."""
    story = play(RESTART.format(more="warm_up: {for: 10s, factor: 5}", events=""), user=[0.5, 2.0001, 7, 11.9, 13])
    latencies = [end - start for start, end, _ in story.log]
    assert latencies[0] == pytest.approx(0.01)
    assert latencies[1] == pytest.approx(0.05, rel=0.03)
    assert latencies[2] == pytest.approx(0.03, rel=0.04)
    assert latencies[3] == pytest.approx(0.01, rel=0.1)
    assert latencies[4] == pytest.approx(0.01)


def test_the_warm_up_begins_when_the_startup_is_over(play):
    story = play(RESTART.format(more="startup: 3s, warm_up: {for: 10s, factor: 5}", events=""), user=[0, 4.9, 5.1, 16])
    assert story.outcomes == ["ok", "refused", "ok", "ok"]
    assert story.ends[2] - 5.1 == pytest.approx(0.05, rel=0.03)
    assert story.ends[3] - 16 == pytest.approx(0.01)


def test_a_process_that_is_restarted_while_it_warms_up_begins_to_warm_up_anew(play):
    """Restarted at 2 s and at 4 s, it is at 4 s as cold as at 2 s, not colder."""
    events = ", {at: 3s, crash: api, restart_after: 1s}"
    story = play(RESTART.format(more="warm_up: {for: 10s, factor: 5}", events=events), user=[0.5, 4.0001, 9, 15])
    assert [end - start for start, end, _ in story.log[1:]] == [
        pytest.approx(0.05, rel=0.03),
        pytest.approx(0.03, rel=0.04),
        pytest.approx(0.01),
    ]


FLEET = """
    duration: {duration}
    clients: {{user: {{traffic: {{rate: 200/s, arrivals: constant}}, to: api{client}}}}}
    components: {{api: {{kind: service, instances: {instances}, workers: 10, work: 1ms, {more}}}}}
    events: [{events}]
    """


def fleet(more, events, instances=4, duration="60s", client=""):
    return FLEET.format(more=more, events=events, instances=instances, duration=duration, client=client)


def picks(stage, text, of=0):
    """When one instance of a service gets requests, s."""
    assembly = stage(text)
    world = assembly.world
    server = world.components["api"].servers[of]
    counts, times = [0], []
    for end in np.arange(1.0, world.duration + 0.5):
        world.env.run_until(float(end))
        counts.append(server.offered + server.refused_down)
        times.append(end)
    return np.diff(counts)


@pytest.mark.parametrize("algorithm", ["weighted_round_robin", "least_connections", "least_request"])
def test_slow_start_gives_an_instance_that_comes_back_its_share_step_by_step(stage, algorithm):
    """Back at 10 s, it gets a tenth of its share at first and all of it after 20 s; a full share is 50/s."""
    text = fleet(
        f"balancer: {algorithm}, slow_start: {{window: 20s, min_weight: 10%}}",
        '{at: 2s, crash: "api[0]", restart_after: 8s}',
    )
    gets = picks(stage, text)
    early, half, late = gets[10:13].mean(), gets[18:23].mean(), gets[35:55].mean()
    assert early < 12
    assert (5 if algorithm != "least_request" else 0) <= early
    assert early <= half < 35
    assert late == pytest.approx(50, abs=5)


def test_without_slow_start_it_gets_its_whole_share_at_once(stage):
    gets = picks(stage, fleet("balancer: round_robin", '{at: 2s, crash: "api[0]", restart_after: 8s}'))
    assert gets[10:20].tolist() == [50] * 10


def test_slow_start_begins_when_the_health_checks_let_it(stage):
    """Restarted at 10 s, found healthy after two probes of a second: until then it gets nothing."""
    text = fleet(
        "balancer: weighted_round_robin, slow_start: {window: 20s, min_weight: 10%}, "
        "health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 1, healthy_after: 2}",
        '{at: 2s, crash: "api[0]", restart_after: 8s}',
    )
    gets = picks(stage, text)
    assert gets[4:10].sum() <= 6  # nothing but refused probes, if those are counted
    assert 1 <= gets[12] < 25
    assert gets[35:55].mean() == pytest.approx(50, abs=5)


def test_slow_start_twice_is_a_new_start(stage):
    """Crashed again in the middle of its slow start, it begins from the beginning."""
    text = fleet(
        "balancer: weighted_round_robin, slow_start: {window: 20s, min_weight: 10%}",
        '{at: 2s, crash: "api[0]", restart_after: 3s}, {at: 10s, crash: "api[0]", restart_after: 3s}',
    )
    gets = picks(stage, text)
    assert gets[13] < 20
    assert gets[35:55].mean() == pytest.approx(50, abs=5)


EJECTION = "outlier_ejection: {consecutive_failures: 5, base_ejection_time: 10s}, balancer: round_robin"


def test_an_instance_whose_answers_fail_is_ejected(play):
    """After five failures in a row nobody asks it for 10 s; it fails still, and is ejected for 20 s, and so on."""
    story = play(fleet(EJECTION, '{at: 0s, errors: "api[0]"}', duration="29s"))
    failed = [arrived for arrived, _, outcome in story.log if outcome == "upstream_error"]
    assert len(failed) == 10
    assert failed[4] < 0.2
    assert 10.0 < failed[5] < 10.3
    assert failed[9] < 10.4


def test_an_ejection_ends_and_a_healed_instance_gets_its_share_again(stage):
    """Ejected for 10 s; healed after 5 s; back at 10 s."""
    gets = picks(stage, fleet(EJECTION, '{at: 0s, errors: "api[0]", for: 5s}', duration="20s"))
    assert gets[0] == 5
    assert gets[1:9].tolist() == [0] * 8
    assert gets[11:].tolist() == [50] * 9


def test_a_dead_instance_is_ejected_without_any_health_check(play):
    story = play(fleet(EJECTION, '{at: 1s, crash: "api[0]"}', duration="9s"))
    assert story.outcomes.count("refused") + story.outcomes.count("reset") == 5
    assert story.result.events[0].detected == pytest.approx(1.1, abs=0.05)


def test_successes_in_between_keep_an_instance_in(play):
    """With 20 % of errors five failures in a row are rare: 1 in 3125."""
    story = play(fleet(EJECTION, '{at: 0s, errors: "api[0]", rate: 20%}', duration="10s"))
    assert story.outcomes.count("upstream_error") == pytest.approx(100, abs=40)


def test_not_all_instances_are_ejected_at_once(play):
    """All instances fail at once: only a share may be ejected, one of four here, and the rest goes on failing."""
    story = play(fleet(EJECTION, "{at: 0s, errors: api}", duration="5s"))
    assert story.outcomes[1:] == ["upstream_error"] * 999


HASTY = ", timeout: 100ms"


@pytest.mark.parametrize("client", [HASTY, f"{HASTY}, retry: 2", f"{HASTY}, network: {{lose_response: 0%}}"])
def test_answers_that_do_not_come_in_time_are_failures_too(play, client):
    """A hung instance says nothing: five time-outs in a row eject it, the fifth of them 100 ms after it was sent."""
    story = play(fleet(EJECTION, '{at: 1s, hang: "api[0]"}', duration="9s", client=client))
    swallowed = story.result.events[0].lost
    assert 5 <= swallowed <= 5 + 6  # those sent before the fifth time-out
    assert story.result.events[0].detected == pytest.approx(1.0 + 4 * 0.02 + 0.1, abs=0.021)


def test_time_outs_of_a_route_or_a_call_eject_too(play):
    """The balancer belongs to whoever waits: a gateway's route, or a service's call."""
    for way in (
        "{kind: gateway, routes: [{match: /**, to: api, timeout: 100ms}]}",
        "{kind: service, workers: 99, steps: [call: {to: api, timeout: 100ms}]}",
    ):
        text = fleet(EJECTION, '{at: 1s, hang: "api[0]"}', duration="9s").replace("to: api}", "to: front}")
        story = play(text.replace("components: {", f"components: {{front: {way}, "))
        assert story.result.events[0].detected == pytest.approx(1.0 + 4 * 0.02 + 0.1, abs=0.021)


def test_a_late_answer_does_not_make_up_for_the_time_out(play):
    """Ten times too slow, an instance answers after all, when its caller has long counted a failure."""
    story = play(
        fleet(EJECTION, '{at: 1s, slow: "api[0]", factor: 200}', duration="9s", client=HASTY).replace(
            "workers: 10", "workers: 100"
        )
    )
    assert story.result.events[0].detected == pytest.approx(1.0 + 4 * 0.02 + 0.1, abs=0.021)
    assert story.outcomes.count("timeout") < 20


def test_what_is_the_callers_fault_does_not_speak_against_an_instance(play):
    """Nothing is there under /lost, whoever is asked: 404 is no failure, as in Envoy, and nobody is ejected."""
    text = fleet(EJECTION, "", duration="9s").replace("work: 1ms", "endpoints: [{match: /, work: 1ms}]")
    story = play(text.replace("to: api}", "requests: [{send: GET /lost}], to: api}"))
    assert set(story.outcomes) == {"not_found"}
    assert story.result.events == []
    assert max(story.served("api")) - min(story.served("api")) <= 1
