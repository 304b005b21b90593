"""Latency figures describe a sample by its mean, its percentiles and its worst case.

Percentiles are exact: taken from the full sample, with linear interpolation between the two nearest order statistics
(definition 7 of Hyndman & Fan, "Sample Quantiles in Statistical Packages", 1996; numpy's default).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PERCENTILES: Final = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p999": 0.999}
LATENCY_FIGURES: Final = ("mean", *PERCENTILES, "max")


def latency_figures(latencies: NDArray[Any]) -> dict[str, float | None]:
    """Describes a sample of latencies by the figures of `LATENCY_FIGURES`.

    Args:
        latencies: In any order, s.

    Returns:
        Each figure in seconds, or None for an empty sample.
    """
    if not latencies.size:
        return dict.fromkeys(LATENCY_FIGURES)
    quantiles = np.quantile(latencies, list(PERCENTILES.values()))
    return {
        "mean": float(latencies.mean(dtype=np.float64)),
        **{name: float(value) for name, value in zip(PERCENTILES, quantiles, strict=True)},
        "max": float(latencies.max()),
    }


def grouped_percentiles(
    groups: NDArray[np.intp], latencies: NDArray[np.float64], count: int, quantiles: list[float]
) -> list[NDArray[np.float64]]:
    """Percentiles of many small samples at once, interpolated as `latency_figures` does.

    Args:
        groups: The sample that each latency belongs to, 0 to `count - 1`.
        latencies: In any order, s.
        count: How many samples there are.
        quantiles: Which percentiles, 0..1.

    Returns:
        For each quantile an array with one value a sample, s; NaN for an empty sample.
    """
    ordered = latencies[np.lexsort((latencies, groups))]
    sizes = np.bincount(groups, minlength=count)
    filled = sizes > 0
    first = (np.cumsum(sizes) - sizes)[filled]
    steps = sizes[filled] - 1
    columns = []
    for quantile in quantiles:
        position = quantile * steps
        lower = np.floor(position).astype(np.intp)
        below = ordered[first + lower]
        above = ordered[first + np.minimum(lower + 1, steps)]
        column = np.full(count, np.nan)
        column[filled] = below + (position - lower) * (above - below)
        columns.append(column)
    return columns
