"""The figures of each kind of experiment: what each shows, how to read it, and which experiments have it."""

from collections.abc import Callable
from typing import Final

from matplotlib.figure import FigureBase

from sim.experiment.comparison import Comparison
from sim.experiment.sweep import Sweep
from sim.report.experiments.choice import example_runs
from sim.report.experiments.differences import differences
from sim.report.experiments.failovers import failovers, has_failover
from sim.report.experiments.fleets import busiest_fleet, instances
from sim.report.experiments.heatmap import heatmap
from sim.report.experiments.measures import measures
from sim.report.experiments.quantiles import quantiles
from sim.report.experiments.scatter import scatter
from sim.report.experiments.search import search
from sim.report.experiments.traffic import traffic
from sim.report.experiments.utilization import utilization
from sim.report.figures import Plot


def _plot(
    draw: Callable[..., FigureBase],
    title: str,
    caption: str,
    is_about: Callable[..., bool] = lambda study: True,
) -> Plot:
    return Plot(draw, title, caption, is_about)


def _has_fleet(comparison: Comparison) -> bool:
    return bool(busiest_fleet(list(example_runs(comparison).values())))


def _is_grid(sweep: Sweep) -> bool:
    return sweep.design == "grid"


def _is_grid_of_two(sweep: Sweep) -> bool:
    return sweep.design == "grid" and len(sweep.variations) == 2


def _is_hypercube(sweep: Sweep) -> bool:
    return sweep.design == "latin_hypercube"


FIGURES_OF: Final[dict[str, dict[str, Plot]]] = {
    "comparison": {
        "differences": _plot(
            differences,
            "Difference to the first",
            "A bar that stays on one side of the line is a sure difference; one that crosses it is a tie.",
        ),
        "traffic": _plot(
            traffic,
            "The same traffic",
            "Every column is one run with the same requests, and all share their axes. A latency line ends where too "
            "many requests are still in flight at the end of the run for it to be known.",
            lambda study: bool(example_runs(study)),
        ),
        "failover": _plot(
            failovers,
            "The same failover",
            "Hatched is what still went to a dead region: the sooner the hatching ends and the success ratio is back, "
            "the less the failover cost. The figures above each column are means over all its runs.",
            has_failover,
        ),
        "quantiles": _plot(
            quantiles,
            "Latency quantiles",
            "Read it from left to right: curves that part on the right differ only for the slowest requests. Lines are "
            "means over all runs, bands reach from the lowest run to the highest.",
        ),
        "instances": _plot(
            instances,
            "Instances side by side",
            "Rows of one shade are an even spread; a dark row is an instance that gets more than it can serve.",
            _has_fleet,
        ),
    },
    "sweep": {
        "measures": _plot(
            measures,
            "Over the first parameter",
            "Points are means over runs, bands (or bars) the 95% intervals of several; where goodput leaves the dotted "
            "line, or utilization nears 100%, the system has had enough.",
            _is_grid,
        ),
        "heatmap": _plot(
            heatmap,
            "Over two parameters",
            "Each cell is the mean over its runs; the darker, the larger.",
            _is_grid_of_two,
        ),
        "scatter": _plot(
            scatter,
            "What it depends on",
            "Each point is a variant with all its parameters chosen at random; a rank correlation near +1 or −1 means "
            "that this parameter decides, one near 0 that it hardly matters.",
            _is_hypercube,
        ),
    },
    "capacity": {
        "search": _plot(
            search,
            "What was tried",
            "The dashed line is the objective; a value counts only when its whole interval lies on one side of it. The "
            "answer is somewhere in the shaded strip.",
        ),
        "utilization": _plot(
            utilization,
            "What gives out first",
            "What was saturated for longest at each value, or else the busiest, and its mean utilization; above some "
            "80% a queue grows quickly.",
        ),
    },
}
"""All figures of each kind of experiment, by the name of their file, in the order of a page."""
