"""A cache store remembers which keys are kept, how old they are, and which has to go when another one comes.

It holds no values: a simulated answer is worth its key. An entry is fresh for `ttl` seconds from when it was put (a
hit does not renew it) and then stale for as long as an expired answer may still be served, either while it is fetched
anew or because the origin fails (`stale-while-revalidate` and `stale-if-error`, RFC 5861). A dead entry keeps its place
until it is looked up or pushed out, as in memcached.

Which entry is pushed out when the store is full:

- lru: the one whose last use (hit, stale hit or put) is longest ago;
- fifo: the one that came first; putting it again renews its age, not its place;
- lfu: the one with the fewest uses since it came, and of those the least recently used. A key that was pushed out or
  has expired starts again from one use, so the store comes near to keeping the most popular keys, but not quite there.
  It takes constant time: Shah, Mitra and Matani, "An O(1) algorithm for implementing the LFU cache eviction scheme".
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import IntEnum
from math import inf
from typing import Any, Literal

from pydantic import Field, StrictBool, model_validator

from sim.values import Config, Count, Distribution, Duration, Match, Share, wrong_key

EvictionPolicy = Literal["lru", "lfu", "fifo"]


class Lookup(IntEnum):
    """What the store says about a key."""

    MISS = 0
    STALE = 1
    HIT = 2


MISS, STALE, HIT = Lookup


class CacheStore:
    """The keys that a cache holds.

    Args:
        capacity: The most items kept; None for no bound.
        ttl: How long an item is fresh, s; None for ever.
        policy: Which item makes room: `lru`, `lfu` or `fifo`.
        stale_while_revalidate: How long after its `ttl` an item may be served while it is fetched anew, s.
        stale_if_error: How long after its `ttl` an item may be served if fetching it fails, s.
    """

    __slots__ = (
        "_capacity",
        "_frequencies",
        "_if_error",
        "_kept_for",
        "_put_at",
        "_ttl",
        "_use",
        "_while_revalidate",
        "evictions",
        "expirations",
        "hits",
        "misses",
        "stale",
    )

    def __init__(
        self,
        capacity: int | None = None,
        ttl: float | None = None,
        policy: EvictionPolicy = "lru",
        stale_while_revalidate: float = 0.0,
        stale_if_error: float = 0.0,
    ) -> None:
        self._capacity = inf if capacity is None else capacity
        self._ttl = inf if ttl is None else ttl
        self._while_revalidate = self._ttl + stale_while_revalidate
        self._if_error = self._ttl + stale_if_error
        self._kept_for = max(self._while_revalidate, self._if_error)
        self._put_at: OrderedDict[Hashable, float] = OrderedDict()
        self._frequencies = _Frequencies() if policy == "lfu" else None
        self._use: Callable[[Any], None] | None = None
        if policy == "lru":
            self._use = self._put_at.move_to_end
        elif self._frequencies is not None:
            self._use = self._frequencies.use
        self.start_counting()

    def __len__(self) -> int:
        return len(self._put_at)

    def get(self, key: Hashable, now: float) -> Lookup:
        """Looks a key up and counts what it found.

        Args:
            key: Which item.
            now: The current time, s.

        Returns:
            `HIT` if it is fresh, `STALE` if it is expired and may still be served under one of the two conditions,
            else `MISS`.
        """
        put_at = self._put_at.get(key)
        if put_at is None:
            self.misses += 1
            return MISS
        age = now - put_at
        if age < self._ttl:
            self.hits += 1
            found = HIT
        elif age < self._kept_for:
            self.stale += 1
            found = STALE
        else:
            self.discard(key)
            self.expirations += 1
            self.misses += 1
            return MISS
        if self._use is not None:
            self._use(key)
        return found

    def put(self, key: Hashable, now: float) -> None:
        """Keeps a key, fresh from now on, and pushes another one out if there is no room.

        Args:
            key: Which item.
            now: The current time, s.
        """
        put_at = self._put_at
        if key in put_at:
            put_at[key] = now
            if self._use is not None:
                self._use(key)
            return
        if len(put_at) >= self._capacity:
            self._evict()
        put_at[key] = now
        if self._frequencies is not None:
            self._frequencies.add(key)

    def discard(self, key: Hashable) -> None:
        """Forgets a key, if it is kept: an invalidation."""
        if self._put_at.pop(key, None) is not None and self._frequencies is not None:
            self._frequencies.remove(key)

    def flush(self) -> None:
        """Forgets all keys; the counters stay."""
        self._put_at.clear()
        if self._frequencies is not None:
            self._frequencies.clear()

    def start_counting(self) -> None:
        """Sets the counters to zero; the keys stay."""
        self.hits = self.misses = self.stale = self.evictions = self.expirations = 0

    def age(self, key: Hashable, now: float) -> float:
        """How long ago a key was put, s; infinite if it is not kept."""
        return now - self._put_at.get(key, -inf)

    def serves_while_revalidating(self, key: Hashable, now: float) -> bool:
        """Whether a key is stale and may be served all the same, provided that it is fetched anew."""
        return self._ttl <= self.age(key, now) < self._while_revalidate

    def serves_on_error(self, key: Hashable, now: float) -> bool:
        """Whether a key may be served now, provided that fetching it failed."""
        return self.age(key, now) < self._if_error

    def _evict(self) -> None:
        self.evictions += 1
        if self._frequencies is None:
            self._put_at.popitem(last=False)
        else:
            del self._put_at[self._frequencies.pop()]


class _Frequencies:
    """Keys in buckets by number of uses, within a bucket by last use.

    `_least` is right whenever something is popped, because a store pops only when it is full, and it is never full
    without an addition after the last removal.
    """

    __slots__ = ("_buckets", "_least", "_uses")

    def __init__(self) -> None:
        self._uses: dict[Hashable, int] = {}
        self._buckets: dict[int, OrderedDict[Hashable, None]] = {}
        self._least = 1

    def add(self, key: Hashable) -> None:
        self._enter(key, 1)
        self._least = 1

    def use(self, key: Hashable) -> None:
        uses = self._uses[key]
        self._leave(key, uses)
        if uses == self._least and uses not in self._buckets:
            self._least = uses + 1
        self._enter(key, uses + 1)

    def remove(self, key: Hashable) -> None:
        self._leave(key, self._uses.pop(key))

    def pop(self) -> Hashable:
        key = next(iter(self._buckets[self._least]))
        self.remove(key)
        return key

    def clear(self) -> None:
        self._uses.clear()
        self._buckets.clear()

    def _enter(self, key: Hashable, uses: int) -> None:
        self._uses[key] = uses
        bucket = self._buckets.get(uses)
        if bucket is None:
            bucket = self._buckets[uses] = OrderedDict()
        bucket[key] = None

    def _leave(self, key: Hashable, uses: int) -> None:
        bucket = self._buckets[uses]
        del bucket[key]
        if not bucket:
            del self._buckets[uses]


class CacheConfig(Config):
    """What a cache keeps and for how long; or only how often it hits, where requests have no keys."""

    match: Match | None = Field(None, description="Which requests may be answered from the cache; default all.")
    size: Count | None = Field(None, ge=1, description="The most items kept; default no bound.")
    ttl: Duration | None = Field(
        None, gt=0.0, description="How long an item is fresh after it was stored; default for ever."
    )
    policy: EvictionPolicy = Field(
        "lru", description="Which item makes room: the least recently used, the least frequently used, or the first in."
    )
    hit: Distribution | None = Field(None, description="How long an answer from the cache takes; default no time.")
    coalesce: StrictBool = Field(
        False, description="Whether concurrent misses of one key share one fetch from the origin."
    )
    stale_while_revalidate: Duration = Field(
        0.0, ge=0.0, description="How long after its ttl an item is still served while it is fetched anew; default 0s."
    )
    stale_if_error: Duration = Field(
        0.0, ge=0.0, description="How long after its ttl an item is still served if fetching it fails; default 0s."
    )
    hit_ratio: Share | None = Field(
        None,
        description="Share of requests that hit, for a cache that does not look at keys; excludes what needs keys.",
    )

    @model_validator(mode="after")
    def _check(self) -> "CacheConfig":
        if self.hit_ratio is not None:
            keyed = [name for name in _KEYED if getattr(self, name) != type(self).model_fields[name].default]
            if keyed:
                raise wrong_key("hit_ratio", f"is for a cache without keys; it cannot stand beside {', '.join(keyed)}")
        if self.ttl is None:
            for name in ("stale_while_revalidate", "stale_if_error"):
                if getattr(self, name) > 0.0:
                    raise wrong_key(name, "needs a ttl: without one nothing becomes stale")
        return self

    def store(self) -> CacheStore:
        """An empty store with these rules."""
        return CacheStore(self.size, self.ttl, self.policy, self.stale_while_revalidate, self.stale_if_error)


_KEYED = ("size", "ttl", "policy", "coalesce", "stale_while_revalidate", "stale_if_error")
