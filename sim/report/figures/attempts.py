"""Attempts against requests: what retries add to the load, and how much of it turns into answers that count."""

import numpy as np
from matplotlib.figure import FigureBase

from sim.metrics.result import Result
from sim.report import palette
from sim.report.figures import canvas
from sim.report.figures.time_axis import bins, shade_events, show_time
from sim.request import Outcome


def attempts(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws offered load, attempts and goodput per second.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    with palette.style():
        figure = canvas.page(figure, 4.2)
        axes = figure.add_subplot()
        slices = bins(result)
        show_time(axes, result)
        above = shade_events(axes, result)
        canvas.title(axes, "Offered load, attempts and goodput", above)
        axes.set_ylabel("per second")
        rows = result.requests
        if not len(rows):
            canvas.no_data(axes, "no request was sent")
            return figure
        successes = rows[rows["outcome"] <= Outcome.DEGRADED]
        offered = slices.rates(rows["arrived"])
        goodput = slices.rates(successes["arrived"] + successes["latency"])
        starts = np.concatenate(
            [np.asarray(times, dtype=np.float64) for times in result.attempt_starts] or [np.zeros(0)]
        )
        tries = slices.rates(starts)
        x = slices.middles
        extra = np.maximum(tries, offered)
        axes.fill_between(x, offered, extra, color=palette.ATTEMPTS, alpha=0.30, lw=0, label="retries")
        axes.fill_between(x, 0.0, goodput, color=palette.GOODPUT, alpha=0.18, lw=0)
        axes.plot(x, tries, color=palette.ATTEMPTS, lw=1.6, label="attempts")
        axes.plot(x, offered, color=palette.OFFERED, lw=1.6, ls=(0, (4, 2)), label="offered by users")
        axes.plot(x, goodput, color=palette.GOODPUT, lw=2.2, label="goodput: successes")
        axes.set_ylim(0.0, max(float(max(extra.max(), goodput.max())) * 1.08, 1.0))
        canvas.legend(axes)
        counted = rows["attempts"][rows["arrived"] >= result.warmup]
        ratio = int(counted.sum()) / max(len(counted), 1)
        canvas.aside(axes, f"{ratio:.2f} attempts\nper request", palette.ATTEMPTS)
        return figure
