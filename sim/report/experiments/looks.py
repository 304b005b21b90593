"""How variants are told apart in a figure: by colour and dashes, and by names that stand where their lines end."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from sim.report import palette
from sim.report.figures import canvas

_DASHES: Final[tuple[Any, ...]] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
_SIZE: Final = 9.5
_LINE: Final = 1.25
_SHARE_OF_HEIGHT: Final = 0.78
"""How much of a figure's height its plot takes, about."""

_TITLE_LETTERS: Final = 38

_MOST_TICKS: Final = 18
"""Of all columns together."""


def narrow_time(axes: Axes, columns: int) -> None:
    """Thins out the ticks of a time axis that stands in one of several columns, and shortens its name."""
    low, high = axes.get_xlim()
    locator = axes.xaxis.get_major_locator()
    ticks = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
    axes.set_xticks(ticks[:: -(-len(ticks) * columns // _MOST_TICKS)])
    if columns > 3:
        axes.set_xlabel(axes.get_xlabel().removeprefix("simulated "))


def pairs(figure: FigureBase, number: int) -> NDArray[Any]:
    """Plots for two things of each variant, one upon the other: two rows and a column each, with shared axes.

    In a narrow figure the variants stand below each other too.

    Args:
        figure: What to draw into.
        number: Of variants.
    """
    if not canvas.is_narrow():
        return np.asarray(figure.subplots(2, number, sharex="col", sharey="row", squeeze=False))
    panels = np.asarray(figure.subplots(2 * number, 1, sharex=True)).reshape(number, 2).T
    for row in panels:
        for axes in row[1:]:
            axes.sharey(row[0])
    return panels


class Verdict(NamedTuple):
    """How a verdict is marked: a sign for text, a marker and a colour for figures."""

    sign: str
    marker: str
    colour: str
    filled: bool


VERDICTS: Final[dict[str, Verdict]] = {
    "better": Verdict("✓", "o", "#0072b2", True),
    "tie": Verdict("=", "D", palette.MUTED, False),
    "worse": Verdict("✗", "X", "#b3400a", True),
    "met": Verdict("✓", "o", "#0072b2", True),
    "unsure": Verdict("?", "D", palette.MUTED, False),
    "missed": Verdict("✗", "X", "#b3400a", True),
}
"""Of a comparison (better, tie, worse) and of an objective (met, unsure, missed)."""


class End(NamedTuple):
    """Where a line ends that is to be named.

    Attributes:
        x: In data.
        y: In data.
        words: The name, lines broken.
        colour: Of the line.
    """

    x: float
    y: float
    words: str
    colour: str


def look(number: int) -> dict[str, Any]:
    """Colour and dashes of a line, by its number."""
    colours = len(palette.SERIES)
    return {"color": palette.SERIES[number % colours], "ls": _DASHES[number // colours % len(_DASHES)]}


def marker(verdict: str) -> dict[str, Any]:
    """How a point with a verdict is drawn."""
    mark = VERDICTS[verdict]
    return {
        "marker": mark.marker,
        "markerfacecolor": mark.colour if mark.filled else "white",
        "markeredgecolor": mark.colour,
        "markeredgewidth": 1.5,
        "markersize": 8.0,
        "linestyle": "none",
    }


def heading(figure: FigureBase, words: str, left_out: str = "") -> None:
    """The title over several plots, with what they leave out."""
    words = f"{words} ({left_out})" if left_out else words
    figure.suptitle(
        fill(words, _TITLE_LETTERS) if canvas.is_narrow() else words,
        x=0.008,
        ha="left",
        fontsize=palette.STYLE["axes.titlesize"],
        fontweight=palette.STYLE["axes.titleweight"],
    )


def name_ends(axes: Axes, ends: Sequence[End], height: float) -> None:
    """Names lines to the right of a plot, each as near to its end as the others let it.

    Args:
        axes: With its limits set.
        ends: The ends.
        height: Of the plot's figure, inches.
    """
    if not ends:
        return
    points = height * 72.0 * _SHARE_OF_HEIGHT
    sizes = np.array([(end.words.count("\n") + 1) * _SIZE * _LINE / points for end in ends])
    wanted = np.array([axes.transLimits.transform(axes.transScale.transform((end.x, end.y)))[1] for end in ends])
    for end, place in zip(ends, spread(wanted, sizes), strict=True):
        axes.annotate(
            end.words,
            (end.x, end.y),
            xytext=(1.03, place),
            textcoords="axes fraction",
            color=end.colour,
            fontsize=_SIZE,
            va="center",
            arrowprops={"arrowstyle": "-", "color": end.colour, "lw": 0.8, "alpha": 0.6, "relpos": (0.0, 0.5)},
            annotation_clip=False,
        )


def spread(wanted: NDArray[np.float64], sizes: NDArray[np.float64]) -> list[float]:
    """Moves things on a line from 0 to 1 apart until none overlap, each as little as it takes.

    Args:
        wanted: The middle of each.
        sizes: The length of each.

    Returns:
        The middle of each, in the same order.
    """
    order = np.argsort(wanted, kind="stable")
    groups: list[list[int]] = []
    for which in order:
        groups.append([int(which)])
        while len(groups) > 1 and _low(groups[-1], wanted, sizes) < _high(groups[-2], wanted, sizes):
            last = groups.pop()
            groups[-1] += last
    places = np.zeros(len(wanted))
    for group in groups:
        low = _low(group, wanted, sizes)
        for which in group:
            places[which] = low + sizes[which] / 2.0
            low += sizes[which]
    return [float(place) for place in places]


def _low(group: list[int], wanted: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """The lower end of things that stand one upon the other, around the mean of what they want, within 0..1."""
    length = float(sizes[group].sum())
    low = float(wanted[group].mean()) - length / 2.0
    return max(min(low, 1.0 - length), 0.0)


def _high(group: list[int], wanted: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    return _low(group, wanted, sizes) + float(sizes[group].sum())
