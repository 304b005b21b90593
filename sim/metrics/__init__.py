"""What happened in a run: recorded in columns of numbers, then summed up, laid out over time and judged."""

from sim.metrics.calls import Calls, Place, moved_calls
from sim.metrics.dispersion import dispersion
from sim.metrics.latency import LATENCY_FIGURES, latency_figures
from sim.metrics.ledger import COHORTS, time_ledger
from sim.metrics.measure import Measure, OwnMeasure, own_measure, parse_measure, whole_measures
from sim.metrics.messages import ConservationError
from sim.metrics.moved import span_of
from sim.metrics.objectives import METRICS, OPERATORS, TOO_LITTLE, Kind, Objective, parse_objective
from sim.metrics.recorder import GOOD_NEWS, IN_FLIGHT, ROW_TYPE, Reaction, Recorder, What
from sim.metrics.recovery import Recovery, recoveries
from sim.metrics.result import SAMPLE_TYPE, SERIES_TYPE, Event, Moved, Result
from sim.metrics.summary import summarize
from sim.metrics.timeline import components_timeline, timeline
from sim.metrics.trail import Regions, Trail, Ways

__all__ = [
    "COHORTS",
    "GOOD_NEWS",
    "IN_FLIGHT",
    "LATENCY_FIGURES",
    "METRICS",
    "OPERATORS",
    "ROW_TYPE",
    "SAMPLE_TYPE",
    "SERIES_TYPE",
    "TOO_LITTLE",
    "Calls",
    "ConservationError",
    "Event",
    "Kind",
    "Measure",
    "Moved",
    "Objective",
    "OwnMeasure",
    "Place",
    "Reaction",
    "Recorder",
    "Recovery",
    "Regions",
    "Result",
    "Trail",
    "Ways",
    "What",
    "components_timeline",
    "dispersion",
    "latency_figures",
    "moved_calls",
    "own_measure",
    "parse_measure",
    "parse_objective",
    "recoveries",
    "span_of",
    "summarize",
    "time_ledger",
    "timeline",
    "whole_measures",
]
