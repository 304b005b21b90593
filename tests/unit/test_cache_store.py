"""What a cache keeps: freshness, stale answers, and who makes room."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.components.cache_store import HIT, MISS, STALE, CacheConfig, CacheStore


def kept(store, keys, now=0.0):
    """Which of the keys are kept, without using them."""
    return [key for key in keys if store.age(key, now) < inf]


def counters(store):
    """The five counters."""
    return {name: getattr(store, name) for name in ("hits", "misses", "stale", "evictions", "expirations")}


def test_an_item_is_fresh_from_when_it_was_put_until_its_ttl_is_over():
    """Hits do not renew it; the instant at which it expires is no longer fresh."""
    store = CacheStore(ttl=10.0)
    log = [store.get("a", 0.0)]
    store.put("a", 1.0)
    log += [store.get("a", now) for now in (1.0, 10.0, 10.999, 11.0)]
    assert log == [MISS, HIT, HIT, HIT, MISS]
    assert counters(store) == {"hits": 3, "misses": 2, "stale": 0, "evictions": 0, "expirations": 1}
    assert len(store) == 0


def test_putting_an_item_again_renews_it():
    """Its ttl starts anew."""
    store = CacheStore(ttl=10.0)
    store.put("a", 0.0)
    store.put("a", 6.0)
    assert store.age("a", 15.0) == 9.0
    assert [store.get("a", 15.0), store.get("a", 16.0)] == [HIT, MISS]


def test_without_a_ttl_an_item_is_fresh_for_ever():
    """Only eviction, an invalidation or a flush ends it."""
    store = CacheStore()
    store.put("a", 0.0)
    assert store.get("a", 1e9) == HIT


def test_an_expired_item_is_stale_for_the_longer_of_the_two_periods():
    """It says itself under which of the two conditions it may be served."""
    store = CacheStore(ttl=10.0, stale_while_revalidate=5.0, stale_if_error=60.0)
    store.put("a", 0.0)
    assert [store.get("a", now) for now in (9.0, 10.0, 69.0)] == [HIT, STALE, STALE]
    times = (9.0, 14.0, 15.0, 69.0, 70.0)
    assert [store.serves_while_revalidating("a", now) for now in times] == [False, True, False, False, False]
    assert [store.serves_on_error("a", now) for now in times] == [True, True, True, True, False]
    assert store.get("a", 70.0) == MISS
    assert not store.serves_on_error("a", 60.0)
    assert counters(store) == {"hits": 1, "misses": 1, "stale": 2, "evictions": 0, "expirations": 1}


def test_lru_evicts_what_was_used_least_recently():
    """A hit and a put are uses."""
    store = CacheStore(3, policy="lru")
    for key in "abc":
        store.put(key, 0.0)
    store.get("a", 1.0)
    store.put("b", 2.0)
    store.put("d", 3.0)
    assert kept(store, "abcd") == ["a", "b", "d"]
    assert store.evictions == 1


def test_fifo_evicts_what_came_first_however_it_was_used():
    """Neither a hit nor a second put changes its place."""
    store = CacheStore(3, policy="fifo")
    for key in "abc":
        store.put(key, 0.0)
    store.get("a", 1.0)
    store.put("a", 2.0)
    store.put("d", 3.0)
    store.put("e", 4.0)
    assert kept(store, "abcde") == ["c", "d", "e"]
    assert store.evictions == 2


def test_lfu_evicts_what_was_used_least_often_and_of_those_the_least_recently_used():
    """After use a:3, b:2, c:2 the next to go is b, then each newcomer in turn."""
    store = CacheStore(3, policy="lfu")
    for key in "abc":
        store.put(key, 0.0)
    for key in "aabc":
        store.get(key, 1.0)
    log = []
    for key in "def":
        store.put(key, 2.0)
        log.append("".join(kept(store, "abcdef")))
    assert log == ["acd", "ace", "acf"]


def test_lfu_forgets_the_uses_of_what_was_evicted():
    """A key that comes back starts from one use."""
    store = CacheStore(2, policy="lfu")
    store.put("a", 0.0)
    store.put("b", 0.0)
    for key in "aaabb":
        store.get(key, 1.0)
    store.put("c", 2.0)
    for _ in range(5):
        store.get("c", 3.0)
    assert kept(store, "abc") == ["a", "c"]
    store.put("b", 4.0)
    store.put("d", 5.0)
    assert kept(store, "abcd") == ["c", "d"]


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
def test_an_invalidated_item_leaves_room(policy):
    """Nothing is evicted for the item that takes its place; to forget what is not kept is no error."""
    store = CacheStore(2, policy=policy)
    store.put("a", 0.0)
    store.put("b", 0.0)
    store.discard("a")
    store.discard("nobody")
    store.put("c", 1.0)
    assert kept(store, "abc") == ["b", "c"]
    assert store.evictions == 0


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
def test_a_flush_empties_the_store_and_keeps_its_counters(policy):
    """And the store can be filled and overfilled again."""
    store = CacheStore(2, policy=policy)
    for key in "abc":
        store.put(key, 0.0)
        store.get(key, 0.0)
    store.flush()
    assert (len(store), store.hits, store.evictions) == (0, 3, 1)
    for key in "def":
        store.put(key, 1.0)
    assert (len(store), store.evictions) == (2, 2)


def test_counting_starts_anew_without_forgetting_the_items():
    """As after a warm-up."""
    store = CacheStore(1)
    store.put("a", 0.0)
    store.put("b", 0.0)
    store.get("a", 0.0)
    store.start_counting()
    assert counters(store) == {"hits": 0, "misses": 0, "stale": 0, "evictions": 0, "expirations": 0}
    assert store.get("b", 0.0) == HIT


class Slow:
    """The same rules, written down as plainly as possible: a list of items in the order in which they go."""

    def __init__(self, capacity, ttl, policy, grace):
        self.capacity, self.ttl, self.policy, self.grace = capacity, ttl, policy, grace
        self.items = []

    def find(self, key):
        return next((item for item in self.items if item["key"] == key), None)

    def use(self, item):
        item["uses"] += 1
        if self.policy != "fifo":
            self.items.remove(item)
            self.items.append(item)

    def get(self, key, now):
        item = self.find(key)
        if item is None:
            return MISS
        if now - item["put"] >= self.ttl + self.grace:
            self.items.remove(item)
            return MISS
        self.use(item)
        return HIT if now - item["put"] < self.ttl else STALE

    def put(self, key, now):
        item = self.find(key)
        if item is not None:
            item["put"] = now
            self.use(item)
            return
        if len(self.items) == self.capacity:
            order = (lambda item: item["uses"]) if self.policy == "lfu" else (lambda item: 0)
            self.items.remove(min(self.items, key=order))
        self.items.append({"key": key, "put": now, "uses": 1})

    def discard(self, key):
        self.items = [item for item in self.items if item["key"] != key]


STEPS = st.lists(
    st.tuples(st.sampled_from(["get", "get", "put", "put", "discard"]), st.integers(0, 6), st.integers(0, 3)),
    max_size=80,
)


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
@settings(deadline=None)
@given(steps=STEPS, capacity=st.integers(1, 4))
def test_the_store_does_what_the_plain_rules_say(policy, steps, capacity):
    """Any sequence of look-ups, puts and invalidations gives the same answers and keeps the same keys."""
    store = CacheStore(capacity, ttl=6.0, policy=policy, stale_if_error=3.0)
    slow = Slow(capacity, 6.0, policy, 3.0)
    now = 0.0
    for step, key, pause in steps:
        now += pause
        arguments = (key,) if step == "discard" else (key, now)
        assert getattr(store, step)(*arguments) == getattr(slow, step)(*arguments)
        assert kept(store, range(7), now) == sorted(item["key"] for item in slow.items)
        assert len(store) <= capacity


def test_a_scenario_describes_a_store():
    """Size, ttl and the rest arrive where they belong."""
    config = CacheConfig.model_validate(
        {"match": "GET /static/**", "size": 2, "ttl": "1m", "hit": "1ms", "policy": "fifo", "stale_if_error": "1h"}
    )
    assert config.hit.mean == 0.001
    store = config.store()
    for key in "abc":
        store.put(key, 0.0)
    assert kept(store, "abc") == ["b", "c"]
    assert [store.get("c", now) for now in (59.0, 61.0, 3661.0)] == [HIT, STALE, MISS]


def test_a_cache_without_bounds_is_allowed():
    """No size and no ttl: everything is kept for ever."""
    store = CacheConfig().store()
    for key in range(10_000):
        store.put(key, 0.0)
    assert len(store) == 10_000


def test_a_cache_without_keys_has_only_a_hit_ratio():
    """`hit_ratio` stands beside `match` and `hit` only."""
    config = CacheConfig.model_validate({"match": "/**", "hit": "1ms", "hit_ratio": "30%"})
    assert config.hit_ratio == 0.3


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"match": "GET /static/**", "size": "5k", "ttl": "2m", "policy": "lfu", "hit": "1ms", "coalesce": True},
        {"ttl": "10s", "stale_while_revalidate": "5s", "stale_if_error": "1h"},
        {"hit_ratio": "30%"},
    ],
)
def test_a_cache_can_be_written_out_and_read_again(value):
    """The scenario as run describes the same cache."""
    config = CacheConfig.model_validate(value)
    assert CacheConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"hit_ratio": "30%", "size": 100}, "cannot stand beside size"),
        ({"hit_ratio": "30%", "ttl": "1s", "policy": "lfu"}, "cannot stand beside ttl, policy"),
        ({"hit_ratio": "30%", "coalesce": True}, "cannot stand beside coalesce"),
        ({"stale_while_revalidate": "5s"}, "needs a ttl"),
        ({"size": 10, "stale_if_error": "5s"}, "needs a ttl"),
        ({"size": 0}, "greater than or equal to 1"),
        ({"ttl": "0s"}, "greater than 0"),
        ({"policy": "mru"}, "'lru', 'lfu' or 'fifo'"),
        ({"coalesce": 1}, "valid boolean"),
        ({"sise": 10}, "Extra inputs are not permitted"),
    ],
)
def test_what_a_scenario_may_not_say(value, message):
    """Each mistake is one error that says what is wrong."""
    with pytest.raises(ValidationError) as caught:
        CacheConfig.model_validate(value)
    assert caught.value.error_count() == 1
    assert message in str(caught.value)
