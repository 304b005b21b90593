"""What a service does for a request: steps one after the other, calls at once, calls that may fail."""

import pytest


def service(steps, more=""):
    return f"""
    duration: 10s
    clients: {{user: {{traffic: {{replay: user.csv}}, to: api}}}}
    components:
      api: {{kind: service, workers: 10, steps: [{steps}]}}
      db: {{kind: database, work: 20ms}}
      far: {{kind: external, latency: 50ms}}
      broken: {{kind: external, latency: 5ms, error_rate: 100%}}
      {more}
    """


@pytest.mark.parametrize(
    ("steps", "end", "outcome"),
    [
        ("work: 10ms", 0.01, "ok"),
        ("work: 10ms, work: 5ms", 0.015, "ok"),
        ("work: 10ms, call: db, work: 5ms, call: far", 0.085, "ok"),
        ("parallel: [call: db, call: far], work: 10ms", 0.06, "ok"),
        ("parallel: [{call: db, times: 3}]", 0.02, "ok"),
        ("call: broken, work: 10ms", 0.005, "upstream_error"),
        ("work: 10ms, call: broken", 0.015, "upstream_error"),
        ("parallel: [call: broken, call: far], work: 10ms", 0.05, "upstream_error"),
        ("call: {to: far, timeout: 20ms}, work: 10ms", 0.02, "timeout"),
        ("call: {to: broken, retry: 3}", 0.015, "upstream_error"),
        ("call: {to: far, timeout: 20ms, retry: {attempts: 2, backoff: 5ms}}", 0.045, "timeout"),
        ("call: {to: broken, optional: true}, work: 10ms", 0.015, "degraded"),
        ("call: {to: broken, optional: true}, call: broken", 0.01, "upstream_error"),
        ("call: {to: broken, fallback: 3ms}, work: 10ms", 0.018, "degraded"),
        ("call: {to: far, timeout: 20ms, optional: true}, work: 10ms", 0.03, "degraded"),
        ("call: {to: db, optional: true}, work: 10ms", 0.03, "ok"),
        ("parallel: [call: {to: broken, optional: true}, call: db]", 0.02, "degraded"),
        ("parallel: [call: {to: far, timeout: 30ms, optional: true}, call: db], work: 10ms", 0.04, "degraded"),
        ("parallel: [call: {to: broken, optional: true}, call: broken]", 0.005, "upstream_error"),
        ("parallel: [call: {to: broken, fallback: 30ms}, call: db]", 0.035, "degraded"),
        ("parallel: [call: {to: broken, fallback: 3ms}, call: db]", 0.02, "degraded"),
    ],
)
def test_steps_take_their_time_and_decide_the_outcome(play, steps, end, outcome):
    """Steps follow each other; parallel calls take as long as the slowest; what is optional only degrades."""
    assert play(service(steps), user=[0]).log == [(0.0, end, outcome)]


def test_a_degraded_answer_further_down_makes_the_whole_answer_degraded(play):
    more = """front: {kind: service, steps: [call: api, work: 1ms]}
      edge: {kind: gateway, routes: [{match: "/**", to: front}]}"""
    text = service("call: {to: broken, optional: true}", more).replace("to: api}", "to: edge}")
    assert play(text, user=[0]).log == [(0.0, 0.006, "degraded")]


def test_a_degraded_answer_passes_a_gateway_between_two_services(play):
    more = """front: {kind: service, steps: [call: edge]}
      edge: {kind: gateway, routes: [{match: "/**", to: api}]}"""
    text = service("call: {to: broken, optional: true}", more).replace("to: api}}", "to: front}}", 1)
    assert play(text, user=[0]).outcomes == ["degraded"]


def test_a_fallback_is_only_made_when_it_is_needed(play):
    story = play(service("call: {to: db, fallback: 30ms}"), user=[0])
    assert story.log == [(0.0, 0.02, "ok")]


def test_a_parallel_step_makes_so_many_calls(play):
    story = play(service("parallel: [{call: db, times: 4}, call: far]"), user=[0])
    assert story.component("db")["offered"] == 4
    assert story.component("far")["offered"] == 1


def test_each_of_several_calls_alike_needs_a_time_of_its_own(play):
    """The slowest of ten exponential times of 10 ms takes 10 ms * (1 + 1/2 + … + 1/10) on average."""
    text = service("parallel: [{call: far, times: 10}]").replace("latency: 50ms", "latency: {exponential: 10ms}")
    story = play(
        text.replace("replay: user.csv", "rate: 100/s, arrivals: constant").replace("workers: 10", "workers: 99")
    )
    latencies = story.result.requests["latency"][:980]
    deviation = 0.01 * sum(1 / n**2 for n in range(1, 11)) ** 0.5
    assert latencies.mean() == pytest.approx(0.01 * sum(1 / n for n in range(1, 11)), abs=4 * deviation / 980**0.5)


def test_parallel_calls_of_a_service_that_dies_go_on_in_vain(play):
    """Dead at 10 ms; the database works on for 20 ms and the provider for 50 ms, for nobody."""
    text = service("parallel: [call: db, call: far]")
    story = play(f"{text}\n    events: [{{at: 10ms, crash: api}}]", user=[0])
    assert story.log == [(0.0, 0.01, "reset")]
    assert story.component("db")["served"] == story.component("far")["served"] == 1
    assert story.result.wasted_work == pytest.approx(0.07)


def test_parallel_calls_queue_where_they_meet(play):
    """Four queries at once over a pool of one: 80 ms."""
    text = service("parallel: [{call: db, times: 4}]").replace("kind: database,", "kind: database, connections: 1,")
    story = play(text, user=[0])
    assert story.ends == [0.08]
    assert story.ledger() == {"queue": 0.06, "service": 0.02}


def test_the_work_of_all_branches_is_work(play):
    """Decisive or not: 3 * 20 ms and 50 ms."""
    story = play(service("parallel: [{call: db, times: 3}, call: far]"), user=[0])
    assert story.result.useful_work == pytest.approx(0.11)


ENDPOINTS = """
    duration: 1s
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components:
      api:
        kind: service
        workers: 10
        endpoints:
          - {match: "GET /items/*", work: 10ms}
          - {match: "/items/**", work: 20ms}
          - {match: "POST /orders", steps: [work: 5ms, call: db]}
      db: {kind: database, work: 20ms}
    """


@pytest.mark.parametrize(
    ("target", "end", "outcome"),
    [
        ("GET /items/7", 0.01, "ok"),
        ("PUT /items/7", 0.02, "ok"),
        ("GET /items/7/parts", 0.02, "ok"),
        ("POST /orders", 0.025, "ok"),
        ("GET /orders", 0.0, "not_found"),
    ],
)
def test_endpoints_do_different_things_for_different_requests(play, target, end, outcome):
    assert play(ENDPOINTS, user=[(0, target)]).log == [(0.0, end, outcome)]


def test_a_client_error_is_an_answer_as_it_should_be(play):
    """404 is no failure of the service that says it."""
    api = play(ENDPOINTS, user=[(0, "GET /orders"), (0.1, "GET /items/7")]).component("api")
    assert (api["served"], api["errors"]) == (2, 0)


def test_what_a_request_needs_at_a_step_does_not_depend_on_the_calls_before_it(play):
    """Each request has the same service time at its second step, whether a call has come before it or not."""
    text = """
        duration: 10s
        clients:
          other: {traffic: {replay: other.csv}, to: report}
          user: {traffic: {rate: 10/s, arrivals: constant}, to: api}
        components:
          report: {kind: service, steps: [call: db]}
          api: {kind: service, workers: 99, steps: [call: {to: db, optional: true}, work: {exponential: 10ms}]}
          db: {kind: database, work: 0ms}
        """
    without = text.replace("call: {to: db, optional: true}", "work: 0ms")
    called, uncalled = (play(each, other=[0]).result.requests["service"][1:90] for each in (text, without))
    assert called == pytest.approx(uncalled, abs=1e-12)
    assert called.std() > 0.005


def test_other_requests_take_the_services_own_steps(play):
    text = ENDPOINTS.replace("workers: 10", "workers: 10\n        work: 33ms")
    assert play(text, user=[(0, "GET /orders")]).ends == [0.033]


def test_a_timed_out_call_goes_on_in_its_callee(play):
    """The service answers after 20 ms, its provider works for 50 ms: 30 ms, or all of it, for nobody."""
    story = play(service("call: {to: far, timeout: 20ms, optional: true}"), user=[0])
    assert story.component("far")["served"] == 1
    assert story.result.wasted_work == pytest.approx(0.05)
