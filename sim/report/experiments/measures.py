"""How a system answers to a parameter: latency, goodput, success and utilization over it, and where it saturates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.experiment.statistics import mean_interval
from sim.experiment.sweep import SATURATED, Sweep, busiest_place
from sim.metrics import Measure
from sim.report import palette, units
from sim.report.experiments.looks import End, heading, look, name_ends
from sim.report.experiments.scales import value_axis
from sim.report.experiments.spelling import figure as spell_figure
from sim.report.experiments.spelling import fold, nothing
from sim.report.experiments.tracks import Ground, Track, figures, ground, is_saturated_throughout
from sim.report.figures import canvas
from sim.report.figures.failover import COSTS

MOST_TRACKS: Final = 8
_ROW: Final = 2.9
_USUAL: Final = ("p50", "p95", "p99", "goodput", "success_ratio", "availability", "utilization")
_PERCENTILES: Final = (("p99", palette.P99), ("p95", palette.P95), ("p50", palette.P50))
_UTILIZATION: Final = Measure("utilization", None, "utilization")
_DODGE: Final = 0.5
_PATH: Final = 46

Reader = Callable[[dict[str, Any]], float | None]


@dataclass(frozen=True)
class Curve:
    """A figure along a track.

    Attributes:
        x: Places on the axis.
        mean: Mean over runs; NaN without data.
        lo: Lower end of its 95% interval.
        hi: Upper end.
    """

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    lo: NDArray[np.float64]
    hi: NDArray[np.float64]


def measures(sweep: Sweep, figure: FigureBase | None = None) -> FigureBase:
    """Draws a panel for each thing that matters, over the first varied place.

    Args:
        sweep: A sweep over a grid.
        figure: What to draw into; a new figure unless given.
    """
    floor = ground(sweep)
    with palette.style():
        if floor is None:
            figure = canvas.page(figure, _ROW)
            canvas.no_data(figure.add_subplot(), "a Latin hypercube has no lines")
            return figure
        tracks = floor.tracks[:MOST_TRACKS]
        draw = _Panels(sweep, floor, tracks)
        panels = draw.panels()
        columns = canvas.columns(2)
        rows = -(-len(panels) // columns)
        figure = canvas.page(figure, 0.9 + _ROW * rows)
        more = len(floor.tracks) - len(tracks)
        heading(figure, f"What {floor.path} does", f"{more} more lines are left out" if more else "")
        places = list(figure.subplots(rows, columns, sharex=True).flat)
        for axes in places[len(panels) :]:
            axes.set_visible(False)
        places = places[: len(panels)]
        for axes, panel in zip(places, panels, strict=True):
            floor.prepare(axes)
            panel(axes)
        draw.saturations(places)
        for axes in places[-columns:]:
            axes.set_xlabel(fold(floor.path, _PATH, 2))
            axes.tick_params(labelbottom=True)
        draw.legend(figure)
        return figure


def _within(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ends of intervals of a share, which is from 0 to 1; what is infinite is not known."""
    return np.where(np.isfinite(ends), np.clip(ends, 0.0, 1.0), ends)


def _busiest(summary: dict[str, Any]) -> float | None:
    """The utilization of the busiest place of a run; None where nothing has workers."""
    name, busy = busiest_place([summary])
    return busy if name else None


def _measure(name: str) -> Measure:
    return Measure(name, None, name)


class _Panels:
    """Draws panels.

    Args:
        sweep: The sweep.
        floor: Its x-axis.
        tracks: The lines to draw.
    """

    def __init__(self, sweep: Sweep, floor: Ground, tracks: tuple[Track, ...]) -> None:
        self.sweep, self.floor, self.tracks = sweep, floor, tracks
        self.alone = len(tracks) == 1
        self.saturation = {found.line.others: found for found in sweep.saturations()}

    def panels(self) -> list[Callable[[Axes], None]]:
        """What to draw: the deciding measure first, unless it is among the usual ones."""
        extra = self.sweep.measure
        found: list[Callable[[Axes], None]] = []
        if extra.text not in _USUAL:
            found.append(partial(self.one, title=extra.text, measure=extra))
        if self.alone:
            found.append(self.latency)
        else:
            found += [partial(self.one, title=name, measure=_measure(name)) for name, _ in _PERCENTILES]
        success = _measure("success_ratio")
        found += [self.goodput, partial(self.one, title="success ratio", measure=success), self.utilization]
        costs = [_measure(name) for name in COSTS if name != extra.text]
        return found + [partial(self.one, title=cost.text, measure=cost) for cost in costs if self.has(cost)]

    def has(self, measure: Measure) -> bool:
        """Whether a scenario of several regions has such a figure somewhere."""
        several = len(self.sweep.scenario.document.regions) > 1
        variants = [variant for track in self.tracks for variant in track.variants]
        return several and any(self.sweep.interval(variant, measure) for variant in variants)

    def curve(self, number: int, read: Reader) -> Curve:
        """A figure along a track."""
        track = self.tracks[number]
        shift = _DODGE * ((number + 0.5) / len(self.tracks) - 0.5) if self.floor.words else 0.0
        rows = []
        for variant in track.variants:
            values = figures(self.sweep, variant, read)
            whole = len(values) == len(self.sweep.finished(variant)) and values
            interval = mean_interval(values) if whole else None
            rows.append((interval.mean, interval.lo, interval.hi) if interval else (np.nan,) * 3)
        mean, lo, hi = np.array(rows, dtype=np.float64).T
        return Curve(np.array(track.places) + shift, mean, lo, hi)

    def line(self, axes: Axes, curve: Curve, **style: Any) -> None:
        """Draws a curve and its intervals on a scaled axis; what lies below its end points down from there.

        Words on the x-axis have nothing in between, so they get no line.
        """
        if self.floor.words:
            style["ls"] = "none"
            ends = np.isfinite(curve.lo) & np.isfinite(curve.hi)
            axes.vlines(curve.x[ends], curve.lo[ends], curve.hi[ends], color=style["color"], lw=2.0, alpha=0.6)
        else:
            low, high = np.where(np.isfinite(curve.lo), curve.lo, curve.mean), curve.hi
            axes.fill_between(curve.x, low, np.where(np.isfinite(high), high, curve.mean), alpha=0.18, lw=0,
                              color=style["color"])  # fmt: skip
        floor = axes.get_ylim()[0]
        below = curve.mean < floor
        axes.plot(curve.x, np.maximum(curve.mean, floor), marker="o", markersize=4.5, **style)
        if below.any():
            style = {"color": style["color"], "ls": "none", "marker": "v", "clip_on": False}
            axes.plot(curve.x[below], np.full(below.sum(), floor), **style)

    def latency(self, axes: Axes) -> None:
        """p50, p95 and p99 of a single line."""
        curves = [self.curve(0, _measure(name).read) for name, _ in _PERCENTILES]
        axes.set_title("latency", fontsize=11)
        self._scale(axes, curves, units.duration)
        ends = []
        for curve, (name, colour) in zip(curves, _PERCENTILES, strict=True):
            self.line(axes, curve, color=colour)
            known = np.flatnonzero(curve.mean > 0.0)
            if known.size:
                ends.append(End(float(curve.x[known[-1]]), float(curve.mean[known[-1]]), name, colour))
        name_ends(axes, ends, _ROW)

    def goodput(self, axes: Axes) -> None:
        """Successes per second, under what users offered."""
        tracks = range(len(self.tracks))
        offered = [self.curve(number, lambda summary: summary["rates"]["offered_rps"]) for number in tracks]
        curves = [self.curve(number, _measure("goodput").read) for number in tracks]
        axes.set_title(f"goodput ({'dash' if self.floor.words else 'dotted'}: offered)", fontsize=11)
        self._scale(axes, [*offered, *curves], units.rate, logarithmic=self.floor.logarithmic)
        for number in tracks:
            x, mean = offered[number].x, offered[number].mean
            colour = palette.OFFERED if self.alone else look(number)["color"]
            if self.floor.words:
                axes.plot(x, mean, ls="none", marker="_", markersize=16, color=colour)
            else:
                axes.plot(x, mean, lw=1.2, ls=(0, (2, 2)), color=colour)
            self.line(axes, curves[number], **({"color": palette.GOODPUT} if self.alone else look(number)))

    def one(self, axes: Axes, title: str, measure: Measure, read: Reader | None = None) -> None:
        """Any measure, or another figure that is spelled like it."""
        curves = [self.curve(number, read or measure.read) for number in range(len(self.tracks))]
        axes.set_title(title, fontsize=11)
        if all(np.isnan(curve.mean).all() for curve in curves):
            canvas.no_data(axes, nothing(self.sweep, measure))
            return
        share = spell_figure(measure, 0.5) == "50%"
        if share:
            curves = [replace(curve, lo=_within(curve.lo), hi=_within(curve.hi)) for curve in curves]
        self._scale(axes, curves, lambda value: spell_figure(measure, value), logarithmic=False if share else None)
        if share:
            axes.set_ylim(0.0, 1.05)
        for number, curve in enumerate(curves):
            self.line(axes, curve, **({"color": palette.SERIES[0]} if self.alone else look(number)))

    def utilization(self, axes: Axes) -> None:
        """The busiest component, and the line that counts as saturated."""
        self.one(axes, "utilization of the busiest component", _UTILIZATION, _busiest)
        axes.axhline(SATURATED, color=palette.MUTED, lw=1.0, ls=(0, (4, 3)))

    def saturations(self, panels: list[Axes]) -> None:
        """Marks where lines saturate in every panel, and names the one of a single line."""
        for number, track in enumerate(self.tracks):
            found = self.saturation.get(track.name)
            if found is None:
                continue
            colour = palette.OBJECTIVE if self.alone else look(number)["color"]
            for axes in panels:
                axes.axvline(found.value, color=colour, lw=1.3, ls=(0, (1, 1.5)), zorder=1.2)
            if self.alone:
                words = f"{units.plain(found.component)} saturates\nat {self.floor.spell(found.value)}"
                panels[0].annotate(
                    words, (found.value, 0.97), xycoords=panels[0].get_xaxis_transform(), xytext=(-5, 0),
                    textcoords="offset points", ha="right", va="top", color=colour, fontsize=9.5,
                )  # fmt: skip

    def legend(self, figure: FigureBase) -> None:
        """Names the lines, and where each saturates."""
        if self.alone:
            return
        handles = []
        for number, track in enumerate(self.tracks):
            found = self.saturation.get(track.name)
            words = "saturated throughout" if is_saturated_throughout(self.sweep, track.variants) else ""
            if found is not None:
                words = f"{units.plain(found.component)} saturates at {self.floor.spell(found.value)}"
            label = fold(f"{track.name}: {words}" if words else track.name, 54, 2)
            handles.append(Line2D([], [], marker="o", markersize=4.5, label=label, **look(number)))
        canvas.legend_below(figure, handles, columns=2)

    def _scale(
        self, axes: Axes, drawn: list[Curve], spell: Callable[[float], str], logarithmic: bool | None = None
    ) -> None:
        values = np.concatenate([part for curve in drawn for part in (curve.mean, np.maximum(curve.hi, 0.0))])
        value_axis(axes, values, spell, logarithmic)
