"""The zones of a region: how many instances were busy in each, beside how many there were.

Where a zone is lost the dashed line falls by its instances, and the others carry what it did, as far as they can.
"""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures.regions import colours_of, regions_of
from sim.report.figures.time_axis import Bins

MOST: Final = 3


def zoned(result: Result) -> dict[str, dict[str, list[int]]]:
    """The services with instances in several zones, in a run with one region.

    Returns:
        For each of them, and each zone, the positions of its instances in `result.places`.
    """
    if len(regions_of(result)) != 1:
        return {}
    ((_, config),) = result.document["regions"].items()
    zones = (config or {}).get("zones") or []
    found: dict[str, dict[str, list[int]]] = {}
    for place, (component, instance) in enumerate(result.places):
        if instance >= 0 and result.components[component].get("kind") == "service" and len(zones) > 1:
            found.setdefault(component, {}).setdefault(zones[instance % len(zones)], []).append(place)
    return {name: by_zone for name, by_zone in found.items() if len(by_zone) > 1}


def stack_zones(axes: Axes, result: Result, slices: Bins, service: str) -> None:
    """Draws the busy instances of a service by zone, one zone on top of the other, and how many were up."""
    axes.set_ylabel(f"{units.plain(service)}:\nbusy instances")
    by_zone = zoned(result)[service]
    colours = colours_of([*by_zone])
    edges = np.minimum(slices.edges, slices.stop)
    floor, up = np.zeros(slices.number), np.zeros(slices.number)
    for zone, places in by_zone.items():
        top = floor + total(result, places, slices, "utilization")
        up += total(result, places, slices, "up")
        axes.stairs(top, edges, baseline=floor, fill=True, color=colours[zone], lw=0, label=units.plain(zone))
        floor = top
    axes.stairs(up, edges, baseline=None, color=palette.INK, lw=1.4, ls=(0, (4, 2)), label="up")
    axes.set_ylim(0.0, float(up.max()) * 1.06 or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(5))


def total(result: Result, places: list[int], slices: Bins, column: str) -> NDArray[np.float64]:
    """The mean of a column of the samples in each bin, added up over places."""
    samples = result.samples[np.isin(result.samples["place"], places)]
    bins = slices.index(samples["t"] - 1e-6)
    sums = np.bincount(bins, samples[column].astype(float), minlength=slices.number)
    return np.asarray(len(places) * sums / np.maximum(np.bincount(bins, minlength=slices.number), 1))
