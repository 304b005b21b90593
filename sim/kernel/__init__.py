"""Simulated time: the environment, flows, timers and random streams. It knows no request."""

from sim.kernel.environment import Environment, Timer
from sim.kernel.flow import TIMED_OUT, Cancelled, Flow
from sim.kernel.streams import Demand, Drawn, FixedDemand, Streams, Uniform, numbers

__all__ = [
    "TIMED_OUT",
    "Cancelled",
    "Demand",
    "Drawn",
    "Environment",
    "FixedDemand",
    "Flow",
    "Streams",
    "Timer",
    "Uniform",
    "numbers",
]
