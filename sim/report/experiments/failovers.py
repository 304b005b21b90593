"""The same failover, one column a variant: where each sent its users meanwhile, who was served, and what it cost."""

from typing import Final

from matplotlib.figure import FigureBase

from sim.experiment.comparison import Comparison
from sim.metrics import Measure, Result
from sim.report import palette
from sim.report.experiments.choice import choose, example_runs, left_out, names
from sim.report.experiments.looks import heading, narrow_time, pairs
from sim.report.experiments.spelling import fold, of_variant
from sim.report.figures import canvas
from sim.report.figures.failover import costs, draw_success, fails_over, stack_regions
from sim.report.figures.time_axis import bins, shade_events, show_time

_MOST_COLUMNS: Final = 4
_MOST_NARROW: Final = 3
_WORDS: Final = 80
_NAMES: Final = {"rto": "RTO", "rpo": "RPO"}


def has_failover(comparison: Comparison) -> bool:
    """Whether something fails in a scenario of several regions."""
    return any(map(fails_over, example_runs(comparison).values()))


def failovers(comparison: Comparison, figure: FigureBase | None = None) -> FigureBase:
    """Draws traffic by region and the success ratio over time for each variant, all with the scenario's own seed.

    Args:
        comparison: The comparison.
        figure: What to draw into; a new figure unless given.
    """
    narrow = canvas.is_narrow()
    runs = {number: run for number, run in example_runs(comparison).items() if fails_over(run)}
    shown = choose(comparison, list(runs), _MOST_NARROW if narrow else _MOST_COLUMNS)
    several = max(len(shown), 1)
    with palette.style():
        figure = canvas.page(figure, 1.0 + 3.6 * several if narrow else 5.6)
        seed = comparison.scenario.document.seed
        heading(figure, f"The same failover, seed {seed}", left_out(shown, comparison.variants))
        panels = pairs(figure, several)
        if not shown:
            canvas.no_data(panels[0, 0], "nothing fails in any region")
            canvas.no_data(panels[1, 0], "")
            return figure
        titles = names(comparison)
        highest = 0.0
        for column, number in enumerate(shown):
            result, (top, bottom) = runs[number], panels[:, column]
            slices = bins(result, at_least=1.0)
            show_time(bottom, result)
            for axes in (top, bottom):
                shade_events(axes, result, labels=False)
            stack_regions(top, result, slices)
            highest = max(highest, top.get_ylim()[1])
            draw_success(bottom, result, slices)
            words = _WORDS // 2 if narrow else _WORDS // several
            title = [fold(titles[number], words, 2), *_costs(comparison, number, result)]
            top.set_title("\n".join(title), fontsize=10.5, pad=6)
            narrow_time(bottom, canvas.columns(several))
            if column and not narrow:
                top.set_ylabel("")
                bottom.set_ylabel("")
        panels[0, 0].set_ylim(0.0, highest)
        canvas.legend(panels[0, -1], reverse=True)
        canvas.legend(panels[1, -1])
        return figure


def _costs(comparison: Comparison, number: int, example: Result) -> list[str]:
    """What the failover cost a variant, a line for each kind of cost that its runs have."""
    measures = [Measure(cost.metric, None, cost.metric) for cost in costs(example)]
    return [f"{_NAMES.get(each.text, each.text)} {of_variant(comparison, number, each)}" for each in measures]
