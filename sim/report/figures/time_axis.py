"""The time axis that all figures over time share: readable bins, shaded events with labels, the warm-up.

Hours are drawn with some two hundred points: a bin is the shortest "round" time that keeps a figure below that number,
and rates are per second whatever the bin. Events are shaded in the plot and named above it, in as many lanes as it
takes for names not to meet.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from sim.metrics.result import Event, Result
from sim.report import palette, units
from sim.report.figures import canvas

MOST_BINS: Final = 240
_WIDTHS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
_DAY: Final = 86400.0
_TICKS: Final = (*_WIDTHS, 4 * 3600, 12 * 3600, _DAY, 2 * _DAY, 7 * _DAY)
_MOST_TICKS: Final = 10
_MOST_TICKS_NARROW: Final = 6
_REQUESTS_PER_BIN: Final = 25
_FEWEST_BINS: Final = 20
_MOST_LANES: Final = 4
_CROWD: Final = 6
_WIDTH_LEFT_BY_LEGEND: Final = 0.88
_LANE: Final = 14.0
_LABEL_SIZE: Final = 9.5
_LABEL_GAP: Final = 10.0
_HINTED: Final = 1.05  # a rasterised letter is up to this much wider than its outline


@dataclass(frozen=True)
class Bins:
    """Equal slices of a run's time.

    Attributes:
        edges: Their borders, s; one more than there are bins. The last bin may end before its border: at `stop`.
        stop: End of the run, s.
    """

    edges: NDArray[np.float64]
    stop: float

    @property
    def number(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1

    @property
    def middles(self) -> NDArray[np.float64]:
        """The middle of each bin, s."""
        ends = np.minimum(self.edges[1:], self.stop)
        return np.asarray((self.edges[:-1] + ends) / 2.0)

    def index(self, times: NDArray[Any]) -> NDArray[np.intp]:
        """The bin that each time falls into; times beyond the run fall into the outermost bins."""
        return np.clip(np.searchsorted(self.edges, times, side="right") - 1, 0, self.number - 1)

    def rates(self, times: NDArray[Any]) -> NDArray[np.float64]:
        """How many of `times` (s) fall into each bin, per second; times beyond the run do not count."""
        inside = times[(times >= 0.0) & (times <= self.stop)]
        spans = np.minimum(self.edges[1:], self.stop) - self.edges[:-1]
        return np.bincount(self.index(inside), minlength=self.number) / spans


def bins(result: Result, at_least: float = 0.0, requests: int = _REQUESTS_PER_BIN) -> Bins:
    """Bins for a figure of a run.

    Args:
        result: The run.
        at_least: Lower bound of a bin's width, s; samples are one second apart.
        requests: How many requests a bin should hold, as long as there are enough bins.
    """
    stop = max(result.duration, 1e-3)
    wanted = max(stop / MOST_BINS, at_least)
    if len(result.requests) and not at_least:
        widest = max((width for width in _WIDTHS if width <= stop / _FEWEST_BINS), default=0.0)
        wanted = max(wanted, min(requests * stop / len(result.requests), widest))
    width = next((width for width in _WIDTHS if width >= wanted * 0.999), np.ceil(wanted / _DAY) * _DAY)
    number = max(1, int(np.ceil(stop / width - 1e-9)))
    return Bins(np.arange(number + 1, dtype=np.float64) * float(width), stop)


def dots(values: NDArray[np.float64]) -> dict[str, Any]:
    """Plot options that mark the values without a neighbour, which a line alone would not show."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    lone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
    return {"marker": "o", "markersize": 4.0, "markevery": lone} if lone.size else {}


def show_time(axes: Axes, result: Result) -> None:
    """Makes x the simulated time of a run, from 0 to its end, in the unit that suits its length."""
    stop = max(result.duration, 1e-3)
    unit, word = next(
        (unit, word)
        for limit, unit, word in ((600, 1, "s"), (3 * 3600, 60, "min"), (72 * 3600, 3600, "h"), (np.inf, _DAY, "days"))
        if stop <= limit
    )
    axes.set_xlim(0.0, stop)
    most = _MOST_TICKS_NARROW if canvas.is_narrow() else _MOST_TICKS
    step = next((step for step in _TICKS if stop / step <= most), 30 * _DAY)
    axes.xaxis.set_major_locator(MultipleLocator(float(step)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds / unit:g}"))
    axes.set_xlabel(f"simulated time ({word})")


def shade_events(axes: Axes, result: Result, labels: bool = True, over: bool = False) -> float:
    """Shades warm-up and events behind the data and names them above the plot.

    Args:
        axes: Where time is x already (`show_time`).
        result: The run.
        labels: Whether to write names; of panels above each other only the top one needs them.
        over: Whether the borders of events are drawn over the data, which would hide them otherwise (a heat map).

    Returns:
        The height that the names take above the plot, in points.
    """
    stop = max(result.duration, 1e-3)
    layer = 4.0 if over else 1.0
    faint = min(1.0, _CROWD / max(len(result.events), 1))
    spans: list[tuple[float, float, str, str]] = []
    if 0.0 < result.warmup <= stop:
        axes.axvspan(0.0, result.warmup, color=palette.WARMUP, alpha=0.13, lw=0, zorder=0)
        spans.append((0.0, result.warmup, palette.MUTED, "warm-up"))
    for event in sorted(result.events, key=lambda event: (event.start, event.kind, event.target)):
        if event.start > stop:
            continue
        end = stop if event.end is None else min(max(event.end, event.start), stop)
        colour = palette.shade(event.kind).colour
        if end - event.start > stop / 500:
            axes.axvspan(event.start, end, color=colour, alpha=0.11 * faint, lw=0, zorder=0)
        axes.axvline(event.start, color=colour, lw=1.0, alpha=0.8 * faint, zorder=layer)
        if event.detected is not None and event.start < event.detected <= stop:
            axes.axvline(event.detected, color=colour, lw=1.0, ls=(0, (2, 2)), alpha=0.8 * faint, zorder=layer)
        spans.append((event.start, end, colour, _name(event)))
    return _write_lanes(axes, spans, stop) if labels and spans else 0.0


def _name(event: Event) -> str:
    words = units.plain(f"{event.kind} {event.target}".strip())
    if len(words) > 28:
        words = words[:27] + "…"
    if event.detected is not None:
        words += f" (noticed +{units.duration(event.detected - event.start)})"
    return words


def _width(words: str) -> float:
    """How wide a label is at most, in points."""
    font = FontProperties(family=palette.STYLE["font.family"], size=_LABEL_SIZE)
    return _HINTED * float(text_to_path.get_text_width_height_descent(words, font, ismath=False)[0])


def _write_lanes(axes: Axes, spans: list[tuple[float, float, str, str]], stop: float) -> float:
    """Writes each name over the start of its span, in the lowest lane where it is free; what finds none is counted."""
    per_point = stop * axes.figure.dpi / (axes.bbox.width * _WIDTH_LEFT_BY_LEGEND * 72.0)
    free = [-np.inf] * _MOST_LANES
    used = left_over = 0
    for start, end, colour, name in spans:
        length = (_width(name) + _LABEL_GAP) * per_point
        at_right = start + length > stop
        left = max(0.0, stop - length) if at_right else start
        lane = next((lane for lane in range(_MOST_LANES) if free[lane] <= left), None)
        if lane is None:
            left_over += 1
            continue
        free[lane] = max(left + length, end)
        used = max(used, lane + 1)
        height = lane * _LANE
        axes.annotate(
            name,
            (stop if at_right else start, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-1.0 if at_right else 1.0, height + 5.0),
            textcoords="offset points",
            ha="right" if at_right else "left",
            va="bottom",
            fontsize=_LABEL_SIZE,
            color=colour,
            annotation_clip=False,
        )
        axes.annotate(
            "",
            (max(end, start + stop / 400), 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(start, 1.0),
            textcoords=axes.get_xaxis_transform(),
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 3.0, "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )
    if left_over:
        axes.annotate(
            f"+ {left_over} more events",
            (1.0, 1.0),
            xycoords="axes fraction",
            xytext=(0.0, used * _LANE + 5.0),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=_LABEL_SIZE,
            color=palette.MUTED,
        )
        used += 1
    return used * _LANE
