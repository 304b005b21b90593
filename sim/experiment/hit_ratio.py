"""How often a cache hits, from how often each item is asked for: Che's approximation.

In a cache that evicts the least recently used item, an item leaves once it has not been asked for during about the
same time T, whatever the item; T follows from the cache's size (H. Che, Y. Tung, Z. Wang, "Hierarchical web caching
systems", IEEE JSAC 20(7), 2002). First in, first out: V. Martina, M. Garetto, E. Leonardi, "A unified approach to the
performance analysis of caching systems", INFOCOM 2014. Requests come as Poisson processes; fetches take no time.
"""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components.cache_store import EvictionPolicy

Floats = NDArray[np.float64]

_HALVINGS = 60


def hit_ratios(
    rates: Floats,
    size: int | None = None,
    ttl: float | None = None,
    policy: EvictionPolicy = "lru",
    window: tuple[float, float] | None = None,
) -> Floats:
    """The share of the requests for each item that a cache answers.

    Args:
        rates: How often each item is asked for, 1/s.
        size: The most items kept; None for no bound.
        ttl: How long an item is fresh after it was fetched, s; None for ever.
        policy: Which item makes room. `lfu` is taken to keep the most popular items, which it comes near to.
        window: From when to when to look at a cache that is empty at 0, s; None looks at one that has long been warm.

    Returns:
        An array like `rates`, each 0..1.
    """
    fresh = inf if ttl is None else ttl
    if policy == "lfu":
        kept, stays = _most_popular(rates, size), inf
    else:
        kept, stays = np.ones_like(rates), characteristic_time(rates, size, fresh, policy)
    warm = kept * _when_warm(rates, stays, fresh, policy)
    if window is None:
        return warm
    return _since_empty(rates, kept, warm, min(stays, fresh), *window)


def characteristic_time(rates: Floats, size: int | None, ttl: float = inf, policy: EvictionPolicy = "lru") -> float:
    """How long an item stays after its last use (`lru`) or since it came (`fifo`), s; infinite if all items fit.

    Args:
        rates: How often each item is asked for, 1/s.
        size: The most items kept; None for no bound.
        ttl: How long an item is fresh, s; it matters to `fifo` only.
        policy: `lru` or `fifo`.
    """
    if size is None or np.count_nonzero(rates) <= size:
        return inf
    low = high = size / float(rates.sum())
    while _kept(rates, high, ttl, policy).sum() < size:
        low, high = high, 2.0 * high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _kept(rates, middle, ttl, policy).sum() < size:
            low = middle
        else:
            high = middle
    return high


def _kept(rates: Floats, stays: float, ttl: float, policy: EvictionPolicy) -> Floats:
    """The probability that each item is in the cache."""
    if policy == "lru":
        return -np.expm1(-rates * stays)
    if stays <= ttl:
        return rates * stays / (1.0 + rates * stays)
    return (rates * ttl - np.expm1(-rates * (stays - ttl))) / (rates * ttl + 1.0)


def _when_warm(rates: Floats, stays: float, ttl: float, policy: EvictionPolicy) -> Floats:
    """Hits / (hits + 1): each fetch is followed by some hits until the item is stale or evicted."""
    if policy != "lru" or stays >= ttl:
        hits = rates * min(stays, ttl) if min(stays, ttl) < inf else np.where(rates > 0.0, inf, 0.0)
    else:
        hits = _hits_in_time(rates, stays, ttl)
    return np.where(np.isinf(hits), 1.0, hits / (1.0 + np.where(np.isinf(hits), 0.0, hits)))


def _hits_in_time(rates: Floats, stays: float, ttl: float) -> Floats:
    """Requests within `ttl` of a fetch, none of them later than `stays` after the one before.

    Up to `stays` that is every request; after it the chain breaks at some rate, chosen so that the number of hits is
    right as `ttl` goes to infinity.
    """
    expected = np.minimum(rates * stays, 600.0)
    follow = -np.expm1(-expected)
    later = np.maximum(np.expm1(expected) - expected, 1e-300)
    if ttl < inf:
        later = later * -np.expm1(-rates * follow * (ttl - stays) / later)
    hits: Any = expected + later
    return np.asarray(hits, dtype=np.float64)


def _since_empty(rates: Floats, kept: Floats, warm: Floats, steady: float, start: float, end: float) -> Floats:
    """The mean over a window: until `steady`, s, what was asked for once is there; after it the cache is warm."""
    cold_end = min(max(steady, start), end)
    cold = cold_end - start
    asked = np.where(rates > 0.0, rates, 1.0)
    missed = (np.exp(-asked * start) - np.exp(-asked * cold_end)) / asked
    mean: Floats = (kept * (cold - missed) + warm * (end - cold_end)) / (end - start)
    return np.where(rates > 0.0, np.clip(mean, 0.0, 1.0), 0.0)


def _most_popular(rates: Floats, size: int | None) -> Floats:
    kept = np.ones_like(rates)
    if size is not None and size < len(rates):
        kept[np.argsort(-rates, kind="stable")[size:]] = 0.0
    return kept
