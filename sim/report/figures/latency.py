"""Latency over time: the median, and how far the slowest requests are from it.

What one crowd waits for another may not notice, so a few clients get a panel each.
"""

from itertools import chain
from typing import Final

import numpy as np
from matplotlib.axes import Axes
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
_MOST_PANELS: Final = 4
_REQUESTS_PER_BIN: Final = 300


def percentiles(result: Result, slices: Bins, client: int | None = None) -> list[NDArray[np.float64]]:
    """p50, p95 and p99 of the requests that were sent in each bin, whatever their outcome.

    A request that is still in flight is slower than all that have ended: a run that leaves its slow requests behind
    does not look better for it.

    Args:
        result: The run.
        slices: The bins.
        client: Whose requests, an index of `result.clients`; None for all.

    Returns:
        For each of the three an array with a value for each bin, s; NaN in a bin without requests, and where so many
        are in flight that it is not known.
    """
    rows = result.requests if client is None else result.requests[result.requests["client"] == client]
    latency = np.where(rows["outcome"] == IN_FLIGHT, np.inf, rows["latency"])
    with np.errstate(invalid="ignore"):
        curves = grouped_percentiles(slices.index(rows["arrived"]), latency, slices.number, list(QUANTILES))
    return [np.where(np.isfinite(curve), curve, np.nan) for curve in curves]


def latency(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws p50, p95 and p99 of user latency over time, with the bands between them.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    several = 1 < len(result.clients) <= _MOST_PANELS
    clients = list(range(len(result.clients))) if several else [None]
    slices = bins(result, requests=_REQUESTS_PER_BIN)
    curves = [percentiles(result, slices, client) for client in clients]
    objectives = p99_objectives(result)
    with palette.style():
        figure = canvas.page(figure, 4.4 if not several else 1.2 + 1.8 * len(clients))
        panels = figure.subplots(len(clients), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        show_time(panels[-1], result)
        above = shade_events(panels[0], result)
        canvas.title(panels[0], "Latency of user requests", above)
        if all(np.isnan(p50).all() for p50, _, _ in curves):
            canvas.no_data(panels[0], "no request ended")
            return figure
        for axes, client, curve in zip(panels, clients, curves, strict=True):
            if axes is not panels[0]:
                shade_events(axes, result, labels=False)
            limits = [limit for name, limit in objectives.items() if client is None or name == result.clients[client]]
            _draw(axes, slices, curve, limits)
            if client is not None:
                axes.set_ylabel(units.plain(result.clients[client]), fontweight="bold")
        canvas.duration_axis(panels[0], np.concatenate([*chain(*curves), [*objectives.values()]]))
        figure.supylabel("latency, by time of sending", fontsize=palette.STYLE["axes.labelsize"])
        for axes in panels:
            canvas.legend(axes, skip=0 if axes is panels[0] else len(QUANTILES))
        return figure


def _draw(axes: Axes, slices: Bins, curve: list[NDArray[np.float64]], limits: list[float]) -> None:
    x, (p50, p95, p99) = slices.middles, curve
    axes.fill_between(x, p50, p95, color=palette.P95, alpha=0.28, lw=0)
    axes.fill_between(x, p95, p99, color=palette.P99, alpha=0.20, lw=0)
    axes.plot(x, p99, color=palette.P99, **dots(p50), lw=2.8, label="p99: 1 in 100 is slower")
    axes.plot(x, p95, color=palette.P95, **dots(p50), lw=2.1, label="p95: 1 in 20 is slower")
    axes.plot(x, p50, color=palette.P50, **dots(p50), lw=1.4, label="p50: half are slower")
    for limit in sorted(set(limits)):
        axes.axhline(
            limit, color=palette.OBJECTIVE, lw=1.3, ls=(0, (6, 3)), label=f"p99 objective: {units.duration(limit)}"
        )
