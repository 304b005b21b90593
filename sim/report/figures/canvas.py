"""What every figure starts and ends with: an empty page in the report's style, a title, a note where there is no data.

Figures are made with matplotlib's object interface; nothing touches pyplot, so drawing needs no display and leaves no
global state behind. A figure is as wide as a desktop's page, or, drawn inside `narrow`, as wide as a telephone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import fill
from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from sim.report import palette, units

_WIDTH: Final = 10.0
_NARROW: Final = 4.6
_LEGEND_ROW: Final = 0.22
_LETTER: Final = 6.2
_HANDLE: Final = 38.0
_TITLE_LETTERS: Final = 32
_LEGEND_LETTERS: Final = 46
_TITLE_GAP: Final = 8.0
_is_narrow: Final = ContextVar("narrow", default=False)


@contextmanager
def narrow() -> Iterator[None]:
    """Figures drawn meanwhile are for a telephone: narrow, with their legends below."""
    token = _is_narrow.set(True)
    try:
        yield
    finally:
        _is_narrow.reset(token)


def is_narrow() -> bool:
    """Whether figures are being drawn for a telephone."""
    return _is_narrow.get()


def width() -> float:
    """How wide a figure of its own is, inches."""
    return _NARROW if is_narrow() else _WIDTH


def columns(wanted: int) -> int:
    """How many plots stand beside each other: as many as wanted, or one if the figure is narrow."""
    return 1 if is_narrow() else wanted


def page(figure: FigureBase | None, height: float) -> FigureBase:
    """The figure to draw on: the given one, or a new one; a sub-figure keeps its size.

    Args:
        figure: A figure or sub-figure to draw into, or None.
        height: Height of the figure, inches.
    """
    if figure is None:
        return Figure(figsize=(width(), height), layout="constrained")
    if isinstance(figure, Figure):
        figure.set_size_inches(width(), height)
    return figure


def title(axes: Axes, text: str, above: float = 0.0) -> None:
    """Writes a title over a plot, `above` points higher where event names stand in between."""
    if is_narrow():
        axes.set_title(fill(text, _TITLE_LETTERS), pad=above + _TITLE_GAP, fontsize=11.5)
    else:
        axes.set_title(text, pad=above + _TITLE_GAP)


def legend(axes: Axes, reverse: bool = False, skip: int = 0) -> None:
    """Puts the legend beside the plot, where it hides nothing: to the right of it, below the figure if that is narrow.

    Args:
        axes: The plot.
        reverse: Whether the entries are in the order in which they are stacked.
        skip: How many of the first entries are left out.
    """
    handles, labels = axes.get_legend_handles_labels()
    handles, labels = handles[skip:], labels[skip:]
    if not handles:
        return
    if reverse:
        handles, labels = handles[::-1], labels[::-1]
    if is_narrow():
        _legend_below(axes.figure, dict(zip(labels, handles, strict=True)))
        return
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        handlelength=1.4,
    )


def legend_below(figure: FigureBase, handles: Sequence[Artist], columns: int = 1) -> None:
    """Puts a legend below a figure.

    Args:
        figure: The figure.
        handles: The entries, each with its label.
        columns: In how many columns; a narrow figure has as many as fit.
    """
    if is_narrow():
        _legend_below(figure, {str(handle.get_label()): handle for handle in handles})
    else:
        figure.legend(handles=[*handles], loc="outside lower left", ncols=columns)


def _legend_below(figure: FigureBase, entries: dict[str, Artist]) -> None:
    """Adds entries to the legend below a figure, once each, in as many columns as fit; makes room for them."""
    before = {text.get_text(): handle for each in figure.legends for text, handle in _entries(each)}
    for each in [*figure.legends]:
        each.remove()
    entries = before | {_folded(label): handle for label, handle in entries.items()}
    longest = max(len(line) for label in entries for line in label.splitlines())
    columns = max(1, int(72.0 * _NARROW / (_LETTER * longest + _HANDLE)))
    figure.legend([*entries.values()], [*entries], loc="outside lower left", ncols=columns, handlelength=1.4)
    if isinstance(figure, Figure):
        lines = sum(label.count("\n") + 1 for label in entries) - sum(label.count("\n") + 1 for label in before)
        figure.set_figheight(figure.get_figheight() + _LEGEND_ROW * -(-lines // columns))


def _folded(label: str) -> str:
    return "\n".join(fill(line, _LEGEND_LETTERS) for line in label.splitlines())


def _entries(legend: Legend) -> list[tuple[Text, Artist]]:
    return [*zip(legend.get_texts(), legend.legend_handles, strict=True)]  # type: ignore[list-item]


def aside(axes: Axes, words: str, colour: str) -> None:
    """Writes a remark to the right of a plot, at its foot; above it, at its right end, if the figure is narrow."""
    x, y, ha, va = (1.0, 1.0, "right", "top") if is_narrow() else (1.01, 0.0, "left", "bottom")
    axes.annotate(words, (x, y), xycoords="axes fraction", color=colour, fontsize=10, ha=ha, va=va)


def name_level(axes: Axes, level: float, words: str, colour: str) -> None:
    """Names a horizontal line at its right end; above the line, within the plot, if the figure is narrow."""
    x, y, ha, va = (-3.0, 2.0, "right", "bottom") if is_narrow() else (6.0, 0.0, "left", "center")
    axes.annotate(
        words, (1.0, level), xycoords=axes.get_yaxis_transform(), xytext=(x, y), textcoords="offset points",
        ha=ha, va=va, color=colour, fontsize=10, annotation_clip=False,
    )  # fmt: skip


def no_data(axes: Axes, words: str) -> None:
    """Says in the middle of an empty plot why it is empty."""
    words = fill(words, _TITLE_LETTERS) if is_narrow() else words
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
