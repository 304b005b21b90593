"""Law 7: probes, retries and refreshes are load on what serves them, but never user requests."""

import pytest

PROBED = """
    duration: 10s
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components:
      api: {kind: service, work: 10ms, health_check: {interval: 1s, timeout: 500ms, work: 20ms}}
    """


def test_probes_keep_workers_busy_but_are_no_requests(play):
    """In 10 s ten probes of 20 ms are served beside one request of 10 ms."""
    story = play(PROBED, user=[0])
    assert story.summary["requests"]["offered"] == 1
    assert story.component("api")["served"] == 1
    assert story.component("api")["utilization"] == pytest.approx((10 * 0.02 + 0.01) / 10, abs=0.02 / 10)
    assert story.result.useful_work == pytest.approx(0.01)


def test_a_request_waits_behind_a_probe(play):
    """Probes occupy the one worker half of the time: some requests find it busy, for 50 ms at the longest."""
    text = PROBED.replace("interval: 1s, timeout: 500ms, work: 20ms", "interval: 100ms, timeout: 100ms, work: 50ms")
    story = play(text.replace("replay: user.csv", "rate: 7/s, arrivals: constant"))
    waits = story.result.requests["queue"]
    assert 0.3 < (waits > 0.0).mean() < 0.7
    assert 0.03 < waits.max() <= 0.05


def test_a_probe_that_finds_the_queue_full_has_failed(play):
    """A single worker without a queue is busy for two seconds: it is taken for dead until it answers again."""
    story = play(
        """
        duration: 10s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api:
            kind: service
            instances: 2
            queue: 0
            work: 2s
            balancer: {algorithm: round_robin, panic_threshold: 0%}
            health_check: {interval: 500ms, timeout: 200ms, unhealthy_after: 2, healthy_after: 1}
        """,
        user=[0, 0, 1.5, 4],
    )
    assert story.outcomes == ["ok", "ok", "no_healthy_instance", "ok"]


def test_probes_that_are_killed_or_refused_are_no_lost_requests(play):
    story = play(
        """
        duration: 20s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 2, work: 10ms, health_check: {interval: 1s, timeout: 500ms}}}
        events: [{at: 1s, crash: api, restart_after: 10s}]
        """,
        user=[0],
    )
    assert story.result.events[0].lost == 0


def test_probes_that_a_hung_instance_has_swallowed_are_no_requests(play):
    """Ten probes a second for four seconds go in and never come out; the two users are all that counts."""
    story = play(
        """
        duration: 5s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 2, health_check: {interval: 100ms, timeout: 50ms}, work: 10ms}}
        events: [{at: 1s, hang: api, for: 4s}]
        """,
        user=[0, 2],
    )
    assert story.component("api")["offered"] == 2
    assert story.result.events[0].lost == 1


@pytest.mark.parametrize("warmup", ["0s", "500ms"])
def test_probes_are_in_no_counter_whenever_the_counting_begins(play, warmup):
    """Probes of 400 ms each second, one of them perhaps while the warm-up ends; only the user counts."""
    text = PROBED.replace("work: 20ms", "work: 400ms").replace("duration: 10s", f"duration: 10s\n    warmup: {warmup}")
    for seed in range(5):
        api = play(text, seed, user=[0.9]).component("api")
        assert (api["offered"], api["served"], api["refused"], api["errors"]) == (1, 1, 0, 0)


ASKED = """
    duration: 10s
    clients: {user: {traffic: {rate: 20/s, arrivals: constant}, to: api}}
    components:
      api:
        kind: service
        instances: 2
        workers: 1
        balancer: {algorithm: prequal, probes_per_request: 2, probe_work: 5ms}
        work: 20ms
    """


def test_probes_of_load_keep_workers_busy_but_are_no_requests(play):
    """For each request of 20 ms, both instances spend 5 ms on a probe: 30 ms of work, 20 times a second, on two."""
    story = play(ASKED)
    api = story.component("api")
    assert api["utilization"] == pytest.approx(20 * 0.03 / 2, rel=0.02)
    assert (api["offered"], api["served"]) == (200, 200)
    assert story.summary["requests"]["offered"] == 200


def test_what_a_busy_instance_owes_to_probes_its_next_request_waits_for(play):
    """A single instance, asked at 0, 10 and 30 ms, each time with its one worker busy.

    The second request is begun at 20 ms and finds two probes of 5 ms, the third at 50 ms and finds one.
    """
    text = ASKED.replace("rate: 20/s, arrivals: constant", "replay: user.csv").replace("instances: 2", "instances: 1")
    text = text.replace("\n        work: 20ms", "\n        health_check: {interval: 10s}\n        work: 20ms")
    story = play(text, user=[0, 0.01, 0.03])
    assert story.log == [(0.0, 0.02, "ok"), (0.01, 0.05, "ok"), (0.03, 0.075, "ok")]
    assert story.ledger(1) == {"queue": 0.01, "service": 0.03}


def test_retries_are_load_but_one_request(play):
    """Three attempts of 10 ms each fail at the end: the server works three times, the user has asked once."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, retry: {attempts: 3, on: 5xx}}}
        components:
          api: {kind: service, steps: [work: 10ms, call: broken]}
          broken: {kind: external, latency: 0ms, error_rate: 100%}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.03, "upstream_error")]
    assert story.attempts == [3]
    assert story.component("api")["offered"] == 3
    assert story.component("api")["utilization"] == pytest.approx(0.03)
    assert story.summary["requests"]["offered"] == 1
    assert story.summary["attempts"]["total"] == 3
    assert story.summary["attempts"]["per_request"] == 3.0
    assert story.result.wasted_work >= 0.02 - 1e-12


def test_retries_of_a_gateway_are_load_behind_it_and_one_attempt_before_it(play):
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: gateway}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: broken, retry: {attempts: 4, on: 5xx}}]}
          broken: {kind: external, latency: 10ms, error_rate: 100%}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.04, "upstream_error")]
    assert story.component("broken")["offered"] == 4
    assert story.component("gateway")["offered"] == 1
    assert story.summary["attempts"]["total"] == 1


def test_retries_of_a_call_are_no_attempts_of_the_user(play):
    """A service asks a broken provider three times: the user has tried once, and only the calls are thrown away."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [work: 50ms, call: {to: broken, optional: true, retry: {attempts: 3, on: 5xx}}]}
          broken: {kind: external, latency: 10ms, error_rate: 100%}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.08, "degraded")]
    assert story.attempts == [1]
    assert story.summary["attempts"]["total"] == 1
    assert story.result.wasted_work == pytest.approx(0.02)
    assert story.result.useful_work == pytest.approx(0.06)


def test_layers_that_retry_multiply(play):
    """Three attempts at the client times three at the gateway are nine at the origin."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: gateway, retry: {attempts: 3, on: 5xx}}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: broken, retry: {attempts: 3, on: 5xx}}]}
          broken: {kind: external, latency: 10ms, error_rate: 100%}
        """,
        user=[0],
    )
    assert story.ends == [0.09]
    assert story.component("broken")["offered"] == 9


def test_a_refresh_in_the_background_is_load_but_no_request(play):
    """At 200 ms the answer is stale: the user gets it at once, and the origin works for the next one."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: cdn}}
        components:
          cdn: {kind: cdn, to: api, cache: {ttl: 100ms, stale_while_revalidate: 10s}}
          api: {kind: service, work: 10ms}
        """,
        user=[0, 0.2, 0.25],
    )
    assert story.log == [(0.0, 0.01, "ok"), (0.2, 0.2, "cached"), (0.25, 0.25, "cached")]
    assert story.component("api")["served"] == 2
    assert story.component("api")["utilization"] == pytest.approx(0.02)
    assert (story.result.useful_work, story.result.wasted_work) == (pytest.approx(0.02), 0.0)
    assert story.summary["requests"]["offered"] == 3


def test_what_a_probe_had_done_when_its_server_died_is_nobodys_work(play):
    """A probe of 500 ms is under way when the server crashes at 300 ms; the user has come and gone."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, work: 10ms, workers: 2, health_check: {interval: 100ms, timeout: 90ms, work: 500ms}}
        events: [{at: 300ms, crash: api}]
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.01, "ok")]
    assert story.component("api")["killed"] == 0
    assert (story.result.useful_work, story.result.wasted_work) == (pytest.approx(0.01), 0.0)
