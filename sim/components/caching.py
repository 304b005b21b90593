"""Answers from a cache where it can and fetches where it must: the rules shared by a CDN and a read-through cache.

A stale answer may be served while it is fetched anew or if fetching it fails (RFC 5861). With coalescing, requests
that miss a key that is already being fetched wait for that fetch (single flight; NGINX's `proxy_cache_lock`). Without
it, when a popular key expires every request for it goes to the origin: a stampede.
"""

from collections.abc import Callable, Hashable
from typing import Any

from simpy.events import Event

from sim.components.cache_store import HIT, STALE, CacheConfig
from sim.components.component import Steps
from sim.kernel import Environment, Flow, Streams
from sim.metrics import Recorder
from sim.request import ANSWERS, QUEUE, Outcome, Request, RequestKind, Response

CACHED = ANSWERS[Outcome.CACHED]
DEGRADED = ANSWERS[Outcome.DEGRADED]
READS = frozenset({"GET", "HEAD"})

Fetch = Callable[[Request], Steps]
"""A generator function that gets the answer from the origin."""


class Caching:
    """One cache: its keys, and the fetches under way.

    Args:
        config: Its rules.
        env: The environment.
        recorder: Told of the work of fetches that no request waits for.
        streams: The run's random streams.
        name: Of the streams.
    """

    def __init__(self, config: CacheConfig, env: Environment, recorder: Recorder, streams: Streams, name: str) -> None:
        self.env = env
        self.recorder = recorder
        self.config = config
        self.store = config.store()
        self.hit_ratio = config.hit_ratio
        self._coin = streams.demand(f"{name}.hit", lambda rng, n: rng.random(n)).at
        self.latency = None if config.hit is None else streams.demand(f"{name}.latency", config.hit.draw)
        self.coalesced = self.revalidations = self.errors_hidden = 0
        self._under_way: dict[Hashable, Event] = {}
        self._applies: dict[RequestKind, bool] = {}

    def applies_to(self, request: Request) -> bool:
        """Whether the cache may answer: it is a read, and matches."""
        kind = request.kind
        applies = self._applies.get(kind)
        if applies is None:
            match = self.config.match
            applies = kind.method in READS and (match is None or bool(match.matches(kind, request.client)))
            self._applies[kind] = applies
        return applies

    def hits_by_ratio(self, request: Request) -> bool:
        """Whether a cache without keys has the answer; counts it."""
        if self._coin(request.id) < self.hit_ratio:
            self.store.hits += 1
            return True
        self.store.misses += 1
        return False

    def answer(self, request: Request, fetch: Fetch) -> Steps:
        """Answers from a cache with keys, or from `fetch`; a generator that returns the response."""
        yield from request.settle()
        key = key_of(request)
        found = self.store.get(key, self.env.now)
        if found is HIT:
            self.add_latency(request)
            return CACHED
        if found is STALE and self.store.serves_while_revalidating(key, self.env.now):
            if key not in self._under_way:
                self.revalidations += 1
                child = request.branch(self.env.now)
                Flow(self.env, self._revalidate(child, key, fetch), child)
            self.add_latency(request)
            return CACHED
        if self.config.coalesce and key in self._under_way:
            self.coalesced += 1
            response = yield from self._join(request, key)
        elif self.config.coalesce:
            response = yield from self._fetch_shared(request, key, fetch)
        else:
            response = yield from self._fetch(request, key, fetch)
        if not response.success and self.store.serves_on_error(key, self.env.now):
            self.errors_hidden += 1
            return DEGRADED
        return response

    def lookup(self, request: Request) -> bool:
        """Whether a fresh answer is there now; counts it."""
        if self.hit_ratio is not None:
            return self.hits_by_ratio(request)
        return self.store.get(key_of(request), self.env.now) is HIT

    def put(self, request: Request) -> None:
        """Keeps the answer to a request."""
        if self.config.hit_ratio is None:
            self.store.put(key_of(request), self.env.now)

    def counters(self) -> dict[str, Any]:
        """Hits, misses and what else happened since `start_counting`."""
        store = self.store
        lookups = store.hits + store.misses + store.stale
        counters = {
            "hits": store.hits,
            "misses": store.misses,
            "stale": store.stale,
            "hit_ratio": store.hits / lookups if lookups else None,
        }
        if self.config.hit_ratio is None:
            counters |= {"evictions": store.evictions, "expirations": store.expirations, "items": len(store)}
        if self.config.coalesce:
            counters["coalesced"] = self.coalesced
        if self.config.stale_while_revalidate:
            counters["revalidations"] = self.revalidations
        if self.config.stale_if_error:
            counters["errors_hidden"] = self.errors_hidden
        return counters

    def start_counting(self) -> None:
        """Forgets what was counted so far; the keys stay."""
        self.store.start_counting()
        self.coalesced = self.revalidations = self.errors_hidden = 0

    def add_latency(self, request: Request) -> None:
        """Adds the time that an answer from the cache takes."""
        if self.latency is not None:
            seconds = self.latency.at(request.id, request.call)
            request.owe_service(seconds)

    def _join(self, request: Request, key: Hashable) -> Steps:
        """Waits for a fetch that is under way."""
        joined = self.env.now
        request.doing = QUEUE
        shared: Response = yield self._under_way[key]
        request.queue += self.env.now - joined
        return CACHED if shared.success else shared

    def _revalidate(self, request: Request, key: Hashable, fetch: Fetch) -> Any:
        yield from self._fetch_shared(request, key, fetch)
        self.recorder.use(request)

    def _fetch(self, request: Request, key: Hashable, fetch: Fetch) -> Steps:
        response = yield from fetch(request)
        if response.success:
            self.store.put(key, self.env.now)
        return response

    def _fetch_shared(self, request: Request, key: Hashable, fetch: Fetch) -> Steps:
        response = ANSWERS[Outcome.RESET]
        done = self._under_way[key] = Event(self.env)
        try:
            response = yield from self._fetch(request, key, fetch)
        finally:
            del self._under_way[key]
            done.succeed(response)
        return response


def key_of(request: Request) -> Hashable:
    """What a request asks for, as caches tell it: its method is a read, so path and item."""
    return request.kind.host, request.kind.path, request.key
