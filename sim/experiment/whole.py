"""Whether a place of a scenario takes whole numbers only: so many instances, but any speed.

The language knows, and is asked: that somebody wrote `speed: 1` says nothing of what else it may be.
"""

from dataclasses import replace

from sim.experiment.variation import Variation
from sim.scenario import Scenario, ScenarioError, override


def is_whole(scenario: Scenario, path: str, number: float) -> bool:
    """Whether a place takes whole numbers only.

    Args:
        scenario: Where it is.
        path: The place.
        number: A whole number that it takes.
    """
    return not any(_takes(scenario, path, number + half) for half in (0.5, -0.5))


def _takes(scenario: Scenario, path: str, number: float) -> bool:
    try:
        override(scenario, {path: number})
    except ScenarioError:
        return False
    return True


def fitted(variation: Variation, scenario: Scenario) -> Variation:
    """A variation whose range has all the numbers between its ends that its place takes, however the ends are written.

    Args:
        variation: As it was read.
        scenario: What is varied.
    """
    span = variation.range
    if span is None or not span.whole or is_whole(scenario, variation.path, span.low):
        return variation
    span = replace(span, whole=False)
    return Variation(variation.path, span.values(), span)
