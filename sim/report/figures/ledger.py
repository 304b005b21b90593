"""Where did p99 go: the time of average, median and slowest requests, taken apart into what they waited for."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.metrics.ledger import time_ledger
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.request import LEDGER

COHORTS: Final = {"mean": "mean of all", "p50": "around p50", "p99": "around p99"}
_SHARE_OF_A_LETTER: Final = 0.017


def ledger(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws the time ledger of mean, median and 99th percentile: in time, and in shares beside or below.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    rows = result.requests
    ended = np.flatnonzero((rows["outcome"] != IN_FLIGHT) & (rows["arrived"] >= result.warmup))
    parts = time_ledger(rows, ended)
    cohorts = [
        (words, [parts[key][part] or 0.0 for part in LEDGER]) for key, words in COHORTS.items() if parts[key]["total"]
    ]
    with palette.style():
        if canvas.is_narrow():
            figure = canvas.page(figure, 5.2)
            left, right = figure.subplots(2, 1, sharey=True)
        else:
            figure = canvas.page(figure, 3.2)
            left, right = figure.subplots(1, 2, width_ratios=(2, 3), sharey=True)
        canvas.title(left, "Where the time went")
        if not cohorts:
            canvas.no_data(left, "no request ended")
            right.set_axis_off()
            return figure
        letter = _SHARE_OF_A_LETTER * (1.5 if canvas.is_narrow() else 1.0)
        longest = max(sum(cohort) for _, cohort in cohorts)
        for row, (_, cohort) in enumerate(cohorts):
            total = sum(cohort)
            start = 0.0
            for part, length in zip(LEDGER, cohort, strict=True):
                left.barh(row, length, left=start, height=0.62, color=palette.LEDGER[part], lw=0)
                right.barh(row, length / total, left=start / total, height=0.62, color=palette.LEDGER[part], lw=0)
                words = units.duration(length)
                if length / total >= letter * len(words):
                    right.text(
                        (start + length / 2) / total,
                        row,
                        words,
                        ha="center",
                        va="center",
                        fontsize=9.5,
                        color=_ink_on(palette.LEDGER[part]),
                    )
                start += length
            left.text(total + longest * 0.02, row, units.duration(total), va="center", fontweight="bold")
        left.set_yticks(range(len(cohorts)), [words for words, _ in cohorts])
        left.invert_yaxis()
        left.set_xlim(0.0, longest * 1.3)
        left.set_xticks([tick for tick in MaxNLocator(3).tick_values(0.0, longest) if tick <= longest])
        left.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: units.duration(round(seconds, 9))))
        left.set_xlabel("time")
        right.set_xlim(0.0, 1.0)
        right.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{100 * ratio:.0f}%"))
        right.set_xlabel("share of it")
        for axes in (left, right):
            axes.grid(False)
            axes.tick_params(axis="y", length=0)
        _name_parts(
            right, [part for number, part in enumerate(LEDGER) if any(cohort[number] > 0.0 for _, cohort in cohorts)]
        )
        return figure


def _name_parts(axes: Axes, names: list[str]) -> None:
    """The legend: one coloured square for each part that occurs, above the shares and in their order."""
    handles = [axes.barh(0, 0, color=palette.LEDGER[name], label=name) for name in names]
    if canvas.is_narrow():
        canvas.legend(axes)
        return
    axes.legend(
        handles,
        names,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(names),
        handlelength=0.9,
        columnspacing=1.2,
    )


def _ink_on(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else palette.INK
