"""Sessions: requests that stick to an instance, state that dies with it, and a store that outlives it."""

import pytest

STICKY = """
    duration: 100s
    clients:
      ann: {traffic: {rate: 100/s}, population: 200, to: api}
    components:
      api:
        kind: service
        instances: 4
        workers: 50
        balancer: {algorithm: random, AFFINITY}
        health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 1}
        steps: [{session: {SESSION rebuild: 20ms}}, {work: 1ms}]
      store: {kind: cache, latency: 1ms}
    events: [{at: 50s, crash: "api[2]", restart_after: 10s}]
    """
PLAIN = STICKY.replace("      store: {kind: cache, latency: 1ms}\n", "")


def test_a_cookie_keeps_a_session_on_its_instance(play):
    """200 sessions are begun once each; only those of the instance that dies are lost, and once each."""
    story = play(PLAIN.replace("AFFINITY", "affinity: cookie").replace("SESSION", ""))
    api = story.component("api")
    assert api["sessions_started"] == 200
    assert 30 <= api["sessions_lost"] <= 70
    assert story.component("api")["served"] == len(story.log) - story.outcomes.count("refused") - sum(
        outcome in ("reset", "in_flight") for outcome in story.outcomes
    )


def test_without_affinity_state_in_memory_is_hardly_ever_where_it_is_needed(play):
    """Three times in four another instance has it."""
    story = play(PLAIN.replace("AFFINITY", "panic_threshold: 0").replace("SESSION", ""))
    api = story.component("api")
    assert api["sessions_lost"] / len(story.log) == pytest.approx(0.75, abs=0.03)


def test_a_store_loses_nothing_with_an_instance_and_costs_every_request(play):
    """Each request asks the store for 1 ms; none is lost."""
    story = play(STICKY.replace("AFFINITY", "panic_threshold: 0").replace("SESSION", "store: store,"))
    api = story.component("api")
    assert (api["sessions_started"], api["sessions_lost"]) == (200, 0)
    served = story.result.requests[story.result.requests["outcome"] == 0]
    assert sorted({round(float(latency), 6) for latency in served["latency"]}) == [0.002, 0.022]


def test_a_store_that_dies_loses_all_sessions(play):
    story = play(
        STICKY.replace("AFFINITY", "panic_threshold: 0")
        .replace("SESSION", "store: store,")
        .replace('crash: "api[2]", restart_after: 10s', "flush: store")
    )
    api = story.component("api")
    assert (api["sessions_started"], api["sessions_lost"]) == (200, 200)


def test_sessions_that_stick_load_instances_unevenly(play):
    """Few heavy callers: their instances have more to do than the others."""
    text = PLAIN.replace("population: 200", "population: {size: 20, zipf: 1.2}").replace("SESSION", "")
    text = text.replace('events: [{at: 50s, crash: "api[2]", restart_after: 10s}]', "")
    sticky = play(text.replace("AFFINITY", "affinity: source")).served("api")
    spread = play(text.replace("AFFINITY", "panic_threshold: 0")).served("api")
    assert max(sticky) / min(sticky) > 1.5
    assert max(spread) / min(spread) < 1.1


# -- balancer nodes and old reports


def test_each_node_has_a_view_of_its_own(play):
    """Two requests at once through two nodes: neither knows of the other's, and half the time they meet."""
    story = play(
        """
        duration: 2000s
        clients: {ann: {traffic: {rate: 1/s, arrivals: constant}, to: front}}
        components:
          front: {kind: service, work: 1ms, workers: 10, steps: [{parallel: [{call: lb, times: 2}]}]}
          lb: {kind: balancer, nodes: 2, to: api, balancer: round_robin}
          api: {kind: service, instances: 2, workers: 10, work: 10ms, balancer: least_request}
        """.replace("work: 1ms, workers: 10, steps", "workers: 10, steps")
    )
    most = max(instance["outstanding_max"] for instance in story.component("api")["instances"].values())
    assert most == 2
    both = play(
        """
        duration: 2000s
        clients: {ann: {traffic: {rate: 1/s, arrivals: constant}, to: front}}
        components:
          front: {kind: service, workers: 10, steps: [{parallel: [{call: lb, times: 2}]}]}
          lb: {kind: balancer, nodes: 1, to: api}
          api: {kind: service, instances: 2, workers: 10, work: 10ms, balancer: least_request}
        """
    )
    assert max(instance["outstanding_max"] for instance in both.component("api")["instances"].values()) == 1


def test_a_dead_node_takes_its_share_until_the_checks_have_found_out(play):
    """ECMP goes on hashing a third of the callers to it for 2 to 3 s; then they are with the others."""
    story = play(
        """
        duration: 60s
        clients: {ann: {traffic: {rate: 200/s}, population: 300, to: lb}}
        components:
          lb: {kind: balancer, nodes: 3, to: api, health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 2}}
          api: {kind: service, instances: 2, workers: 100, work: 1ms}
        events: [{at: 20s, crash: "lb[1]"}]
        """
    )
    rows = story.result.requests
    refused = rows["arrived"][rows["outcome"] == 4]
    assert 20.0 <= refused.min() < 20.1
    assert 21.0 <= refused.max() <= 22.1
    hit = (rows["arrived"] >= 20.0) & (rows["arrived"] < refused.max())
    assert (rows["outcome"][hit] == 4).mean() == pytest.approx(1 / 3, abs=0.12)


HERD = """
    duration: 60s
    clients: {ann: {traffic: {rate: 720/s}, to: api}}
    components:
      api:
        {kind: service, instances: 8, workers: 1, queue: unbounded, work: {exponential: 10ms}, balancer: {BALANCER}}
    """


def test_the_least_loaded_of_old_reports_is_where_all_go(play):
    """The herd: with reports of a second ago, all requests of a second go to one instance; two choices do not herd."""

    def mean(balancer):
        return play(HERD.replace("BALANCER", balancer)).summary["latency_s"]["all"]["mean"]

    fresh = mean("algorithm: least_request")
    herd = mean("algorithm: least_request, load_reports: 1s")
    two = mean("algorithm: least_request, choices: 2, load_reports: 1s")
    blind = mean("algorithm: random")
    assert fresh < 0.05
    assert herd > 5 * blind
    assert two < herd / 3


def test_a_header_or_an_address_keeps_a_session_too(play):
    """By address as many sessions as callers, by header as many as it has values: those stay on one instance each."""
    text = PLAIN.replace("SESSION", "").replace('    events: [{at: 50s, crash: "api[2]", restart_after: 10s}]\n', "")
    by_address = play(text.replace("AFFINITY", "affinity: source")).component("api")
    assert (by_address["sessions_started"], by_address["sessions_lost"]) == (200, 0)
    headers = ", ".join(f"{{send: GET /, headers: {{Tenant: t{number}}}}}" for number in range(3))
    text = text.replace("population: 200,", f"requests: [{headers}],")
    served = play(text.replace("AFFINITY", 'affinity: "header:tenant"')).served("api")
    assert sum(requests > 0 for requests in served) <= 3
    served = play(text.replace("AFFINITY", 'affinity: "header:absent"')).served("api")
    assert min(served) > 0.8 * max(served)
