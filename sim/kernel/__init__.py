"""Simulated time: the environment, flows, timers and random streams. It knows no request."""

from sim.kernel.environment import Environment, Timer
from sim.kernel.flow import TIMED_OUT, Cancelled, Flow
from sim.kernel.streams import SENDER_BITS, Demand, Drawn, FixedDemand, Streams, Uniform

__all__ = [
    "SENDER_BITS",
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
]
