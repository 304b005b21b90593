"""A timeline shows a run second by second: what was sent, what ended and how, how long it took, what was busy.

A row's `t_s` is the start of its second; the last second may be a partial one. Warm-up is part of it, so that a figure
shows the whole run.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.metrics.latency import grouped_percentiles
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.request import Outcome

TIMELINE_PERCENTILES: Final = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_ROUNDING: Final = 1e-6


def timeline(result: Result) -> pd.DataFrame:
    """What users saw, a row for each second and client, in the order of time and then of `result.clients`.

    Args:
        result: The run.

    Returns:
        Columns `t_s client offered ended`, a count for each outcome, `p50 p95 p99` and `attempts`. A request is
        `offered` in the second it arrived and `ended` in the second it ended; percentiles are of all requests that
        ended in the second, s, NaN if there were none; attempts count in the second they were sent.
    """
    rows, clients = result.requests, len(result.clients)
    seconds = _seconds(result)
    cells = seconds * clients

    def cell(times: NDArray[Any], client: NDArray[Any] | int) -> NDArray[np.intp]:
        return np.minimum(times.astype(np.intp), seconds - 1) * clients + client

    ended = np.flatnonzero(rows["outcome"] != IN_FLIGHT)
    client = rows["client"]
    latency = rows["latency"][ended]
    where_ended = cell(rows["arrived"][ended] + latency, client[ended])
    outcomes = np.bincount(where_ended * len(Outcome) + rows["outcome"][ended], minlength=cells * len(Outcome))
    percentiles = grouped_percentiles(where_ended, latency, cells, list(TIMELINE_PERCENTILES.values()))
    attempts = np.zeros(cells, dtype=np.intp)
    for number, starts in enumerate(result.attempt_starts):
        attempts += np.bincount(cell(starts, number), minlength=cells)
    return pd.DataFrame(
        {
            "t_s": np.repeat(np.arange(seconds), clients),
            "client": np.tile(np.array(result.clients, dtype=object), seconds),
            "offered": np.bincount(cell(rows["arrived"], client), minlength=cells),
            "ended": np.bincount(where_ended, minlength=cells),
            **{outcome.word: outcomes[outcome :: len(Outcome)] for outcome in Outcome},
            **dict(zip(TIMELINE_PERCENTILES, percentiles, strict=True)),
            "attempts": attempts,
        }
    )


def components_timeline(result: Result) -> pd.DataFrame:
    """What the components did, a row for each second, component and instance, in the order they were sampled.

    Args:
        result: The run.

    Returns:
        Columns `t_s component instance up utilization queue outstanding`: whether it was up (1 or 0), its utilization
        (0..1), and the mean number of requests waiting and outstanding. An instance of -1 is a component that has no
        instances of its own.
    """
    samples = result.samples
    components = np.array([component for component, _ in result.places], dtype=object)
    instances = np.array([instance for _, instance in result.places], dtype=np.intp)
    return pd.DataFrame(
        {
            "t_s": np.maximum(np.ceil(samples["t"] - _ROUNDING) - 1, 0).astype(np.intp),
            "component": components[samples["place"]],
            "instance": instances[samples["place"]],
            **{name: samples[name].copy() for name in ("up", "utilization", "queue", "outstanding")},
        }
    )


def _seconds(result: Result) -> int:
    """How many seconds have begun before the run's end."""
    return max(int(np.ceil(result.duration - _ROUNDING)), 1)
