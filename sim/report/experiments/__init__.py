"""What people look at after an experiment: figures, a page and terminal tables of a comparison, sweep or search."""

from sim.report.experiments.answer import summary_lines
from sim.report.experiments.figures import FIGURES_OF
from sim.report.experiments.findings import variant_findings
from sim.report.experiments.tables import print_experiment
from sim.report.experiments.write import write_experiment

__all__ = ["FIGURES_OF", "print_experiment", "summary_lines", "variant_findings", "write_experiment"]
