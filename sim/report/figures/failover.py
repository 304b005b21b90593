"""A failover as it was felt: what happened when, where traffic went, who was served, and what was promised."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from sim.metrics.objectives import METRICS, Objective, parse_objective
from sim.metrics.overdue import overdue
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.recovery import recoveries
from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import canvas
from sim.report.figures.moments import Moment, moments
from sim.report.figures.regions import colours_of, outages, regions_of, rows_from, traffic
from sim.report.figures.time_axis import Bins, bins, dots, shade_events, show_time
from sim.report.figures.zones import MOST, stack_zones, zoned
from sim.request import Outcome

_ROW: Final = 0.26
_KNOWN: Final = 0.9
_MOST: Final = 5
"""Clients that have a curve each; if there are more, one curve is of all users."""

_BEHIND: Final = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
_DEAD: Final[dict[str, Any]] = {"edgecolor": "white", "hatch": "////", "lw": 0}
COSTS: Final = {
    "failover": "Failover: users not served",
    "rto": "RTO: no writes accepted",
    "rpo": "RPO: lost writes reach back",
}

Stack = Callable[[Axes, Result, Bins], None]
"""Draws where traffic went."""


class Cost(NamedTuple):
    """What a failover has cost, beside what was promised.

    Attributes:
        metric: `failover`, `rto` or `rpo`.
        value: Of the worst event, s; None for never.
        objective: The promise; None if there is none.
        met: Whether it was kept.
        writes: How many acknowledged writes were lost, beside how far back they reach.
    """

    metric: str
    value: float | None
    objective: Objective | None
    met: bool
    writes: int = 0


def fails_over(result: Result) -> bool:
    """Whether a run has several regions, and something fails in it."""
    return len(regions_of(result)) > 1 and _something_fails(result)


def loses_zones(result: Result) -> bool:
    """Whether a run has one region with several zones, and something fails in it."""
    return bool(zoned(result)) and _something_fails(result)


def _something_fails(result: Result) -> bool:
    return any(palette.shade(event.kind).family == "failure" for event in result.events)


def failover(result: Result, figure: FigureBase | None = None) -> FigureBase:
    """Draws the moments of a failover, traffic by region or zone, the success ratio, and costs beside the objectives.

    Args:
        result: The run.
        figure: What to draw into; a new figure unless given.
    """
    if not regions_of(result):
        figure = canvas.page(figure, 2.0)
        canvas.no_data(figure.add_subplot(), "there are no regions")
        return figure
    slices = bins(result, at_least=1.0)
    happened = moments(result)
    paid = costs(result)
    by_zone: list[Stack] = [partial(stack_zones, service=name) for name in [*zoned(result)][:MOST]]
    wheres = by_zone or [stack_regions]
    with palette.style():
        bars = (len(paid), 1) if canvas.is_narrow() else (1, len(paid))
        stacks = [2.3 if len(wheres) == 1 else 1.7] * len(wheres)
        heights = [_row() * max(len(happened), 2) + 0.2, *stacks, 1.5, 0.9 * bars[0] + 0.6]
        figure = canvas.page(figure, sum(heights) + 1.3)
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        story = figure.add_subplot(grid[0])
        *middles, bottom = (figure.add_subplot(grid[row], sharex=story) for row in range(1, len(heights) - 1))
        show_time(bottom, result)
        canvas.title(story, "What happened, where traffic went, and who was served")
        for axes in (*middles, bottom):
            shade_events(axes, result, labels=False)
        _tell(story, happened, (*middles, bottom), result.duration)
        for middle, stack in zip(middles, wheres, strict=True):
            stack(middle, result, slices)
            middle.tick_params(labelbottom=False)
            canvas.legend(middle, reverse=True)
        draw_success(bottom, result, slices)
        canvas.legend(bottom)
        places = grid[len(heights) - 1].subgridspec(*bars)
        for number, cost in enumerate(paid):
            _bar(figure.add_subplot(places[number]), cost)
        return figure


def costs(result: Result) -> list[Cost]:
    """Failover, RTO and RPO of a run; what no replicated database was there for is left out."""
    blocks = [
        {"kind": event.kind, "failover_s": back.failover, "rto_s": event.rto, "rpo_s": event.rpo}
        for event, back in zip(result.events, recoveries(result), strict=True)
        if palette.shade(event.kind).family == "failure"
    ]
    replicated = any(event.writes_lost is not None for event in result.events)
    objectives = [parse_objective(text) for text in result.objectives]
    found = []
    for metric in COSTS if replicated else ("failover",):
        promises = [each for each in objectives if each.metric == metric and each.operator in ("<", "<=")]
        promise = min(promises, key=lambda each: each.target, default=None)
        asked = promise or Objective(metric, None, metric, "<", np.inf)
        value, met = asked.evaluate({"events": blocks})
        writes = sum(event.writes_lost or 0 for event in result.events) if metric == "rpo" else 0
        found.append(Cost(metric, value, promise, met, writes))
    return found


def success(result: Result, slices: Bins, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of successes among the requests of each bin that ended or are overdue, 0..1.

    NaN where there is none, or where of so many it is not known yet that what has ended says nothing of the others.

    Args:
        result: The run.
        slices: The bins.
        chosen: Which requests.
    """
    rows = result.requests[chosen]
    known = (rows["outcome"] != IN_FLIGHT) | overdue(rows, result.duration)
    every, sent = slices.rates(rows["arrived"]), slices.rates(rows["arrived"][known])
    good = slices.rates(rows["arrived"][rows["outcome"] <= Outcome.DEGRADED])
    enough = (sent > 0) & (sent >= _KNOWN * every)
    return np.asarray(np.divide(good, sent, out=np.full(slices.number, np.nan), where=enough))


def _row() -> float:
    """The height of a moment, inches; in a narrow figure its words stand above its mark."""
    return 2.0 * _ROW * 0.75 if canvas.is_narrow() else _ROW


def _tell(axes: Axes, happened: list[Moment], below: tuple[Axes, ...], stop: float) -> None:
    """One row for each moment, its words beside it."""
    axes.set_ylim(len(happened) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(False)
    axes.tick_params(labelbottom=False, length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for row, moment in enumerate(happened):
        end = moment.when if moment.until is None else moment.until
        if moment.what == "fault":
            axes.plot([moment.when, end], [row, row], color=moment.colour, lw=5.0, solid_capstyle="butt")
        else:
            marker = "D" if moment.what == "well" else "o"
            axes.plot([moment.when], [row], marker=marker, color=moment.colour, ms=6, ls="", zorder=6)
            for other in (axes, *below):
                top = 1.0 - (row + 0.6) / (len(happened) + 0.2) if other is axes else 1.0
                other.axvline(moment.when, ymax=top, color=moment.colour, lw=0.9, ls=(0, (2, 2)), alpha=0.7, zorder=3.5)
        right = end < stop - moment.when
        at, beside, up = (end, 8.0, 0.0) if right else (moment.when, -8.0, 0.0)
        if canvas.is_narrow():
            right, at, beside, up = True, 0.0, 0.0, 12.0
        words = axes.annotate(
            units.plain(moment.words),
            (at, row),
            xytext=(beside, up),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            color=moment.colour,
            fontsize=palette.STYLE["legend.fontsize"],
            fontweight="bold" if moment.what == "fault" else None,
            bbox=_BEHIND,
            zorder=5,
        )
        words.set_in_layout(False)


def stack_regions(axes: Axes, result: Result, slices: Bins) -> None:
    """Stacks requests a second by region; hatched is what goes to a region that is dead."""
    axes.set_ylabel("requests per second,\nby where they went")
    regions = regions_of(result)
    colours = colours_of(regions)
    floor = np.zeros(slices.number)
    edges = np.minimum(slices.edges, slices.stop)
    into_the_dead = False
    for region, rates in traffic(result, slices).items():
        if not rates.any():
            continue
        top = floor + rates
        axes.stairs(top, edges, baseline=floor, fill=True, color=colours[region], lw=0, label=units.plain(region))
        dead = np.zeros(slices.number, dtype=np.bool_)
        for event in outages(result, region):
            dead |= (slices.edges[1:] > event.start) & (slices.edges[:-1] < (event.end or slices.stop))
        if rates[dead].any():
            into_the_dead = True
            axes.stairs(np.where(dead, top, floor), edges, baseline=floor, fill=True, facecolor="none", **_DEAD)
        floor = top
    if into_the_dead:
        axes.fill_between([], [], facecolor=palette.MUTED, label="to a dead region", **_DEAD)
    axes.set_ylim(0.0, float(floor.max()) * 1.06 or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(5))


def draw_success(axes: Axes, result: Result, slices: Bins) -> None:
    """Draws the success ratio of users: by region where they are in several, or else by client."""
    axes.set_ylabel("success ratio,\nby time of sending")
    regions = regions_of(result)
    colours = colours_of(regions)
    at_home = {region: rows_from(result, region) for region in regions}
    curves = [
        (f"users in {units.plain(region)}", colours[region], chosen)
        for region, chosen in at_home.items()
        if chosen.any()
    ]
    if len(curves) < 2 and len(result.clients) <= _MOST:
        curves = [
            (units.plain(name), colour, result.requests["client"] == number)
            for number, (name, colour) in enumerate(zip(result.clients, palette.SERIES, strict=False))
        ]
    everyone = ("all users", palette.INK, np.ones(len(result.requests), dtype=np.bool_))
    for label, colour, chosen in curves if len(curves) > 1 else [everyone]:
        values = success(result, slices, chosen)
        axes.plot(slices.middles, values, color=colour, lw=2.2, label=label, clip_on=False, **dots(values))
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _bar(axes: Axes, cost: Cost) -> None:
    """What was measured as a bar, what was promised as a line."""
    target = None if cost.objective is None else cost.objective.target
    longest = max(cost.value or 0.0, target or 0.0) or 1.0
    missed = cost.objective is not None and not cost.met
    colour = palette.FAILURE if missed else palette.GOODPUT
    length = 1.25 * longest if cost.value is None else cost.value
    hatch = "////" if cost.value is None else None
    axes.barh([0], [length], height=0.6, color=colour, hatch=hatch, edgecolor="white")
    axes.set_xlim(0.0, 2.2 * longest)
    axes.set_ylim(-0.6, 0.6)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: units.duration(round(seconds, 9))))
    if not cost.value and not target:
        axes.set_xticks([])
    said = METRICS[cost.metric].missing if cost.value is None else units.lapse(cost.value)
    if cost.writes:
        said += f", {units.count(cost.writes)} writes"
    look: dict[str, Any] = {"va": "center", "color": colour, "fontweight": "bold", "bbox": _BEHIND}
    axes.annotate(said, (length, 0), xytext=(5, 0), textcoords="offset points", **look)
    verdict = "no objective"
    if cost.objective is not None:
        axes.axvline(cost.objective.target, color=palette.OBJECTIVE, lw=1.8, ls=(0, (6, 3)))
        promised = f"{cost.objective.operator} {units.lapse(cost.objective.target)}"
        verdict = f"objective {promised}: {'missed' if missed else 'met'}"
    axes.set_title(f"{COSTS[cost.metric]}\n{verdict}", fontsize=10, fontweight="normal")
