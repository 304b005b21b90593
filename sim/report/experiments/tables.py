"""An experiment in a terminal: the answer in sentences, then its tables, in as many blocks as its width asks for."""

from typing import Final

from rich.console import Console

from sim.experiment.capacity import Capacity
from sim.experiment.comparison import Comparison
from sim.experiment.sweep import Sweep
from sim.report.experiments.answer import summary_lines
from sim.report.experiments.sheets import make_sheets
from sim.report.print_sheet import print_sheet
from sim.report.terminal import terminal_text

_MOST_FAILURES: Final = 10


def print_experiment(study: Comparison | Sweep | Capacity, console: Console) -> None:
    """Prints an experiment.

    Args:
        study: What was found.
        console: Where to.
    """
    for line in summary_lines(study):
        console.print(terminal_text(line, "bold", console))
    for sheet in make_sheets(study):
        print_sheet(sheet, console)
    failures = study.failures
    if failures:
        console.print()
    for failure in failures[:_MOST_FAILURES]:
        console.print(terminal_text(f"failed: {failure}", "red", console))
    if len(failures) > _MOST_FAILURES:
        console.print(terminal_text(f"and {len(failures) - _MOST_FAILURES} more failed", "red", console))
