"""What gives out first: how busy the bottleneck is at every value that a capacity search tried."""

from typing import Final

from matplotlib.figure import FigureBase
from matplotlib.ticker import PercentFormatter

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.capacity import Capacity
from sim.report import palette, units
from sim.report.experiments.looks import VERDICTS, marker
from sim.report.experiments.search import far_words, name_answer, near, shade_answer, show_parameter
from sim.report.explain.wording import place
from sim.report.figures import canvas

_NAMES: Final = {"met": "objectives met", "unsure": "unsure", "missed": "missed"}


def utilization(capacity: Capacity, figure: FigureBase | None = None) -> FigureBase:
    """Draws the mean utilization of the bottleneck at each value, and names it where it changes.

    Args:
        capacity: The answer of a search.
        figure: What to draw into; a new figure unless given.
    """
    points = [(point, point.bottleneck) for point in near(capacity) if point.bottleneck is not None]
    with palette.style():
        figure = canvas.page(figure, 3.8)
        axes = figure.add_subplot()
        canvas.title(axes, "Utilization of the bottleneck", above=16.0)
        axes.set_xlabel("\n".join(filter(None, [capacity.path, far_words(capacity)])))
        if not points:
            canvas.no_data(axes, "no component has workers")
            return figure
        show_parameter(axes, capacity)
        axes.set_ylim(0.0, 1.3)
        axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        culprit = "" if capacity.bottleneck is None else _name(capacity.bottleneck)
        axes.plot(
            [point.number for point, _ in points],
            [found.utilization for _, found in points],
            color=palette.MUTED,
            lw=1.2,
        )
        for word, label in _NAMES.items():
            chosen = [(point.number, found.utilization) for point, found in points if point.verdict == word]
            if chosen:
                axes.plot(*zip(*chosen, strict=True), **marker(word), zorder=3, label=label)
        where = "right" if capacity.largest else "left"
        previous = ""
        for point, found in points:
            name, busy = _name(found), found.utilization
            first_missed = point == capacity.missed
            if first_missed or (name != previous and name != culprit):
                words = [f"{name}: {units.busy(busy)} busy", "objectives missed"]
                if found.saturated:
                    words.insert(1, f"saturated {units.duration(found.saturated)}")
                axes.annotate(
                    ("\n" if canvas.is_narrow() else ", ").join(words) if first_missed else name,
                    (point.number, busy), xytext=(8 if where == "left" else -8, 3), textcoords="offset points",
                    ha=where, va="bottom", fontsize=10,
                    color=VERDICTS["missed"].colour if first_missed else palette.INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
                )  # fmt: skip
            previous = name
        shade_answer(axes, capacity)
        name_answer(axes, capacity)
        canvas.legend(axes)
        return figure


def _name(bottleneck: Bottleneck) -> str:
    return units.plain(place(bottleneck.component, bottleneck.instances))
