"""Latency over time: the median, and how far the slowest requests are from it."""

from typing import Final

import numpy as np
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from sim.metrics.latency import grouped_percentiles
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.slow import p99_objectives
from sim.report.figures.time_axis import Bins, bins, dots, shade_events, show_time

QUANTILES: Final = (0.50, 0.95, 0.99)


def percentiles(result: Result, slices: Bins) -> list[NDArray[np.float64]]:
    """p50, p95 and p99 of the requests that were sent in each bin and have ended, whatever their outcome.

    Args:
        result: The run.
        slices: The bins.

    Returns:
        For each of the three an array with a value for each bin, s; NaN in a bin without requests.
    """
    rows = result.requests[result.requests["outcome"] != IN_FLIGHT]
    return grouped_percentiles(slices.index(rows["arrived"]), rows["latency"], slices.number, list(QUANTILES))


def latency(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws p50, p95 and p99 of user latency over time, with the bands between them.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    with palette.style():
        figure = canvas.page(figure, 4.4)
        axes = figure.add_subplot()
        slices = bins(result)
        p50, p95, p99 = percentiles(result, slices)
        show_time(axes, result)
        above = shade_events(axes, result)
        canvas.title(axes, "Latency of user requests", above)
        if np.isnan(p50).all():
            canvas.no_data(axes, "no request ended")
            return figure
        x = slices.middles
        axes.fill_between(x, p50, p95, color=palette.P95, alpha=0.28, lw=0)
        axes.fill_between(x, p95, p99, color=palette.P99, alpha=0.20, lw=0)
        axes.plot(x, p99, color=palette.P99, **dots(p50), label="p99: 1 in 100 is slower")
        axes.plot(x, p95, color=palette.P95, **dots(p50), label="p95: 1 in 20 is slower")
        axes.plot(x, p50, color=palette.P50, **dots(p50), lw=2.4, label="p50: half are slower")
        limits = sorted(set(p99_objectives(result).values()))
        canvas.duration_axis(axes, np.concatenate([p50, p95, p99, np.asarray(limits)]))
        for limit in limits:
            axes.axhline(
                limit, color=palette.OBJECTIVE, lw=1.3, ls=(0, (6, 3)), label=f"p99 objective: {units.duration(limit)}"
            )
        axes.set_ylabel("latency, by time of sending")
        canvas.legend(axes)
        return figure
