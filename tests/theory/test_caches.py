"""Cache hit ratios against theory: Che's approximation, static LFU, the renewal argument for TTLs, a cold restart.

Under the independent reference model every request asks for item i with probability p_i, whatever came before.
"""

from itertools import islice

import numpy as np
import pytest
from scipy import stats

from sim.components.cache_store import HIT, CacheStore
from tests.theory.formulas.caching import fifo_hit_ratio, lru_hit_ratio, ttl_hit_ratio, zipf
from tests.theory.protocol import Trials

SEEDS = range(1, 11)


def half_width(samples):
    """Half of the 95% confidence interval of the mean over seeds (Student's t)."""
    return stats.t.ppf(0.975, len(samples) - 1) * np.std(samples, ddof=1) / np.sqrt(len(samples))


def stream(popularity, requests, seed):
    """Items asked for, one a request."""
    uniform = np.random.default_rng(seed).random(requests)
    return np.searchsorted(np.cumsum(popularity), uniform * np.sum(popularity)).tolist()


def hit_ratio(policy, popularity, capacity, seed, requests=40_000):
    """Share of requests that hit, after a warm-up of 20 requests for every place in the cache."""
    store = CacheStore(capacity, policy=policy)
    warmup = 20 * capacity
    for number, item in enumerate(stream(popularity, warmup + requests, seed)):
        if number == warmup:
            store.start_counting()
        if store.get(item, 0.0) != HIT:
            store.put(item, 0.0)
    assert store.hits + store.misses == requests
    return store.hits / requests


ZIPF_CASES = [(1_000, 1.0, 100, 0.692993), (10_000, 0.8, 500, 0.475627), (100_000, 1.0, 1_000, 0.619138)]


@pytest.mark.parametrize(("items", "exponent", "capacity"), [case[:3] for case in ZIPF_CASES])
@pytest.mark.parametrize(("policy", "formula"), [("lru", lru_hit_ratio), ("fifo", fifo_hit_ratio)])
def test_lru_and_fifo_hit_as_often_as_che_says(theory, policy, formula, items, exponent, capacity):
    """Stores alone, without a clock: the characteristic-time approximation is within 0.2% for these cases.

    Source: H. Che, Y. Tung, Z. Wang, IEEE JSAC 20(7), 2002; E. Gelenbe, 1973.
    """
    popularity = zipf(items, exponent)
    trials = Trials(lambda seed: hit_ratio(policy, popularity, capacity, seed))
    case, given = (
        f"A12-lru-{items}-{exponent}-{capacity}",
        f"{items} items, Zipf {exponent}, {policy} cache of {capacity}",
    )
    theory.agrees(case, f"hit ratio {policy}", trials, float, formula(popularity, capacity), given)


@pytest.mark.parametrize(("items", "exponent", "capacity", "static"), ZIPF_CASES)
def test_lfu_lies_between_lru_and_keeping_the_most_popular_items(items, exponent, capacity, static):
    """Nothing beats keeping the most popular items (Aho, Denning and Ullman, 1971); LFU is nearer to it than LRU."""
    popularity = zipf(items, exponent)
    lru = lru_hit_ratio(popularity, capacity)
    assert np.sum(popularity[:capacity]) == pytest.approx(static, rel=1e-4)
    ratios = [hit_ratio("lfu", popularity, capacity, seed) for seed in SEEDS[:5]]
    assert (lru + static) / 2 < np.mean(ratios) - half_width(ratios)
    assert np.mean(ratios) + half_width(ratios) < static


def test_lfu_comes_nearer_to_keeping_the_most_popular_items_the_longer_it_counts():
    """Once it is in, a popular item gathers uses and stays; so the hit ratio goes on rising after the cache is full."""
    popularity, gains = zipf(100_000, 1.0), []
    for seed in SEEDS[:5]:
        store, ratios = CacheStore(1_000, policy="lfu"), []
        items = iter(stream(popularity, 120_000, seed))
        for requests in (20_000, 20_000, 40_000, 40_000):
            store.start_counting()
            for item in islice(items, requests):
                if store.get(item, 0.0) != HIT:
                    store.put(item, 0.0)
            ratios.append(store.hits / requests)
        gains.append(ratios[3] - ratios[1])
    assert np.mean(gains) > half_width(gains)


def test_a_ttl_over_many_items_is_the_sum_of_its_items(theory):
    """Without a bound the items of a cache do not meet, and each follows the renewal argument.

    Source: J. Jung, A. W. Berger, H. Balakrishnan, INFOCOM 2003.
    """
    popularity, rate, ttl = zipf(1_000, 1.0), 100.0, 60.0
    expected = sum(share * ttl_hit_ratio(rate * share, ttl) for share in popularity.tolist())

    def hits(seed):
        store = CacheStore(ttl=ttl)
        arrivals = np.cumsum(np.random.default_rng([seed, 1]).exponential(1.0 / rate, 80_000)).tolist()
        for number, (now, item) in enumerate(zip(arrivals, stream(popularity, 80_000, seed), strict=True)):
            if number == 30_000:
                store.start_counting()
            if store.get(item, now) != HIT:
                store.put(item, now)
        return store.hits / 50_000

    given = "1000 items, Zipf 1.0, 100/s, ttl 60 s"
    theory.agrees("A12-ttlzipf-1000-1.0-100.0-60.0", "hit ratio", Trials(hits, 5), float, expected, given)


def cold(backend, seed):
    """Hits a second of an LRU cache of 1000 popular items, flushed at 4 s; the backend answers so many misses/s."""
    store, hits = CacheStore(1_000), []
    for item in range(1_000, 0, -1):
        store.put(item, 0.0)
    items = iter(np.random.default_rng(seed).zipf(1.3, 60_000).tolist())
    for second in range(60):
        if second == 4:
            store.flush()
        store.start_counting()
        answers = 0
        for item in islice(items, 1_000):
            if store.get(item, float(second)) != HIT and answers < backend:
                answers += 1
                store.put(item, float(second))
        hits.append(store.hits / 1_000)
    return np.array(hits)


@pytest.mark.parametrize(("backend", "starts"), [(5, (10, 20, 30, 56)), (10, (10, 20, 30, 56)), (100, (10, 56))])
def test_a_flushed_cache_warms_up_only_as_fast_as_its_backend_answers(theory, backend, starts):
    """A flushed cache, 1000 requests a second, and a backend for 5, 10 or 100 misses: after a minute 78, 82, 86% hit.

    The hit ratio of two seconds, and of the last four. The reference is itself a mean of five runs.

    Source: M. Brooker, "Caches, Modes, and Unstable Systems", 2021, and the simulator published beside it.
    """
    trials = Trials(lambda seed: cold(backend, seed), seeds=20)
    for start in starts:
        end = start + 2 if start < 56 else 60
        given = f"1000/s, Zipf 1.3, LRU cache of 1000 flushed at 4 s, {backend} misses/s answered"
        theory.agrees(
            "B4-cache-cold",
            f"hits at {start} s, {backend}/s",
            trials,
            lambda hits, start=start, end=end: hits[start:end].mean(),
            given=given,
        )
    before, after = (np.mean([hits[second] for hits in trials.runs]) for second in (3, 4))
    assert after < before - 0.15
