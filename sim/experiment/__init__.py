"""Experiments: runs of scenarios, and what can be learnt from many of them."""

from sim.experiment.run import run

__all__ = ["run"]
