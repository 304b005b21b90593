"""Outcomes over time: how many requests were sent each second, and how each of them ended."""

import numpy as np
from matplotlib.figure import FigureBase

from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.slow import slow_rule
from sim.report.figures.time_axis import bins, shade_events, show_time
from sim.request import Outcome


def outcomes(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws requests per second by time of sending, stacked by how they ended.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    with palette.style():
        figure = canvas.page(figure, 4.6)
        axes = figure.add_subplot()
        slices = bins(result)
        show_time(axes, result)
        above = shade_events(axes, result)
        canvas.title(axes, "How requests ended", above)
        axes.set_ylabel("requests per second, by time of sending")
        rows = result.requests
        if not len(rows):
            canvas.no_data(axes, "no request was sent")
            return figure
        rule = slow_rule(result)
        slow = rule.slow(result)
        layers = [("ok", palette.OUTCOMES["ok"], (rows["outcome"] == Outcome.OK) & ~slow)]
        for outcome in (Outcome.CACHED, Outcome.DEGRADED):
            layers.append((outcome.word, palette.OUTCOMES[outcome.word], (rows["outcome"] == outcome) & ~slow))
        layers.append(("slow", palette.SLOW, slow))
        for outcome in Outcome:
            if not outcome.is_success:
                layers.append((outcome.word, palette.OUTCOMES[outcome.word], rows["outcome"] == outcome))
        layers.append(("still in flight", palette.IN_FLIGHT, rows["outcome"] == IN_FLIGHT))
        floor = np.zeros(slices.number)
        counted = rows["arrived"] >= result.warmup
        total = max(1, int(counted.sum()))
        edges = np.minimum(slices.edges, slices.stop)
        for name, colour, chosen in layers:
            if not chosen.any():
                continue
            top = floor + slices.rates(rows["arrived"][chosen])
            share = units.share(int((chosen & counted).sum()) / total)
            label = f"{name}  {share}"
            if chosen is slow:
                label += f"\n(ok, but later\nthan {_fold(rule.words)})"
            axes.stairs(top, edges, baseline=floor, fill=True, color=colour, lw=0, label=label)
            floor = top
        axes.stairs(floor, edges, baseline=None, color=palette.OFFERED, lw=0.8)
        axes.set_ylim(0.0, float(floor.max()) * 1.06 or 1.0)
        canvas.legend(axes, reverse=True)
        return figure


def _fold(words: str) -> str:
    return words.replace(", ", ",\n").replace(" or ", "\nor ")
