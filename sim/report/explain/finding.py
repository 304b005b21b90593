"""A finding is one thing that a run shows: a headline with a number in it, and a sentence or two that bear it out."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Weight(IntEnum):
    """How much a finding matters; the heaviest come first."""

    BROKEN = 0
    """Something that had to hold did not: an objective, the return after a fault, a queue that stays bounded."""

    CAUSE = 1
    """What p99 and failures come from."""

    COST = 2
    """What it took besides."""

    NOTE = 3
    """What is well, and good to know."""


@dataclass(frozen=True)
class Finding:
    """One thing that a run shows.

    Attributes:
        title: The headline.
        text: One or two sentences.
        figures: The numbers in them and what they were made from, in the units of `summary.json`.
        weight: How much it matters.
    """

    title: str
    text: str
    figures: dict[str, Any] = field(default_factory=dict)
    weight: Weight = Weight.NOTE
