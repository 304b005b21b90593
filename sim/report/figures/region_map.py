"""The regions on a map: how far they are from each other, who is there, and how much is called from where to where."""

from collections.abc import Mapping
from itertools import combinations
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray

from sim.components.network_config import NetworkConfig
from sim.metrics.regions import region_figures
from sim.metrics.result import Event, Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.map_layout import layout
from sim.report.figures.regions import colours_of, regions_of

_SIDE: Final = 1.45
_SIDE_NARROW: Final = 1.7
_TALLEST: Final = 3.2
_MARGIN: Final = 1.65
"""Above and below the outermost regions, inches: where their labels are."""

_BEND: Final = 0.16
_LABEL_AT: Final = 0.36
"""Where on its way an arrow is named: before its middle, where the distance stands."""

_WIDEST: Final = 9.0
_LARGEST: Final = 42.0
_MOST_LABELS: Final = 10
_MOST_TROUBLES: Final = 3
_BEHIND: Final = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}


def region_map(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws regions as far apart as they are in latency, with their users, what they serve and the calls between them.

    A map of the time before something happened stands beside one of the time while it lasted.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    regions = regions_of(result)
    distances = NetworkConfig.model_validate(result.document.get("network") or {}).distances
    places = layout(regions, distances)
    times = spans(result)
    with palette.style():
        columns = canvas.columns(len(times))
        rows = len(times) // columns
        side = _SIDE_NARROW if canvas.is_narrow() or columns > 1 else _SIDE
        inch = 2.0 * side * columns / canvas.width()
        places[:, 1] *= min(1.0, _TALLEST * inch / float(np.ptp(places[:, 1]) or 1.0)) if len(regions) else 1.0
        low, high = places[:, 1].min(initial=0.0) - _MARGIN * inch, places[:, 1].max(initial=0.0) + _MARGIN * inch
        figure = canvas.page(figure, rows * (high - low) / inch)
        panels = figure.subplots(rows, columns, squeeze=False).flat
        found = [_Traffic(result, span) for span in times]
        most_served = max((rate for traffic in found for rate in traffic.served.values()), default=0.0) or 1.0
        most_called = max((rate for traffic in found for rate in traffic.calls.values()), default=0.0) or 1.0
        for axes, span, traffic in zip(panels, times, found, strict=True):
            _title(axes, span, len(times) > 1)
            axes.set_axis_off()
            if not regions:
                canvas.no_data(axes, "there are no regions")
                return figure
            axes.set_xlim(-side, side)
            axes.set_ylim(low, high)
            troubles = marks(result, span)
            sizes = {name: max(14.0, _LARGEST * sqrt(traffic.served[name] / most_served)) for name in regions}
            away = distances if span.event is None else {}
            _draw_links(axes, places, away, traffic.calls, most_called, sizes, troubles)
            for name, place in zip(regions, places, strict=True):
                _draw_region(axes, place, colours_of(regions)[name], sizes[name], bool(troubles.get(name)))
                _label(axes, place, sizes[name], name, traffic.lines(name), troubles.get(name, []))
        return figure


class Span(NamedTuple):
    """A time that a map is of.

    Attributes:
        start: When it begins, s.
        end: When it ends, s.
        words: What it is.
        event: What lasts then; None for nothing.
    """

    start: float
    end: float
    words: str
    event: Event | None = None


def spans(result: Result) -> list[Span]:
    """Before the longest of the failures, or else of whatever else happened for a time, and while it lasted."""
    ends = {id(event): result.duration if event.end is None else event.end for event in result.events}
    lasting = [event for event in result.events if ends[id(event)] > event.start]
    hit = max(lasting, key=lambda event: (_fails(event), ends[id(event)] - event.start), default=None)
    first = min((event.start for event in result.events), default=0.0)
    if hit is None or first <= result.warmup:
        return [Span(result.warmup, result.duration, "on average over the run")]
    return [Span(result.warmup, first, "before"), Span(hit.start, ends[id(hit)], f"{hit.kind} {hit.target}", hit)]


def _fails(event: Event) -> bool:
    return palette.shade(event.kind).family == "failure"


class _Traffic:
    """What regions send, serve and call a second, within a time."""

    def __init__(self, result: Result, span: Span) -> None:
        self.found = region_figures(result, (span.start, span.end))
        self.seconds = span.end - span.start
        self.served = {name: block["served"]["requests"] / self.seconds for name, block in self.found.items()}
        self.calls = {
            (here, there): count / self.seconds
            for here, block in self.found.items()
            for there, count in block["calls_to"].items()
        }

    def lines(self, name: str) -> list[str]:
        """What is said of a region."""
        block = self.found[name]
        standby = [f"{block['standby']} standby", f"{units.share(block['idle_share'])} idle"]
        users = _users(block["sent"], self.seconds)
        return [
            *(standby if block["role"] == "standby" else ()),
            *users,
            f"gets {units.rate(float(f'{self.served[name]:.3g}'))}",
        ]


def _title(axes: Axes, span: Span, several: bool) -> None:
    if not several:
        canvas.title(axes, "Regions, their users, and the calls between them")
        return
    words = f"{span.words[0].upper()}{span.words[1:]}" if span.event is None else units.plain(span.words)
    axes.set_title(
        f"{words}: {units.moment(span.start)} to {units.moment(span.end)}",
        color=palette.INK if span.event is None else palette.shade(span.event.kind).colour,
        fontsize=11.5,
    )


def marks(result: Result, span: Span) -> dict[str, list[str]]:
    """What failed within a time, in each region or between two (`a/b`), in words."""
    found: dict[str, list[str]] = {}
    regions = regions_of(result)
    for event in result.events:
        if not _fails(event) or event.start >= span.end or (event.end or span.end) <= span.start:
            continue
        for target in event.target.split(", "):
            ends = target.split("/")
            where = target if len(ends) == 2 and set(ends) <= set(regions) else ends[0].partition("@")[2] or ends[0]
            if where in regions or "/" in where:
                until = "the end" if event.end is None else units.moment(event.end)
                what = event.kind if target == where else f"{event.kind} {target}"
                found.setdefault(where, []).append(f"{what} {units.moment(event.start)} to {until}")
    return found


def _users(sent: Mapping[str, float], seconds: float) -> list[str]:
    if not sent["requests"]:
        return ["no users"]
    rate = float(f"{sent['requests'] / seconds:.3g}")
    return [f"users send {units.rate(rate)}", f"{units.share(sent['success_ratio'])} succeed"]


def _draw_region(axes: Axes, place: NDArray[np.float64], colour: str, size: float, hurt: bool) -> None:
    axes.plot(*place, marker="o", ms=size, color=colour, mec="white", mew=1.5, zorder=4)
    if hurt:
        axes.plot(*place, marker="o", ms=size + 8.0, mfc="none", mec=palette.FAILURE, mew=2.5, zorder=4)
        axes.plot(*place, marker="x", ms=10.0, color="white", mew=5.5, zorder=4.5)
        axes.plot(*place, marker="x", ms=10.0, color=palette.FAILURE, mew=3.0, zorder=4.6)


def _label(
    axes: Axes, place: NDArray[np.float64], size: float, name: str, lines: list[str], troubles: list[str]
) -> None:
    """Name and figures of a region on its outer side, where no arrow is."""
    texts = [(units.plain(name), palette.INK, "bold", 12.0), *((line, palette.INK, "normal", 10.0) for line in lines)]
    texts += [(units.plain(line), palette.FAILURE, "bold", 10.0) for line in troubles[:_MOST_TROUBLES]]
    above = place[1] > 0.0
    height = size / 2.0 + 10.0
    for words, colour, weight, points in texts[::-1] if above else texts:
        axes.annotate(
            words, tuple(place), xytext=(0.0, height if above else -height), textcoords="offset points", ha="center",
            va="bottom" if above else "top", color=colour, fontweight=weight, fontsize=points, bbox=_BEHIND, zorder=5,
        ).set_in_layout(False)  # fmt: skip
        height += points * 1.45


def _draw_links(
    axes: Axes,
    places: NDArray[np.float64],
    distances: Mapping[frozenset[str | None], float],
    calls: Mapping[tuple[str, str], float],
    most: float,
    sizes: Mapping[str, float],
    troubles: Mapping[str, list[str]],
) -> None:
    regions = list(sizes)
    colours = colours_of(regions)
    pairs = list(combinations(range(len(regions)), 2))
    for one, other in pairs:
        ends = regions[one], regions[other]
        called = [pair for pair in (ends, ends[::-1]) if calls.get(pair)]
        if not called:
            axes.plot(*places[[one, other]].T, color=palette.GRID, lw=1.2, ls=(0, (2, 2)), zorder=1)
        for pair in called:
            here, there = (places[regions.index(end)] for end in pair)
            gaps = sizes[pair[0]] / 2.0 + 4.0, sizes[pair[1]] / 2.0 + 8.0
            _draw_arrow(axes, here, there, colours[pair[0]], calls[pair], most, gaps)
        cut = [line for way in ("/".join(ends), "/".join(ends[::-1])) for line in troubles.get(way, [])]
        far = distances.get(frozenset(ends))
        words = [f"{units.duration(far)} away"] if far is not None and (called or len(pairs) <= _MOST_LABELS) else []
        if words or cut:
            middle = places[[one, other]].mean(axis=0)
            axes.annotate(
                "\n".join([*words, *cut]), tuple(middle), ha="center", va="center", fontsize=9.5, bbox=_BEHIND,
                zorder=3, color=palette.FAILURE if cut else palette.MUTED,
            )  # fmt: skip


def _draw_arrow(
    axes: Axes,
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    colour: str,
    rate: float,
    most: float,
    gaps: tuple[float, float],
) -> None:
    """An arrow that bends to its right, so that the two ways of a pair are two arrows; its rate stands on it."""
    width = max(1.0, _WIDEST * rate / most)
    arrow = FancyArrowPatch(
        tuple(here), tuple(there), connectionstyle=f"arc3,rad={_BEND}", arrowstyle="-|>", shrinkA=gaps[0],
        shrinkB=gaps[1], mutation_scale=10.0 + 2.0 * width, lw=width, color=colour, alpha=0.85, zorder=2,
    )  # fmt: skip
    axes.add_patch(arrow)
    along = there - here
    bend = (here + there) / 2.0 + _BEND * np.array([along[1], -along[0]])
    t = _LABEL_AT
    place = (1.0 - t) ** 2 * here + 2.0 * t * (1.0 - t) * bend + t**2 * there
    axes.annotate(
        units.rate(float(f"{rate:.3g}")), tuple(place), ha="center", va="center", fontsize=10, fontweight="bold",
        color=palette.INK, bbox=_BEHIND, zorder=3,
    )  # fmt: skip
