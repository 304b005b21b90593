"""The tables of each kind of experiment."""

from sim.experiment.capacity import Capacity
from sim.experiment.comparison import Comparison
from sim.experiment.sweep import Sweep
from sim.report.experiments.capacity_sheet import capacity_sheets
from sim.report.experiments.comparison_sheet import comparison_sheets
from sim.report.experiments.sweep_sheet import sweep_sheets
from sim.report.sheet import Sheet


def make_sheets(study: Comparison | Sweep | Capacity) -> list[Sheet]:
    """The tables of an experiment, the most important one first."""
    if isinstance(study, Capacity):
        return capacity_sheets(study)
    return comparison_sheets(study) if isinstance(study, Comparison) else sweep_sheets(study)
