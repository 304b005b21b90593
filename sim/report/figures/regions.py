"""What figures of several regions share: their colours, and which requests came from one or went to one."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from sim.metrics.result import Event, Result
from sim.report import palette
from sim.report.figures.time_axis import Bins

DOWN = "region_down"
"""The event after which nothing in a region answers."""


def regions_of(result: Result) -> Sequence[str]:
    """The regions of a run, in the order of the scenario."""
    return () if result.regions is None else result.regions.names


def colours_of(regions: Sequence[str]) -> dict[str, str]:
    """The colour of each region, the same in every figure and table."""
    return dict(zip(regions, cycle(palette.REGIONS), strict=False))


def rows_from(result: Result, region: str) -> NDArray[np.bool_]:
    """Which requests were sent by users in a region."""
    assert result.regions is not None
    return np.asarray(result.regions.homes[result.requests["client"]] == result.regions.number(region))


def traffic(result: Result, slices: Bins) -> dict[str, NDArray[np.float64]]:
    """User requests sent to each region, per second, by bin; of several attempts the first counts."""
    regions = result.regions
    assert regions is not None
    arrived = result.requests["arrived"]
    return {name: slices.rates(arrived[regions.sent_first == regions.number(name)]) for name in regions.names}


def outages(result: Result, region: str) -> list[Event]:
    """The events in which a region was dead."""
    return [event for event in result.events if event.kind == DOWN and region in event.target.split(", ")]
