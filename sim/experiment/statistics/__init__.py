"""Statistics: what runs that differ by chance allow one to say, and how surely."""

from sim.experiment.statistics.holm import compare_all, holm_levels
from sim.experiment.statistics.interval import Interval, mean_interval
from sim.experiment.statistics.order_statistics import quantile_interval
from sim.experiment.statistics.paired import Difference, paired_difference, paired_p_value
from sim.experiment.statistics.steady_state import LagOne, batch_means, batch_quantile, in_batches, lag_one, mser5
from sim.experiment.statistics.stopping import FIRST_REPLICATIONS, is_precise, replications_needed
from sim.experiment.statistics.student import student_p_value, student_quantile

__all__ = [
    "FIRST_REPLICATIONS",
    "Difference",
    "Interval",
    "LagOne",
    "batch_means",
    "batch_quantile",
    "compare_all",
    "holm_levels",
    "in_batches",
    "is_precise",
    "lag_one",
    "mean_interval",
    "mser5",
    "paired_difference",
    "paired_p_value",
    "quantile_interval",
    "replications_needed",
    "student_p_value",
    "student_quantile",
]
