"""Traces: the stories of a few requests of a run, told by a second run that is the same bit for bit."""

from sim.experiment.tracing.rerun import trace

__all__ = ["trace"]
