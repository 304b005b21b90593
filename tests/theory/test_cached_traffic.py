"""Requests through a CDN or a cache: how often they hit, and what an expiring item does to the origin."""

import pytest

from tests.theory.formulas.caching import fifo_hit_ratio, lru_hit_ratio, stampede_hit_ratio, ttl_hit_ratio, zipf
from tests.theory.protocol import Study


def cdn(rate, rules, key="1", seconds=100, warmup=0, fetch="0ms"):
    """Poisson requests for items, through a CDN to an origin that answers at once or after a constant time."""
    return Study(f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {{rate: {rate}/s}}, to: edge, requests: [{{send: GET /item, key: {key}}}]}}
components:
  edge: {{kind: cdn, to: origin, cache: {rules}}}
  origin: {{kind: external, latency: {fetch}}}
""")


@pytest.mark.parametrize(("policy", "formula"), [("lru", lru_hit_ratio), ("fifo", fifo_hit_ratio)])
def test_popular_items_stay(theory, policy, formula):
    """A hundred places for a thousand items by Zipf's law: 58% hits if the least recently used goes, 52% if the first.

    Source: H. Che, Y. Tung, Z. Wang, IEEE JSAC 20(7), 2002; E. Gelenbe, 1973.
    """
    rules = f"{{size: 100, policy: {policy}}}"
    study = cdn(1000, rules, "{zipf: {items: 1000, s: 1.0}}", seconds=6, warmup=3)
    theory.agrees(
        "A12-lru-1000-1.0-100",
        f"hit ratio {policy}",
        study,
        lambda run: run.component("edge", "hit_ratio"),
        formula(zipf(1000, 1.0), 100),
        f"1000 items, Zipf 1.0, {policy} cache of 100",
    )


@pytest.mark.parametrize(("rate", "ttl"), [(1.0, 10.0), (0.2, 30.0)])
def test_items_expire(theory, rate, ttl):
    """One item that lives for a fixed time after it was fetched: each miss is followed by rate x time hits.

    Source: J. Jung, A. W. Berger, H. Balakrishnan, INFOCOM 2003.
    """
    seconds = 1500 / rate
    study = cdn(rate, f"{{ttl: {ttl:g}s}}", seconds=seconds, warmup=10 * ttl)
    case, given = f"A12-ttl-{rate}-{ttl}", f"one item, {rate:g}/s, ttl {ttl:g} s"
    hits = ttl_hit_ratio(rate, ttl)
    theory.agrees(case, "hit ratio", study, lambda run: run.component("edge", "hit_ratio"), hits, given)
    theory.agrees(
        case,
        "origin rate",
        study,
        lambda run: run.component("origin", "offered") / seconds,
        rate * (1.0 - hits),
        given,
    )


def test_stampede(theory):
    """While an expired item is fetched, all requests for it go to the origin: 1 + rate x fetch; coalesced it is one.

    Here each of the concurrent fetches renews the item; where only the first does, the hit ratio is 0.03% lower.

    Source: renewal argument.
    """
    case, given = "A12-stampede-20.0-5.0-0.1", "one item, 20/s, ttl 5 s, fetched in 100 ms"
    study = cdn(20, "{ttl: 5s}", seconds=1500, warmup=10, fetch="100ms")
    hits = stampede_hit_ratio(20, 5.0, 0.1, renewed=True)
    theory.agrees(case, "hit ratio", study, lambda run: run.component("edge", "hit_ratio"), hits, given)

    def fetches_per_expiry(run):
        return run.component("origin", "offered") / run.component("edge", "expirations")

    theory.agrees(case, "fetches per expiry", study, fetches_per_expiry, 1.0 + 20 * 0.1, given)
    study = cdn(20, "{ttl: 5s, coalesce: true}", seconds=300, warmup=10, fetch="100ms")
    theory.agrees(case, "fetches per expiry, coalesced", study, fetches_per_expiry, 1.0, given)
