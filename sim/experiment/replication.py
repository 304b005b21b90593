"""A replication is one run of an experiment: a variant of the scenario with a seed of its own, and what is kept of it.

It runs wherever an executor puts it: on this machine or on a cluster. Only what an experiment needs comes back: the
summary, the curve of latency quantiles, and, where it is asked for, the run itself.
"""

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.experiment.run import run
from sim.metrics import IN_FLIGHT, Result, components_timeline, summarize
from sim.metrics.saturation import Strain, strains
from sim.scenario import Scenario

TAILS: Final[NDArray[np.float64]] = np.concatenate([np.linspace(1.0, 0.1, 46), 10.0 ** -np.linspace(1.05, 4.0, 60)])
"""The shares of requests (1 - quantile) at which a replication keeps its latency."""

_FEWEST_BEYOND: Final = 10
_MANY: Final = 100_000
_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class Trial:
    """What a replication is to run.

    Attributes:
        scenario: The variant, overrides applied.
        seed: Of the run.
        keep_result: Whether the whole run comes back, for figures over time.
    """

    scenario: Scenario
    seed: int
    keep_result: bool = False


@dataclass(frozen=True)
class Replication:
    """What is kept of a run.

    Attributes:
        seed: Of the run.
        summary: What `summarize` made of it; empty when it failed.
        latencies: The latency that a share `TAILS[i]` of ended requests exceeds, s; NaN where fewer than ten do.
        strains: How much the run asked of each component.
        result: The run itself, if it was asked for.
        error: Why it failed, in one line; None if it did not.
    """

    seed: int
    summary: dict[str, Any]
    latencies: NDArray[np.float64]
    strains: Mapping[str, Strain] = field(default_factory=dict)
    result: Result | None = None
    error: str | None = None


def replicate(trial: Trial) -> Replication:
    """Runs a trial; a run that fails says so in its replication, and takes nothing else down."""
    begun = time.monotonic()
    try:
        result = run(trial.scenario, trial.seed, clock=time.process_time)
        if result.interrupted:
            raise KeyboardInterrupt
        result = replace(result, engine={**result.engine, "wall_s": time.monotonic() - begun})
        summary = summarize(result)
    except Exception as error:
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        return failed(trial.seed, words)
    if len(result.requests) > _MANY:
        gc.collect()  # the world of a run is a cycle, and as large as its columns
    kept = result if trial.keep_result else None
    return Replication(trial.seed, summary, tail_latencies(result), _strains(result), kept)


def failed(seed: int, error: str) -> Replication:
    """What is kept of a run that failed: its seed, and why, in one line."""
    return Replication(seed, {}, np.full(len(TAILS), np.nan), error=error)


def _strains(result: Result) -> dict[str, Strain]:
    limited = [name for name, counters in result.components.items() if counters.get("utilization") is not None]
    rows = components_timeline(result)
    end = max(int(result.duration + _ROUNDING), 1)
    return strains(rows[rows["component"].isin(limited)], min(ceil(result.warmup), end - 1), end)


def tail_latencies(result: Result) -> NDArray[np.float64]:
    """The latency that each share of `TAILS` exceeds, among requests that arrived after warm-up and ended.

    Returns:
        Seconds, one value for each share; NaN where fewer than ten requests lie beyond.
    """
    rows = result.requests
    latency = rows["latency"][(rows["outcome"] != IN_FLIGHT) & (rows["arrived"] >= result.warmup)]
    curve = np.full(len(TAILS), np.nan)
    known = len(latency) * TAILS >= _FEWEST_BEYOND
    if known.any():
        curve[known] = np.quantile(latency, 1.0 - TAILS[known])
    return curve
