"""Queue and utilization over time: which component ran out of capacity, and when."""

from typing import Any, Final

import numpy as np
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.time_axis import Bins, bins, dots, shade_events, show_time

_MOST: Final = len(palette.SERIES)
_LOG_QUEUE: Final = 60.0


def components(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws mean utilization of each component's running instances, and the requests waiting at all of them.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    slices = bins(result, at_least=1.0)
    curves = {}
    for name in dict.fromkeys(component for component, _ in result.places):
        utilization, queue = series(result, name, slices)
        if np.nanmax(utilization, initial=0.0) > 0.0 or np.nanmax(queue, initial=0.0) > 0.0:
            curves[name] = (utilization, queue)
    ranked = sorted(curves, key=lambda name: (-_weight(*curves[name]), name))
    with palette.style():
        figure = canvas.page(figure, 5.6)
        top, bottom = figure.subplots(2, 1, sharex=True)
        show_time(bottom, result)
        above = shade_events(top, result)
        shade_events(bottom, result, labels=False)
        canvas.title(top, "Utilization and queues of components", above)
        top.set_ylabel("busy workers")
        bottom.set_ylabel("requests waiting")
        if not ranked:
            canvas.no_data(top, "no component has workers")
            canvas.no_data(bottom, "")
            return figure
        for number, name in reversed(list(enumerate(ranked[:_MOST]))):
            utilization, queue = curves[name]
            look: dict[str, Any] = {
                "color": palette.SERIES[number],
                "lw": 2.4 if number == 0 else 1.5,
                "zorder": 3.0 - number / 10,
            }
            for axes, values in ((top, utilization), (bottom, queue)):
                axes.plot(slices.middles, values, label=units.plain(name), **look, **dots(values))
        top.set_ylim(0.0, 1.05)
        top.yaxis.set_major_formatter(PercentFormatter(1.0))
        longest = max(float(np.nanmax(queue, initial=0.0)) for _, queue in curves.values())
        if longest > _LOG_QUEUE:
            bottom.set_yscale("symlog", linthresh=1.0)
            bottom.set_ylim(0.0, longest * 1.5)
        else:
            bottom.set_ylim(0.0, max(longest * 1.1, 1.0))
            bottom.yaxis.set_major_locator(MaxNLocator(5))
        if longest == 0.0:
            canvas.no_data(bottom, "no request ever waited for a worker or a connection")
        bottom.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.count(value)))
        canvas.legend(top, reverse=True)
        if len(ranked) > _MOST:
            canvas.aside(top, f"+ {len(ranked) - _MOST} less busy", palette.MUTED)
        return figure


def series(result: Result, component: str, slices: Bins) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Utilization (mean over running instances, 0..1) and queue (sum over instances) of a component in each bin.

    Args:
        result: The run.
        component: Its name.
        slices: The bins, of a second or more.

    Returns:
        Two arrays with a value for each bin; utilization is NaN where no instance was up.
    """
    mine = np.array([name == component for name, _ in result.places], dtype=np.bool_)
    samples = result.samples[mine[result.samples["place"]]] if len(result.samples) else result.samples
    cell = slices.index(samples["t"] - 1e-6)
    ups = np.bincount(cell, weights=samples["up"], minlength=slices.number)
    busy = np.bincount(cell, weights=samples["utilization"] * samples["up"], minlength=slices.number)
    utilization = np.divide(busy, ups, out=np.full(slices.number, np.nan), where=ups > 0)
    waiting = np.bincount(cell, weights=samples["queue"], minlength=slices.number)
    _, which = np.unique(samples["t"], return_index=True)
    moments = np.bincount(slices.index(samples["t"][which] - 1e-6), minlength=slices.number)
    queue = np.divide(waiting, moments, out=np.full(slices.number, np.nan), where=moments > 0)
    return utilization, queue


def _weight(utilization: NDArray[np.float64], queue: NDArray[np.float64]) -> float:
    """How much a component matters: its busiest tenth of the time, then its queue."""
    seen = utilization[~np.isnan(utilization)]
    return (float(np.percentile(seen, 90)) if len(seen) else 0.0) + float(np.nanmax(queue, initial=0.0)) / 1e3
