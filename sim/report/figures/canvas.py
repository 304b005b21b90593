"""What every figure starts and ends with: an empty page in the report's style, a title, a note where there is no data.

Figures are made with matplotlib's object interface; nothing touches pyplot, so drawing needs no display and leaves no
global state behind.
"""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from sim.report import palette, units

WIDTH: Final = 10.0
_TITLE_GAP: Final = 8.0


def page(figure: FigureBase | None, height: float) -> FigureBase:
    """The figure to draw on: the given one, or a new one; a sub-figure keeps its size.

    Args:
        figure: A figure or sub-figure to draw into, or None.
        height: Height of the figure, inches.
    """
    if figure is None:
        return Figure(figsize=(WIDTH, height), layout="constrained")
    if isinstance(figure, Figure):
        figure.set_size_inches(WIDTH, height)
    return figure


def title(axes: Axes, text: str, above: float = 0.0) -> None:
    """Writes a title over a plot, `above` points higher where event names stand in between."""
    axes.set_title(text, pad=above + _TITLE_GAP)


def legend(axes: Axes, reverse: bool = False, skip: int = 0) -> None:
    """Puts the legend to the right of the plot, where it hides nothing; `skip` leaves the first entries out."""
    handles, labels = axes.get_legend_handles_labels()
    handles, labels = handles[skip:], labels[skip:]
    if not handles:
        return
    if reverse:
        handles, labels = handles[::-1], labels[::-1]
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        handlelength=1.4,
    )


def no_data(axes: Axes, words: str) -> None:
    """Says in the middle of an empty plot why it is empty."""
    axes.text(
        0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=palette.MUTED, fontstyle="italic"
    )
    axes.set_yticks([])


def duration_axis(axes: Axes, values: NDArray[np.float64], axis: Axis | None = None) -> None:
    """Makes y (or `axis`) an axis of durations; logarithmic when the values span more than a factor of 30.

    Args:
        axes: The plot.
        values: What is drawn, s; NaN where there is nothing.
        axis: `axes.yaxis` unless said otherwise.
    """
    axis = axis or axes.yaxis
    positive = values[np.isfinite(values) & (values > 0.0)]
    if len(positive) and positive.max() > 30.0 * positive.min():
        axes.set_yscale("log")
        low, high = float(positive.min()), float(positive.max())
        axes.set_ylim(low / 1.4, high * 1.6)
        decades = np.log10(high / low)
        axis.set_major_locator(LogLocator(base=10.0, subs=(1.0,) if decades > 3.0 else (1.0, 3.0)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0.0, float(positive.max()) * 1.12 if len(positive) else 1.0)
        axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(FuncFormatter(lambda seconds, _: units.duration(round(seconds, 9))))
