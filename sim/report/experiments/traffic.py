"""The same traffic, one column a variant: how long each made its users wait over time, and how their requests ended."""

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sim.experiment.comparison import Comparison
from sim.metrics import IN_FLIGHT, Result
from sim.report import palette, units
from sim.report.experiments.choice import choose, example_runs, left_out, names
from sim.report.experiments.looks import heading, narrow_time, pairs
from sim.report.experiments.spelling import fold
from sim.report.figures import canvas
from sim.report.figures.latency import percentiles
from sim.report.figures.time_axis import Bins, bins, dots, shade_events, show_time
from sim.request import Outcome

MOST_COLUMNS: Final = 6
_MOST_NARROW: Final = 3
_REQUESTS_PER_BIN: Final = 300
_MOST_EVENTS: Final = 4
_WORDS: Final = 84


def traffic(comparison: Comparison, figure: FigureBase | None = None) -> FigureBase:
    """Draws latency and outcomes over time for each variant, all with the scenario's own seed.

    Args:
        comparison: The comparison.
        figure: What to draw into; a new figure unless given.
    """
    runs = example_runs(comparison)
    narrow = canvas.is_narrow()
    shown = choose(comparison, list(runs), _MOST_NARROW if narrow else MOST_COLUMNS)
    several = max(len(shown), 1)
    with palette.style():
        figure = canvas.page(figure, 1.0 + 3.4 * several if narrow else 5.8)
        seed = comparison.scenario.document.seed
        heading(figure, f"The same traffic, seed {seed}", left_out(shown, comparison.variants))
        panels = pairs(figure, several)
        if not shown:
            canvas.no_data(panels[0, 0], "no run with this seed was kept")
            canvas.no_data(panels[1, 0], "")
            return figure
        words = _WORDS // (2 if narrow else several)
        titles = names(comparison)
        slices = [bins(runs[number], requests=_REQUESTS_PER_BIN) for number in shown]
        curves = [percentiles(runs[number], bins_) for number, bins_ in zip(shown, slices, strict=True)]
        seen = [outcome for outcome in (*Outcome, None) if any(_ended(runs[number], outcome).any() for number in shown)]
        for column, number in enumerate(shown):
            result, (top, bottom) = runs[number], panels[:, column]
            show_time(bottom, result)
            shade_events(top, result, labels=False)
            shade_events(bottom, result, labels=False)
            top.set_title(fold(titles[number], words, 4), fontsize=11, pad=6)
            _latency(top, slices[column], *curves[column])
            _outcomes(bottom, slices[column], result, seen)
            narrow_time(bottom, canvas.columns(several))
        if all(np.isnan(p50).all() for p50, _, _ in curves):
            canvas.no_data(panels[0, 0], "no request ended")
        else:
            canvas.duration_axis(panels[0, 0], np.concatenate([values for curve in curves for values in curve]))
        panels[1, 0].set_ylim(bottom=0.0)
        for column in range(several if narrow else 1):
            panels[0, column].set_ylabel("latency, by\ntime of sending" if narrow else "latency, by time of sending")
            panels[1, column].set_ylabel("requests\nper second" if narrow else "requests per second")
        canvas.legend(panels[0, -1])
        canvas.legend(panels[1, -1], reverse=True)
        _name_events(figure, runs[shown[0]])
        return figure


def _latency(axes: Axes, slices: Bins, *curve: NDArray[np.float64]) -> None:
    p50, p95, p99 = curve
    axes.fill_between(slices.middles, p50, p95, color=palette.P95, alpha=0.28, lw=0)
    axes.fill_between(slices.middles, p95, p99, color=palette.P99, alpha=0.20, lw=0)
    for name, values, colour in (("p99", p99, palette.P99), ("p95", p95, palette.P95), ("p50", p50, palette.P50)):
        axes.plot(slices.middles, values, color=colour, label=name, **dots(values))


def _outcomes(axes: Axes, slices: Bins, result: Result, seen: list[Outcome | None]) -> None:
    """Stacks the requests of a run by how they ended; None is those still in flight."""
    edges = np.minimum(slices.edges, slices.stop)
    floor = np.zeros(slices.number)
    for outcome in seen:
        top = floor + slices.rates(result.requests["arrived"][_ended(result, outcome)])
        colour = palette.IN_FLIGHT if outcome is None else palette.OUTCOMES[outcome.word]
        name = "in flight" if outcome is None else outcome.word
        hatch: dict[str, Any] = {"hatch": "////", "edgecolor": palette.MUTED} if outcome is None else {}
        axes.stairs(top, edges, baseline=floor, fill=True, facecolor=colour, lw=0, label=name, **hatch)
        floor = top
    axes.stairs(floor, edges, baseline=None, color=palette.OFFERED, lw=0.8)


def _ended(result: Result, outcome: Outcome | None) -> NDArray[np.bool_]:
    return np.asarray(result.requests["outcome"] == (IN_FLIGHT if outcome is None else outcome))


def _name_events(figure: FigureBase, result: Result) -> None:
    """Names warm-up and events below all columns; there is no room in one."""
    handles = []
    if result.warmup > 0.0:
        handles.append(Patch(color=palette.WARMUP, alpha=0.3, label="warm-up"))
    for event in result.events[:_MOST_EVENTS]:
        words = fold(f"{event.kind} {event.target} at {units.moment(event.start)}", 40, 1)
        handles.append(Patch(color=palette.shade(event.kind).colour, alpha=0.5, label=words))
    if len(result.events) > _MOST_EVENTS:
        handles.append(Patch(alpha=0.0, label=f"+ {len(result.events) - _MOST_EVENTS} more events"))
    if handles:
        canvas.legend_below(figure, handles, columns=3)
