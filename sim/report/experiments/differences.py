"""How much each variant differs from the first, seed by seed, with what is sure about it (a forest plot)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from sim.experiment.comparison import Comparison, Judgement
from sim.metrics import Measure
from sim.report import palette
from sim.report.experiments.choice import choose, left_out, names
from sim.report.experiments.looks import VERDICTS, heading, marker
from sim.report.experiments.spelling import fold, relative, signed
from sim.report.figures import canvas

MOST_ROWS: Final = 24
_METRICS: Final = ("mean", "p50", "p99")
_LABEL: Final = 26
_LABEL_NARROW: Final = 16
_ROW: Final = 0.52
_LINEAR: Final = 1.2
_LEAST_REACH: Final = 0.01
_DOUBLINGS: Final = (1 / 100, 1 / 30, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10, 30, 100, 300, 1000, 10000)
_MOST_TICKS: Final = 5
_LEAST: Final = -1.25
"""Nothing falls by more than 100%, whatever an interval says."""


@dataclass(frozen=True)
class Bar:
    """A row of a panel.

    Attributes:
        mean: Difference, relative to the first variant's mean, or as it is where that is zero.
        lo: Lower end of its interval.
        hi: Upper end.
        is_ratio: Whether these are relative.
        verdict: What it says.
        words: The difference in words.
    """

    mean: float
    lo: float
    hi: float
    is_ratio: bool
    verdict: str
    words: str


def differences(comparison: Comparison, figure: FigureBase | None = None) -> FigureBase:
    """Draws each variant's difference to the first in the deciding measure, mean, p50 and p99, with its interval.

    Args:
        comparison: The comparison.
        figure: What to draw into; a new figure unless given.
    """
    panels = [(measure, found) for measure in _measures(comparison) if (found := bars(comparison, measure))]
    among = sorted({0, *(number for _, found in panels for number in found)})
    shown = choose(comparison, among, MOST_ROWS + 1)
    rows = [number for number in shown if number]
    with palette.style():
        columns = canvas.columns(max(len(panels), 1))
        down = max(len(panels), 1) // columns
        figure = canvas.page(figure, 0.9 + (0.8 + _ROW * max(len(rows), 1)) * down)
        titles = names(comparison)
        first = fold(titles[0], 60, 1)
        heading(figure, f"Difference to {first}", left_out(shown, among))
        axes = list(figure.subplots(down, columns, sharey=True, squeeze=False).flat)
        if not rows:
            canvas.no_data(axes[0], "no two runs with the same seed can be compared")
            return figure
        for place, (measure, found) in zip(axes, panels, strict=True):
            _panel(place, measure, found, rows)
        width, lines = (_LABEL_NARROW, 3) if canvas.is_narrow() else (_LABEL, 2)
        axes[0].set_yticks(range(len(rows)), [fold(titles[number], width, lines) for number in rows])
        axes[0].set_ylim(len(rows) - 0.5, -0.6)
        words = {"better": "better", "tie": "tie: no difference is sure", "worse": "worse"}
        handles = [Line2D([], [], **marker(word), label=label) for word, label in words.items()]
        canvas.legend_below(figure, handles, columns=3)
        return figure


def bars(comparison: Comparison, measure: Measure) -> dict[int, Bar]:
    """The rows of a panel, by the number of the variant; relative to the first's mean unless that is zero."""
    base = comparison.interval(0, measure)
    if base is None:
        return {}
    return {judgement.of: _bar(judgement, base.mean) for judgement in comparison.judge(0, measure)}


def _bar(judgement: Judgement, base: float) -> Bar:
    interval = judgement.difference.interval
    scale = base if base > 0.0 else 1.0
    words = relative(interval.mean, base) or signed(judgement.measure, interval.mean)
    return Bar(interval.mean / scale, interval.lo / scale, interval.hi / scale, base > 0.0, judgement.verdict, words)


def _measures(comparison: Comparison) -> list[Measure]:
    """The deciding measure first, then the usual ones."""
    usual = [measure for name in _METRICS for measure in comparison.measures if measure.text == name]
    return list(dict.fromkeys([comparison.measure, *usual]))


def _panel(axes: Axes, measure: Measure, found: dict[int, Bar], rows: list[int]) -> None:
    """One measure: a row for each variant, and a line where there is no difference."""
    drawn = [found[number] for number in rows if number in found]
    ends = np.array([end for bar in drawn for end in (bar.lo, bar.hi) if np.isfinite(end)] or [0.0])
    is_ratio = all(bar.is_ratio for bar in drawn)
    in_multiples = is_ratio and float(ends.max(initial=0.0)) > _LINEAR
    if in_multiples:
        _axis_of_multiples(axes, ends)
    else:
        _axis_of_shares(axes, ends, measure, is_ratio)
    axes.axvline(0.0, color=palette.INK, lw=1.2, zorder=1.5)
    left, right = axes.get_xlim()
    for row, number in enumerate(rows):
        bar = found.get(number)
        if bar is None:
            axes.text(0.5, row, "no data", transform=axes.get_yaxis_transform(), ha="center", va="center",
                      color=palette.MUTED, fontstyle="italic", fontsize=9)  # fmt: skip
            continue
        colour = VERDICTS[bar.verdict].colour
        axes.plot([max(bar.lo, left), min(bar.hi, right)], [row, row], color=colour, lw=2.4, solid_capstyle="butt")
        axes.plot(np.clip(bar.mean, left, right), row, **marker(bar.verdict), zorder=3)
        axes.annotate(
            bar.words,
            (float(np.clip(bar.mean, left, right)), row),
            xytext=(0.0, 7.0),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
        )
    axes.set_title(measure.text, fontsize=11, pad=6)
    axes.set_xlabel("better →" if measure.higher_is_better else "← better")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)


def _axis_of_multiples(axes: Axes, ends: NDArray[np.float64]) -> None:
    """An axis of factors: twice as much is as far to the right as half as much is to the left."""
    low = min(max(float(ends.min()), _DOUBLINGS[0] - 1.0), -0.3)
    high = float(ends.max())
    axes.set_xscale("function", functions=(lambda x: np.log1p(np.maximum(x, -0.999)), np.expm1))
    axes.set_xlim((1.0 + low) / 1.4 - 1.0, (1.0 + high) * 1.6 - 1.0)
    inside = [factor for factor in _DOUBLINGS if 1.0 + low <= factor * 1.0001 and factor <= (1.0 + high) * 1.3]
    while len(inside) > _MOST_TICKS:
        inside = [factor for place, factor in enumerate(inside) if factor == 1 or place % 2 == inside.index(1) % 2]
    axes.xaxis.set_major_locator(FixedLocator([factor - 1.0 for factor in inside]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _factor(value + 1.0)))


def _factor(factor: float) -> str:
    if abs(factor - 1.0) < 1e-6:
        return "same"
    return f"×{factor:,.0f}" if factor > 1.0 else f"÷{1.0 / factor:,.0f}"


def _axis_of_shares(axes: Axes, ends: NDArray[np.float64], measure: Measure, is_ratio: bool) -> None:
    reach = max(float(np.abs(ends).max()), _LEAST_REACH if is_ratio else 1e-9)
    low, high = min(float(ends.min()), -0.15 * reach), max(float(ends.max()), 0.15 * reach)
    margin = 0.16 * (high - low)
    axes.set_xlim(max(low - margin, _LEAST) if is_ratio else low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{100.0 * value:+.3g}%".replace("+0%", "0").replace("-", "−"))
        if is_ratio
        else FuncFormatter(lambda value, _: signed(measure, value))
    )
