"""What a summary says of each region: how its users fared, what was served there, what left it, and what stood idle.

- `sent` is about the users who are there, wherever they were served; `served` about the requests that were sent there
  last: their last attempt was, or where nothing steers, what their client calls stands there;
- `traffic_to` counts the requests of the users there by the region that they were sent to last, `calls_to` everything
  that called from there into another region: users' attempts, and calls between components;
- `instance_s` are the seconds for which instances of services were up, `idle_share` is the share of them in which they
  did nothing: what a standby region costs while it waits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.metrics.latency import latency_figures
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import Result
from sim.metrics.trail import CALLS, Regions
from sim.request import Outcome


def region_figures(result: Result, span: tuple[float, float] | None = None) -> dict[str, Any]:
    """What happened in each region; nothing where there are none.

    Args:
        result: The run.
        span: From when to when, s: requests sent then, and calls; `cross_zone` is of all after warm-up nevertheless. By
            default everything after warm-up.
    """
    regions = result.regions
    if regions is None:
        return {}
    since, until = span or (result.warmup, np.inf)
    first, last = np.searchsorted(result.requests["arrived"], (since, until))
    rows, went = result.requests[first:last], regions.sent_last[first:last]
    homes = regions.homes[rows["client"]]
    capacity = _capacity(result, regions, since, until)
    called = regions.calls if span is None else _calls(result, span)
    figures = {}
    for number, (name, standby) in enumerate(zip(regions.names, regions.standby, strict=True), 1):
        calls = {other: count for (here, other), count in called.items() if here == name}
        counts = np.bincount(went[homes == number], minlength=len(regions.names) + 1).tolist()
        instances = capacity[number]
        figures[name] = {
            "role": "active" if standby is None else "standby",
            "standby": standby,
            "sent": _fared(rows[homes == number]),
            "served": _fared(rows[went == number]),
            "traffic_to": {other: count for other, count in zip(regions.names, counts[1:], strict=True) if count},
            "calls_to": calls,
            "cross_region": sum(calls.values()),
            "cross_zone": sum(
                counters.get("cross_zone", 0)
                for part, counters in result.components.items()
                if regions.parts.get(part) == name
            ),
            "instance_s": instances[0],
            "idle_share": None if not instances[0] else 1.0 - instances[1] / instances[0],
        }
    return figures


def _fared(rows: NDArray[Any]) -> dict[str, Any]:
    """How some requests fared."""
    ended = rows["outcome"] != IN_FLIGHT
    completed = int(np.count_nonzero(ended))
    succeeded = int(np.count_nonzero(rows["outcome"] <= Outcome.DEGRADED))
    return {
        "requests": len(rows),
        "success_ratio": succeeded / completed if completed else None,
        "p99_s": latency_figures(rows["latency"][ended])["p99"],
    }


def _calls(result: Result, span: tuple[float, float]) -> dict[tuple[str, str], int]:
    """How many calls went from one region to another within a time; what the nearest samples say."""
    found = {}
    for number, (border, name) in enumerate(result.series_names):
        if name == CALLS and "/" in border:
            points = result.series[result.series["series"] == number]
            begin, end = np.interp(span, np.append(0.0, points["t"]), np.append(0.0, points["value"]))
            here, _, there = border.partition("/")
            if end > begin:
                found[here, there] = round(end - begin)
    return found


def _capacity(result: Result, regions: Regions, since: float, until: float) -> NDArray[np.float64]:
    """For each region, the seconds for which instances were up, and those in which they were busy, summed over them."""
    kinds = {name: counters.get("kind") for name, counters in result.components.items()}
    places = [regions.number(regions.parts.get(part, "")) * (kinds[part] == "service") for part, _ in result.places]
    sums = np.zeros((len(regions.names) + 1, 2))
    samples = result.samples
    times, which = np.unique(samples["t"], return_inverse=True)
    passed = np.diff(times, prepend=0.0)[which] * (samples["t"] > since) * (samples["t"] <= until)
    up = passed * samples["up"]
    where = np.array(places, dtype=np.intp)[samples["place"]]
    for column, seconds in enumerate((up, up * samples["utilization"])):
        sums[:, column] = np.bincount(where, seconds, minlength=len(sums))
    return sums
