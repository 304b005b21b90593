"""A trace tells what a request went through, with the times of the simulation itself; all times are in ms."""

import pytest

PATH = """
    duration: 1s
    network: {latency: 1ms}
    clients: {user: {traffic: {replay: user.csv}, to: gateway}}
    components:
      gateway:
        kind: gateway
        latency: 1ms
        policies: [authenticate: {latency: 2ms}, rate_limit: {rate: 1000/s}]
        routes: [{match: "/**", to: api}]
      api: {kind: service, workers: 2, steps: [work: 5ms, read_through: {cache: cache, origin: db}]}
      cache: {kind: cache, latency: 1ms}
      db: {kind: database, connections: 1, work: 20ms}
    """


def test_a_request_through_gateway_service_cache_and_database(tell):
    """The cache misses, so the database is asked; delays that are slept at once are told one by one."""
    assert tell(PATH, user=[0]).lines() == [
        ("GET / (ok)", 0, 37),
        ("  attempt 1 (ok)", 0, 37),
        ("    user → gateway", 0, 1),
        ("    gateway (ok)", 1, 36),
        ("      routing", 1, 2),
        ("      authenticate", 2, 4),
        ("      gateway → api", 4, 5),
        ("      api (ok)", 5, 35),
        ("        work", 5, 10),
        ("        api → cache", 10, 11),
        ("        cache (not_found)", 11, 12),
        ("          look-up", 11, 12),
        ("        cache → api", 12, 13),
        ("        api → db", 13, 14),
        ("        db (ok)", 14, 34),
        ("          query", 14, 34),
        ("        db → api", 34, 35),
        ("      api → gateway", 35, 36),
        ("    gateway → user", 36, 37),
    ]


def test_who_finds_workers_and_connections_busy_waits(tell):
    """The third request waits for a worker until 35 ms; then the cache has what it asks for."""
    told = tell(PATH, user=[0, 0, 0])
    assert told.lines(1)[14:17] == [
        ("        db (ok)", 14, 54),
        ("          wait for a connection", 14, 34),
        ("          query", 34, 54),
    ]
    assert told.lines(2)[7:] == [
        ("      api (ok)", 5, 43),
        ("        wait for a worker", 5, 35),
        ("        work", 35, 40),
        ("        api → cache", 40, 41),
        ("        cache (ok)", 41, 42),
        ("          look-up", 41, 42),
        ("        cache → api", 42, 43),
        ("      api → gateway", 43, 44),
        ("    gateway → user", 44, 45),
    ]


def test_a_time_out_stops_the_caller_and_not_the_server(tell):
    """The first attempt is given up at 50 ms, the server works on it until 206 ms; the second one is fast."""
    told = tell(
        """
        duration: 1s
        network: {latency: 3ms}
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 50ms, retry: {attempts: 2, backoff: 10ms}}}
        components: {api: {kind: service, workers: 2, work: 10ms}}
        events: [{at: 0s, slow: api, factor: 20, for: 10ms}]
        """,
        user=[0],
    )
    assert told.lines() == [
        ("GET / (ok)", 0, 76),
        ("  attempt 1 (timeout)", 0, 50),
        ("    user → api", 0, 3),
        ("    api (ok)", 3, 203),
        ("      work", 3, 203),
        ("    api → user", 203, 206),
        ("  pause", 50, 60),
        ("  attempt 2 (ok)", 60, 76),
        ("    user → api", 60, 63),
        ("    api (ok)", 63, 73),
        ("      work", 63, 73),
        ("    api → user", 73, 76),
    ]
    assert [span.number for span in told.traces[0].root.children] == [1, 0, 2]
    assert told.traces[0].last == pytest.approx(0.206)


def test_calls_at_once_begin_together(tell):
    """Of two calls the slower one decides; the other one has ended before."""
    told = tell(
        """
        duration: 1s
        network: {latency: 1ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [work: 10ms, parallel: [call: a, call: b]]}
          a: {kind: database, work: 20ms}
          b: {kind: external, latency: 30ms}
        """,
        user=[0],
    )
    assert told.lines()[3:] == [
        ("    api (ok)", 1, 43),
        ("      work", 1, 11),
        ("      parallel", 11, 43),
        ("        call a (ok)", 11, 33),
        ("          api → a", 11, 12),
        ("          a (ok)", 12, 32),
        ("            query", 12, 32),
        ("          a → api", 32, 33),
        ("        call b (ok)", 11, 43),
        ("          api → b", 11, 12),
        ("          b (ok)", 12, 42),
        ("            answer", 12, 42),
        ("          b → api", 42, 43),
        ("    api → user", 43, 44),
    ]
    assert told.find("parallel").decisive().name == "call b"


def test_a_time_out_in_the_middle_of_calls_at_once(tell):
    """Both calls go on. What was waited for when the user gave up is the first of them: so much of it is work."""
    told = tell(
        """
        duration: 1s
        clients:
          other: {traffic: {replay: other.csv}, to: b}
          user: {traffic: {replay: user.csv}, to: api, timeout: 25ms}
        components:
          api: {kind: service, steps: [parallel: [call: a, call: b]]}
          a: {kind: database, work: 30ms}
          b: {kind: service, work: 40ms}
        """,
        other=[0],
        user=[0],
    )
    assert told.lines(1)[1:] == [
        ("  attempt 1 (timeout)", 0, 25),
        ("    api (ok)", 0, 80),
        ("      parallel", 0, 80),
        ("        call a (ok)", 0, 30),
        ("          a (ok)", 0, 30),
        ("            query", 0, 30),
        ("        call b (ok)", 0, 80),
        ("          b (ok)", 0, 80),
        ("            wait for a worker", 0, 40),
        ("            work", 40, 80),
    ]
    assert told.traces[1].root.ledger()["service"] == 0.025


def test_a_crash_cuts_everything_off(tell):
    """Dead at 50 ms, in the middle of a call: the query goes on, and whoever waits for a worker is reset as well."""
    told = tell(
        """
        duration: 1s
        network: {latency: 1ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [work: 10ms, call: db]}
          db: {kind: database, work: 100ms}
        events: [{at: 50ms, crash: api}]
        """,
        user=[0, 0, 0.06],
    )
    assert told.lines(0)[2:] == [
        ("    user → api", 0, 1),
        ("    api (reset)", 1, 50),
        ("      work", 1, 11),
        ("      call db", 11, 50),
        ("        api → db", 11, 12),
        ("        db (ok)", 12, 112),
        ("          query", 12, 112),
        ("        db → api", 112, 113),
        ("    api → user", 50, 51),
    ]
    assert told.lines(1)[3:5] == [("    api (reset)", 1, 50), ("      no answer", 1, 50)]
    assert told.lines(2) == [
        ("GET / (refused)", 60, 62),
        ("  attempt 1 (refused)", 60, 62),
        ("    user → api", 60, 61),
        ("    api (refused)", 61, 61),
        ("    api → user", 61, 62),
    ]


def test_work_that_a_crash_cuts_off_ends_with_it(tell):
    told = tell(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, work: 100ms}}
        events: [{at: 50ms, crash: api}]
        """,
        user=[0],
    )
    assert told.lines()[2:] == [("    api (reset)", 0, 50), ("      work", 0, 50)]


CHAIN = """
    duration: 1s
    network: {latency: 2ms, between: {cdn/waf: 1ms, waf/gateway: 5ms}}
    clients: {user: {traffic: {replay: user.csv}, to: cdn}}
    components:
      cdn: {kind: cdn, to: waf, cache: {match: "/page", ttl: 1m, hit: 1ms}}
      waf: {kind: waf, latency: 3ms, to: gateway}
      gateway:
        kind: gateway
        policies: [rate_limit: {rate: 1/s, burst: 1}]
        routes: [{match: "/**", to: api}]
      api: {kind: service, work: 10ms}
    """


def test_an_answer_comes_back_through_every_proxy(tell):
    """The second request is over the limit: what refuses it is the gateway, what says so the firewall and the CDN."""
    told = tell(CHAIN, user=[(0, "GET /cart"), (0.1, "GET /cart")])
    assert told.lines(0)[2:] == [
        ("    user → cdn", 0, 2),
        ("    cdn (ok)", 2, 31),
        ("      cdn → waf", 2, 3),
        ("      waf (ok)", 3, 30),
        ("        inspection", 3, 6),
        ("        waf → gateway", 6, 11),
        ("        gateway (ok)", 11, 25),
        ("          gateway → api", 11, 13),
        ("          api (ok)", 13, 23),
        ("            work", 13, 23),
        ("          api → gateway", 23, 25),
        ("        gateway → waf", 25, 30),
        ("      waf → cdn", 30, 31),
        ("    cdn → user", 31, 33),
    ]
    assert told.lines(1)[2:] == [
        ("    user → cdn", 100, 102),
        ("    cdn (rate_limited)", 102, 117),
        ("      cdn → waf", 102, 103),
        ("      waf (rate_limited)", 103, 116),
        ("        inspection", 103, 106),
        ("        waf → gateway", 106, 111),
        ("        gateway (rate_limited)", 111, 111),
        ("        gateway → waf", 111, 116),
        ("      waf → cdn", 116, 117),
        ("    cdn → user", 117, 119),
    ]


@pytest.mark.parametrize("event", ["", "events: [{at: 900ms, outage: gateway}]"])
def test_a_check_that_waits_for_the_request_is_told_where_it_is_made(tell, event):
    """What may vary is waited for, so that the bucket sees requests in the order in which they get there."""
    policies = (
        "authenticate: {latency: {uniform: [4ms, 4ms]}}, rate_limit: {rate: 1/s, burst: 1}, validate: {latency: 1ms}"
    )
    text = CHAIN.replace("rate_limit: {rate: 1/s, burst: 1}", policies) + event
    told = tell(text, user=[(0, "GET /cart"), (0.1, "GET /cart")])
    names = ("gateway (ok)", "authenticate", "validate", "gateway → api", "gateway (rate_limited)", "gateway → waf")

    def at_the_gateway(number):
        return [(name.strip(), *times) for name, *times in told.lines(number) if name.strip() in names]

    assert at_the_gateway(0) == [
        ("gateway (ok)", 11, 30),
        ("authenticate", 11, 15),
        ("validate", 15, 16),
        ("gateway → api", 16, 18),
        ("gateway → waf", 30, 35),
    ]
    assert at_the_gateway(1) == [
        ("gateway (rate_limited)", 111, 115),
        ("authenticate", 111, 115),
        ("gateway → waf", 115, 120),
    ]


def test_a_hit_ends_at_the_cache(tell):
    """The first request fetches the page, the second one gets it at the edge."""
    told = tell(CHAIN, user=[(0, "GET /page"), (0.1, "GET /page")])
    assert len(told.lines(0)) == 16
    assert told.lines(1)[2:] == [
        ("    user → cdn", 100, 102),
        ("    cdn (cached)", 102, 103),
        ("      hit", 102, 103),
        ("    cdn → user", 103, 105),
    ]


def test_somebody_elses_fetch_and_a_refresh_that_nobody_waits_for(tell):
    """One fetches, one joins it; when the page is stale it is answered at once and fetched in the background."""
    told = tell(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: cdn}}
        components:
          cdn: {kind: cdn, to: api, cache: {ttl: 50ms, coalesce: true, stale_while_revalidate: 1s}}
          api: {kind: service, work: 20ms}
        """,
        user=[0, 0.005, 0.1],
    )
    assert told.lines(1)[2:] == [("    cdn (cached)", 5, 20), ("      wait for a fetch under way", 5, 20)]
    assert told.lines(2) == [
        ("GET / (cached)", 100, 100),
        ("  attempt 1 (cached)", 100, 100),
        ("    cdn (cached)", 100, 100),
        ("      refresh from api", 100, 120),
        ("        api (ok)", 100, 120),
        ("          work", 100, 120),
    ]
    assert told.find("refresh from api", 2).kind == "background"


def test_a_call_that_is_given_up_and_its_fallback(tell):
    """20 ms for an answer that does not come, and 3 ms to make one up; the answer comes after 100 ms, too late."""
    told = tell(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [call: {to: far, timeout: 20ms, fallback: 3ms}, work: 10ms]}
          far: {kind: external, latency: 100ms}
        """,
        user=[0],
    )
    assert told.lines()[2:] == [
        ("    api (degraded)", 0, 33),
        ("      call far (timeout)", 0, 20),
        ("        far (ok)", 0, 100),
        ("          answer", 0, 100),
        ("      fallback", 20, 23),
        ("      work", 23, 33),
    ]


def test_a_call_that_is_made_again_is_numbered(tell):
    told = tell(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [call: {to: db, retry: {attempts: 3, backoff: 5ms}}]}
          db: {kind: database, work: 10ms}
        events: [{at: 0s, errors: db, for: 7ms}]
        """,
        user=[0],
    )
    assert told.lines()[3:] == [
        ("      call db (upstream_error)", 0, 0),
        ("        db (upstream_error)", 0, 0),
        ("      pause", 0, 5),
        ("      call db, attempt 2 (upstream_error)", 5, 5),
        ("        db (upstream_error)", 5, 5),
        ("      pause", 5, 10),
        ("      call db, attempt 3 (ok)", 10, 20),
        ("        db (ok)", 10, 20),
        ("          query", 10, 20),
    ]


def test_a_hung_server_and_a_lost_answer_are_waits_for_nothing(tell):
    """The server accepts and is silent until it is restarted; the answer to the other client is lost on the way."""
    told = tell(
        """
        duration: 1s
        network: {latency: 1ms}
        clients:
          user: {traffic: {replay: user.csv}, to: api, timeout: 50ms}
          remote: {traffic: {replay: remote.csv}, to: web, timeout: 50ms, network: {latency: 1ms, lose_response: 100%}}
        components:
          api: {kind: service, work: 10ms}
          web: {kind: service, work: 10ms}
        events: [{at: 5ms, hang: api, for: 200ms}]
        """,
        user=[0],
        remote=[0],
    )
    assert told.lines(0)[1:] == [
        ("  attempt 1 (timeout)", 0, 50),
        ("    user → api", 0, 1),
        ("    api (reset)", 1, 205),
        ("      work", 1, 5),
        ("      no answer", 5, 205),
        ("    api → user", 205, 206),
    ]
    assert told.lines(1)[1:] == [
        ("  attempt 1 (timeout)", 0, 50),
        ("    remote → web", 0, 1),
        ("    web (ok)", 1, 11),
        ("      work", 1, 11),
        ("    web → remote", 11, 12),
        ("    no answer", 12, 50),
    ]


def test_what_goes_on_when_the_run_ends_is_unfinished(tell):
    told = tell(
        """
        duration: 100ms
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 50ms}}
        components: {api: {kind: service, work: 300ms}}
        """,
        user=[0, 0],
    )
    assert told.lines(1)[2:] == [("    api", 0, 100), ("      no answer", 0, 100)]
    assert [span.name for span in told.traces[1].root.walk() if span.unfinished] == ["api"]


DOWN = """
    duration: 1s
    network: {{latency: 1ms{bandwidth}}}
    clients: {{user: {{traffic: {{replay: user.csv}}, to: waf}}}}
    components:
      waf: {{kind: waf, to: gateway}}
      gateway: {{kind: gateway, routes: [{{match: "/**", to: api}}]}}
      api: {{kind: service, work: 10ms}}
    events: [{{at: 4ms, outage: gateway, for: 500ms}}]
    """


def check_outage(told):
    assert told.lines(0)[2:] == [
        ("    user → waf", 0, 1),
        ("    waf (reset)", 1, 5),
        ("      waf → gateway", 1, 2),
        ("      gateway (reset)", 2, 4),
        ("        call api", 2, 4),
        ("          gateway → api", 2, 3),
        ("          api (ok)", 3, 13),
        ("            work", 3, 13),
        ("          api → gateway", 13, 14),
        ("      gateway → waf", 4, 5),
        ("    waf → user", 5, 6),
    ]
    assert told.lines(1)[2:] == [
        ("    user → waf", 100, 101),
        ("    waf (refused)", 101, 103),
        ("      waf → gateway", 101, 102),
        ("      gateway (refused)", 102, 102),
        ("      gateway → waf", 102, 103),
        ("    waf → user", 103, 104),
    ]
    assert told.traces[2].root.outcome == "ok"


def test_a_proxy_that_dies_resets_what_is_on_its_way_and_refuses_what_comes(tell):
    check_outage(tell(DOWN.format(bandwidth=""), user=[0, 0.1, 0.6]))


def test_links_that_are_crossed_one_by_one_tell_the_same(tell):
    """With a bandwidth every crossing is an event of its own; nothing has a size, so nothing takes longer."""
    check_outage(tell(DOWN.format(bandwidth=", bandwidth: 1Mbit/s"), user=[0, 0.1, 0.6]))


def test_a_proxy_that_may_die_is_passed_twice(tell):
    """Each time the answer comes back through it, and through the proxy behind it."""
    told = tell(
        """
        duration: 1s
        network: {latency: 1ms}
        clients: {user: {traffic: {replay: user.csv}, to: page}}
        components:
          page: {kind: service, steps: [call: waf, call: waf]}
          waf: {kind: waf, to: gateway}
          gateway: {kind: gateway, routes: [{match: "/**", to: api}]}
          api: {kind: service, work: 10ms}
        events: [{at: 900ms, outage: waf}]
        """,
        user=[0],
    )
    once = [
        ("      page → waf", 1, 2),
        ("      waf (ok)", 2, 16),
        ("        call gateway (ok)", 2, 16),
        ("          waf → gateway", 2, 3),
        ("          gateway (ok)", 3, 15),
        ("            gateway → api", 3, 4),
        ("            api (ok)", 4, 14),
        ("              work", 4, 14),
        ("            api → gateway", 14, 15),
        ("          gateway → waf", 15, 16),
        ("      waf → page", 16, 17),
    ]
    assert told.lines()[4:15] == once
    assert told.lines()[15:26] == [(name, start + 16, end + 16) for name, start, end in once]
