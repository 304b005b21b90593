"""Quantile curves: how long each share of requests waits at least, from the quickest to the slowest in ten thousand."""

from typing import Final

import numpy as np
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from sim.experiment.comparison import Comparison
from sim.experiment.replication import TAILS
from sim.report import palette, units
from sim.report.experiments.choice import choose, left_out, names
from sim.report.experiments.looks import End, look, name_ends
from sim.report.experiments.scales import value_axis
from sim.report.experiments.spelling import fold
from sim.report.figures import canvas

MOST_CURVES: Final = 12
_HEIGHT: Final = 5.2
_PERCENTILES: Final = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)
_LABEL: Final = 28
_PATH: Final = 40
_QUICKEST: Final = 0.9
"""The axis need not reach down to the quickest tenth: nobody waits there."""


def quantiles(comparison: Comparison, figure: FigureBase | None = None) -> FigureBase:
    """Draws latency against percentile: the mean over each variant's runs, and the band that they lie in.

    Args:
        comparison: The comparison.
        figure: What to draw into; a new figure unless given.
    """
    curves = {number: curve for number in range(len(comparison.variants)) if (curve := band(comparison, number))}
    shown = choose(comparison, list(curves), MOST_CURVES)
    x = -np.log10(TAILS)
    with palette.style():
        figure = canvas.page(figure, _HEIGHT)
        axes = figure.add_subplot()
        more = left_out(shown, list(curves))
        canvas.title(axes, "Latency of each percentile" + (f" ({more})" if more else ""))
        if not shown:
            canvas.no_data(axes, "no run has enough requests")
            return figure
        ends = []
        titles = names(comparison)
        for number in shown:
            low, mean, high = curves[number]
            axes.fill_between(x, low, high, color=look(number)["color"], alpha=0.13, lw=0)
            label = fold(titles[number], _LABEL)
            axes.plot(x, mean, **look(number), lw=2.0, label=label)
            last = int(np.flatnonzero(np.isfinite(mean))[-1])
            ends.append(End(float(x[last]), float(mean[last]), label, look(number)["color"]))
        values = np.concatenate([curve[TAILS <= _QUICKEST] for number in shown for curve in curves[number]])
        value_axis(axes, values, units.duration, logarithmic=True)
        ticks = [-np.log10(1.0 - percentile / 100.0) for percentile in _PERCENTILES]
        axes.set_xticks(ticks, [f"p{percentile:g}" for percentile in _PERCENTILES])
        axes.set_xlim(0.0, max(end.x for end in ends))
        axes.grid(axis="x")
        words = "percentile: each step to the right is of ten times fewer requests"
        axes.set_xlabel(fold(words, _PATH) if canvas.is_narrow() else words)
        axes.set_ylabel("latency (logarithmic)")
        if canvas.is_narrow():
            canvas.legend(axes)
        else:
            name_ends(axes, ends, _HEIGHT)
        return figure


def band(comparison: Comparison, variant: int) -> tuple[NDArray[np.float64], ...]:
    """Least, mean and largest latency of a variant's runs at each share of `TAILS`, s; NaN where not all runs have it.

    Returns:
        Three arrays, or nothing if no share has it.
    """
    runs = [run.latencies for run in comparison.finished(variant)]
    if not runs:
        return ()
    table = np.stack(runs)
    if not np.isfinite(table).all(axis=0).any():
        return ()
    return table.min(axis=0), table.mean(axis=0), table.max(axis=0)
