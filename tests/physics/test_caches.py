"""Caches as time lines: a CDN in front of an origin, and a cache that a service reads through."""

import pytest
from scipy import stats

EDGE = """
    duration: 20s
    clients: {{user: {{traffic: {{replay: user.csv}}, to: cdn}}}}
    components:
      cdn: {{kind: cdn, to: api, cache: {{{cache}}}}}
      api: {{kind: service, workers: 100, work: 100ms}}
    {events}
    """


def edge(cache, events=""):
    return EDGE.format(cache=cache, events=events)


# -- hits and misses


def test_a_miss_fetches_and_a_hit_answers(play):
    """Fetched in 100 ms, answered in 1 ms until it is a second old, fetched again."""
    story = play(edge("ttl: 1s, hit: 1ms"), user=[0, 0.5, 1.05, 1.2])
    assert story.log == [(0.0, 0.1, "ok"), (0.5, 0.501, "cached"), (1.05, 1.051, "cached"), (1.2, 1.3, "ok")]
    assert story.component("api")["offered"] == 2
    cdn = story.component("cdn")
    assert (cdn["hits"], cdn["misses"], cdn["hit_ratio"]) == (2, 2, 0.5)


def test_an_answer_is_as_old_as_its_arrival(play):
    """Asked for at 0 and there at 100 ms: it is fresh until 1.1 s."""
    assert play(edge("ttl: 1s"), user=[0, 1.09, 1.11]).outcomes == ["ok", "cached", "ok"]


def test_each_path_and_each_item_is_kept_by_itself(play):
    story = play(
        edge("ttl: 1h"), user=[(0, "GET /a"), (1, "GET /b"), (2, "GET /a"), (3, "GET /a?id=1"), (4, "GET /a?id=1")]
    )
    assert story.outcomes == ["ok", "ok", "cached", "ok", "cached"]


def test_only_reads_are_cached(play):
    story = play(edge("ttl: 1h"), user=[(0, "POST /a"), (1, "POST /a"), (2, "GET /a"), (3, "GET /a")])
    assert story.outcomes == ["ok", "ok", "ok", "cached"]


def test_what_does_not_match_passes(play):
    text = edge('match: "/static/**", ttl: 1h')
    story = play(text, user=[(0, "GET /static/a.js"), (1, "GET /static/a.js"), (2, "GET /"), (3, "GET /")])
    assert story.outcomes == ["ok", "cached", "ok", "ok"]


def test_a_full_cache_drops_what_was_used_longest_ago(play):
    """Two places: a, b, a again, c pushes b out."""
    paths = ["a", "b", "a", "c", "a", "b"]
    story = play(edge("ttl: 1h, size: 2"), user=[(n, f"GET /{path}") for n, path in enumerate(paths)])
    assert story.outcomes == ["ok", "ok", "cached", "ok", "cached", "ok"]


def test_errors_are_not_kept(play):
    """Failing until 500 ms: each request goes to the origin until one succeeds."""
    story = play(edge("ttl: 1h", "events: [{at: 0s, errors: api, for: 500ms}]"), user=[0.1, 0.2, 0.6, 0.8])
    assert story.outcomes == ["upstream_error", "upstream_error", "ok", "cached"]


def test_a_share_of_hits_without_keys(play):
    text = edge("hit_ratio: 30%, hit: 1ms").replace("replay: user.csv", "rate: 100/s, arrivals: constant")
    story = play(text)
    hits = story.outcomes.count("cached")
    assert stats.binomtest(hits, 2000, 0.3).pvalue > 0.001
    assert story.component("cdn")["hits"] == hits
    assert story.component("api")["offered"] == 2000 - hits


# -- stampedes


def test_without_coalescing_every_miss_goes_to_the_origin(play):
    story = play(edge("ttl: 1h"), user=[0, 0.01, 0.05, 0.09, 0.11])
    assert story.ends == [0.1, 0.11, 0.15, 0.19, 0.11]
    assert story.component("api")["offered"] == 4


def test_with_coalescing_misses_wait_for_one_fetch(play):
    """All get the answer when the first one's fetch is back at 100 ms."""
    story = play(edge("ttl: 1h, coalesce: true"), user=[0, 0.01, 0.05, 0.09, 0.11])
    assert story.log == [
        (0.0, 0.1, "ok"),
        (0.01, 0.1, "cached"),
        (0.05, 0.1, "cached"),
        (0.09, 0.1, "cached"),
        (0.11, 0.11, "cached"),
    ]
    assert story.component("api")["offered"] == 1
    assert story.component("cdn")["coalesced"] == 3
    assert story.ledger(1) == {"queue": 0.09}


def test_different_keys_do_not_wait_for_each_other(play):
    story = play(edge("ttl: 1h, coalesce: true"), user=[(0, "GET /a"), (0.05, "GET /b")])
    assert story.ends == [0.1, 0.15]


def test_a_failed_fetch_fails_all_that_wait_for_it_and_the_next_one_tries_again(play):
    """The origin dies at 60 ms and is back at 200 ms."""
    story = play(
        edge("ttl: 1h, coalesce: true", "events: [{at: 60ms, crash: api, restart_after: 140ms}]"),
        user=[0, 0.02, 0.04, 0.1, 0.3, 0.5],
    )
    assert story.ends == [0.06, 0.06, 0.06, 0.1, 0.4, 0.5]
    assert [outcome in ("ok", "cached") for outcome in story.outcomes] == [False] * 4 + [True] * 2
    assert story.component("api")["offered"] == 3


def test_a_user_who_gives_up_does_not_take_the_fetch_along(play):
    """The first leaves at 50 ms; the fetch goes on, and whoever waits for it is answered at 100 ms."""
    text = edge("ttl: 1h, coalesce: true").replace(
        "clients: {", "clients: {hasty: {traffic: {replay: hasty.csv}, to: cdn, timeout: 50ms}, "
    )
    story = play(text, hasty=[0], user=[0.02, 0.2])
    assert story.log == [(0.0, 0.05, "timeout"), (0.02, 0.1, "cached"), (0.2, 0.2, "cached")]


# -- stale answers


def test_a_stale_answer_is_served_while_it_is_fetched_anew(play):
    """Stale from 1.1 s on: the request of 2 s starts one fetch and is answered at once, as are those meanwhile."""
    story = play(edge("ttl: 1s, stale_while_revalidate: 5s"), user=[0, 2, 2.05, 2.2])
    assert story.log == [(0.0, 0.1, "ok"), (2.0, 2.0, "cached"), (2.05, 2.05, "cached"), (2.2, 2.2, "cached")]
    assert story.component("api")["offered"] == 2
    assert story.component("cdn")["stale"] == 2
    assert story.component("cdn")["revalidations"] == 1


def test_a_stale_answer_gets_too_old(play):
    """A second fresh and five stale after it came at 100 ms: at 6.05 s it is served, at 6.15 s it would be a miss."""
    text = edge("ttl: 1s, stale_while_revalidate: 5s")
    assert play(text, user=[0, 6.05]).outcomes == ["ok", "cached"]
    assert play(text, user=[0, 6.15]).ends == [0.1, 6.25]


def test_a_failing_origin_is_hidden_behind_a_stale_answer(play):
    """Down from 1 s on: what is expired but not older than the limit is served as a degraded answer."""
    story = play(edge("ttl: 1s, stale_if_error: 5s", "events: [{at: 1s, crash: api}]"), user=[0, 0.5, 2, 6, 6.2])
    assert story.log == [
        (0.0, 0.1, "ok"),
        (0.5, 0.5, "cached"),
        (2.0, 2.0, "degraded"),
        (6.0, 6.0, "degraded"),
        (6.2, 6.2, "refused"),
    ]
    assert story.component("cdn")["errors_hidden"] == 2


def test_nothing_stale_hides_the_failure_of_what_was_never_kept(play):
    story = play(edge("ttl: 1s, stale_if_error: 5s", "events: [{at: 0s, crash: api}]"), user=[0.1])
    assert story.outcomes == ["refused"]


# -- reading through


READ = """
    duration: 20s
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components:
      api: {kind: service, workers: 100, steps: [read_through: {cache: cache, origin: db}]}
      cache: {kind: cache, latency: 1ms, ttl: 1s}
      db: {kind: database, work: 20ms}
    """


def test_a_service_reads_through_its_cache(play):
    """Asked and missed for 1 ms, fetched for 20 ms; then hits of 1 ms until it is a second old."""
    story = play(READ, user=[0, 0.5, 1.1])
    assert story.log == [(0.0, 0.021, "ok"), (0.5, 0.501, "ok"), (1.1, 1.121, "ok")]
    assert story.component("db")["served"] == 2
    assert story.component("cache")["hits"] == 1


def test_without_its_cache_a_service_asks_the_origin_every_time(play):
    """A cache that refuses is a miss, and nothing is written back to it."""
    story = play(f"{READ}events: [{{at: 100ms, outage: cache, for: 500ms}}]", user=[0.2, 0.3, 0.7, 0.8])
    assert [round(end - start, 9) for start, end, _ in story.log] == [0.02, 0.02, 0.021, 0.001]
    assert story.outcomes == ["ok"] * 4


def test_a_cache_that_does_not_answer_costs_its_time_out(play):
    text = READ.replace("cache: cache, ", "cache: {to: cache, timeout: 5ms}, ")
    story = play(f"{text}events: [{{at: 0s, hang: cache}}]", user=[0.2, 0.3])
    assert story.log == [(0.2, 0.225, "ok"), (0.3, 0.325, "ok")]


def test_a_failing_origin_fails_the_request_unless_it_is_in_the_cache(play):
    story = play(f"{READ}events: [{{at: 500ms, crash: db}}]", user=[0, 0.6, 1.1])
    assert story.outcomes == ["ok", "ok", "refused"]


@pytest.mark.parametrize(("coalesce", "queries"), [("false", 10), ("true", 1)])
def test_single_flight_protects_the_origin(play, coalesce, queries):
    """Ten users ask for one item at once: ten queries, or one that all wait for."""
    story = play(READ.replace("ttl: 1s", f"ttl: 1s, coalesce: {coalesce}"), user=[0] * 10)
    assert story.component("db")["offered"] == queries
    assert story.outcomes == ["ok"] * 10
    assert story.ends == [0.021] * 10


def test_the_fetch_of_a_service_that_dies_ends_for_those_who_wait(play):
    """Its process takes all its requests along; after the restart the item is fetched anew."""
    text = READ.replace("ttl: 1s", "ttl: 1s, coalesce: true").replace("work: 20ms", "work: 200ms")
    story = play(f"{text}events: [{{at: 100ms, crash: api, restart_after: 100ms}}]", user=[0, 0.05, 0.3])
    assert story.log == [(0.0, 0.1, "reset"), (0.05, 0.1, "reset"), (0.3, 0.501, "ok")]


def test_a_service_serves_stale_items_while_they_are_fetched_anew(play):
    """Fresh until 1.021 s: the read of 2 s and those meanwhile take 1 ms, and the database works for the next ones."""
    story = play(READ.replace("ttl: 1s", "ttl: 1s, stale_while_revalidate: 5s"), user=[0, 2, 2.01, 2.5])
    assert story.ends == [0.021, 2.001, 2.011, 2.501]
    assert story.component("db")["served"] == 2
    cache = story.component("cache")
    assert (cache["hits"], cache["stale"], cache["revalidations"]) == (1, 2, 1)
    assert cache["hit_ratio"] == 3 / 4


def test_a_service_serves_stale_items_when_the_origin_fails(play):
    """The database dies at 500 ms: an item of 21 ms is served, degraded, until it is 3 s old."""
    text = READ.replace("ttl: 1s", "ttl: 1s, stale_if_error: 2s")
    story = play(f"{text}events: [{{at: 500ms, crash: db}}]", user=[0, 2, 3.1])
    assert story.outcomes == ["ok", "degraded", "refused"]
    assert story.component("cache")["errors_hidden"] == 1
    assert story.component("cache")["hit_ratio"] == 1 / 3


def test_a_stale_item_that_was_fetched_anew_is_no_hit(play):
    """It may be served if the database fails, which it does not: both reads go there."""
    cache = play(READ.replace("ttl: 1s", "ttl: 1s, stale_if_error: 2s"), user=[0, 2]).component("cache")
    assert (cache["stale"], cache["hit_ratio"]) == (1, 0.0)


def test_a_cache_that_does_not_answer_serves_nothing_stale(play):
    text = READ.replace("ttl: 1s", "ttl: 1s, stale_while_revalidate: 5s")
    story = play(f"{text}events: [{{at: 1s, for: 100ms, errors: cache}}]", user=[0, 1.05])
    assert story.ends == [0.021, 1.07]


@pytest.mark.parametrize("fault", ["crash", "outage", "hang"])
def test_a_cache_that_was_restarted_is_empty(play, fault):
    """What it kept was in its memory: the first read after the restart goes to the database again."""
    text = READ.replace("ttl: 1s", "ttl: 1h")
    story = play(f"{text}events: [{{at: 1s, for: 1s, {fault}: cache}}]", user=[0, 0.5, 2.5, 3])
    assert [round(end - start, 9) for start, end, _ in story.log] == [0.021, 0.001, 0.021, 0.001]


def test_a_hit_can_take_longer_than_a_miss(play):
    """1 ms to look; 2 ms more to hand it over."""
    story = play(READ.replace("ttl: 1s", "ttl: 1s, hit: 2ms"), user=[0, 0.5])
    assert story.ends == [0.021, 0.503]
    assert story.ledger(1) == {"service": 0.003}


def test_a_service_asks_its_cache_only_for_what_matches(play):
    text = READ.replace("ttl: 1s", 'ttl: 1s, match: "/a"')
    story = play(text, user=[(0, "GET /a"), (0.1, "GET /b"), (0.2, "GET /a"), (0.3, "GET /b")])
    assert [round(end - start, 9) for start, end, _ in story.log] == [0.021, 0.02, 0.001, 0.02]
    assert story.component("cache")["offered"] == 2


def test_a_read_whose_origin_is_optional_is_degraded_without_it(play):
    """1 ms to look, nothing there, the database dead, 5 ms to make something up, and that again each time."""
    text = READ.replace("origin: db", "origin: {to: db, fallback: 5ms}")
    story = play(f"{text}events: [{{at: 0s, for: 1s, crash: db}}]", user=[0.1, 0.2])
    assert story.log == [(0.1, 0.106, "degraded"), (0.2, 0.206, "degraded")]
