"""The scenario language: from a YAML file to a world that can run."""

from sim.scenario.assemble import Assembly, assemble
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.load import Scenario, find, load, override, shipped_scenarios
from sim.scenario.placement import place

__all__ = [
    "Assembly",
    "Problem",
    "Scenario",
    "ScenarioError",
    "assemble",
    "find",
    "load",
    "override",
    "place",
    "shipped_scenarios",
]
