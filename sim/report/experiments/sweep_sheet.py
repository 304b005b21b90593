"""The tables of a sweep: where each line saturates, and a row for each variant."""

from typing import Final

from sim.experiment.sweep import SATURATED, Sweep
from sim.experiment.variation import spell
from sim.metrics import Measure
from sim.report import units
from sim.report.experiments.spelling import last_word, of_variant
from sim.report.sheet import Cell, Sheet

_USUAL: Final = ("success_ratio", "goodput", "p50", "p95", "p99")
MOST_ROWS: Final = 200


def sweep_sheets(sweep: Sweep) -> list[Sheet]:
    """Saturation points, if there are any, and all variants.

    Args:
        sweep: The sweep.

    Returns:
        One or two tables.
    """
    found = [] if sweep.design != "grid" else sweep.saturations()
    sheets = []
    if found:
        rows = tuple(
            (
                Cell(one.line.others or sweep.variations[0].path),
                Cell(one.line.spell(one.value)),
                Cell(one.component, "saturated"),
            )
            for one in found
        )
        note = (
            f"Where the busiest component, or an instance that is hotter, reaches {SATURATED:.0%} utilization, between "
            "two values of the sweep."
        )
        columns = ("with", f"saturates at {last_word(sweep.variations[0].path)}", "component")
        sheets.append(Sheet("Saturation", columns, rows, note=note))
    return [*sheets, _variants(sweep)]


def _variants(sweep: Sweep) -> Sheet:
    measure = sweep.measure
    others = [other for name in _USUAL for other in sweep.measures if other.text == name and other != measure]
    rows = []
    for number, variant in enumerate(sweep.variants[:MOST_ROWS]):
        component, busy = sweep.busiest(number)
        saturated = busy >= SATURATED
        busiest = f"{component} {units.busy(busy)}" if component else units.NOTHING
        finished, made = len(sweep.finished(number)), len(sweep.runs[number])
        rows.append(
            (
                *(Cell(units.plain(spell(value))) for value in variant.values.values()),
                _figure(sweep, number, measure),
                Cell(f"{busiest} (saturated)" if saturated else busiest, "saturated" if saturated else ""),
                *(_figure(sweep, number, other) for other in others),
                Cell(str(finished) if finished == made else f"{finished} of {made}"),
            )
        )
    columns = (
        *(last_word(variation.path) for variation in sweep.variations),
        measure.text,
        "busiest component",
        *(other.text.replace("_", " ") for other in others),
        "runs",
    )
    more = len(sweep.variants) - len(rows)
    words = ["± is half of a 95% interval."] if any("±" in cell.text for row in rows for cell in row) else []
    note = " ".join([*words, *([f"{more} more rows are in sweep.csv."] if more else [])])
    return Sheet("All variants", columns, tuple(rows), len(sweep.variations), note)


def _figure(sweep: Sweep, number: int, measure: Measure) -> Cell:
    interval = sweep.interval(number, measure)
    return Cell(of_variant(sweep, number, measure), "" if interval else "nothing")
