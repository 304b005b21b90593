"""Cache hit ratios against theory: Che's approximation, static LFU, the renewal argument for TTLs, a cold restart.

Under the independent reference model every request asks for item i with probability p_i, whatever came before.
"""

from itertools import islice

import numpy as np
import pytest
from scipy import stats

from sim.components.cache_store import HIT, CacheStore
from tests.theory.formulas.caching import fifo_hit_ratio, lru_hit_ratio, ttl_hit_ratio, zipf
from tests.theory.protocol import accept

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


ZIPF_CASES = [
    pytest.param(1_000, 1.0, 100, 0.576525, 0.520249, 0.692993, id="A12-lru-1000-1.0-100"),
    pytest.param(10_000, 0.8, 500, 0.331186, 0.293747, 0.475627, id="A12-lru-10000-0.8-500"),
    pytest.param(100_000, 1.0, 1_000, 0.50617, 0.464789, 0.619138, id="A12-lru-100000-1.0-1000"),
]


@pytest.mark.parametrize(("items", "exponent", "capacity", "lru", "fifo", "static"), ZIPF_CASES)
def test_lru_and_fifo_hit_as_often_as_che_says(items, exponent, capacity, lru, fifo, static):
    """Both agree with the characteristic-time approximation, which is itself within 0.2% for these cases."""
    popularity = zipf(items, exponent)
    assert lru_hit_ratio(popularity, capacity) == pytest.approx(lru, rel=1e-4)
    assert fifo_hit_ratio(popularity, capacity) == pytest.approx(fifo, rel=1e-4)
    for policy, expected in (("lru", lru), ("fifo", fifo)):
        accept([hit_ratio(policy, popularity, capacity, seed) for seed in SEEDS], expected, 0.01)


@pytest.mark.parametrize(("items", "exponent", "capacity", "lru", "fifo", "static"), ZIPF_CASES)
def test_lfu_lies_between_lru_and_keeping_the_most_popular_items(items, exponent, capacity, lru, fifo, static):
    """Nothing beats keeping the most popular items (Aho, Denning and Ullman, 1971); LFU is nearer to it than LRU."""
    popularity = zipf(items, exponent)
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


def test_a_ttl_over_many_items_is_the_sum_of_its_items():
    """A12-ttlzipf-1000-1.0-100.0-60.0: without a bound the items do not meet, and each follows the renewal argument."""
    popularity, rate, ttl = zipf(1_000, 1.0), 100.0, 60.0
    expected = sum(share * ttl_hit_ratio(rate * share, ttl) for share in popularity.tolist())
    assert expected == pytest.approx(0.891856, rel=1e-5)
    ratios = []
    for seed in SEEDS[:5]:
        store = CacheStore(ttl=ttl)
        arrivals = np.cumsum(np.random.default_rng([seed, 1]).exponential(1.0 / rate, 80_000)).tolist()
        for number, (now, item) in enumerate(zip(arrivals, stream(popularity, 80_000, seed), strict=True)):
            if number == 30_000:
                store.start_counting()
            if store.get(item, now) != HIT:
                store.put(item, now)
        ratios.append(store.hits / 50_000)
    accept(ratios, expected, 0.02)


COLD_CASES = [
    pytest.param(5, {(5, 6): 0.426, (10, 12): 0.618, (20, 22): 0.703, (30, 32): 0.726, (56, 60): 0.779}, id="B=5/s"),
    pytest.param(10, {(5, 6): 0.533, (10, 12): 0.680, (20, 22): 0.748, (30, 32): 0.774, (56, 60): 0.822}, id="B=10/s"),
    pytest.param(100, {(5, 6): 0.753, (10, 12): 0.833, (56, 60): 0.859}, id="B=100/s"),
]


@pytest.mark.parametrize(("backend", "expected"), COLD_CASES)
def test_a_flushed_cache_warms_up_only_as_fast_as_its_backend_answers(backend, expected):
    """B4-cache-cold: 1000 requests a second, LRU of 1000, flushed at 4 s, a backend that answers few misses a second.

    Brooker, "Caches, Modes, and Unstable Systems", 2021, and the simulator published beside it. The reference is itself
    a mean of five seeds, whose error counts too.
    """
    ratios = np.zeros((len(SEEDS), 60))
    for run, seed in enumerate(SEEDS):
        store = CacheStore(1_000)
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
            ratios[run, second] = store.hits / 1_000
    for (start, end), reference in expected.items():
        window = ratios[:, start:end].mean(axis=1)
        error = stats.norm.ppf(0.975) * np.std(window, ddof=1) * np.sqrt(1 / len(SEEDS) + 1 / 5)
        assert np.mean(window) == pytest.approx(reference, abs=max(0.015, error))
