"""Writes an experiment's figures and page; what an earlier report left there is replaced when the new one is whole."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim.experiment.capacity import Capacity
from sim.experiment.comparison import Comparison
from sim.experiment.store import write_whole
from sim.experiment.sweep import Sweep
from sim.report.experiments.figures import FIGURES_OF
from sim.report.experiments.page import render_experiment
from sim.report.save import draw_narrow, write_figures


def write_experiment(
    study: Comparison | Sweep | Capacity,
    manifest: Mapping[str, Any],
    folder: Path,
    before_each: Callable[[], None] = lambda: None,
) -> Path:
    """Writes `figures/` and `report.html`.

    Args:
        study: What was found.
        manifest: How it was made: versions, seed, command.
        folder: Where to; made if it is not there. Nothing in it changes before everything is drawn.
        before_each: Called before each figure; what it raises ends the work between two figures.

    Returns:
        The path of the page.

    Raises:
        OSError: Nothing can be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plots = FIGURES_OF[kind_of(study)]
    building = folder / f".figures.{os.getpid()}.part"
    try:
        documents = write_figures(study, building, before_each, plots)
        before_each()
        text = render_experiment(study, documents, plots, manifest, draw_narrow(study, documents, plots))
        _replace(folder / "figures", building)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    page = folder / "report.html"
    write_whole(page, text)
    return page


def kind_of(study: Comparison | Sweep | Capacity) -> str:
    """Which figures are about it: a key of `FIGURES_OF`."""
    return type(study).__name__.lower()


def _replace(place: Path, building: Path) -> None:
    """Puts a finished folder where an older one may be."""
    old = building.with_suffix(".old")
    if place.exists():
        place.rename(old)
    building.rename(place)
    shutil.rmtree(old, ignore_errors=True)
