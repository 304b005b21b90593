"""The ledger says where the time went: its parts add up to the latency, whatever cut the request short.

`play` checks the sum for every request of every test; here are the parts.
"""

import pytest


def test_policies_links_and_work(play):
    """Two hops of 5 ms both ways, 1 ms of gateway, 2 ms of authentication, 10 ms of work."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: gateway}}
        components:
          gateway:
            kind: gateway
            latency: 1ms
            policies: [authenticate: {latency: 2ms}]
            routes: [{match: "/**", to: api}]
          api: {kind: service, work: 10ms}
        """,
        user=[0],
    )
    assert story.ledger() == {"network": 0.02, "policy": 0.003, "service": 0.01}
    assert story.ends == [0.033]


def test_a_refusal_by_a_policy(play):
    """Authenticated for 2 ms, then over the limit: 5 ms there, 5 ms back, nothing else."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: gateway}}
        components:
          gateway:
            kind: gateway
            policies: [authenticate: {latency: 2ms}, rate_limit: {rate: 1/s, burst: 1}]
            routes: [{match: "/**", to: api}]
          api: {kind: service, work: 10ms}
        """,
        user=[0, 0],
    )
    assert story.outcomes == ["ok", "rate_limited"]
    assert story.ledger(1) == {"network": 0.01, "policy": 0.002}


CUT = """
    duration: 2s
    network: {{latency: {latency}}}
    clients:
      patient: {{traffic: {{replay: patient.csv}}, to: api}}
      hasty: {{traffic: {{replay: hasty.csv}}, to: api, timeout: {timeout}}}
    components: {{api: {{kind: service, work: {work}}}}}
    """


def test_a_time_out_on_the_way_there(play):
    story = play(CUT.format(latency="60ms", timeout="50ms", work="10ms"), patient=[0.5], hasty=[0])
    assert story.ledger(0) == {"network": 0.05}


def test_a_time_out_in_the_queue(play):
    """Sent at 10 ms, in the queue at 15 ms, given up at 60 ms."""
    story = play(CUT.format(latency="5ms", timeout="50ms", work="100ms"), patient=[0], hasty=[0.01])
    assert story.log[1] == (0.01, 0.06, "timeout")
    assert story.ledger(1) == {"network": 0.005, "queue": 0.045}


def test_a_time_out_in_service(play):
    """In the queue from 15 ms to 35 ms, then worked on, given up at 60 ms."""
    story = play(CUT.format(latency="5ms", timeout="50ms", work="30ms"), patient=[0], hasty=[0.01])
    assert story.log[1] == (0.01, 0.06, "timeout")
    assert story.ledger(1) == {"network": 0.005, "queue": 0.02, "service": 0.025}


def test_a_time_out_on_the_way_back(play):
    """20 ms there, 30 ms in the queue, 30 ms of work, and 15 of the 20 ms back."""
    story = play(CUT.format(latency="20ms", timeout="95ms", work="30ms"), patient=[0], hasty=[0])
    assert story.outcomes == ["ok", "timeout"]
    assert story.ledger(1) == {"network": 0.035, "queue": 0.03, "service": 0.03}


def test_an_error_a_pause_and_an_answer(play):
    """10 ms for an error, 20 ms of backoff, 20 ms for the answer."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: api, retry: {attempts: 2, backoff: 20ms}}}
        components: {api: {kind: service, work: 10ms}}
        events: [{at: 0s, errors: api, for: 12ms}]
        """,
        user=[0],
    )
    assert story.ends == [0.05]
    assert story.ledger() == {"network": 0.02, "service": 0.01, "backoff": 0.02}


def test_a_time_out_a_pause_and_an_answer(play):
    """5 ms of network and 45 ms of a slow server, in vain; 10 ms of backoff; then 10 ms of network and of work."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 50ms, retry: {attempts: 2, backoff: 10ms}}}
        components: {api: {kind: service, workers: 2, work: 10ms}}
        events: [{at: 0s, slow: api, factor: 20, for: 10ms}]
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.08, "ok")]
    assert story.ledger() == {"network": 0.015, "service": 0.055, "backoff": 0.01}


def test_two_time_outs_and_the_pause_between_them(play):
    """The second attempt waits from 60 to 100 ms behind the first one, which nobody wants any more."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 50ms, retry: {attempts: 2, backoff: 10ms}}}
        components: {api: {kind: service, work: 100ms}}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.11, "timeout")]
    assert story.ledger() == {"queue": 0.04, "service": 0.06, "backoff": 0.01}


PARALLEL = """
    duration: 1s
    network: {latency: 1ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components:
      api: {kind: service, workers: 2, steps: [work: 10ms, parallel: [call: a, call: b]]}
      a: {kind: database, work: 20ms}
      b: {kind: database, connections: 1, work: 30ms}
    """


def test_of_parallel_calls_the_one_that_decided(play):
    """The call to a takes 22 ms, the one to b 32 ms, and 62 ms for the second request, which has to wait there."""
    story = play(PARALLEL, user=[0, 0])
    assert story.ends == [0.044, 0.074]
    assert story.ledger(0) == {"network": 0.004, "service": 0.04}
    assert story.ledger(1) == {"network": 0.004, "queue": 0.03, "service": 0.04}


@pytest.mark.parametrize("timeout", [0.5, 5, 11.5, 13, 25, 35, 41.5, 43, 43.9])
def test_a_time_out_anywhere_in_a_parallel_call(play, timeout):
    """Whenever the user gives up, the parts add up to the time waited."""
    story = play(PARALLEL.replace("to: api}", f"to: api, timeout: {timeout}ms}}"), user=[0, 0])
    assert story.outcomes == ["timeout", "timeout"]
    assert sum(story.ledger(0).values()) == pytest.approx(timeout / 1000)
    assert sum(story.ledger(1).values()) == pytest.approx(timeout / 1000)


def test_a_crash_in_the_middle_of_a_call(play):
    """Dead at 50 ms: 10 ms of own work, 20 ms in the queue of the database, 20 ms of its 100 ms of work."""
    story = play(
        """
        duration: 1s
        clients:
          user: {traffic: {replay: user.csv}, to: api}
          other: {traffic: {replay: other.csv}, to: report}
        components:
          report: {kind: service, steps: [call: db]}
          api: {kind: service, steps: [work: 10ms, call: db]}
          db: {kind: database, connections: 1, work: 30ms}
        events: [{at: 50ms, crash: api}]
        """,
        user=[0],
        other=[0],
    )
    assert story.log[0] == (0.0, 0.05, "reset")
    assert story.ledger(0) == {"queue": 0.02, "service": 0.03}


READ = """
    duration: 1s
    network: {latency: 0.5ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components:
      api: {kind: service, workers: 10, steps: [work: 5ms, read_through: {cache: cache, origin: db}]}
      cache: {kind: cache, latency: 1ms, coalesce: true}
      db: {kind: database, work: 20ms}
    """


def test_a_miss_and_a_hit_of_a_read_through_cache(play):
    """The miss pays for the cache and for the origin, the hit for the cache alone."""
    story = play(READ, user=[0, 0.5])
    assert story.ledger(0) == {"network": 0.003, "service": 0.026}
    assert story.ledger(1) == {"network": 0.002, "service": 0.006}
    assert story.ends == [0.029, 0.508]


def test_somebody_elses_fetch_is_a_queue(play):
    """The second request misses 10 ms after the first, and waits for the rest of its fetch."""
    story = play(READ, user=[0, 0.01])
    assert story.ends == [0.029, 0.029]
    assert story.ledger(1) == {"network": 0.002, "queue": 0.011, "service": 0.006}


def test_a_call_that_is_given_up_and_its_fallback(play):
    """20 ms for an answer that does not come, and 3 ms to make one up."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [call: {to: far, timeout: 20ms, fallback: 3ms}, work: 10ms]}
          far: {kind: external, latency: 100ms}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.033, "degraded")]
    assert story.ledger() == {"service": 0.033}


def test_a_wait_after_a_fallback_is_a_queue(play):
    """5 ms for an error and 10 ms to make up an answer; then 85 ms in the queue of the database, until given up."""
    story = play(
        """
        duration: 1s
        clients:
          other: {traffic: {replay: other.csv}, to: report}
          user: {traffic: {replay: user.csv}, to: api, timeout: 100ms}
        components:
          report: {kind: service, steps: [call: db]}
          api: {kind: service, steps: [call: {to: broken, fallback: 10ms}, call: db]}
          broken: {kind: external, latency: 5ms, error_rate: 100%}
          db: {kind: database, connections: 1, work: 500ms}
        """,
        other=[0],
        user=[0],
    )
    assert story.log[1] == (0.0, 0.1, "timeout")
    assert story.ledger(1) == {"queue": 0.085, "service": 0.015}


def test_a_hit_at_the_edge(play):
    """Only the access link and the time of a hit; the miss before it went the whole way."""
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: cdn}}
        components:
          cdn: {kind: cdn, to: api, cache: {ttl: 1m, hit: 1ms}}
          api: {kind: service, work: 10ms}
        """,
        user=[0, 0.5],
    )
    assert story.ledger(0) == {"network": 0.02, "service": 0.01}
    assert story.ledger(1) == {"network": 0.01, "service": 0.001}


def test_the_inspection_by_a_firewall_is_policy(play):
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: waf}}
        components:
          waf: {kind: waf, latency: 2ms, block: 100%, to: api}
          api: {kind: service, work: 10ms}
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.012, "blocked")]
    assert story.ledger() == {"network": 0.01, "policy": 0.002}


def test_the_summary_averages_the_ledgers(play):
    """Two requests, one of which waits: mean parts, and their total is the mean latency."""
    ledger = play(CUT.format(latency="5ms", timeout="1s", work="30ms"), patient=[0], hasty=[0]).summary["time_ledger"]
    assert ledger["mean"] == pytest.approx(
        {"network": 0.01, "queue": 0.015, "service": 0.03, "backoff": 0.0, "policy": 0.0, "total": 0.055}
    )


def test_a_time_out_in_the_pause_of_a_retry_further_down(play):
    """5 ms there, refused at once, 5 ms back; the gateway would pause for 100 ms, and the user gives up after 50 ms.

    The ledger has the pause as far as it went; links and checks keep what they took.
    """
    story = play(
        """
        duration: 1s
        network: {latency: 5ms}
        clients: {user: {traffic: {replay: user.csv}, to: gateway, timeout: 50ms}}
        components:
          gateway:
            kind: gateway
            latency: 1ms
            routes: [{match: "/**", to: api, retry: {attempts: 2, backoff: 100ms, on: [5xx]}}]
          api: {kind: service, work: 2ms}
        events: [{at: 0s, errors: api, rate: 100%}]
        """,
        user=[0],
    )
    assert story.outcomes == ["timeout"]
    assert story.ledger() == {"network": 0.015, "policy": 0.001, "backoff": 0.034}
