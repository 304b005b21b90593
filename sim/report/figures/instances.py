"""Instance by time: how many requests a balancer had outstanding on each instance, and which instances were down."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import FigureBase
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.time_axis import Bins, bins, shade_events, show_time

_MOST_SERVICES: Final = 6
_COLOURS: Final = "YlGnBu"
_ROW: Final = 0.30
_NO_SAMPLE: Final = "#eceef1"


def instances(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws a heat map of outstanding requests for each component that has several instances.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    places = fleets(result)
    slices = bins(result, at_least=1.0)
    grids = {name: grid(result, numbers, slices) for name, numbers in places.items()}
    busiest = sorted(grids, key=lambda name: (-float(np.nanmax(grids[name][0], initial=0.0)), name))[:_MOST_SERVICES]
    shown = [name for name in grids if name in busiest]
    with palette.style():
        heights = [min(max(_ROW * len(places[name]), 0.7), 3.2) for name in shown] or [1.5]
        figure = canvas.page(figure, sum(heights) + 0.35 * len(heights) + 1.3)
        panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        show_time(panels[-1], result)
        above = shade_events(panels[0], result, over=True)
        canvas.title(panels[0], "Requests outstanding on each instance", above)
        if not shown:
            canvas.no_data(panels[0], "no component has more than one instance")
            return figure
        for number, (axes, name) in enumerate(zip(panels, shown, strict=True)):
            if number:
                shade_events(axes, result, labels=False, over=True)
            outstanding, down = grids[name]
            image = heat(axes, outstanding, down, slices)
            name_rows(axes, name, [result.places[place][1] for place in places[name]])
            bar = figure.colorbar(
                image, ax=axes, pad=0.01, fraction=0.04, aspect=max(4.0, 12.0 * heights[number] / 1.5)
            )
            bar.set_label("outstanding" if heights[number] > 1.0 else "", fontsize=9)
            bar.outline.set_visible(False)
            ticks_of_bar(bar.ax, image)
        return figure


def fleets(result: Result) -> dict[str, list[int]]:
    """The components that have several instances, each with the positions of these in `result.places`."""
    places: dict[str, list[int]] = {}
    for place, (component, instance) in enumerate(result.places):
        if instance >= 0:
            places.setdefault(component, []).append(place)
    return {name: numbers for name, numbers in places.items() if len(numbers) > 1}


def grid(result: Result, places: list[int], slices: Bins) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Mean outstanding requests of each place and bin (NaN where there is no sample), and where it was down."""
    row_of = np.full(len(result.places), -1)
    row_of[places] = np.arange(len(places))
    samples = result.samples
    rows = row_of[samples["place"]] if len(samples) else np.zeros(0, dtype=np.intp)
    chosen = rows >= 0
    cell = rows[chosen] * slices.number + slices.index(samples["t"][chosen] - 1e-6)
    size = len(places) * slices.number
    number = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=samples["outstanding"][chosen], minlength=size)
    ups = np.bincount(cell, weights=samples["up"][chosen], minlength=size)
    mean = np.divide(total, number, out=np.full(size, np.nan), where=number > 0)
    shape = (len(places), slices.number)
    return mean.reshape(shape), (ups < number).reshape(shape)


def heat(
    axes: Axes, outstanding: NDArray[np.float64], down: NDArray[np.bool_], slices: Bins, most: float = 1.0
) -> AxesImage:
    """Draws one fleet; the scale is logarithmic when a few requests and hundreds have to be told apart.

    Args:
        axes: The plot.
        outstanding: Mean requests outstanding, a row for each instance and a column for each bin; NaN without a sample.
        down: Where an instance was down, of the same shape.
        slices: The bins.
        most: What the scale reaches at least, so that fleets side by side can share one.
    """
    most = max(most, float(np.nanmax(outstanding, initial=0.0)))
    norm: Normalize = Normalize(0.0, most) if most <= 20.0 else FuncNorm((np.log1p, np.expm1), 0.0, most)
    rows = len(outstanding)
    axes.set_facecolor(_NO_SAMPLE)
    image = axes.imshow(
        np.ma.masked_invalid(outstanding),
        extent=(0.0, float(slices.edges[-1]), rows - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
        cmap=_COLOURS,
        norm=norm,
        zorder=2,
    )
    if rows <= 24:
        for row in range(1, rows):
            axes.axhline(row - 0.5, color="white", lw=1.2, zorder=2.5)
    for row in range(rows):
        borders = np.flatnonzero(np.diff(np.concatenate([[False], down[row], [False]]).astype(np.int8)))
        for first, last in zip(borders[::2], borders[1::2], strict=True):
            left, right = slices.edges[first], min(slices.edges[last], slices.stop)
            box = Rectangle(
                (left, row - 0.5),
                right - left,
                1.0,
                facecolor="#fbe9e7",
                edgecolor="#8f1d12",
                hatch="////",
                lw=0,
                zorder=3,
            )
            axes.add_patch(box)
            if right - left > slices.stop / 25 and rows <= 12:
                axes.text(
                    (left + right) / 2, row, "down", ha="center", va="center", fontsize=9, color="#8f1d12", zorder=4,
                    bbox={"facecolor": "#fbe9e7", "edgecolor": "none", "pad": 1.0},
                )  # fmt: skip
    axes.set_xlim(0.0, slices.stop)
    return image


def name_rows(axes: Axes, component: str, numbers: list[int]) -> None:
    """Names a fleet, and its instances by their numbers."""
    axes.grid(False)
    axes.set_ylabel(units.plain(component), rotation=0, ha="right", va="center")
    axes.tick_params(axis="y", length=0, labelsize=9)
    if len(numbers) <= 8:
        axes.set_yticks(range(len(numbers)), [f"[{number}]" for number in numbers])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda row, _: f"[{numbers[int(row)]}]" if 0 <= row < len(numbers) else "")
        )


def ticks_of_bar(axes: Axes, image: AxesImage) -> None:
    """A few round numbers beside the colours of `image`."""
    most = image.get_clim()[1] or 1.0
    axes.tick_params(labelsize=9, length=2)
    if isinstance(image.norm, FuncNorm):
        ticks = [tick for tick in (0, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000) if tick <= most]
        apart = 1 if image.get_size()[0] > 3 else 2  # a low bar has no room for three in a decade
        axes.yaxis.set_major_locator(FixedLocator([ticks[0], *ticks[:0:-apart][:3]]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.minorticks_off()
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=most >= 4.0))
