"""A gateway checks in order, refuses early, and sends a request to the first route that matches."""

import pytest
from scipy import stats

GATEWAY = """
    duration: 10s
    network: {{latency: 5ms}}
    clients: {{user: {{traffic: {{replay: user.csv}}, to: gateway}}}}
    components:
      gateway: {{kind: gateway, policies: [{policies}], routes: [{{match: "/**", to: api}}]}}
      api: {{kind: service, workers: 100, work: 10ms}}
    """


def gateway(policies):
    return GATEWAY.format(policies=policies)


def test_what_is_refused_early_costs_the_service_nothing(play):
    story = play(gateway("authenticate: {latency: 2ms, reject: 100%}"), user=[0, 0.1])
    assert story.log == [(0.0, 0.012, "unauthorized"), (0.1, 0.112, "unauthorized")]
    assert story.component("api")["offered"] == 0
    assert story.component("gateway")["refused"] == 2
    assert story.component("gateway")["unauthorized"] == 2


def test_policies_are_applied_in_their_order(play):
    """Whoever is not authenticated takes no token from the bucket; the other way round he does."""
    first = play(gateway("authenticate: {reject: 100%}, rate_limit: {rate: 1/s, burst: 1}"), user=[0, 0, 0])
    assert first.outcomes == ["unauthorized"] * 3
    other = play(gateway("rate_limit: {rate: 1/s, burst: 1}, authenticate: {reject: 100%}"), user=[0, 0, 0])
    assert other.outcomes == ["unauthorized", "rate_limited", "rate_limited"]


def test_a_later_policy_waits_for_an_earlier_one(play):
    """Authentication takes 2 ms, validation 3 ms; the refusal comes after both."""
    story = play(gateway("authenticate: {latency: 2ms}, validate: {latency: 3ms, reject: 100%}"), user=[0])
    assert story.log == [(0.0, 0.015, "invalid")]
    assert story.ledger() == {"network": 0.01, "policy": 0.005}


def test_a_token_bucket_lets_a_burst_pass_and_then_the_rate(play):
    """Three tokens at first, one more every 100 ms."""
    story = play(
        gateway("rate_limit: {algorithm: token_bucket, rate: 10/s, burst: 3}"),
        user=[0, 0.001, 0.002, 0.003, 0.05, 0.101, 0.102, 0.201],
    )
    passed = [outcome == "ok" for outcome in story.outcomes]
    assert passed == [True, True, True, False, False, True, False, True]
    assert story.component("gateway")["rate_limited"] == 3
    assert story.component("api")["offered"] == 5


def test_the_bucket_is_looked_at_when_the_request_is_there(play):
    """A check of 200 ms before it: the second request finds the token that has come in the meantime."""
    text = gateway("authenticate: {latency: {uniform: [200ms, 200.001ms]}}, rate_limit: {rate: 10/s, burst: 1}")
    story = play(text, user=[0, 0.11])
    assert story.outcomes == ["ok", "ok"]
    story = play(text, user=[0, 0.05])
    assert story.outcomes == ["ok", "rate_limited"]


def test_a_token_goes_to_who_is_there_first_not_to_who_was_sent_first(play):
    """Sent at 0 from 200 ms away, and at 150 ms from nearby: the one token goes to the latter."""
    text = gateway("rate_limit: {rate: 0.1/s, burst: 1}").replace(
        "clients: {", "clients: {far: {traffic: {replay: far.csv}, to: gateway, network: {latency: 200ms}}, "
    )
    story = play(text, far=[0], user=[0.15])
    assert story.outcomes == ["rate_limited", "ok"]


def test_a_check_that_takes_its_time_moves_the_moment_at_which_a_token_is_taken(play):
    """Authenticated for up to 400 ms each: who is through first has the token, and the other if 100 ms behind him."""
    text = gateway("authenticate: {latency: {uniform: [0ms, 400ms]}}, rate_limit: {rate: 10/s, burst: 1}")
    seen = set()
    for seed in range(30):
        story = play(text, seed, user=[0, 0.05])
        there = [sent + story.ledger(number).get("policy", 0.0) for number, sent in enumerate((0.0, 0.05))]
        first, last = sorted((0, 1), key=there.__getitem__)
        assert story.outcomes[first] == "ok"
        assert (story.outcomes[last] == "ok") == (there[last] - there[first] >= 0.1)
        seen.add((first, story.outcomes[last]))
    assert len(seen) == 4


def test_each_caller_can_have_a_limit_of_his_own(play):
    text = gateway("rate_limit: {rate: 1/s, burst: 1, per: client}")
    story = play(text, user=[(0, "GET /", "ann"), (0, "GET /", "bob"), (0.1, "GET /", "ann")])
    assert story.outcomes == ["ok", "ok", "rate_limited"]


def test_each_user_of_a_closed_loop_is_a_caller_of_his_own(play):
    """Three users, one token each, and no time to earn another: three requests pass."""
    text = gateway("rate_limit: {rate: 0.01/s, burst: 1, per: client}").replace("replay: user.csv", "users: 3")
    assert play(text).outcomes.count("ok") == 3


def test_a_share_is_rejected_the_same_ones_at_every_try(play):
    """A tenth has no valid credentials, and trying again does not give them any; no answer is on its way at the end."""
    text = gateway("authenticate: {reject: 10%}").replace("replay: user.csv", "rate: 200/s, arrivals: constant")
    text = text.replace("latency: 5ms", "latency: 0ms")
    story = play(text.replace("to: gateway}", "to: gateway, retry: {attempts: 3, on: 5xx}}"))
    rejected = story.outcomes.count("unauthorized")
    assert stats.binomtest(rejected, 2000, 0.1).pvalue > 0.001
    assert story.component("gateway")["unauthorized"] == rejected


def test_a_body_can_be_refused_by_the_schema_or_by_what_it_says(play):
    """Half do not conform, and half of the others make no sense: three quarters are invalid."""
    text = gateway("validate: {reject: 50%, schema: {reject: 50%}}")
    outcomes = play(text.replace("replay: user.csv", "rate: 200/s, arrivals: constant")).outcomes[:1990]
    assert stats.binomtest(outcomes.count("invalid"), len(outcomes), 0.75).pvalue > 0.001


ROUTES = """
    duration: 1s
    clients: {user: {traffic: {replay: user.csv}, to: gateway}}
    components:
      gateway:
        kind: gateway
        routes:
          - {match: "POST /orders", to: write}
          - {match: "/orders/*", to: one}
          - {match: "/orders/**", to: deep}
          - {match: "GET /**", to: read}
      write: {kind: service, workers: 9, work: 1ms}
      one: {kind: service, workers: 9, work: 2ms}
      deep: {kind: service, workers: 9, work: 3ms}
      read: {kind: service, workers: 9, work: 4ms}
    """


@pytest.mark.parametrize(
    ("target", "work"),
    [
        ("POST /orders", 0.001),
        ("GET /orders/7", 0.002),
        ("POST /orders/7", 0.002),
        ("GET /orders/7/items", 0.003),
        ("GET /anything/else", 0.004),
    ],
)
def test_the_first_route_that_matches_is_taken(play, target, work):
    assert play(ROUTES, user=[(0, target)]).ends == [work]


def test_what_no_route_matches_is_not_found(play):
    story = play(ROUTES, user=[(0, "PUT /items")])
    assert story.log == [(0.0, 0.0, "not_found")]
    assert story.component("gateway")["unrouted"] == 1


def test_a_route_can_have_a_time_out(play):
    """The gateway waits 30 ms for a slow service and answers for it; the service works on."""
    text = gateway("").replace("to: api}", "to: api, timeout: 30ms}").replace("work: 10ms", "work: 100ms")
    story = play(text, user=[0])
    assert story.log == [(0.0, 0.04, "timeout")]
    assert story.component("api")["served"] == 1


def test_a_route_can_try_again(play):
    """Refused at 10 ms (5 ms one way from the gateway and back), tried again at once, and once more."""
    text = gateway("").replace("to: api}", "to: api, retry: {attempts: 3, on: connect_failure}}")
    story = play(f"{text}events: [{{at: 0s, crash: api, restart_after: 22ms}}]", user=[0])
    assert story.log == [(0.0, 0.05, "ok")]


def test_a_connection_refused_between_two_proxies_is_an_error_of_the_first(play):
    """The firewall has a whole connection to the client, whatever it finds behind itself."""
    for on, attempts in (("connect_failure", 1), ("5xx", 3)):
        story = play(
            f"""
            duration: 1s
            clients: {{user: {{traffic: {{replay: user.csv}}, to: waf, retry: {{attempts: 3, on: {on}}}}}}}
            components:
              waf: {{kind: waf, to: gateway}}
              gateway: {{kind: gateway, routes: [{{match: "/**", to: api}}]}}
              api: {{kind: service, work: 10ms}}
            events: [{{at: 0s, outage: gateway}}]
            """,
            user=[0.5],
        )
        assert (story.outcomes, story.attempts) == (["refused"], [attempts])


def test_a_route_can_have_a_retry_budget(play):
    """A hundred requests fail: ten retries saved up, and 20 % of the 99 that follow the first."""
    text = gateway("").replace("to: api}", "to: api, retry: {attempts: 2, budget: 20%}}")
    text = text.replace("replay: user.csv", "rate: 10/s, arrivals: constant").replace("10s", "9.95s")
    story = play(f"{text}events: [{{at: 0s, errors: api}}]")
    assert len(story.log) == 100
    assert story.component("api")["offered"] == 100 + 29


def test_what_happens_behind_a_gateway_is_an_error_of_the_gateway(play):
    """The connection to the gateway is whole: a refused connection behind it is no connect failure to the client."""
    text = gateway("")
    for on, attempts in (("connect_failure", 1), ("reset", 1), ("timeout", 1), ("5xx", 3)):
        retry = text.replace("to: gateway}", f"to: gateway, retry: {{attempts: 3, on: {on}}}}}")
        story = play(f"{retry}events: [{{at: 0s, crash: api}}]", user=[0.5])
        assert (story.outcomes, story.attempts) == (["refused"], [attempts])
