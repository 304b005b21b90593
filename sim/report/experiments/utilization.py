"""What gives out first: the busiest component at every value that a capacity search tried."""

from typing import Final

from matplotlib.figure import FigureBase
from matplotlib.ticker import PercentFormatter

from sim.experiment.capacity import Capacity
from sim.report import palette, units
from sim.report.experiments.looks import VERDICTS, marker
from sim.report.experiments.search import far_words, name_answer, near, shade_answer, show_parameter
from sim.report.figures import canvas

_NAMES: Final = {"met": "objectives met", "unsure": "unsure", "missed": "missed"}


def utilization(capacity: Capacity, figure: FigureBase | None = None) -> FigureBase:
    """Draws the highest utilization of any component at each value, and names the component where it changes.

    Args:
        capacity: The answer of a search.
        figure: What to draw into; a new figure unless given.
    """
    points = [point for point in near(capacity) if point.busiest[0]]
    with palette.style():
        figure = canvas.page(figure, 3.8)
        axes = figure.add_subplot()
        canvas.title(axes, "Utilization of the busiest component", above=16.0)
        axes.set_xlabel("\n".join(filter(None, [capacity.path, far_words(capacity)])))
        if not points:
            canvas.no_data(axes, "no component has workers")
            return figure
        show_parameter(axes, capacity)
        axes.set_ylim(0.0, 1.3)
        axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        bottleneck = capacity.bottleneck[0] if capacity.bottleneck is not None else ""
        axes.plot(
            [point.number for point in points], [point.busiest[1] for point in points], color=palette.MUTED, lw=1.2
        )
        for word, label in _NAMES.items():
            chosen = [point for point in points if point.verdict == word]
            if chosen:
                numbers = [point.number for point in chosen]
                axes.plot(numbers, [point.busiest[1] for point in chosen], **marker(word), zorder=3, label=label)
        where = "right" if capacity.largest else "left"
        previous = ""
        for point in points:
            name, busy = point.busiest
            first_missed = point == capacity.missed
            if first_missed or (name != previous and name != bottleneck):
                axes.annotate(
                    f"{units.plain(name)}: {units.share(busy)} busy, objectives missed" if first_missed else name,
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
