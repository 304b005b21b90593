"""Caches: their size, their stampedes, and what they keep away from the origin."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.theory.formulas.caching import lru_hit_ratio, zipf


def hit_ratios(runs, **settings):
    """The hit ratio of cache_sizing with each seed."""
    overrides = {f"components.cache.{name}": str(value) for name, value in settings.items()}
    return np.array([run.summary["components"]["cache"]["hit_ratio"] for run in runs("cache_sizing", overrides)])


class TestCacheSizing:
    """cache_sizing: what the next thousand items buy."""

    @pytest.mark.parametrize("size", [50, 150, 500, 1500])
    def test_che_tells_the_hit_ratio(self, runs, size):
        """Che's approximation tells the hit ratio of each size, within a point and a half."""
        expected = lru_hit_ratio(zipf(10_000, 0.9), size)
        assert hit_ratios(runs, size=size) == pytest.approx(expected, abs=0.015)

    def test_a_few_items_answer_many_requests(self, runs):
        """5% of the items in the cache answer nearly half of the requests; half of the items nearly 80%."""
        assert hit_ratios(runs, size=500) == pytest.approx(0.455, abs=0.015)
        assert hit_ratios(runs, size=5000) == pytest.approx(0.777, abs=0.01)

    def test_each_step_of_three_adds_as_much(self, runs):
        """Every three times as large a cache adds 10 to 20 points to the hit ratio."""
        sizes = [hit_ratios(runs, size=size) for size in (50, 150, 500, 1500, 5000)]
        for smaller, larger in pairwise(sizes):
            assert all(0.10 < more - less < 0.20 for less, more in zip(smaller, larger, strict=True))

    def test_the_database_serves_the_misses(self, runs):
        """The database serves the misses and nothing else, so its utilization falls as the misses do."""
        for small, large in zip(
            runs("cache_sizing", {"components.cache.size": "150"}),
            runs("cache_sizing", {"components.cache.size": "1500"}),
            strict=True,
        ):
            misses, busy = [], []
            for run in (small, large):
                cache, database = run.summary["components"]["cache"], run.summary["components"]["db"]
                assert database["offered"] == pytest.approx(cache["misses"], abs=3)
                misses.append(cache["misses"])
                busy.append(database["utilization"])
            assert busy[0] / busy[1] == pytest.approx(misses[0] / misses[1], rel=0.05)

    def test_the_rule_of_eviction(self, runs):
        """lfu hits more often than lru, and lru more often than fifo."""
        by_use, recent, first = (hit_ratios(runs, policy=policy) for policy in ("lfu", "lru", "fifo"))
        assert all(f < r < u for u, r, f in zip(by_use, recent, first, strict=True))


class TestCacheStampede:
    """cache_stampede: one key expires, and everybody goes to fetch it."""

    def test_others_wait_behind_the_wave(self, runs):
        """Ten seconds after each wave of fetches comes the next; GET /account waits behind it for a second (p99)."""
        for run in runs("cache_stampede"):
            home = run.sent(route="GET /home")
            fetches = home[home["latency"] > 0.1]
            came, back = fetches["arrived"], np.maximum.accumulate(fetches["arrived"] + fetches["latency"])
            calm = (came[1:] - back[:-1])[came[1:] > back[:-1]]
            assert calm == pytest.approx([10.0] * 4, abs=0.1)
            components = run.summary["components"]
            assert components["page_cache"]["expirations"] == 3
            assert components["pages"]["offered"] > 140 * 3
            assert 0.75 < run.summary["routes"]["GET /account"]["latency_s"]["all"]["p99"] < 1.5

    def test_coalescing_makes_one_fetch(self, runs):
        """With coalescing there is one fetch for each expiry, and the p99 of GET /account is its query's: 0.1 s."""
        query = stats.gamma.ppf(0.99, 4, scale=0.01)
        assert query == pytest.approx(0.1, abs=0.001)
        slower = total = 0
        calm = runs("cache_stampede", {"components.page_cache.coalesce": "true"})
        for run, stampede in zip(calm, runs("cache_stampede"), strict=True):
            components = run.summary["components"]
            assert components["pages"]["offered"] == components["page_cache"]["expirations"]
            account, behind = (each.sent(15, 59, route="GET /account")["latency"] for each in (run, stampede))
            assert np.quantile(account, 0.99) < np.quantile(behind, 0.99) / 5
            slower, total = slower + int(np.count_nonzero(account > query)), total + len(account)
        interval = stats.binomtest(slower, total).proportion_ci(0.999)
        assert interval.low < 0.01 < interval.high


class TestCdnOffload:
    """cdn_offload: origin offload, and a purge."""

    def test_the_origin_is_spared(self, runs):
        """The origin serves 15% of the requests at about a fifth of its capacity, and over 80% after the purge."""
        for run in runs("cdn_offload"):
            components = run.summary["components"]
            assert components["origin"]["offered"] / components["edge"]["offered"] == pytest.approx(0.15, abs=0.006)
            assert run.mean("utilization", "origin", 20, 40) == pytest.approx(0.2, abs=0.03)
            assert run.mean("utilization", "origin", 40, 41) > 0.8

    def test_p50_is_the_edge_and_p99_the_origin(self, runs, p):
        """p50 is the latency of the edge (13 ms), p99 that of the origin (130 ms, before the purge)."""
        for run in runs("cdn_offload"):
            assert p(run.sent(15, 40), 0.5) == pytest.approx(0.0125, abs=0.0005)
            assert p(run.sent(15, 40), 0.99) == pytest.approx(0.13, abs=0.003)

    def test_the_origin_alone_could_not(self, runs):
        """With a cache of one file half of all requests fail."""
        for run in runs("cdn_offload", {"components.edge.cache.size": "1"}):
            assert run.summary["rates"]["success_ratio"] == pytest.approx(0.525, abs=0.01)

    def test_coalescing_softens_the_purge(self, runs, p):
        """Equal fetches that wait for each other leave the origin less to do after the purge."""
        for plain, shared in zip(
            runs("cdn_offload"), runs("cdn_offload", {"components.edge.cache.coalesce": "true"}), strict=True
        ):
            assert shared.mean("utilization", "origin", 40, 42) < plain.mean("utilization", "origin", 40, 42)
            assert p(shared.sent(40, 42), 0.99) < p(plain.sent(40, 42), 0.99)
