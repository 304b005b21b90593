"""Instance by time, one heat map a variant: how evenly each spreads the same traffic over the busiest fleet."""

from typing import Final

import numpy as np
from matplotlib.figure import FigureBase

from sim.experiment.comparison import Comparison
from sim.metrics import Result
from sim.report import palette, units
from sim.report.experiments.choice import choose, example_runs, left_out, names
from sim.report.experiments.looks import heading, narrow_time
from sim.report.experiments.spelling import fold
from sim.report.figures import canvas
from sim.report.figures.instances import fleets, grid, heat, name_rows, ticks_of_bar
from sim.report.figures.time_axis import bins, shade_events, show_time

MOST_COLUMNS: Final = 6
_MOST_NARROW: Final = 3
_WORDS: Final = 80
_ROW: Final = 0.28


def instances(comparison: Comparison, figure: FigureBase | None = None) -> FigureBase:
    """Draws requests outstanding on each instance of the busiest fleet, all variants with one scale of colours.

    Args:
        comparison: The comparison.
        figure: What to draw into; a new figure unless given.
    """
    runs = example_runs(comparison)
    name = busiest_fleet(list(runs.values()))
    with_it = {number: result for number, result in runs.items() if name in fleets(result)}
    shown = choose(comparison, list(with_it), _MOST_NARROW if canvas.is_narrow() else MOST_COLUMNS)
    columns = canvas.columns(max(len(shown), 1))
    down = max(len(shown), 1) // columns
    with palette.style():
        rows = max((len(fleets(with_it[number])[name]) for number in shown), default=4)
        figure = canvas.page(figure, 1.7 + (0.5 + min(max(_ROW * rows, 1.2), 4.5)) * down)
        title = f"Requests outstanding on each instance of {units.plain(name)}"
        heading(figure, title, left_out(shown, comparison.variants))
        panels = list(figure.subplots(down, columns, squeeze=False).flat)
        if not shown:
            canvas.no_data(panels[0], "no component has more than one instance")
            return figure
        slices = {number: bins(with_it[number], at_least=1.0) for number in shown}
        grids = {number: grid(with_it[number], fleets(with_it[number])[name], slices[number]) for number in shown}
        most = max(1.0, *(float(np.nanmax(outstanding, initial=0.0)) for outstanding, _ in grids.values()))
        titles = names(comparison)
        words = _WORDS // (2 if canvas.is_narrow() else columns)
        numbers: list[list[int]] = []
        for axes, number in zip(panels, shown, strict=True):
            result = with_it[number]
            show_time(axes, result)
            shade_events(axes, result, labels=False, over=True)
            image = heat(axes, *grids[number], slices[number], most)
            axes.set_title(fold(titles[number], words, 4), fontsize=11, pad=6)
            numbers.append([result.places[place][1] for place in fleets(result)[name]])
            name_rows(axes, "", numbers[-1])
            if columns > 1 and len(numbers) > 1 and numbers[-1] == numbers[0]:
                axes.tick_params(axis="y", labelleft=False)
            narrow_time(axes, columns)
        bar = figure.colorbar(image, ax=panels, pad=0.01, fraction=0.04)
        bar.set_label("requests outstanding", fontsize=9)
        bar.outline.set_visible(False)
        ticks_of_bar(bar.ax, image)
        return figure


def busiest_fleet(runs: list[Result]) -> str:
    """The component with several instances that had the most requests outstanding; empty if there is none."""
    most: dict[str, float] = {}
    for result in runs:
        for name, places in fleets(result).items():
            mine = result.samples[np.isin(result.samples["place"], places)]
            instants = max(len(np.unique(mine["t"])), 1)
            most[name] = max(most.get(name, 0.0), float(mine["outstanding"].sum()) / instants)
    return max(most, key=most.__getitem__, default="")
