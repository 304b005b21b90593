"""Law 5: a balancer knows what it has outstanding and what its health checks have told it, not the truth."""

import numpy as np
import pytest
from scipy import stats

LIGHT = """
    duration: 50s
    clients: {{user: {{traffic: {{rate: 100/s, arrivals: constant}}, to: api}}}}
    components: {{api: {{kind: service, instances: 5, balancer: {balancer}, work: 1ms}}}}
    """


@pytest.mark.parametrize(
    "balancer",
    [
        "random",
        "least_connections",
        "least_request",
        "{algorithm: least_request, choices: 2}",
        "{algorithm: least_request, choices: 3}",
    ],
)
def test_ties_are_broken_evenly(play, balancer):
    """All instances are idle whenever a request comes: each gets its share, within what chance allows."""
    served = play(LIGHT.format(balancer=balancer)).served("api")
    assert sum(served) == 5000
    assert stats.chisquare(served).pvalue > 0.001


@pytest.mark.parametrize("balancer", ["round_robin", "weighted_round_robin"])
def test_round_robin_gives_every_instance_the_same(play, balancer):
    assert play(LIGHT.format(balancer=balancer)).served("api") == [1000] * 5


def test_no_instance_is_always_the_first(play):
    """The very first request does not always go to the same instance: over 100 seeds each of 5 gets some."""
    firsts = []
    for seed in range(100):
        for balancer in ("round_robin", "least_request"):
            text = LIGHT.format(balancer=balancer).replace("50s", "5ms")
            firsts.append(play(text, seed).served("api").index(1))
    assert stats.chisquare(np.bincount(firsts, minlength=5)).pvalue > 0.001


FAR = """
    duration: 1s
    network: {latency: 50ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components: {api: {kind: service, instances: 2, balancer: least_request, work: 1ms}}
    """


def test_a_request_is_outstanding_until_its_answer_is_back(play):
    """At 60 ms the server has been idle for 9 ms, but its answer is not back before 101 ms: the other is chosen."""
    for seed in range(10):
        assert play(FAR, seed, user=[0, 0.06]).served("api") == [1, 1]


def test_a_request_is_outstanding_from_when_it_is_sent(play):
    """At 10 ms the first request has not reached its server yet, and counts all the same."""
    for seed in range(10):
        assert play(FAR, seed, user=[0, 0.01]).served("api") == [1, 1]


def test_an_answer_that_is_back_is_not_outstanding(play):
    """At 110 ms both are idle again, so that over some seeds both are chosen again."""
    pairs = {tuple(play(FAR, seed, user=[0, 0.11]).served("api")) for seed in range(20)}
    assert pairs == {(1, 1), (2, 0), (0, 2)}


def test_a_gateways_balancer_waits_for_the_answer_too(play):
    """It has the answer at 151 ms: what reaches it at 130 ms goes to the other, what reaches it at 160 ms to any."""
    text = FAR.replace("to: api}", "to: gateway}").replace(
        "components: {", "components: {gateway: {kind: gateway, routes: [{match: /**, to: api}]}, "
    )
    for seed in range(10):
        assert play(text, seed, user=[0, 0.08]).served("api") == [1, 1]
    assert {tuple(play(text, seed, user=[0, 0.11]).served("api")) for seed in range(20)} == {(1, 1), (2, 0), (0, 2)}


def test_queued_requests_are_outstanding_like_those_in_service(play):
    """Eight requests to two busy instances: four each, one in service and three in the queue."""
    for seed in range(5):
        story = play(FAR.replace("work: 1ms", "work: 100ms"), seed, user=[n * 0.01 for n in range(8)])
        assert story.served("api") == [4, 4]
        assert [each["outstanding_max"] for each in story.component("api")["instances"].values()] == [4, 4]


def test_an_abandoned_request_stays_outstanding_while_the_server_works_on_it(play):
    """The hung instance keeps what it has swallowed, so that least request avoids it."""
    story = play(
        """
        duration: 10s
        clients: {user: {traffic: {rate: 50/s, arrivals: constant}, to: api, timeout: 100ms}}
        components: {api: {kind: service, instances: 4, balancer: least_request, work: 1ms}}
        events: [{at: 0s, hang: "api[0]"}]
        """
    )
    assert story.outcomes.count("timeout") == 1


TWO_ROUTES = """
    duration: 2s
    clients: {user: {traffic: {replay: user.csv}, to: gateway}}
    components:
      gateway: {kind: gateway, routes: [{match: /a, to: api}, {match: /b, to: api}]}
      api: {kind: service, instances: 2, workers: 9, balancer: ALGORITHM, work: 1s}
    """


@pytest.mark.parametrize("algorithm", ["least_connections", "least_request", "round_robin"])
def test_all_calls_of_one_caller_share_a_balancer(play, algorithm):
    """Whichever route a gateway's request has taken, its next one knows of it: they take turns."""
    for seed in range(10):
        story = play(TWO_ROUTES.replace("ALGORITHM", algorithm), seed, user=[(0, "GET /a"), (0.1, "GET /b")])
        assert story.served("api") == [1, 1]


DEAD = """
    duration: 60s
    clients: {{user: {{traffic: {{rate: 100/s, arrivals: constant}}, to: api}}}}
    components:
      api: {{kind: service, instances: 4, workers: 4, balancer: {balancer}, work: 40ms, health_check: {check}}}
    events: [{{at: 10s, crash: "api[0]"}}]
    """
CHECK = "{interval: 2s, timeout: 500ms, unhealthy_after: 3}"
SELDOM = "{interval: 100s}"


def test_a_dead_instance_looks_idle_and_attracts_least_request(play):
    """Refusals come back at once: nothing is ever outstanding there, and most requests rush to it."""
    text = DEAD.format(balancer="least_request", check=SELDOM).replace("100/s", "200/s")
    assert play(text).outcomes.count("refused") > 0.6 * 50 * 200


def test_round_robin_sends_a_dead_instance_its_share(play):
    """Of 100/s for 50 s a quarter is refused."""
    assert play(DEAD.format(balancer="round_robin", check=SELDOM)).outcomes.count("refused") == 1250


@pytest.mark.parametrize("balancer", ["round_robin", "least_request", "random"])
def test_the_balancer_learns_of_a_crash_from_the_health_checks_alone(play, balancer):
    """Refusals begin at the crash and end at the verdict: after two to three intervals, at no other time."""
    story = play(DEAD.format(balancer=balancer, check=CHECK))
    detected = story.result.events[0].detected
    assert 10.0 + 4.0 <= detected <= 10.0 + 6.0
    refused = [arrived for arrived, _, outcome in story.log if outcome == "refused"]
    assert 10.0 - 1e-9 <= refused[0] < 10.5
    assert detected - 1.0 < refused[-1] <= detected
    before, after = (
        {outcome for arrived, _, outcome in story.log if start < arrived < end}
        for start, end in ((0.0, 9.9), (detected, 59.0))
    )
    assert before == after == {"ok"}


def test_a_restarted_instance_gets_requests_when_the_health_checks_say_so(play):
    """Restarted at 20 s, it is used again after two successful probes: one to two intervals later."""
    story = play(
        """
        duration: 40s
        clients: {user: {traffic: {rate: 100/s, arrivals: constant}, to: api, timeout: 100ms}}
        components:
          api:
            kind: service
            instances: 4
            work: 1ms
            health_check: {interval: 2s, timeout: 500ms, unhealthy_after: 3, healthy_after: 2}
        events: [{at: 0s, hang: "api[0]", for: 20s}]
        """
    )
    served = story.component("api")["instances"]["api[0]"]["served"]
    back = 25 * (40.0 - 20.0)
    assert back - 25 * 4.0 - 1 <= served <= back - 25 * 2.0 + 1


def test_all_dead_and_no_panic_is_no_healthy_instance(play):
    """With the panic threshold off, a balancer whose checks all fail has nobody to ask."""
    story = play(
        """
        duration: 30s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api:
            kind: service
            instances: 2
            work: 1ms
            balancer: {algorithm: round_robin, panic_threshold: 0%}
            health_check: {interval: 2s, timeout: 500ms, unhealthy_after: 3}
        events: [{at: 1s, crash: api}]
        """,
        user=[0, 2, 20],
    )
    assert story.outcomes == ["ok", "refused", "no_healthy_instance"]


def test_too_few_healthy_ones_are_panic(play):
    """Three of four are dead: below half of them healthy, the balancer asks all, and three quarters are refused."""
    story = play(
        """
        duration: 60s
        clients: {user: {traffic: {rate: 10/s, arrivals: constant}, to: api}}
        components:
          api:
            kind: service
            instances: 4
            work: 1ms
            health_check: {interval: 2s, timeout: 500ms, unhealthy_after: 3}
        events: [{at: 0s, crash: "api[0..2]"}]
        """
    )
    late = [outcome for arrived, _, outcome in story.log if arrived >= 20.0]
    assert late.count("refused") == pytest.approx(0.75 * len(late), abs=1)


def verdicts(stage, event, interval, timeout, unhealthy_after, instances=400):
    """When the health checks have found out about each of many instances that fail at once, from the failure on, s."""
    at = 2.0 * interval
    assembly = stage(
        f"""
        duration: 1h
        clients: {{user: {{traffic: {{replay: user.csv}}, to: api}}}}
        components:
          api:
            kind: service
            instances: {instances}
            work: 1ms
            health_check: {{interval: {interval}s, timeout: {timeout}s, unhealthy_after: {unhealthy_after}}}
        events: [{{at: {at}s, {event}}}]
        """,
        user=[0],
    )
    world = assembly.world
    world.env.run_until(at + (unhealthy_after + 2) * interval)
    return {
        f"{name}[{index}]": when - at for when, name, index, what in world.recorder.reactions if what == "unhealthy"
    }


@pytest.mark.parametrize(
    ("interval", "unhealthy_after", "timeout", "mean"), [(2.0, 3, 0.0, 5.0), (10.0, 3, 1.0, 26.0), (30.0, 2, 5.0, 50.0)]
)
def test_detection_takes_a_uniform_time(stage, interval, unhealthy_after, timeout, mean):
    """From (k-1) intervals to k intervals, plus the probe's time-out; a refused probe (time-out 0) fails at once.

    Elementary: the failure comes at a uniform time within the interval, and the k-th probe after it decides.
    """
    event = "hang: api" if timeout else "crash: api"
    times = verdicts(stage, event, interval, timeout or 1.0, unhealthy_after)
    found = np.array(list(times.values()))
    assert len(found) == 400
    assert found.min() >= (unhealthy_after - 1) * interval + timeout - 1e-9
    assert found.max() <= unhealthy_after * interval + timeout + 1e-9
    low = (unhealthy_after - 1) * interval + timeout
    assert stats.kstest((found - low) / interval, "uniform").pvalue > 0.001
    assert found.mean() == pytest.approx(mean, abs=4 * interval / np.sqrt(12 * 400))


def test_the_phase_of_an_instance_decides_when_its_failure_is_found(stage):
    """Probes come in a fixed rhythm: a failure half a second later is found at the same time, or one interval later."""
    early = verdicts(stage, "crash: api", 2.0, 1.0, 3, instances=20)
    assembly = stage(
        """
        duration: 1h
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, instances: 20, work: 1ms, health_check: {interval: 2s, timeout: 1s, unhealthy_after: 3}}
        events: [{at: 4.5s, crash: api, restart_after: 10s}]
        """,
        user=[0],
    )
    assembly.world.env.run_until(30.0)
    reactions = assembly.world.recorder.reactions
    late = {f"{name}[{index}]": when - 4.0 for when, name, index, what in reactions if what == "unhealthy"}
    differences = {round(late[name] - early[name], 6) for name in early}
    assert differences == {0.0, 2.0}
    assert {name for name in early if late[name] > early[name]} == {name for name in early if early[name] < 4.5}
    healthy = {f"{name}[{index}]": when - 4.0 for when, name, index, what in reactions if what == "healthy"}
    beats = np.array([healthy[name] - 0.001 - late[name] for name in late])  # a probe's answer takes 1 ms of work
    assert beats / 2.0 == pytest.approx(np.round(beats / 2.0), abs=1e-6)
