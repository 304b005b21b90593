"""The report of a run as one page: it opens offline, prints, fits a telephone, and loads nothing and runs nothing.

The page's policy forbids scripts and requests (Content Security Policy, W3C), and the template escapes every text that
comes from a scenario.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sim.experiment.save import to_yaml
from sim.metrics.objectives import METRICS
from sim.metrics.result import Result
from sim.report import palette, units
from sim.report.figures import FIGURES, Plot
from sim.report.figures.regions import colours_of, regions_of
from sim.report.region_sheets import region_sheets
from sim.report.svg import inline
from sim.request import LEDGER
from sim.scenario.answers import question_and_answer

_COUNTERS_WITH_A_COLUMN: Final = frozenset(
    {
        "kind",
        "utilization",
        "queue_mean",
        "queue_max",
        "offered",
        "served",
        "refused",
        "hit_ratio",
        "errors",
        "instances",
        "published",
        "acknowledged",
        "redelivered",
        "duplicates",
        "dead_letters",
        "lost",
        "shed",
        "depth",
        "in_flight",
        "depth_max",
        "lag_max_s",
        "oldest_s",
        "reads",
        "stale_reads",
        "stale_age_mean",
        "writes",
        "writes_refused",
        "writes_lost",
        "split_brain_writes",
        "sessions_started",
        "sessions_lost",
    }
)


class Panel(NamedTuple):
    """A figure in the page, and the same for a telephone if there is one."""

    name: str
    title: str
    caption: str
    drawing: Markup
    narrow: Markup | None = None


def render_report(
    result: Result,
    summary: Mapping[str, Any],
    figures: Mapping[str, str],
    manifest: Mapping[str, Any] | None = None,
    narrow: Mapping[str, str] | None = None,
) -> str:
    """Writes the page.

    Args:
        result: The run.
        summary: What `summarize` made of it.
        figures: SVG documents by the names of `FIGURES`; others are left out.
        manifest: How it was run (versions, seed, command); what is empty or false is not shown.
        narrow: The same figures for a telephone.

    Returns:
        A complete HTML document.
    """
    question, answer = question_and_answer(result, summary)
    page: str = template("report.html.j2").render(
        result=result,
        question=question,
        answer=answer,
        summary=summary,
        panels=make_panels(figures, FIGURES, narrow),
        document=to_yaml({**result.document, "seed": result.seed}),
        manifest=telling(manifest or {}),
        missed=sum(not objective["met"] for objective in summary["objectives"]),
        hot=units.HOT,
        hottest=max((component.get("utilization") or 0.0 for component in summary["components"].values()), default=0.0),
        books=" + ".join(f"{number:,} {word}" for word, number in summary["requests"]["by_outcome"].items()),
        wasted=METRICS["wasted_work"].read(summary),
        has_writes=any("writes_lost" in event for event in summary["events"]),
        queues={name: component for name, component in summary["components"].items() if "groups" in component},
        sheets=region_sheets(summary),
        region_colours=colours_of(regions_of(result)),
        parts=LEDGER,
        colours={"outcome": palette.OUTCOMES, "ledger": palette.LEDGER, "in_flight": palette.IN_FLIGHT},
    )
    return page


def make_panels(
    figures: Mapping[str, str], plots: Mapping[str, Plot], narrow: Mapping[str, str] | None = None
) -> list[Panel]:
    """The figures of a page.

    Args:
        figures: SVG documents by name.
        plots: What they show, by the same names and in the order of the page; those without a document are left out.
        narrow: The same figures for a telephone.
    """
    panels = []
    for name, plot in plots.items():
        if name in figures:
            label = f"{plot.title}. {plot.caption}"
            small = Markup(inline(narrow[name], f"{name}-narrow", label)) if narrow and name in narrow else None
            panels.append(Panel(name, plot.title, plot.caption, Markup(inline(figures[name], name, label)), small))
    return panels


def telling(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What of a manifest says something: all but what is false or empty."""
    return {key: value for key, value in manifest.items() if value is not False and value not in ({}, [])}


def _other_counters(component: Mapping[str, Any]) -> dict[str, Any]:
    """The counters of a component that counted something and have no column of their own."""
    return {
        name: value
        for name, value in component.items()
        if name not in _COUNTERS_WITH_A_COLUMN and isinstance(value, int | float | str) and value
    }


def _figure(value: Any) -> str:
    """A counter of unknown meaning."""
    return units.count(value) if isinstance(value, int | float) else str(value)


@lru_cache
def template(name: str) -> Any:
    """A template of `sim/report/templates`, which escapes every text."""
    environment = Environment(
        loader=PackageLoader("sim.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=units.duration,
        share=units.share,
        count=units.count,
        rate=units.rate,
        whole="{:,}".format,
        figure=_figure,
        moment=units.moment,
        or_never=units.or_never,
        other_counters=_other_counters,
    )
    environment.globals.update(measured=units.measured, since=units.since)
    return environment.get_template(name)
