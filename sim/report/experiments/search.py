"""A capacity search at a glance: what each objective's figure was at every value that was tried, and the answer."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from sim.experiment.capacity import Capacity, Point, Reading
from sim.experiment.variation import spell
from sim.metrics import Measure
from sim.report import palette
from sim.report.experiments.looks import VERDICTS, heading, marker
from sim.report.experiments.scales import value_axis
from sim.report.experiments.spelling import figure as spell_figure
from sim.report.experiments.spelling import fold
from sim.report.figures import canvas

MOST_OBJECTIVES: Final = 6
_NEAR: Final = 0.15
_FEWEST: Final = 4
_ANSWER: Final = "#5ec1c2"
_NAMES: Final = {"met": "met", "unsure": "unsure: the interval holds the target", "missed": "missed"}


def search(capacity: Capacity, figure: FigureBase | None = None) -> FigureBase:
    """Draws a panel for each objective: its figure with its interval at each value, the target, and the answer.

    Args:
        capacity: The answer of a search.
        figure: What to draw into; a new figure unless given.
    """
    objectives = capacity.objectives[:MOST_OBJECTIVES]
    with palette.style():
        figure = canvas.page(figure, 1.6 + 2.9 * len(objectives))
        more = len(capacity.objectives) - len(objectives)
        heading(figure, "What was tried", f"{more} more objectives are left out" if more else "")
        panels = figure.subplots(len(objectives), 1, sharex=True, squeeze=False)[:, 0]
        for number, axes in enumerate(panels):
            _panel(axes, capacity, number)
        for axes in panels:
            show_parameter(axes, capacity)
            shade_answer(axes, capacity)
        name_answer(panels[0], capacity)
        panels[-1].set_xlabel("\n".join(filter(None, [capacity.path, far_words(capacity)])))
        seen = {reading.verdict for point in near(capacity) for reading in point.readings}
        handles = [Line2D([], [], **marker(word), label=label) for word, label in _NAMES.items() if word in seen]
        canvas.legend_below(figure, handles, columns=3)
        return figure


def _panel(axes: Axes, capacity: Capacity, number: int) -> None:
    objective = capacity.objectives[number]
    measure = objective_measure(capacity.points[0].readings[number])
    readings = [(point.number, point.readings[number]) for point in near(capacity)]
    ends = [end for _, reading in readings if reading.interval for end in _ends(reading)]
    value_axis(axes, [*ends, objective.target], lambda value: spell_figure(measure, value))
    if spell_figure(measure, 0.5) == "50%" and axes.get_yscale() == "linear":
        low = min([*ends, objective.target])
        axes.set_ylim(max(low - 0.15 * (1.0 - low), 0.0) if low > 0.5 else 0.0, 1.0)
    bottom, _ = axes.get_ylim()
    axes.axhline(objective.target, color=palette.OBJECTIVE, lw=1.3, ls=(0, (6, 3)), zorder=1.5)
    canvas.name_level(axes, objective.target, fold(objective.text, 24, 2), palette.OBJECTIVE)
    for x, reading in readings:
        colour = VERDICTS[reading.verdict].colour
        if reading.interval is None:
            axes.plot(x, 0.94, transform=axes.get_xaxis_transform(), **marker(reading.verdict))
            axes.annotate(
                reading.missing or measure.format(None), (x, 0.94), xycoords=axes.get_xaxis_transform(), xytext=(8, 0),
                textcoords="offset points", va="center", color=colour, fontsize=9,
            )  # fmt: skip
            continue
        low, high = _ends(reading)
        axes.plot([x, x], [max(low, bottom), high], color=colour, lw=2.0, alpha=0.7, solid_capstyle="butt")
        axes.plot(x, reading.interval.mean, **marker(reading.verdict), zorder=3, clip_on=False)
    axes.set_ylabel(fold(measure.text, 18, 2))


def _ends(reading: Reading) -> tuple[float, float]:
    """The interval's ends; the mean where there are none."""
    assert reading.interval is not None
    if not np.isfinite(reading.interval.half_width):
        return reading.interval.mean, reading.interval.mean
    return reading.interval.lo, reading.interval.hi


def objective_measure(reading: Reading) -> Measure:
    """What an objective is about, to spell its figures."""
    objective = reading.objective
    words = objective.metric if objective.subject is None else f"{objective.subject} {objective.metric}"
    return Measure(words, objective.subject, objective.metric)


def near(capacity: Capacity) -> list[Point]:
    """The values that figures show: all, or those around the answer where a search began far from it."""
    points, answer, met, missed = list(capacity.points), capacity.number, capacity.met, capacity.missed
    if answer is None or met is None or missed is None:
        return points
    reach = max(_NEAR * answer, 2.0 * abs(met.number - missed.number))
    found = [point for point in points if abs(point.number - answer) <= reach]
    return found if len(found) >= _FEWEST else points


def far_words(capacity: Capacity) -> str:
    """What a figure says of the values that it does not show; empty if there are none."""
    shown = near(capacity)
    far = [f"{spell(point.value)} {point.verdict}" for point in capacity.points if point not in shown]
    return f"further off: {', '.join(far)}" if far else ""


def show_parameter(axes: Axes, capacity: Capacity) -> None:
    """Makes x the parameter."""
    numbers = [point.number for point in near(capacity)]
    value_axis(axes, numbers, lambda number: capacity.spelled(number) or "", logarithmic=False, which="x")
    margin = 0.04 * (max(numbers) - min(numbers)) or 0.5
    axes.set_xlim(min(numbers) - margin, max(numbers) + margin)


def shade_answer(axes: Axes, capacity: Capacity) -> None:
    """Shades what lies between the last value that was sure to meet the objectives and the first sure to miss them."""
    met, missed, number = capacity.met, capacity.missed, capacity.number
    if met is not None and missed is not None:
        axes.axvspan(*sorted((met.number, missed.number)), color=_ANSWER, alpha=0.25, lw=0, zorder=0.5)
    if number is not None:
        axes.axvline(number, color=palette.INK, lw=1.3, zorder=1.6)


def name_answer(axes: Axes, capacity: Capacity) -> None:
    """Writes the answer above its line."""
    if capacity.number is None:
        return
    words = f"{'largest' if capacity.largest else 'smallest'} that meets: {answer_words(capacity)}"
    at, place = capacity.number, side(axes, capacity.number)
    if canvas.is_narrow():
        at, place = axes.get_xlim()[1], "right"
    axes.annotate(
        words, (at, 1.0), xycoords=axes.get_xaxis_transform(), xytext=(0, 5), textcoords="offset points",
        ha=place, va="bottom", fontweight="bold", fontsize=10, annotation_clip=False,
    )  # fmt: skip


def side(axes: Axes, x: float) -> str:
    """To which side of a place words have room: they begin there in the left half, and end there in the right one."""
    low, high = axes.get_xlim()
    return "left" if x < (low + high) / 2.0 else "right"


def answer_words(capacity: Capacity) -> str:
    """The answer: a whole number as it is, any other to three digits, which is more than is known of it."""
    number = capacity.number
    if number is None or capacity.met is None:
        return "none"
    if capacity.missed is None:
        return f"{'at least ' if capacity.largest else ''}{spell(capacity.met.value)}"
    return spell(capacity.span.spell(number)) if capacity.span.whole else f"about {rounded(capacity, number)}"


def rounded(capacity: Capacity, number: float) -> str:
    """A value of the search to three digits, as the scenario spells it."""
    return spell(capacity.span.spell(float(f"{number:.3g}")))
