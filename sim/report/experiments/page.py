"""An experiment as one page, like a run's: the answer first, then tables and figures; opens offline, runs nothing."""

from collections.abc import Mapping
from typing import Any, Final

from sim.experiment.capacity import Capacity
from sim.experiment.comparison import Comparison
from sim.experiment.save import scenario_as_run
from sim.experiment.sweep import HOT, SATURATED, Sweep
from sim.experiment.variation import Setting, Variation, spell
from sim.report import units
from sim.report.experiments.answer import summary_lines
from sim.report.experiments.sheets import make_sheets
from sim.report.figures import Plot
from sim.report.html import make_panels, telling, template

KINDS: Final[dict[type, str]] = {Comparison: "Comparison", Sweep: "Sweep", Capacity: "Capacity search"}
_MOST_VALUES: Final = 60
_LONG: Final = 12
"""A table of more rows comes after the figures."""
_MEANS: Final = (
    "Each figure is a mean over runs with different seeds, and ± is half of its 95% confidence interval: of a hundred "
    "such intervals, 95 hold the true mean. "
)
_SINGLE: Final = (
    "Each figure is of a single run, so nothing is said of how far chance goes: run it with more replications. "
)
_SATURATES: Final = (
    f"Saturated is what is busy for {SATURATED:.0%} of the time after warm-up, on average over the runs: a component, "
    f"or an instance that is at least {100 * HOT:.0f} points busier than its component as a whole. Between two values, "
    "where that is is reckoned from the one that is not saturated: utilization is proportional to load, and inversely "
    "proportional to what there is of a resource."
)
_READING: Final[dict[type, str]] = {
    Comparison: _MEANS + "All variants met the same requests (common random numbers), so differences are taken seed by "
    "seed, which is surer than laying two intervals side by side. Of more than two variants, all pairs are "
    "judged together: intervals are widened (Holm's procedure), so that in one measure the chance of even one wrong "
    "“better” or “worse” stays at 5%, whichever variant the others are compared with, the best included. A tie "
    "means that these runs show no difference, not that there is none: more replications may find it.",
    Sweep: _MEANS + "Bands and bars in figures are these intervals. " + _SATURATES,
    Capacity: _MEANS + "An objective is met where the whole interval lies on the right side of the target, missed "
    "where it lies on the wrong side, and unsure otherwise. Between the last value that is sure to meet and the first "
    "that is sure to miss lies the uncertainty of the answer; more seeds make it smaller.",
}


def render_experiment(
    study: Comparison | Sweep | Capacity,
    figures: Mapping[str, str],
    plots: Mapping[str, Plot],
    manifest: Mapping[str, Any],
    narrow: Mapping[str, str] | None = None,
) -> str:
    """Writes the page.

    Args:
        study: What was found.
        figures: SVG documents by name.
        plots: What they show, by the same names.
        manifest: How it was made: versions, seed, command.
        narrow: The same figures for a telephone.

    Returns:
        A complete HTML document.
    """
    document = study.scenario.document
    kind = type(study)
    sheets = make_sheets(study)
    page: str = template("experiment.html.j2").render(
        kind=KINDS[kind],
        title=document.scenario,
        about=document.about,
        what=_what(study),
        answer=summary_lines(study),
        sheets=sheets,
        figures_first=sum(len(sheet.rows) for sheet in sheets) > _LONG,
        failures=study.failures,
        panels=make_panels(figures, plots, narrow),
        reading=_reading(study),
        varied=_varied(study),
        seeds=_seeds(study),
        document=scenario_as_run(study.scenario, document.seed),
        manifest=telling(manifest),
    )
    return page


def _reading(study: Comparison | Sweep | Capacity) -> str:
    """How to read the figures; where there is one run of each variant there are no intervals to speak of."""
    if isinstance(study, Sweep) and max(map(len, study.runs)) == 1:
        return _SINGLE + _SATURATES
    return _READING[type(study)]


def _what(study: Comparison | Sweep | Capacity) -> str:
    """How large the experiment is."""
    simulated = f"{units.duration(study.scenario.duration)} simulated each"
    if isinstance(study, Capacity):
        runs = sum(point.runs for point in study.points)
        return f"{len(study.points)} values, {runs} runs · {simulated}"
    runs = sum(map(len, study.runs))
    return f"{len(study.variants)} variants, {runs} runs · {simulated} · decided by {study.measure.text}"


def _varied(study: Comparison | Sweep | Capacity) -> list[tuple[str, str]]:
    """Each varied place and its values."""
    if isinstance(study, Capacity):
        return [(study.path, ", ".join(spell(point.value) for point in study.points))]
    return [(variation.path, _values(variation)) for variation in study.variations]


def _values(variation: Variation) -> str:
    if not variation.values:
        return str(variation.range)
    shown = [value.text if isinstance(value, Setting) else spell(value) for value in variation.values[:_MOST_VALUES]]
    more = len(variation.values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _seeds(study: Comparison | Sweep | Capacity) -> str:
    """Which seeds were used."""
    first = study.scenario.document.seed
    if isinstance(study, Capacity):
        last = first + max(point.runs for point in study.points) - 1
        return f"Every value ran with seeds from {first} on, the same everywhere; unsure ones went up to seed {last}."
    last = first + max(map(len, study.runs)) - 1
    return f"Seed {first}." if last == first else f"Seeds {first} to {last}, the same for every variant."
