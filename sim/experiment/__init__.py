"""Experiments: runs of scenarios, and what can be learnt from many of them."""

from sim.experiment.run import run
from sim.experiment.study import known_subjects

__all__ = ["known_subjects", "run"]
