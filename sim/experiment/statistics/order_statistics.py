"""Order statistics bound a quantile, whatever the distribution: of 100 latencies, two sorted ones enclose the true p90.

How many of n independent samples fall below the true quantile is binomial(n, q). So the r-th smallest is a lower end
and the s-th smallest an upper one, with an error of at most half of what the confidence leaves on each side
(H. A. David, H. N. Nagaraja, "Order Statistics", 3rd edition, 2003, section 7.1). The binomial is discrete, hence the
interval holds the true value somewhat more often than it says, never less often.
"""

from bisect import bisect_left, bisect_right
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from sim.experiment.statistics.incomplete_beta import regularised_beta
from sim.experiment.statistics.interval import Interval, check_confidence, finite


def quantile_interval(samples: ArrayLike, q: float, confidence: float = 0.95) -> Interval:
    """A distribution-free interval for a quantile, from independent samples of one distribution.

    The requests of one run are not independent (they share queues): for these see `batch_quantile`, or take the
    quantile of each of several runs and `mean_interval`.

    Args:
        samples: Independent and alike, in any order; at least one.
        q: Which quantile, between 0 and 1.
        confidence: Between 0 and 1.

    Returns:
        The interval around the sample's own quantile (by linear interpolation, numpy's default). An end is infinite
        where the sample is too small for the confidence: an upper end for p99 at 95% takes 368 samples.

    Raises:
        ValueError: Without samples, with one that is no finite number, or with an impossible quantile or confidence.
    """
    values = np.sort(finite(samples))
    check_confidence(confidence)
    if not 0.0 < q < 1.0:
        raise ValueError(f"a quantile lies between 0 and 1, not at {q:g}")
    n, error = len(values), 0.5 * (1.0 - confidence)
    ranks = range(1, n + 1)
    lower = bisect_right(ranks, error, key=lambda rank: _fewer_below(rank, n, q))
    upper = bisect_left(ranks, 1.0 - error, key=lambda rank: _fewer_below(rank, n, q)) + 1
    return Interval(
        mean=float(np.quantile(values, q)),
        lo=float(values[lower - 1]) if lower >= 1 else -inf,
        hi=float(values[upper - 1]) if upper <= n else inf,
        n=n,
        confidence=confidence,
    )


def _fewer_below(rank: int, n: int, q: float) -> float:
    """The probability that fewer of n samples than a rank, 1 to n, are below the quantile: that rank is above it."""
    return regularised_beta(n - rank + 1.0, rank, 1.0 - q, q)
