"""Queues over time: what is published and what is done, the backlog that lies between them, and how old it is.

Where the solid line is below the dashed one a backlog grows, where it is above it drains; the age of the oldest message
is what its sender would call the delay.
"""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.time_axis import Bins, bins, shade_events, show_time

_MOST: Final = 4
_POINTS: Final = 80
_DASHED: Final = (0, (4, 2))


def queues(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws the rates of each queue, its messages, and the age of the oldest one.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    slices = bins(result, at_least=max(1.0, result.duration / _POINTS))
    names = names_of_queues(result)
    shown = sorted(names, key=lambda name: -float(level(result, name, "lag_s", slices).max()))[:_MOST]
    with palette.style():
        figure = canvas.page(figure, 6.6)
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        show_time(bottom, result)
        above = shade_events(top, result)
        for axes in (middle, bottom):
            shade_events(axes, result, labels=False)
        canvas.title(top, "Queues: work that comes, work that is done, work that is left", above)
        for axes, words in ((top, "messages per second"), (middle, "messages"), (bottom, "age of the oldest")):
            axes.set_ylabel(words)
        if not shown:
            for axes in (top, middle, bottom):
                canvas.no_data(axes, "there is no queue")
            return figure
        for number, name in enumerate(shown):
            _draw(result, name, palette.SERIES[number], slices, (top, middle, bottom))
        if len(shown) > 1:
            top.plot([], [], color=palette.MUTED, lw=1.2, ls=_DASHED, label="published")
        for axes, spelled in ((top, units.count), (middle, units.count), (bottom, units.duration)):
            axes.set_ylim(0.0, max(axes.get_ylim()[1], 1e-3))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _, spelled=spelled: spelled(round(value, 9))))
            canvas.legend(axes)
        if len(names) > len(shown):
            canvas.aside(bottom, f"+ {len(names) - len(shown)} that lag less", palette.MUTED)
        return figure


def names_of_queues(result: Result) -> list[str]:
    """The queues of a run."""
    return [name for name, counters in result.components.items() if counters.get("kind") == "queue"]


def _draw(result: Result, name: str, colour: str, slices: Bins, panels: tuple[Axes, Axes, Axes]) -> None:
    top, middle, bottom = panels
    several = len(names_of_queues(result)) > 1
    groups = len(result.components[name]["groups"])
    x = slices.middles
    published, done = (rate(result, name, key, slices) for key in ("published", "acknowledged"))
    depth, taken, dead, lag = (
        level(result, name, key, slices) for key in ("depth", "in_flight", "dead_letters", "lag_s")
    )
    own = units.plain(name) if several else None
    top.plot(x, done, color=colour, lw=2.2, label=own or "acknowledged")
    top.plot(x, groups * published, color=colour, lw=1.2, ls=_DASHED, label=None if several else _came(groups))
    middle.fill_between(x, 0.0, depth, color=colour, alpha=0.15, lw=0)
    middle.plot(x, depth, color=colour, lw=2.0, label=own or "waiting")
    if not several:
        middle.plot(x, taken, color=colour, lw=1.2, ls=":", label="with consumers")
    if dead.any():
        middle.plot(x, dead, color=colour, lw=1.4, ls=_DASHED, label=f"{own or ''} dead letters".strip())
    bottom.plot(x, lag, color=colour, lw=2.0, label=own)


def _came(groups: int) -> str:
    return "published" if groups == 1 else f"published, for {groups} groups"


def level(result: Result, component: str, name: str, slices: Bins) -> NDArray[np.float64]:
    """The highest value of a series in each bin.

    Args:
        result: The run.
        component: Whose series.
        name: Which.
        slices: The bins, of a second or more.
    """
    points = _points(result, component, name)
    highest = np.zeros(slices.number)
    np.maximum.at(highest, slices.index(points["t"] - 1e-6), points["value"])
    return highest


def rate(result: Result, component: str, name: str, slices: Bins) -> NDArray[np.float64]:
    """How much a series that counts grows in each bin, per second; the arguments are those of `level`."""
    points = _points(result, component, name)
    edges = np.minimum(slices.edges, slices.stop)
    counted = np.interp(edges, np.append(0.0, points["t"]), np.append(0.0, points["value"]))
    return np.asarray(np.diff(counted) / np.diff(edges))


def _points(result: Result, component: str, name: str) -> NDArray[np.void]:
    number = result.series_names.index((component, name)) if (component, name) in result.series_names else -1
    return np.asarray(result.series[result.series["series"] == number])
