"""One figure over two parameters: a cell for each pair of values, and the border beyond which the system saturates."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.experiment.numeric import as_numbers
from sim.experiment.sweep import SATURATED, Sweep
from sim.experiment.variation import Variation, spell
from sim.report import palette
from sim.report.experiments.scales import is_wide
from sim.report.experiments.spelling import figure as spell_figure
from sim.report.experiments.spelling import fold, nothing
from sim.report.figures import canvas

_COLOURS: Final = "YlGnBu"
_NO_DATA: Final = "#eceef1"
_BORDER: Final = "#c4161c"
_MOST_COLUMNS_WITH_WORDS: Final = 12
_MOST_ROWS_WITH_WORDS: Final = 20


def heatmap(sweep: Sweep, figure: FigureBase | None = None) -> FigureBase:
    """Draws the deciding measure over both varied places.

    Args:
        sweep: A sweep over a grid of two places.
        figure: What to draw into; a new figure unless given.
    """
    across, up = sweep.variations[:2]
    columns, rows = ordered(across), ordered(up)
    values, busy = _cells(sweep, columns, rows)
    with palette.style():
        figure = canvas.page(figure, 2.1 + min(max(0.5 * len(rows), 1.6), 6.0))
        axes = figure.add_subplot()
        canvas.title(axes, f"{sweep.measure.text} over two parameters")
        axes.grid(False)
        axes.set_facecolor(_NO_DATA)
        letters = 40 if canvas.is_narrow() else 80
        axes.set_xticks(range(len(columns)), [fold(word, max(letters // len(columns), 6), 2) for word in columns])
        axes.set_yticks(range(len(rows)), [fold(word, letters // 4 + 2, 2) for word in rows])
        axes.set_xlabel(across.path)
        axes.set_ylabel(up.path)
        axes.tick_params(length=0)
        if np.isnan(values).all():
            axes.set_xlim(-0.5, len(columns) - 0.5)
            canvas.no_data(axes, nothing(sweep, sweep.measure))
            return figure
        known = values[np.isfinite(values)]
        norm = _scale(known)
        image = axes.imshow(
            np.ma.masked_invalid(values), origin="lower", aspect="auto", cmap=_COLOURS, norm=norm, zorder=1
        )
        most = _MOST_COLUMNS_WITH_WORDS // 2 if canvas.is_narrow() else _MOST_COLUMNS_WITH_WORDS
        if len(columns) <= most and len(rows) <= _MOST_ROWS_WITH_WORDS:
            _write(axes, sweep, values, norm)
        if _border(axes, busy >= SATURATED):
            words = f"beyond it the busiest component is over {SATURATED:.0%} busy: saturated"
            handle = Line2D([], [], color=_BORDER, lw=2.5, label=words)
            canvas.legend_below(figure, [handle])
        bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.04)
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: spell_figure(sweep.measure, value)))
        bar.ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        return figure


def ordered(variation: Variation) -> list[str]:
    """The values of a place, spelled: by size where they are numbers, else as they were given."""
    numbers = as_numbers(variation.values)
    if numbers is None:
        return [spell(value) for value in variation.values]
    return [spell(variation.values[which]) for which in np.argsort(numbers[0], kind="stable")]


def _cells(sweep: Sweep, columns: list[str], rows: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The deciding measure and the highest utilization of each cell; NaN without data."""
    values = np.full((len(rows), len(columns)), np.nan)
    busy = np.zeros_like(values)
    for number, variant in enumerate(sweep.variants):
        column, row = (spell(value) for value in variant.values.values())
        cell = rows.index(row), columns.index(column)
        interval = sweep.interval(number, sweep.measure)
        values[cell] = interval.mean if interval is not None else np.nan
        busy[cell] = sweep.busiest(number)[1]
    return values, busy


def _scale(known: NDArray[np.float64]) -> Normalize:
    low, high = float(known.min()), float(known.max())
    if is_wide(known) and low > 0.0:
        return LogNorm(low, high)
    return Normalize(min(low, 0.0) if low < 0.5 * high else low, high if high > low else low + 1.0)


def _write(axes: Axes, sweep: Sweep, values: NDArray[np.float64], norm: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        known = bool(np.isfinite(value))
        dark = known and float(norm(value)) > 0.55
        words = spell_figure(sweep.measure, float(value)) if known else nothing(sweep, sweep.measure)
        axes.text(column, row, words, ha="center", va="center", fontsize=9, zorder=2,
                  color="white" if dark else palette.INK if known else palette.MUTED)  # fmt: skip


def _border(axes: Axes, saturated: NDArray[np.bool_]) -> bool:
    """Draws the border between cells that are saturated and those that are not; whether there is one."""
    rows, columns = saturated.shape
    segments = [
        ([column + 0.5, column + 0.5], [row - 0.5, row + 0.5])
        for row in range(rows)
        for column in range(columns - 1)
        if saturated[row, column] != saturated[row, column + 1]
    ]
    segments += [
        ([column - 0.5, column + 0.5], [row + 0.5, row + 0.5])
        for row in range(rows - 1)
        for column in range(columns)
        if saturated[row, column] != saturated[row + 1, column]
    ]
    for x, y in segments:
        axes.plot(x, y, color=_BORDER, lw=2.5, solid_capstyle="projecting", zorder=3)
    return bool(segments)
