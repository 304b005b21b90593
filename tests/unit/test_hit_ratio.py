"""Che's approximation against caches that are simulated: the same keys, the same rules, no time-outs in between."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.components.cache_store import HIT, CacheStore, EvictionPolicy
from sim.experiment.hit_ratio import characteristic_time, hit_ratios

RATE = 200.0


def zipf(items: int, s: float) -> NDArray[np.float64]:
    """How often each item is asked for, 1/s."""
    weights = np.arange(1, items + 1) ** -s
    rates: NDArray[np.float64] = RATE * weights / weights.sum()
    return rates


def simulated(
    rates: NDArray[np.float64], size: int | None, ttl: float | None, policy: EvictionPolicy, window: tuple[float, float]
) -> float:
    """The hit ratio that a store has in a window."""
    rng = np.random.default_rng(7)
    start, end = window
    count = rng.poisson(rates.sum() * end)
    times = np.sort(rng.uniform(0.0, end, count)).tolist()
    keys = rng.choice(len(rates), count, p=rates / rates.sum()).tolist()
    store = CacheStore(size, ttl, policy)
    hits = [False] * count
    for number, (time, key) in enumerate(zip(times, keys, strict=True)):
        hits[number] = store.get(key, time) is HIT
        if not hits[number]:
            store.put(key, time)
    return float(np.mean(np.array(hits)[np.array(times) >= start]))


@pytest.mark.parametrize(
    ("items", "s", "size", "ttl", "policy", "window"),
    [
        (1000, 1.0, 100, None, "lru", (100.0, 600.0)),
        (1000, 1.0, 100, 2.0, "lru", (100.0, 600.0)),
        (1000, 1.0, 100, 0.2, "lru", (100.0, 600.0)),
        (1000, 0.8, 100, None, "fifo", (100.0, 600.0)),
        (1000, 0.8, 100, 0.5, "fifo", (100.0, 600.0)),
        (1000, 0.8, None, 3.0, "lru", (100.0, 600.0)),
        (5000, 1.1, 2000, 60.0, "lru", (10.0, 120.0)),
        (5000, 0.9, None, None, "lru", (0.0, 60.0)),
    ],
)
def test_it_agrees_with_a_simulated_cache(
    items: int, s: float, size: int | None, ttl: float | None, policy: EvictionPolicy, window: tuple[float, float]
) -> None:
    """Within a hundredth, for bounded and unbounded caches, with and without expiry, cold and warm."""
    rates = zipf(items, s)
    hits = float((hit_ratios(rates, size, ttl, policy, window) * rates).sum() / rates.sum())
    assert hits == pytest.approx(simulated(rates, size, ttl, policy, window), abs=0.01)


def test_one_item_with_expiry_is_exact() -> None:
    """Each fetch is followed by rate x ttl hits on average: 20 of 21."""
    assert hit_ratios(np.array([10.0]), ttl=2.0)[0] == pytest.approx(20.0 / 21.0)


def test_equal_items_share_the_cache_equally() -> None:
    """Of 100 equally popular items a cache of 25 holds a quarter, so a quarter hits."""
    assert hit_ratios(np.full(100, 1.0), size=25) == pytest.approx(np.full(100, 0.25), rel=1e-6)


def test_all_items_fit() -> None:
    """Then nothing is ever evicted, and a warm cache hits always."""
    assert characteristic_time(np.full(10, 1.0), size=10) == float("inf")
    assert hit_ratios(np.full(10, 1.0), size=10).tolist() == [1.0] * 10


def test_the_characteristic_time_fills_the_cache() -> None:
    """The items asked for within that time are as many as fit."""
    rates = zipf(1000, 1.0)
    stays = characteristic_time(rates, size=100)
    assert float(-np.expm1(-rates * stays).sum()) == pytest.approx(100.0)


def test_what_nobody_asks_for_never_hits() -> None:
    """And it does not disturb the others."""
    hits = hit_ratios(np.array([5.0, 0.0]), size=1, ttl=1.0, window=(0.0, 10.0))
    assert hits[1] == 0.0
    assert 0.7 < hits[0] < 0.9


def test_least_frequently_used_keeps_the_most_popular() -> None:
    """As many as fit."""
    assert hit_ratios(np.array([1.0, 3.0, 2.0]), size=2, policy="lfu").tolist() == [0.0, 1.0, 1.0]
