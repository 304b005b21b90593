"""Law 1: a request completes when its response is back at the caller, not when it is queued."""


def test_latency_includes_queue_service_and_both_ways(play):
    """Two requests at once, one worker: 5 ms there, the second waits 20 ms, 20 ms of work, 5 ms back."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, work: 20ms}}
        """,
        user=[0, 0],
    )
    assert story.log == [(0.0, 0.03, "ok"), (0.0, 0.05, "ok")]
    assert story.ledger(0) == {"network": 0.01, "service": 0.02}
    assert story.ledger(1) == {"network": 0.01, "queue": 0.02, "service": 0.02}


def test_every_hop_is_crossed_twice(play):
    """User, gateway, service, database: three hops of 5 ms there and back, 20 ms of work, 30 ms of query."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: gateway}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: api}]}
          api: {kind: service, steps: [work: 20ms, call: db]}
          db: {kind: database, work: 30ms}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.08, "ok")]


def test_a_balancer_adds_no_hop(play):
    """Four instances behind a balancer answer as far away as one."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 4, work: 20ms}}
        """,
        user=[0, 0, 0],
    )
    assert story.log == [(0.0, 0.03, "ok")] * 3


def test_a_request_that_waits_or_is_worked_on_at_the_end_is_in_flight(play):
    """One is answered, one is in service, one is queued when the run ends after 100 ms."""
    story = play(
        """
        duration: 100ms
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, work: 60ms}}
        """,
        user=[0, 0, 0],
    )
    assert story.outcomes == ["ok", "in_flight", "in_flight"]
    assert story.summary["requests"]["completed"] == 1
    assert story.summary["latency_s"]["all"]["max"] == 0.06


def test_an_answer_on_its_way_is_not_there_yet(play):
    """The server is done at 40 ms, the answer would be back at 70 ms, the run ends at 60 ms."""
    story = play(
        """
        duration: 60ms
        network: {latency: 30ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, work: 10ms}}
        """,
        user=[0],
    )
    assert story.component("api")["served"] == 1
    assert story.outcomes == ["in_flight"]
    assert story.summary["requests"]["in_flight"] == 1


def test_throughput_is_what_came_back(play):
    """At twice its capacity a server answers what it can serve, not what it was offered."""
    story = play(
        """
        duration: 10s
        clients: {user: {traffic: {rate: 200/s, arrivals: constant}, to: api}}
        components: {api: {kind: service, queue: unbounded, work: 10ms}}
        """
    )
    assert 99.8 <= story.summary["rates"]["throughput_rps"] <= 100.0
    assert story.summary["rates"]["offered_rps"] == 200.0
