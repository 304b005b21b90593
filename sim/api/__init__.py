"""What a notebook works with: results and experiments that show themselves, as tables, figures and pandas frames."""

from sim.api.access_log import read_access_log
from sim.api.experiments import Capacity, Comparison, Sweep, capacity, compare, sweep
from sim.api.result import Result, run

__all__ = ["Capacity", "Comparison", "Result", "Sweep", "capacity", "compare", "read_access_log", "run", "sweep"]
