"""The table of a capacity search: a row for each value that was tried, with each objective's figure and verdict."""

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.capacity import Capacity, Point
from sim.experiment.variation import spell
from sim.report import units
from sim.report.experiments.looks import VERDICTS
from sim.report.experiments.search import objective_measure
from sim.report.experiments.spelling import last_word, plus_minus
from sim.report.explain.wording import place
from sim.report.sheet import Cell, Sheet


def capacity_sheets(capacity: Capacity) -> list[Sheet]:
    """All that was tried.

    Args:
        capacity: The answer of a search.

    Returns:
        A single table.
    """
    rows = []
    for point in capacity.points:
        cells = [Cell(spell(point.value)), Cell(f"{VERDICTS[point.verdict].sign} {point.verdict}", point.verdict)]
        for reading in point.readings:
            words = plus_minus(objective_measure(reading), reading.interval, reading.missing)
            cells.append(Cell(f"{VERDICTS[reading.verdict].sign} {words}", reading.verdict))
        rows.append((*cells, Cell(_bottleneck(point.bottleneck)), Cell(_runs(point))))
    objectives = tuple(objective.text for objective in capacity.objectives)
    columns = (last_word(capacity.path), "objectives", *objectives, "bottleneck", "runs")
    note = (
        "± is half of a 95% interval. A value meets an objective when its whole interval does, misses it when none of "
        "it does, and is unsure otherwise, which earns it more runs. The bottleneck is what was saturated for longest, "
        "or else the busiest, with its mean utilization."
    )
    return [Sheet("All that was tried", columns, tuple(rows), note=note)]


def _bottleneck(bottleneck: Bottleneck | None) -> str:
    if bottleneck is None:
        return units.NOTHING
    words = f"{place(bottleneck.component, bottleneck.instances)} {units.busy(bottleneck.utilization)}"
    return f"{words}, saturated {units.duration(bottleneck.saturated)}" if bottleneck.saturated else words


def _runs(point: Point) -> str:
    """How many runs a value took, and how many of them did not fail."""
    failed = len(point.failures)
    return f"{point.runs - failed} of {point.runs}" if failed else str(point.runs)
