"""Which failures are tried again, how often and how soon."""

import pytest

FAILURES = {
    "timeout": ("timeout: 50ms, ", "api: {kind: service, work: 100ms}", ""),
    "connect_failure": ("", "api: {kind: service, work: 100ms}", "events: [{at: 0s, crash: api}]"),
    "reset": ("", "api: {kind: service, instances: 9, work: 100ms}", "events: [{at: 50ms, crash: api}]"),
    "429": (
        "",
        'api: {kind: gateway, policies: [rate_limit: {rate: 0.01/s, burst: 1}], routes: [{match: "/**", to: far}]}',
        "",
    ),
    "5xx": ("", "api: {kind: external, latency: 10ms, error_rate: 100%}", ""),
    "4xx": (
        "",
        'api: {kind: gateway, policies: [authenticate: {reject: 100%}], routes: [{match: "/**", to: far}]}',
        "",
    ),
    "queue full": ("", "api: {kind: service, queue: 0, work: 20s}", ""),
}


def failing(how, on):
    patience, component, events = FAILURES[how]
    return f"""
    duration: 10s
    clients: {{user: {{traffic: {{replay: user.csv}}, {patience}retry: {{attempts: 2, on: {on}}}, to: api}}}}
    components:
      {component}
      far: {{kind: external, latency: 10ms}}
    {events}
    """


@pytest.mark.parametrize("on", ["timeout", "connect_failure", "reset", "429", "5xx"])
@pytest.mark.parametrize("how", FAILURES)
def test_only_the_failures_that_are_named_are_tried_again(play, how, on):
    """As in Envoy `5xx` includes a reset and a refused connection; a 4xx is never tried again."""
    tried_again = {
        "timeout": ["timeout"],
        "connect_failure": ["connect_failure", "5xx"],
        "reset": ["reset", "5xx"],
        "429": ["429"],
        "5xx": ["5xx"],
        "4xx": [],
        "queue full": ["5xx"],
    }
    story = play(failing(how, on), user=[0, 0.001])
    assert story.attempts[1] == (2 if on in tried_again[how] else 1)


def test_several_conditions_can_be_named(play):
    assert play(failing("429", "[timeout, 429]"), user=[0, 0.001]).attempts[1] == 2
    assert play(failing("timeout", "[timeout, 429]"), user=[0, 0.001]).attempts[1] == 2


RETRY = """
    duration: 20s
    clients:
      user:
        traffic: {{rate: 10/s, arrivals: constant}}
        requests: [{request}]
        retry: {{{retry}}}
        to: broken
    components: {{broken: {{kind: external, latency: 10ms, error_rate: 100%}}}}
    """


def retry(rules, request="{send: GET /}", duration="95ms"):
    return RETRY.format(retry=rules, request=request).replace("duration: 20s", f"duration: {duration}")


@pytest.mark.parametrize(
    ("request_", "rules", "attempts"),
    [
        ("{send: GET /}", "attempts: 3", 3),
        ("{send: PUT /}", "attempts: 3", 3),
        ("{send: DELETE /}", "attempts: 3", 3),
        ("{send: POST /}", "attempts: 3", 1),
        ("{send: PATCH /}", "attempts: 3", 1),
        ("{send: POST /, idempotency_key: true}", "attempts: 3", 3),
        ("{send: POST /}", "attempts: 3, methods: [POST]", 3),
        ("{send: GET /}", "attempts: 3, methods: [POST]", 1),
    ],
)
def test_only_what_may_be_repeated_is_repeated(play, request_, rules, attempts):
    """Idempotent methods (RFC 9110) and what has an idempotency key, unless the methods are named."""
    assert play(retry(rules, request_)).attempts == [attempts]


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_the_first_attempt_counts(play, attempts):
    story = play(retry(f"attempts: {attempts}"))
    assert story.attempts == [attempts]
    assert story.ends == [pytest.approx(0.01 * attempts)]
    assert story.component("broken")["offered"] == attempts


def test_pauses_double(play):
    """Four attempts of 10 ms with pauses of 10, 20 and 40 ms: 110 ms, of which the run sees all."""
    story = play(retry("attempts: 4, backoff: {base: 10ms}", duration="99.9ms"))
    assert story.outcomes == ["in_flight"]
    assert story.result.attempt_starts[0].tolist() == pytest.approx([0.0, 0.02, 0.05])


@pytest.mark.parametrize(
    ("backoff", "starts"),
    [
        ("none", [0.0, 0.01, 0.02, 0.03]),
        ("5ms", [0.0, 0.015, 0.03, 0.045]),
        ("{base: 5ms, factor: 3}", [0.0, 0.015, 0.04, 0.095]),
        ("{base: 5ms, max: 8ms}", [0.0, 0.015, 0.033, 0.051]),
    ],
)
def test_backoff_says_when_the_next_attempt_comes(play, backoff, starts):
    story = play(retry(f"attempts: 4, backoff: {backoff}", duration="99.9ms"))
    assert story.result.attempt_starts[0].tolist() == pytest.approx(starts)


@pytest.mark.parametrize(("jitter", "low", "high"), [("full", 0.0, 0.1), ("equal", 0.05, 0.1)])
def test_jitter_spreads_the_pauses(play, jitter, low, high):
    """A first pause of 100 ms becomes anything from nothing (or the half of it) up to it."""
    story = play(retry(f"attempts: 2, backoff: {{base: 100ms, jitter: {jitter}}}", duration="19.9s"))
    pauses = story.result.requests["backoff"][:198]  # the last may still be in flight
    assert low <= pauses.min() < low + 0.01
    assert high - 0.01 < pauses.max() <= high
    assert pauses.mean() == pytest.approx((low + high) / 2, abs=4 * (high - low) / (12 * 198) ** 0.5)


def test_an_answer_ends_the_attempts(play):
    """Failing until 25 ms: the third attempt succeeds, and there is no fourth."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: api, retry: {attempts: 9}}}
        components: {api: {kind: service, work: 10ms}}
        events: [{at: 0s, errors: api, for: 20ms}]
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.04, "ok")]
    assert story.attempts == [3]


def test_a_budget_bounds_the_retries_of_an_outage(play):
    """A hundred failing requests: ten retries saved up, and 20 % of the 99 further requests: 29, not 100."""
    story = play(retry("attempts: 2, budget: 20%", duration="9.95s"))
    assert len(story.attempts) == 100
    assert sum(story.attempts) - 100 == 29
    assert story.attempts[:10] == [2] * 10


def test_without_a_budget_an_outage_multiplies_the_load(play):
    assert sum(play(retry("attempts: 4", duration="9.95s")).attempts) == 400


def test_each_attempt_has_the_time_out_anew(play):
    story = play(failing("timeout", "timeout").replace("work: 100ms", "workers: 9, work: 100ms"), user=[0])
    assert story.log == [(0.0, 0.1, "timeout")]
    assert story.attempts == [2]


def test_the_last_outcome_is_the_outcome(play):
    """Timed out first, refused then: refused."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 50ms, retry: {attempts: 2, backoff: 20ms}}}
        components: {api: {kind: service, work: 100ms}}
        events: [{at: 60ms, crash: api}]
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.07, "refused")]
