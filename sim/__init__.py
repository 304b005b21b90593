"""A discrete-event traffic simulator for request-handling architectures.

    import sim

    result = sim.run("quickstart")
    result["p99"], result.summary, result.timeline, result.requests
    result.plot.latency()
    sim.compare("quickstart", {"components.search.balancer.algorithm": ["round_robin", "least_request"]})
    sim.load(text="scenario: …"), sim.read_access_log("access.log.gz")

What stands in `__all__` is promised; the rest may change. Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sim.api import Capacity, Comparison, Result, Sweep, capacity, compare, read_access_log, run, sweep
    from sim.experiment.statistics import Interval
    from sim.scenario import Scenario, ScenarioError, load, shipped_scenarios

__all__ = [
    "Capacity",
    "Comparison",
    "Interval",
    "Result",
    "Scenario",
    "ScenarioError",
    "Sweep",
    "capacity",
    "compare",
    "load",
    "read_access_log",
    "run",
    "shipped_scenarios",
    "sweep",
]

_HOMES: Final = {
    "Interval": "sim.experiment.statistics",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario",
    "load": "sim.scenario",
    "shipped_scenarios": "sim.scenario",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_HOMES.get(name, "sim.api")), name)


def __dir__() -> list[str]:
    return __all__
