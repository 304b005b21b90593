"""Balancers that learn from answers (least response time) or from probes (Prequal) see only what has reached them."""

import pytest

LIGHT = """
    duration: 50s
    clients: {{user: {{traffic: {{rate: 100/s, arrivals: constant}}, to: api}}}}
    components: {{api: {{kind: service, instances: 5, balancer: {balancer}, work: 1ms}}}}
    """


def test_a_balancer_that_learns_knows_a_slow_instance_by_its_latency(play):
    """All are idle whenever a request comes; the one that takes ten times as long is hardly asked."""
    text = LIGHT.format(balancer="least_response_time").replace("work: 1ms", "work: 1ms, speed: [0.1, 1, 1, 1, 1]")
    served = play(text).served("api")
    assert served[0] < 20
    assert sum(served) == 5000


def test_a_balancer_that_learns_counts_a_time_out_as_an_answer_that_took_so_long(play):
    """The instance that swallows requests costs 100 ms in its eyes: it gets one request, and no more for long."""
    story = play(
        """
        duration: 5s
        clients: {user: {traffic: {rate: 50/s, arrivals: constant}, to: api, timeout: 100ms}}
        components:
          api: {kind: service, instances: 4, workers: 9, balancer: least_response_time, work: 10ms}
        events: [{at: 1s, hang: "api[0]"}]
        """
    )
    assert story.outcomes.count("timeout") == 1


def test_an_instance_tells_probes_how_long_requests_take_at_its_load(stage):
    """Twenty requests at once on two instances of one worker: who found k there was answered after (k + 1) * 10 ms."""
    world = stage(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 2, balancer: {algorithm: prequal, probe_work: 0s}, work: 10ms}}
        """,
        user=[0] * 20,
    ).world
    world.env.run_until(0.9)
    for server, report in zip(world.components["api"].servers, world.components["api"].load_reports, strict=True):
        for found in range(server.served):
            assert report.expected(found) == pytest.approx(0.01 * (found + 1))


@pytest.mark.parametrize(("fault", "heard_of"), [("partition: user/api", 0), ("latency: api, add: 10s", 0), ("", 5)])
def test_probes_of_load_travel_like_requests(stage, fault, heard_of):
    """Beyond a cut, or ten seconds away, no instance is heard of within five seconds; otherwise all are."""
    events = f"events: [{{at: 0s, {fault}}}]" if fault else ""
    world = stage(f"{LIGHT.format(balancer='prequal')}{events}").world
    world.env.run_until(5.0)
    assert len(world.components["api"].fleets["user"].balancer.pool) <= heard_of
    assert bool(world.components["api"].fleets["user"].balancer.pool) == bool(heard_of)
