"""Traces as files that trace viewers open, and as text for a terminal."""

from sim.report.trace.files import read_traces, write_traces

__all__ = ["read_traces", "write_traces"]
