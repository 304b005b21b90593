"""Law 10: the same seed gives the same result bit for bit, and another policy does not change the traffic."""

import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest

from sim.components.meter import Meter, server_counters
from sim.experiment import run
from sim.kernel import Environment
from sim.metrics import Recorder

SHOP = """
    duration: 20s
    network: {latency: 0.5ms, jitter: 20%}
    clients:
      browser:
        network: {latency: {p50: 20ms, p99: 80ms}, loss: 1%}
        traffic: {rate: 60/s}
        population: 50
        requests:
          - {send: GET /search, weight: 80, key: {zipf: {items: 200, s: 1.1}}}
          - {send: POST /checkout, weight: 20, idempotency_key: true}
        timeout: 500ms
        retry: {attempts: 3, backoff: {base: 50ms, jitter: full}}
        to: edge
      partner: {traffic: {users: 5, think: {exponential: 200ms}}, to: search}
    components:
      edge: {kind: cdn, cache: {match: "GET /search", size: 50, ttl: 2s, hit: 1ms}, to: gateway}
      gateway:
        kind: gateway
        policies: [authenticate: {latency: 1ms, reject: 1%}, rate_limit: {rate: 100/s, burst: 20}]
        routes: [{match: "/search", to: search, timeout: 300ms}, {match: "/checkout", to: checkout}]
      search:
        kind: service
        instances: 3
        balancer: least_request
        queue: 20
        health_check: {interval: 1s, timeout: 200ms, unhealthy_after: 2}
        steps: [work: {p50: 10ms, p99: 60ms}, read_through: {cache: cache, origin: db}]
      checkout: {kind: service, instances: 2, workers: 4, steps: [parallel: [call: db, call: pay]]}
      cache: {kind: cache, size: 100, latency: 0.5ms, hit: 0.1ms}
      db: {kind: database, connections: 4, work: {exponential: 10ms}}
      pay: {kind: external, latency: {p50: 50ms, p99: 200ms}, error_rate: 2%}
    events:
      - {at: 5s, crash: search, instances: 1, restart_after: 4s}
      - {at: 12s, hang: "checkout[0]", for: 2s}
      - {at: 15s, for: 2s, spike: browser, factor: 3}
      - {at: 10s, for: 2s, partition: {between: [search, db]}}
    """


def digest(result):
    """A finger print of everything in a result that is numbers."""
    numbers = sha256(result.requests.tobytes())
    for column in (*result.attempt_starts, *result.attempt_latencies, result.samples):
        numbers.update(column.tobytes())
    numbers.update(repr((result.components, result.events, result.wasted_work, result.useful_work)).encode())
    return numbers.hexdigest()


def test_the_same_seed_gives_the_same_bits(write):
    scenario = write(SHOP)
    assert digest(run(scenario, 5)) == digest(run(scenario, 5))


def test_another_seed_gives_another_run(write):
    scenario = write(SHOP)
    assert digest(run(scenario, 5)) != digest(run(scenario, 6))


def test_the_seed_may_stand_in_the_scenario(write):
    assert digest(run(write(SHOP.replace("duration", "seed: 5\n    duration", 1)))) == digest(run(write(SHOP), 5))


def test_the_seed_alone_decides_not_the_process(write):
    """Another process with other string hashes, in which objects lie elsewhere, comes to the same bits."""
    scenario = write(SHOP)
    program = "; ".join(
        [
            "import sys",
            "from importlib.util import module_from_spec, spec_from_file_location",
            "spec = spec_from_file_location('law', sys.argv[1])",
            "law = module_from_spec(spec)",
            "spec.loader.exec_module(law)",
            "from sim.scenario import load",
            "print(law.digest(law.run(load(sys.argv[2]), 5)))",
        ]
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program, __file__, str(scenario.path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(run(scenario, 5))}


def test_times_are_added_up_alike_by_every_python():
    """`sum` rounds floats in one way up to Python 3.11 and in another since; an exact sum depends on no order."""
    servers = [Meter(Environment(), f"api[{index}]", 1) for index in range(3)]
    for server, seconds in zip(servers, (0.1, 0.2, 0.3), strict=True):
        server.busy_area = server.queue_area = server.up_time = seconds
        server.env.run_until(0.7)
    counters = server_counters(servers)
    for backwards in (servers[::-1], servers[1:] + servers[:1]):
        assert server_counters(backwards)["queue_mean"] == counters["queue_mean"] == 0.6 / 0.7
        assert server_counters(backwards)["utilization"] == counters["utilization"]


@pytest.fixture
def traffic(write, monkeypatch):
    """Runs a scenario and tells what the requests of one client were: arrival, kind, key, caller and size."""

    def watch(text, client="browser", seed=5):
        seen = []
        open_ = Recorder.open

        def spy(recorder, request, *rest):
            if request.client == client:
                seen.append((request.arrived, request.kind.label, request.key, request.caller, request.size))
            return open_(recorder, request, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(Recorder, "open", spy)
            run(write(text), seed)
        return seen

    return watch


VARIANTS = {
    "balancer": ("balancer: least_request", "balancer: round_robin"),
    "instances": ("instances: 3", "instances: 7"),
    "retry": ("retry: {attempts: 3, backoff: {base: 50ms, jitter: full}}", "retry: 1"),
    "timeout": ("timeout: 500ms", "timeout: 50ms"),
    "no crash": ("{at: 5s, crash: search, instances: 1, restart_after: 4s}", "{at: 19s, crash: search}"),
    "rate limit": ("rate: 100/s", "rate: 10/s"),
    "cache": ("size: 50, ttl: 2s", "size: 5, ttl: 1s"),
    "think time": ("users: 5, think: {exponential: 200ms}", "users: 20, think: {exponential: 50ms}"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_another_policy_does_not_change_the_traffic(traffic, variant):
    """Arrivals, kinds, keys, callers and sizes are the same to the last bit."""
    old, new = VARIANTS[variant]
    assert old in SHOP
    before, after = traffic(SHOP), traffic(SHOP.replace(old, new))
    assert len(before) > 1000
    assert before == after


def test_a_spike_changes_nothing_before_it(traffic):
    """Without the spike of 15 s the requests before it are the same, and those after it are in the same order."""
    spike = "      - {at: 15s, for: 2s, spike: browser, factor: 3}\n"
    assert spike in SHOP
    with_it, without = traffic(SHOP), traffic(SHOP.replace(spike, ""))
    count = sum(arrived < 15.0 for arrived, *_ in without)
    assert with_it[:count] == without[:count]
    assert with_it[count][0] >= 15.0
    assert [rest for _, *rest in with_it[: len(without)]] == [rest for _, *rest in without]


def test_another_client_does_not_change_the_traffic_of_the_first(traffic):
    other = "partner: {traffic: {rate: 50/s}, to: search}\n      third: {traffic: {rate: 5/s}, to: search}"
    text = SHOP.replace("partner: {traffic: {users: 5, think: {exponential: 200ms}}, to: search}", other)
    assert text != SHOP
    assert traffic(text) == traffic(SHOP)


def test_a_client_that_stands_before_another_does_not_change_it(write):
    """Arrivals, outcomes and where time went are the same to the last bit, whoever stands above and asks elsewhere."""
    other = "clients:\n      first: {traffic: {rate: 50/s}, to: elsewhere}\n      user:"
    text = WORK.replace("clients: {user:", "clients:\n      user:").replace("timeout: 5s}}", "timeout: 5s, retry: 2}")
    both = text.replace("clients:\n      user:", other) + "  elsewhere: {kind: database, work: {exponential: 5ms}}\n"
    alone, after = run(write(text), 3), run(write(both), 3)
    mine = after.requests[after.requests["client"] == after.clients.index("user")]
    assert len(mine) > 500
    for column in ("arrived", "latency", "service", "queue", "attempts", "outcome"):
        assert mine[column].tolist() == alone.requests[column].tolist()


def test_a_client_of_the_same_service_does_not_change_what_another_one_needs(traffic, write):
    """They meet in queues, but what each request asks for and the work that it needs are as they were."""
    text = WORK.replace("api, timeout: 5s}", "api}").replace("instances: 2", "instances: 20")
    both = text.replace("clients: {", "clients: {first: {traffic: {rate: 20/s}, to: api}, ")
    assert traffic(both, "user") == traffic(text, "user")
    alone, after = run(write(text), 3), run(write(both), 3)
    mine = after.requests[after.requests["client"] == after.clients.index("user")]
    ended = (mine["outcome"] == 0) & (alone.requests["outcome"] == 0)
    assert ended.sum() > 900
    assert mine["service"][ended] == pytest.approx(alone.requests["service"][ended], abs=1e-12)


WORK = """
    duration: 20s
    clients: {user: {traffic: {rate: 50/s}, to: api, timeout: 5s}}
    components:
      api:
        kind: service
        instances: 2
        queue: unbounded
        balancer: round_robin
        steps: [work: {p50: 20ms, p99: 60ms}, call: db]
      db: {kind: database, connections: 5, work: {exponential: 5ms}}
    """


def demands(result):
    """What each answered request needed of servers, by its place in the order of arrival."""
    rows = result.requests
    return {n: rows["service"][n] for n in range(len(rows)) if rows["outcome"][n] == 0 and rows["attempts"][n] == 1}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("round_robin", "least_request"),
        ("round_robin", "random"),
        ("instances: 2", "instances: 5"),
        ("queue: unbounded", "queue: 3"),
        ("timeout: 5s", "timeout: 200ms, retry: 3"),
        ("work: {exponential: 5ms}", "work: {exponential: 5ms}, queue: 4"),
        ("duration: 20s", "events: [{at: 5s, crash: api, instances: 1, restart_after: 5s}]\n    duration: 20s"),
        ("duration: 20s", "events: [{at: 10s, for: 5s, spike: user, factor: 3}]\n    duration: 20s"),
    ],
)
def test_a_request_needs_the_same_work_whatever_the_policy(write, old, new):
    """Service times belong to the request, not to the order in which servers come to draw them."""
    assert old in WORK
    before, after = demands(run(write(WORK), 3)), demands(run(write(WORK.replace(old, new)), 3))
    both = sorted(set(before) & set(after))
    assert len(both) > 200
    assert [after[n] for n in both] == pytest.approx([before[n] for n in both], abs=1e-12)


def test_users_who_wait_do_not_change_what_others_need(write):
    """A closed loop sends more requests when it is answered faster; the open loop beside it needs the same work."""
    text = WORK.replace("clients: {", "clients: {crowd: {traffic: {users: 3, think: 10ms}, to: api}, ")
    before, after = (run(write(each), 3) for each in (text, text.replace("instances: 2", "instances: 4")))
    services = []
    for result in (before, after):
        rows = result.requests[result.requests["client"] == result.clients.index("user")]
        services.append(np.where(rows["outcome"] == 0, rows["service"], np.nan))
    ended = ~np.isnan(services[0]) & ~np.isnan(services[1])
    assert ended.sum() > 500
    assert services[0][ended] == pytest.approx(services[1][ended], abs=1e-12)


def test_the_attempts_of_a_request_need_work_of_their_own(play):
    """A request that is tried again is not as slow as before: each attempt draws anew."""
    story = play(
        """
        duration: 100s
        clients: {user: {traffic: {rate: 20/s}, to: api, timeout: 20ms, retry: {attempts: 2, on: timeout}}}
        components: {api: {kind: service, workers: 100, work: {exponential: 20ms}}}
        """
    )
    first = [attempts == 1 for attempts in story.attempts]
    second = [outcome == "ok" for outcome, once in zip(story.outcomes, first, strict=True) if not once]
    share = 1.0 - np.exp(-1.0)  # of attempts that end in time, first ones and second ones alike
    for chances in (first, second):
        assert np.mean(chances) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(chances)))
