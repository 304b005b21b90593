"""Answers from a cache where it can and fetches where it must: the rules shared by a CDN and a read-through cache.

A stale answer may be served while it is fetched anew or if fetching it fails (RFC 5861). With coalescing, requests
that miss a key that is already being fetched wait for that fetch (`single_flight`).
"""

from collections.abc import Callable, Hashable
from typing import Any

from sim.components.cache_store import HIT, CacheConfig
from sim.components.component import Steps
from sim.components.single_flight import SingleFlight
from sim.kernel import Environment, Flow, Streams
from sim.metrics import Recorder
from sim.request import ANSWERS, Outcome, Request, RequestKind

CACHED = ANSWERS[Outcome.CACHED]
DEGRADED = ANSWERS[Outcome.DEGRADED]
READS = frozenset({"GET", "HEAD"})

Fetch = Callable[[Request], Steps]
"""A generator function that gets the answer from the origin."""


class Caching:
    """One cache: its keys, and what it does about a miss.

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
        self._latency = None if config.hit is None else streams.demand(f"{name}.hit_latency", config.hit.draw)
        self._matching: dict[RequestKind, bool] = {}
        self.served_stale = self.coalesced = self.revalidations = self.errors_hidden = 0

    def may_keep(self, request: Request) -> bool:
        """Whether the request is one of those that the cache is for."""
        kind = request.kind
        matches = self._matching.get(kind)
        if matches is None:
            match = self.config.match
            matches = self._matching[kind] = match is None or bool(match.matches(kind, request.client))
        return matches

    def hits_by_ratio(self, request: Request) -> bool:
        """Whether a cache without keys has the answer; counts it."""
        if self._coin(request.id) < self.hit_ratio:
            self.store.hits += 1
            return True
        self.store.misses += 1
        return False

    def answer(self, request: Request, fetch: Fetch, flights: SingleFlight) -> Steps:
        """Answers from a cache with keys, or from `fetch`; a generator that returns the response.

        Args:
            request: What is asked for.
            fetch: Gets the answer from the origin.
            flights: The fetches under way.
        """
        yield from request.settle()
        if self.store.get(key_of(request), self.env.now) is HIT:
            self.add_latency(request)
            return CACHED
        return (yield from self.miss(request, fetch, flights))

    def miss(self, request: Request, fetch: Fetch, flights: SingleFlight) -> Steps:
        """Answers what was not there, or was not fresh; see `answer`."""
        key, now = key_of(request), self.env.now
        if self.store.serves_while_revalidating(key, now):
            self.served_stale += 1
            if key not in flights:
                self.revalidations += 1
                child = request.branch(now)
                Flow(self.env, self._revalidate(child, fetch, flights), child)
            self.add_latency(request)
            return CACHED
        response = yield from self.fetch(request, self._kept(fetch), flights)
        if not response.success and self.store.serves_on_error(key, self.env.now):
            self.served_stale += 1
            self.errors_hidden += 1
            return DEGRADED
        return response

    def fetch(self, request: Request, fetch: Fetch, flights: SingleFlight) -> Steps:
        """Fetches, or waits for somebody else's fetch if the cache coalesces; keeps nothing. See `answer`."""
        key = key_of(request)
        if not self.config.coalesce:
            return (yield from fetch(request))
        if key in flights:
            self.coalesced += 1
            return (yield from flights.join(request, key))
        accepted, request.accepted = request.accepted, True  # others may join in, who do not give up when it does
        response = yield from flights.lead(key, fetch(request))
        request.accepted = accepted
        return response

    def lookup(self, request: Request) -> bool:
        """Whether a fresh answer is there now; counts it."""
        if self.hit_ratio is not None:
            return self.hits_by_ratio(request)
        return self.store.get(key_of(request), self.env.now) is HIT

    def counters(self) -> dict[str, Any]:
        """Hits, misses and what else happened since `start_counting`; what was served stale counts as answered."""
        store = self.store
        lookups = store.hits + store.misses + store.stale
        counters = {
            "hits": store.hits,
            "misses": store.misses,
            "stale": store.stale,
            "hit_ratio": min(1.0, (store.hits + self.served_stale) / lookups) if lookups else None,
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
        self.served_stale = self.coalesced = self.revalidations = self.errors_hidden = 0

    def add_latency(self, request: Request) -> None:
        """Adds the time that an answer from the cache takes."""
        if self._latency is not None:
            request.owe_service(self._latency.at(request.id, request.call))

    def _revalidate(self, request: Request, fetch: Fetch, flights: SingleFlight) -> Any:
        yield from flights.lead(key_of(request), self._kept(fetch)(request))
        self.recorder.use(request)

    def _kept(self, fetch: Fetch) -> Fetch:
        """Fetches, and keeps what is whole: no error, and nothing degraded."""

        def fetch_and_keep(request: Request) -> Steps:
            response = yield from fetch(request)
            if response.success and response is not DEGRADED and self.hit_ratio is None:
                self.store.put(key_of(request), self.env.now)
            return response

        return fetch_and_keep


def key_of(request: Request) -> Hashable:
    """What a request asks for, as caches tell it: its method is a read, so path and item."""
    return request.kind.host, request.kind.path, request.key
