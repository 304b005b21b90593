"""What matters most: the deciding measure of a Latin hypercube against each parameter, with their rank correlation."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from sim.experiment.numeric import as_numbers
from sim.experiment.sweep import SATURATED, Sweep
from sim.experiment.variation import spell
from sim.report import palette
from sim.report.experiments.looks import heading, marker
from sim.report.experiments.scales import is_wide, value_axis
from sim.report.experiments.spelling import figure as spell_figure
from sim.report.experiments.spelling import fold, nothing
from sim.report.figures import canvas

MOST_PANELS: Final = 9
_COLUMNS: Final = 3


def scatter(sweep: Sweep, figure: FigureBase | None = None) -> FigureBase:
    """Draws a point a variant, in a panel for each varied place.

    Args:
        sweep: A Latin hypercube.
        figure: What to draw into; a new figure unless given.
    """
    variations = sweep.variations[:MOST_PANELS]
    columns = canvas.columns(min(len(variations), _COLUMNS))
    rows = -(-len(variations) // columns)
    known, values = measured(sweep)
    with palette.style():
        figure = canvas.page(figure, 1.2 + 2.9 * rows)
        heading(figure, f"What {sweep.measure.text} depends on")
        panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
        for axes in panels[len(variations) :]:
            axes.set_visible(False)
        if not known:
            canvas.no_data(panels[0], nothing(sweep, sweep.measure))
            return figure
        value_axis(panels[0], values, lambda value: spell_figure(sweep.measure, value))
        busy = np.array([sweep.busiest(number)[1] >= SATURATED for number in known])
        for axes, variation in zip(panels, variations, strict=False):
            spelled = [sweep.variants[number].values[variation.path] for number in known]
            numbers = as_numbers(spelled)
            if numbers is None:
                words = list(dict.fromkeys(spell(value) for value in variation.values))
                x = np.array([float(words.index(spell(value))) for value in spelled])
                axes.set_xticks(range(len(words)), [fold(word, 36 // len(words), 2) for word in words])
                axes.set_xlim(-0.5, len(words) - 0.5)
                axes.set_title("categories", fontsize=11)
            else:
                x = np.array(numbers[0])
                logarithmic = variation.range.logarithmic if variation.range is not None else is_wide(x)
                value_axis(axes, x, numbers[1], logarithmic, which="x")
                if not logarithmic:
                    axes.set_xlim(x.min() - 0.05 * np.ptp(x), x.max() + 0.05 * np.ptp(x))
                axes.set_title(f"rank correlation {rank_correlation(x, values):+.2f}".replace("-", "−"), fontsize=11)
            for chosen, verdict in ((~busy, "better"), (busy, "worse")):
                axes.plot(x[chosen], values[chosen], **{**marker(verdict), "markersize": 6.0})
            axes.set_xlabel(fold(variation.path, 34, 2), fontsize=10)
        if busy.any():
            label = f"saturated: the busiest component is over {SATURATED:.0%} busy"
            canvas.legend_below(figure, [Line2D([], [], **marker("worse"), label=label)])
        panels[0].set_ylabel(sweep.measure.text)
        return figure


def measured(sweep: Sweep) -> tuple[list[int], NDArray[np.float64]]:
    """The variants that have the deciding measure, and their means."""
    intervals = {number: sweep.interval(number, sweep.measure) for number in range(len(sweep.variants))}
    means = {number: interval.mean for number, interval in intervals.items() if interval is not None}
    return list(means), np.array(list(means.values()))


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Spearman's: 1 where y always grows with x, -1 where it always falls, 0 where it does neither or is constant."""
    ranks = [pd.Series(np.asarray(values)).rank().to_numpy() for values in (x, y)]
    if any(np.ptp(values) == 0.0 for values in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
