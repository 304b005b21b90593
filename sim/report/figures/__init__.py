"""The figures of a report, one file each: every one shows one thing that a user, a balancer or an operator would see.

Each takes a `Result` and, if it is to be drawn beside others, a figure or sub-figure to draw into.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from matplotlib.figure import FigureBase

from sim.metrics.result import Result
from sim.report.figures.attempts import attempts
from sim.report.figures.components import components
from sim.report.figures.failover import failover, fails_over, loses_zones
from sim.report.figures.instances import fleets, instances
from sim.report.figures.latency import latency
from sim.report.figures.ledger import ledger
from sim.report.figures.outcomes import outcomes
from sim.report.figures.queues import names_of_queues, queues
from sim.report.figures.region_map import region_map
from sim.report.figures.regions import regions_of


class Plot(NamedTuple):
    """A figure as a report lists it.

    Attributes:
        draw: Draws it: `draw(result, figure=None)` returns the figure.
        title: What it shows, in a few words.
        caption: How to read it, in one sentence.
        is_about: Whether a run has what it shows; a report leaves out the others.
    """

    draw: Callable[..., FigureBase]
    title: str
    caption: str
    is_about: Callable[[Result], bool] = lambda result: True


FIGURES: Final[dict[str, Plot]] = {
    "failover": Plot(
        failover,
        "Failover",
        "From the fault down: who noticed and did what; where requests were sent, hatched what still went to a dead "
        "region, or which zone's instances were busy; which share of them succeeded; and what it cost, beside what was "
        "promised.",
        lambda result: fails_over(result) or loses_zones(result),
    ),
    "region_map": Plot(
        region_map,
        "Map of the regions",
        "Regions are as far apart as they are in latency, and as large as what they are sent; an arrow is as wide as "
        "the calls from one to the other, of users and of components. If something happened, one map is of the time "
        "before and one of the time while it lasted, at the same scale.",
        lambda result: len(regions_of(result)) > 1,
    ),
    "latency": Plot(
        latency,
        "Latency over time",
        "When the bands open, the slowest requests have parted from the typical one; each point is of the requests "
        "sent at that time, failed ones included; a line ends where too many of them never ended.",
    ),
    "outcomes": Plot(
        outcomes,
        "Outcomes over time",
        "The height is the load that users offered; blues are successes, every other colour is a refusal or a failure.",
    ),
    "ledger": Plot(
        ledger,
        "Where the time went",
        "Compare the rows: the part that grows from p50 to p99 is what makes slow requests slow.",
    ),
    "instances": Plot(
        instances,
        "Instances over time",
        "Rows of one shade are an even spread; a dark row is an instance that gets more than it can serve, hatching is "
        "an instance that is down.",
        lambda result: bool(fleets(result)),
    ),
    "components": Plot(
        components,
        "Components over time",
        "A component near 100% is the bottleneck, and its queue is where requests wait.",
    ),
    "queues": Plot(
        queues,
        "Queues over time",
        "Where less is acknowledged than published a backlog grows, and the oldest message ages by up to a second each "
        "second; it drains with what consumers can do beyond what is published.",
        lambda result: bool(names_of_queues(result)),
    ),
    "attempts": Plot(
        attempts,
        "Attempts and goodput",
        "The orange area is load that retries add, the gap between the dashed line and the blue one is requests that "
        "got no answer that counts.",
    ),
}
"""All figures, by the name of their file, in the order of a report."""

__all__ = [
    "FIGURES",
    "Plot",
    "attempts",
    "components",
    "failover",
    "instances",
    "latency",
    "ledger",
    "outcomes",
    "queues",
    "region_map",
]
