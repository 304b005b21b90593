"""What a report says of a run in several regions: the failover, the map, the tables; and nothing without regions."""

import io
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, StepPatch
from rich.console import Console

from sim.experiment import run
from sim.metrics.regions import region_figures
from sim.metrics.result import Event, Result
from sim.metrics.summary import summarize
from sim.report import palette
from sim.report.figures import FIGURES, canvas, failover, region_map
from sim.report.figures.failover import costs, success
from sim.report.figures.map_layout import layout, place_of
from sim.report.figures.moments import moments
from sim.report.figures.region_map import marks, spans
from sim.report.figures.regions import colours_of, traffic
from sim.report.figures.time_axis import Bins
from sim.report.figures.zones import total, zoned
from sim.report.html import render_report
from sim.report.region_sheets import region_sheets
from sim.report.svg import svg
from sim.report.tables import print_summary
from sim.scenario import load

HURT = (50.0, 100.0)
SECONDS = Bins(np.arange(151.0), 150.0)


@pytest.fixture(scope="module")
def lost() -> Result:
    """A small world that loses us-east for fifty seconds."""
    return run(
        load("global_failover").with_(
            {
                "duration": "150s",
                "warmup": "10s",
                "clients.americas.traffic.rate": "60/s",
                "clients.europe.traffic.rate": "30/s",
                "components.dns.ttl": "5s",
                "components.dns.health_check.interval": "2s",
                "components.posts.failover.detect": "3s",
                "events[0].at": "50s",
                "events[0].for": "50s",
            }
        )
    )


@pytest.fixture(scope="module")
def summary(lost: Result) -> dict[str, Any]:
    """The same in figures."""
    return summarize(lost)


def texts(figure: Any) -> list[str]:
    """All that is written in a figure."""
    return [found.get_text() for found in figure.findobj(lambda item: hasattr(item, "get_text")) if found.get_text()]


def test_the_story_of_a_failover_begins_with_the_fault(lost: Result) -> None:
    """In the order of time: the fault, who noticed it, the new primary, the DNS switch, the standby region."""
    told = moments(lost)
    assert (told[0].what, told[0].when, told[0].until) == ("fault", *HURT)
    assert [moment.when for moment in told] == sorted(moment.when for moment in told)
    words = [moment.words.split("  ")[-1].removeprefix("noticed: ") for moment in told]
    for earlier, later in (
        ("posts@us-east unhealthy", "new primary: posts@us-west"),
        ("DNS switch: us-east is out", "standby us-west starts up"),
        ("standby us-west starts up", "standby us-west is ready"),
        ("standby us-west is ready", "DNS switch: us-east is back"),
    ):
        assert words.index(earlier) < words.index(later)
    (noticed,) = [moment for moment in told if "noticed: " in moment.words]
    assert noticed.when == lost.events[0].detected
    switch = next(moment for moment in told if "us-east is out" in moment.words)
    ready = next(moment for moment in told if "us-west is ready" in moment.words)
    assert ready.when - switch.when == pytest.approx(20.0)


def test_traffic_by_region_adds_up_to_what_was_offered(lost: Result) -> None:
    """Each request is sent to one region, whatever its retries do."""
    layers = traffic(lost, SECONDS)
    assert list(layers) == ["us-east", "eu-west", "us-west"]
    assert sum(layers.values()).tolist() == SECONDS.rates(lost.requests["arrived"]).tolist()
    assert layers["us-west"][:50].sum() == 0
    assert layers["us-west"][80:100].sum() > 0


def test_what_still_goes_to_the_dead_region_is_hatched(lost: Result) -> None:
    """In the colour of the region, while it is dead and at no other time; and the legend says so."""
    figure = failover(lost)
    stack = figure.axes[1]
    assert isinstance(figure, Figure)
    (hatched,) = [patch for patch in stack.patches if isinstance(patch, StepPatch) and patch.get_hatch()]
    top, edges, floor = hatched.get_data()
    hurt = edges[:-1][top > floor]
    assert HURT[0] <= hurt.min()
    assert hurt.max() < HURT[1]
    assert "to a dead region" in texts(figure)


def test_users_of_the_lost_region_fail_and_the_others_do_not(lost: Result) -> None:
    """The success ratio is of what was sent in that second."""
    americas = lost.requests["client"] == lost.clients.index("americas")
    assert success(lost, SECONDS, americas)[52] == 0.0
    assert success(lost, SECONDS, americas)[20] == 1.0
    assert np.nanmin(success(lost, SECONDS, ~americas)) > 0.9


def test_costs_are_those_of_the_summary_beside_their_objectives(lost: Result, summary: dict[str, Any]) -> None:
    """Failover, RTO and RPO of the event; an objective that was missed in the summary is missed in the figure."""
    found = {cost.metric: cost for cost in costs(lost)}
    (event,) = summary["events"]
    assert {name: cost.value for name, cost in found.items()} == {name: event[f"{name}_s"] for name in found}
    assert list(found) == ["failover", "rto", "rpo"]
    assert found["rto"].objective is None
    assert found["rpo"].writes == event["writes_lost"]
    for objective in summary["objectives"]:
        assert found[objective["objective"].split()[1]].met == objective["met"]


@pytest.fixture(scope="module")
def dark() -> Result:
    """A region with three zones loses one for ten seconds."""
    changes = {"duration": "40s", "events[0].at": "15s", "events[0].for": "10s"}
    return run(load("zone_failure").with_(changes | {f"clients.{name}.traffic.rate": "60/s" for name in CLIENTS}))


CLIENTS = ("roomy", "crowded")


def test_the_zones_of_a_region_are_what_fails_over(dark: Result, lost: Result) -> None:
    """Four instances are up in each zone, and none in the dark one while it is; the others do its work."""
    assert FIGURES["failover"].is_about(dark)
    assert zoned(lost) == {}
    by_zone = zoned(dark)["roomy_api"]
    slices = Bins(np.arange(41.0), 40.0)
    up, busy = ({zone: total(dark, places, slices, column) for zone, places in by_zone.items()}
                for column in ("up", "utilization"))  # fmt: skip
    assert list(up) == ["a", "b", "c"]
    assert {zone: set(rows[16:25]) for zone, rows in up.items()} == {"a": {0.0}, "b": {4.0}, "c": {4.0}}
    assert {zone: set(rows[:15]) for zone, rows in up.items()} == {"a": {4.0}, "b": {4.0}, "c": {4.0}}
    assert busy["a"][16:25].max() == 0.0
    before, during = (sum(rows[span].mean() for rows in busy.values()) for span in (slice(15), slice(16, 25)))
    assert during == pytest.approx(before, rel=0.2)


def test_the_failover_of_zones_has_a_panel_for_each_service_and_a_curve_for_each_client(dark: Result) -> None:
    """What roomy and crowded services do with the loss of a zone is told apart."""
    figure = failover(dark)
    words = texts(figure)
    assert [sum(text.startswith(f"{name}_api:") for text in words) for name in CLIENTS] == [1, 1]
    assert {*CLIENTS, "up"} <= set(words)
    assert "all users" not in words


def test_a_map_keeps_latencies_and_lies_as_the_world_does() -> None:
    """Three regions: distances are square roots of latencies; west is to the left, Europe to the north of Brazil."""
    latencies = {frozenset(pair): value for pair, value in
                 ((("us-west", "eu-west"), 0.07), (("us-west", "sa"), 0.09), (("eu-west", "sa"), 0.10))}  # fmt: skip
    names = ["eu-west", "us-west", "sa"]
    places = layout(names, latencies)
    for pair, latency in latencies.items():
        one, other = (places[names.index(name)] for name in sorted(pair))
        scale = np.linalg.norm(places[0] - places[1]) / np.sqrt(0.07)
        assert np.linalg.norm(one - other) == pytest.approx(np.sqrt(latency) * scale)
    assert places[1, 0] < places[0, 0]
    assert places[2, 1] < min(places[0, 1], places[1, 1])
    assert np.abs(places[:, 0]).max() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "place"),
    [("us-east-1", "us east"), ("europe-west1", "eu west"), ("asia-southeast1", "ap southeast"), ("america", "america"),
     ("status", None), ("home", None)],
)  # fmt: skip
def test_regions_of_clouds_are_known(name: str, place: str | None) -> None:
    """As whole words, and the longest that fits."""
    from sim.report.figures.map_layout import PLACES

    assert place_of(name) == (None if place is None else PLACES[place])


def test_regions_without_distances_or_names_have_a_map() -> None:
    """All in one place, one alone, or none: finite places."""
    for names in ([], ["a"], ["a", "b"]):
        assert np.isfinite(layout(names, {})).all()
        assert layout(names, {}).shape == (len(names), 2)


def test_the_maps_have_an_arrow_for_each_pair_that_calls_and_mark_the_dead(lost: Result) -> None:
    """As many as `calls_to` says of that time, in the colour of who calls; the dead one is named with its times."""
    before, during = spans(lost)
    assert (before.start, before.end, during.start, during.end) == (10.0, 50.0, *HURT)
    figure = region_map(lost)
    for axes, span in zip(figure.axes, (before, during), strict=True):
        arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
        calls = {(here, there): count for here, block in region_figures(lost, (span.start, span.end)).items()
                 for there, count in block["calls_to"].items() if count}  # fmt: skip
        assert len(arrows) == len(calls)
        assert bool(calls) == (span is during)
    widest = max(arrows, key=lambda arrow: arrow.get_linewidth())
    busiest = max(calls, key=lambda pair: calls[pair])
    colour = colours_of(lost.regions.names if lost.regions else ())[busiest[0]]
    assert tuple(widest.get_edgecolor()[:3]) == pytest.approx([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    assert marks(lost, before) == {}
    assert marks(lost, during) == {"us-east": ["region_down 50s to 100s"]}
    assert {"40ms away", "Before: 10s to 50s", "region_down us-east: 50s to 100s"} <= set(texts(figure))


def test_what_happens_in_each_part_of_a_run_adds_up(lost: Result, summary: dict[str, Any]) -> None:
    """Requests and calls before the event, during it and after it are those of the whole run."""
    parts = [region_figures(lost, span) for span in ((10.0, 50.0), HURT, (100.0, 150.0))]
    for name, whole in summary["regions"].items():
        assert sum(part[name]["sent"]["requests"] for part in parts) == whole["sent"]["requests"]
        assert sum(part[name]["instance_s"] for part in parts) == pytest.approx(whole["instance_s"])
        for other, calls in whole["calls_to"].items():
            assert sum(part[name]["calls_to"].get(other, 0) for part in parts) == calls


def test_the_map_is_of_what_lasted_longest_failures_first(lost: Result) -> None:
    """Without events, or with one from the beginning, there is one map, of the whole run."""
    spike, failure = (Event(kind, "us-east", 60.0, end) for kind, end in (("spike", 140.0), ("degrade", 90.0)))
    assert spans(replace(lost, events=[spike, failure]))[1].event is failure
    assert spans(replace(lost, events=[spike]))[1].event is spike
    for events in ([], [Event("degrade", "us-east", 0.0, None)], [Event("promote", "posts", 60.0, 60.0)]):
        assert [(span.start, span.end) for span in spans(replace(lost, events=events))] == [(10.0, 150.0)]


def test_figures_and_tables_of_regions_are_only_where_there_are_some(shop: Result, lost: Result) -> None:
    """A scenario without regions has the same page as ever."""
    assert not FIGURES["failover"].is_about(shop)
    assert not FIGURES["region_map"].is_about(shop)
    assert region_sheets(summarize(shop)) == []
    assert FIGURES["failover"].is_about(lost)
    assert 'id="regions"' not in render_report(shop, summarize(shop), {})


def test_tables_say_what_the_summary_says(summary: dict[str, Any]) -> None:
    """Traffic moved, regions, calls between them, replicas; the cost of the standby beside the failover."""
    sheets = {sheet.name: sheet for sheet in region_sheets(summary)}
    assert list(sheets) == ["Traffic moved", "Regions", "Calls between regions", "Replication"]
    assert [row[0].text for row in sheets["Regions"].rows] == ["us-east", "eu-west", "us-west"]
    assert "Standby us-west ran for" in sheets["Regions"].note
    assert "failover took" in sheets["Regions"].note
    lost = {row[0].text: row[6].text for row in sheets["Replication"].rows}
    assert lost["posts@us-east"] == str(summary["components"]["posts@us-east"]["writes_lost"])


def test_the_terminal_shows_them_in_80_columns(summary: dict[str, Any]) -> None:
    """Nothing is wider, nothing is cut."""
    raw = io.StringIO()
    print_summary(summary, Console(file=raw, width=80))
    lines = raw.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:3] == ["us-west", "warm", "standby"] for line in lines)
    assert any(line.startswith("traffic moved") for line in lines)


def test_sessions_of_a_service_in_several_regions_are_counted_once() -> None:
    """Its parts share one book of sessions."""
    part = {"sessions_started": 10, "sessions_lost": 3}
    (sheet,) = region_sheets({"events": [], "components": {"shop@a": part, "shop@b": part, "api": {"kind": "service"}}})
    assert [[cell.text for cell in row] for row in sheet.rows] == [["shop", "10", "3"]]


def test_the_page_has_the_tables_with_the_colours_of_the_figures(lost: Result, summary: dict[str, Any]) -> None:
    """A region's colour stands beside its name."""
    page = render_report(lost, summary, {})
    HTMLParser().feed(page)
    assert f'style="background:{palette.REGIONS[0]}"></span>us-east</th>' in page
    assert "<h2>Replication</h2>" in page


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_for_a_telephone_is_narrow_and_has_the_same_legend(lost: Result, shop: Result, name: str) -> None:
    """Whatever is told by colour in the wide figure is told in the narrow one, and nothing collapses."""
    result = lost if FIGURES[name].is_about(lost) else shop
    wide: Any = FIGURES[name].draw(result)
    with warnings.catch_warnings(), canvas.narrow():
        warnings.simplefilter("error")
        narrow: Any = FIGURES[name].draw(result)
        svg(narrow)
    assert narrow.get_figwidth() < wide.get_figwidth() / 2.0
    assert labels(narrow) >= labels(wide)
    assert not canvas.is_narrow()


def labels(figure: Any) -> set[str]:
    """The entries of all legends of a figure."""
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    return {text.get_text() for legend in legends for text in legend.get_texts()}
