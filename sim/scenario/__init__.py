"""The scenario language: from a YAML file to a world that can run."""

from sim.scenario.assemble import Assembly, assemble
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.load import Scenario, find, load, override, shipped_scenarios

__all__ = [
    "Assembly",
    "Problem",
    "Scenario",
    "ScenarioError",
    "assemble",
    "find",
    "load",
    "override",
    "shipped_scenarios",
]
