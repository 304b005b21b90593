"""Writes a report to disk: each figure as SVG and PNG, and all of it as one page that opens offline."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from matplotlib.figure import Figure

from sim.metrics.result import Result
from sim.report import palette
from sim.report.figures import FIGURES, Plot, canvas
from sim.report.html import render_report
from sim.report.svg import svg

_DPI: Final = 120


def write_figures(
    result: Any,
    folder: Path,
    before_each: Callable[[], None] = lambda: None,
    plots: Mapping[str, Plot] = FIGURES,
) -> dict[str, str]:
    """Writes every figure that the run has something for, as `<name>.svg` and `<name>.png`.

    Args:
        result: The run, or whatever else the plots draw.
        folder: Where to; made if it is not there.
        before_each: Called before each figure; what it raises ends the work between two figures.
        plots: What to draw, by name.

    Returns:
        The SVG text of each figure, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    documents = {}
    for name, plot in plots.items():
        if not plot.is_about(result):
            continue
        before_each()
        figure = plot.draw(result)
        assert isinstance(figure, Figure)
        documents[name] = svg(figure)
        figure.set_layout_engine(None)
        (folder / f"{name}.svg").write_text(documents[name], encoding="utf-8")
        with palette.style():
            figure.savefig(folder / f"{name}.png", dpi=_DPI, metadata={"Software": None})
    return documents


def draw_narrow(result: Any, names: Iterable[str], plots: Mapping[str, Plot] = FIGURES) -> dict[str, str]:
    """Draws figures for a telephone.

    Args:
        result: The run, or whatever else the plots draw.
        names: Which figures.
        plots: What to draw, by name.

    Returns:
        The SVG text of each figure, by name.
    """
    with canvas.narrow():
        return {name: svg(cast(Figure, plots[name].draw(result))) for name in names}


def write_report(
    result: Result,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    folder: Path,
    before_each: Callable[[], None] = lambda: None,
) -> Path:
    """Writes `figures/` and `report.html`.

    Args:
        result: The run.
        summary: What `summarize` made of it.
        manifest: How it was run: versions, seed, command.
        folder: Where to; made if it is not there.
        before_each: Called before each figure; what it raises ends the work between two figures.

    Returns:
        The path of the page.
    """
    documents = write_figures(result, folder / "figures", before_each)
    before_each()
    narrow = draw_narrow(result, documents)
    page = folder / "report.html"
    page.write_text(render_report(result, summary, documents, manifest, narrow), encoding="utf-8")
    return page
