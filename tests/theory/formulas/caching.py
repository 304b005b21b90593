"""Hit ratios of caches whose requests are independent of each other (the independent reference model)."""

from math import expm1

import numpy as np
from scipy.optimize import brentq


def zipf(items: int, skew: float) -> np.ndarray:
    """The popularity of each item by Zipf's law."""
    weights = np.arange(1.0, items + 1.0) ** -skew
    return weights / weights.sum()


def lru_hit_ratio(popularity: np.ndarray, size: int) -> float:
    """Least recently used: an item is kept for the time in which `size` different ones are asked for.

    Source: H. Che, Y. Tung, Z. Wang, IEEE JSAC 20(7), 2002; C. Fricker, P. Robert, J. Roberts, ITC 24, 2012.
    """
    time = brentq(lambda t: -np.expm1(-popularity * t).sum() - size, 0.0, 1e4 * len(popularity))
    return float((popularity * -np.expm1(-popularity * time)).sum())


def fifo_hit_ratio(popularity: np.ndarray, size: int) -> float:
    """First in first out, which hits as often as random replacement (E. Gelenbe, 1973); time as in `lru_hit_ratio`."""
    time = brentq(lambda t: (popularity * t / (1.0 + popularity * t)).sum() - size, 0.0, 1e6 * len(popularity))
    return float((popularity * popularity * time / (1.0 + popularity * time)).sum())


def ttl_hit_ratio(rate: float, ttl: float) -> float:
    """One item that is fetched in no time and kept for `ttl`: each miss is followed by rate x ttl hits.

    Source: J. Jung, A. W. Berger, H. Balakrishnan, INFOCOM 2003.
    """
    return rate * ttl / (1.0 + rate * ttl)


def stampede_hit_ratio(rate: float, ttl: float, fetch: float, renewed: bool) -> float:
    """One item whose fetch takes a while in which all requests miss: 1 + rate x fetch misses per expiry.

    Args:
        rate: Of requests, per second.
        ttl: How long it is kept, s.
        fetch: How long fetching takes, s.
        renewed: Whether each of the concurrent fetches starts the time to live anew: then hits go on for the time
            between the first and the last of the misses longer, fetch - (1 - e^(-rate fetch)) / rate on average.
    """
    longer = fetch + expm1(-rate * fetch) / rate if renewed else 0.0
    hits = rate * (ttl + longer)
    return hits / (hits + 1.0 + rate * fetch)
