"""Figures: each reads a run right, whatever the run is like, and can be read itself."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation

from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.result import SERIES_TYPE, Event, Result
from sim.metrics.summary import summarize
from sim.report import palette, units
from sim.report.figures import FIGURES, instances, latency, ledger, outcomes, queues
from sim.report.figures.components import series
from sim.report.figures.latency import percentiles
from sim.report.figures.queues import level, rate
from sim.report.figures.slow import p99_objectives, slow_rule
from sim.report.figures.time_axis import MOST_BINS, Bins, bins
from sim.report.svg import inline, svg
from sim.request import Outcome


def empty(result: Result) -> Result:
    """The same run, had nobody sent anything."""
    return replace(
        result,
        requests=result.requests[:0],
        samples=result.samples[:0],
        attempt_starts=[np.zeros(0)],
        attempt_latencies=[np.zeros(0, np.float32)],
    )


def few(result: Result) -> Result:
    """Two seconds with three requests and four samples."""
    return replace(
        result,
        duration=2.0,
        warmup=0.0,
        requests=result.requests[:3],
        samples=result.samples[:4],
        attempt_starts=[np.zeros(1)],
    )


def bare(result: Result) -> Result:
    """A run without events, objectives or places to sample."""
    return replace(result, events=[], objectives=[], places=[], samples=result.samples[:0], warmup=0.0)


def all_in_flight(result: Result) -> Result:
    """A run in which nothing ever ended."""
    requests = result.requests.copy()
    requests["outcome"] = IN_FLIGHT
    requests["latency"] = 0.0
    return replace(result, requests=requests, attempt_latencies=[np.zeros(0, np.float32)])


def strange_names(result: Result) -> Result:
    """Names that are formulas, mark-up, other scripts and control characters."""
    events = [Event("crash", "<b>$\\frac{1}{0}$ & 検索\x07\n", 60.0, 90.0)]
    places = [("$x_{" if name == "search" else name, number) for name, number in result.places]
    return replace(result, events=events, places=places)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("variant", [empty, few, bare, all_in_flight, strange_names], ids=lambda f: f.__name__)
def test_every_figure_can_be_drawn_of_any_run(shop: Result, name: str, variant: Callable[[Result], Result]) -> None:
    """No data, little data or strange data: there is a figure, and not a single warning."""
    text = svg(FIGURES[name].draw(variant(shop)))
    assert text.count("<svg ") == 1
    assert not re.search(r' d="[^"]*nan', text)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_bytes_every_time_and_its_letters_are_letters(shop: Result, name: str) -> None:
    """Two drawings of one run cannot be told apart, carry no date, and can be searched for words."""
    text = svg(FIGURES[name].draw(shop))
    assert text == svg(FIGURES[name].draw(shop))
    assert text.count("<svg ") == 1
    assert not re.search(r' d="[^"]*nan', text)
    assert "<dc:date>" not in text
    assert "<text" in text
    assert len(text) < 2_000_000


def test_a_figure_can_be_drawn_beside_another(shop: Result) -> None:
    """Given a sub-figure, a figure draws into that."""
    whole = Figure(figsize=(14, 4), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert latency(shop, figure=left) is left
    assert outcomes(shop, figure=right) is right
    assert svg(whole).count("simulated time") == 2


def test_hours_become_a_readable_number_of_bins(make_shop: Callable[..., Result]) -> None:
    """A day of requests is drawn with as many points as a lecture hall can see."""
    day = make_shop(rate=1.0, duration=86_400.0)
    slices = bins(day)
    assert 100 <= slices.number <= MOST_BINS
    assert np.allclose(slices.rates(day.requests["arrived"]).mean(), 1.0, rtol=0.05)


def test_rates_do_not_drop_in_a_last_bin_that_is_cut_short() -> None:
    """The run ends in the middle of a bin: its rate is per second of what there was of it."""
    slices = Bins(np.array([0.0, 10.0, 20.0]), stop=12.0)
    assert slices.rates(np.array([1.0, 5.0, 9.0, 11.0, 11.5, 13.0])).tolist() == [0.3, 1.0]


def test_percentiles_are_of_the_requests_sent_in_a_bin(shop: Result) -> None:
    """A slow request counts where it was sent, not where it ended; one in flight does not count."""
    requests = shop.requests[:3].copy()
    requests["arrived"] = (1.0, 2.0, 14.0)
    requests["latency"] = (0.1, 9.9, 0.0)
    requests["outcome"] = (Outcome.OK, Outcome.TIMEOUT, IN_FLIGHT)
    p50, p95, p99 = percentiles(replace(shop, requests=requests), Bins(np.array([0.0, 10.0, 20.0]), stop=20.0))
    assert p50[0] == pytest.approx(5.0)
    assert p95[0] == pytest.approx(9.41)
    assert p99[0] == pytest.approx(9.802)
    assert np.isnan(p50[1])


def test_percentiles_are_drawn_of_enough_requests_and_not_of_too_few_bins(make_shop: Callable[..., Result]) -> None:
    """A p99 of some fifty requests is noise: bins hold three hundred, or there are no more than forty of them."""
    busy, quiet = make_shop(rate=300.0, duration=100.0), make_shop(rate=2.0, duration=100.0)
    assert np.diff(bins(busy, requests=300).edges)[0] == pytest.approx(1.0)
    assert bins(quiet, requests=300).number == 20


def test_a_queue_is_drawn_from_what_it_has_counted(shop: Result) -> None:
    """Rates are what was counted in a bin, per second; levels the highest in it, so that no peak is hidden."""
    series = np.zeros(8, dtype=SERIES_TYPE)
    series["t"] = np.repeat((1.0, 2.0, 3.0, 4.0), 2)
    series["series"] = np.tile((0, 1), 4)
    series["value"] = (10, 5, 30, 9, 30, 0, 36, 1)
    names = [("mails", "published"), ("mails", "lag_s")]
    run = replace(shop, series=series, series_names=names)
    slices = Bins(np.array([0.0, 2.0, 4.0]), stop=4.0)
    assert rate(run, "mails", "published", slices).tolist() == [15.0, 3.0]
    assert level(run, "mails", "lag_s", slices).tolist() == [9.0, 1.0]
    assert level(run, "mails", "depth", slices).tolist() == [0.0, 0.0]
    queue = {"kind": "queue", "groups": {"mailer": {}}}
    assert FIGURES["queues"].is_about(replace(run, components={"mails": queue}))
    assert not FIGURES["queues"].is_about(shop)
    text = svg(queues(replace(run, components={"mails": queue})))
    assert "acknowledged" in text
    assert "waiting" in text
    both = svg(
        queues(replace(run, components={"mails": queue, "jobs": {"kind": "queue", "groups": {"a": {}, "b": {}}}}))
    )
    assert both.count(">mails<") >= 2


def crowds(result: Result, number: int) -> Result:
    """The same run with so many clients, the first of which sent everything but for one request."""
    requests = result.requests.copy()
    requests["client"][0] = 1
    return replace(result, requests=requests, clients=[f"crowd_{n}" for n in range(number)])


@pytest.mark.parametrize(("number", "panels"), [(1, 1), (2, 2), (4, 4), (5, 1)])
def test_a_few_clients_have_a_panel_each(shop: Result, number: int, panels: int) -> None:
    """Two crowds of one system wait differently; five would be too small to be read, and are drawn as one."""
    run = shop if number == 1 else crowds(shop, number)
    axes = latency(replace(run, objectives=["crowd_1 p99 < 1s"])).axes
    assert len(axes) == panels
    if panels > 1:
        assert [panel.get_ylabel() for panel in axes] == run.clients
        known = [int(np.isfinite(panel.lines[-1 - (n == 1)].get_ydata()).sum()) for n, panel in enumerate(axes)]
        assert known[0] > 100
        assert known[1:] == [1, *[0] * (panels - 2)]
        legends = [panel.get_legend() and [text.get_text() for text in panel.get_legend().texts] for panel in axes]
        assert len(legends[0]) == 3
        assert legends[1:] == [["p99 objective: 1s"], *[None] * (panels - 2)]


def test_latency_is_drawn_on_a_logarithmic_scale_when_it_spans_decades(shop: Result) -> None:
    """The calm hour and the flash sale are both readable; a calm run alone is drawn on a plain scale."""
    calm = replace(shop, requests=shop.requests[shop.requests["arrived"] < 60.0], objectives=[])
    assert latency(shop).axes[0].get_yscale() == "log"
    assert latency(calm).axes[0].get_yscale() == "linear"


def test_the_stack_of_outcomes_is_as_high_as_the_load(shop: Result) -> None:
    """Every request is in exactly one layer, so the upper edge is what users sent."""
    axes = outcomes(shop).axes[0]
    layers = [patch for patch in axes.patches if isinstance(patch, StepPatch) and patch.get_fill()]
    offered = bins(shop).rates(shop.requests["arrived"])
    assert np.allclose(layers[-1].get_data().values, offered)
    for lower, upper in pairwise(layers):
        assert np.array_equal(upper.get_data().baseline, lower.get_data().values)


def test_slow_means_later_than_the_p99_objective(shop: Result) -> None:
    """An objective says what its client calls slow; the tightest counts."""
    two = replace(shop, clients=["browser", "robot"], objectives=["p99 < 2s", "browser p99 <= 500ms", "p95 < 1ms"])
    assert p99_objectives(two) == {"browser": 0.5, "robot": 2.0}
    rule = slow_rule(two)
    assert rule.thresholds.tolist() == [0.5, 2.0]
    assert rule.words == "500ms, the p99 objective or 2s, the p99 objective"
    rows = two.requests
    assert np.array_equal(rule.slow(two), (rows["outcome"] <= Outcome.DEGRADED) & (rows["latency"] > 0.5))


def test_without_an_objective_slow_means_ten_times_the_median(shop: Result) -> None:
    """The median is that of the successes after warm-up that no CDN answered; the figure prints the rule."""
    free = replace(shop, objectives=[])
    rows = shop.requests[shop.requests["arrived"] >= shop.warmup]
    median = np.median(rows["latency"][rows["outcome"] == Outcome.OK])
    rule = slow_rule(free)
    assert rule.thresholds.tolist() == [10 * median]
    assert "10 × the median" in svg(outcomes(free))


def test_what_a_cdn_cannot_answer_is_not_slow_for_that(shop: Result) -> None:
    """Two of three requests are answered at the edge in a millisecond; the third takes 25 ms, as it always does."""
    requests = shop.requests[-9:].copy()
    requests["outcome"] = [Outcome.CACHED, Outcome.CACHED, Outcome.OK] * 3
    requests["latency"] = [0.001, 0.001, 0.025] * 3
    run = replace(shop, requests=requests, objectives=[])
    assert slow_rule(run).thresholds.tolist() == [0.25]
    requests["outcome"] = Outcome.CACHED
    assert slow_rule(run).thresholds.tolist() == [0.01]


def test_attempts_per_request_are_those_of_the_summary(shop: Result) -> None:
    """The figure and the tables say the same; goodput counts when the answer came."""
    figure = FIGURES["attempts"].draw(shop)
    per_request = summarize(shop)["attempts"]["per_request"]
    assert f"{per_request:.2f} attempts\nper request" in [text.get_text() for text in figure.axes[0].texts]
    slices, rows = bins(shop), shop.requests
    good = rows[rows["outcome"] <= Outcome.DEGRADED]
    tries, offered, goodput = (line.get_ydata() for line in figure.axes[0].lines[-3:])
    assert np.array_equal(tries, slices.rates(shop.attempt_starts[0]))
    assert np.array_equal(offered, slices.rates(rows["arrived"]))
    assert np.array_equal(goodput, slices.rates(good["arrived"] + good["latency"]))


def test_the_ledger_is_of_the_time_after_warm_up(shop: Result) -> None:
    """Its totals are those of the summary, in which warm-up does not count."""
    requests = shop.requests.copy()
    requests["latency"][requests["arrived"] < shop.warmup] += 100.0
    left, _ = ledger(replace(shop, requests=requests)).axes
    totals = [cohort["total"] for cohort in summarize(shop)["time_ledger"].values()]
    assert [text.get_text() for text in left.texts] == [units.duration(total) for total in totals]


def test_outstanding_requests_are_in_the_heat_map(shop: Result) -> None:
    """A row for each instance, a column for each second, as they were sampled."""
    (image,) = instances(shop).axes[0].images
    places = [place for place, (component, _) in enumerate(shop.places) if component == "search"]
    sampled = [shop.samples["outstanding"][shop.samples["place"] == place] for place in places]
    assert np.allclose(image.get_array(), sampled)


def test_a_component_is_as_busy_as_its_running_instances(shop: Result) -> None:
    """A dead instance has no workers that could be idle; queues of instances add up."""
    slices = Bins(np.arange(0.0, 181.0), stop=180.0)
    utilization, queue = series(shop, "search", slices)
    dead = (slices.middles > 60.0) & (slices.middles < 90.0)
    before = slices.middles < 60.0
    assert utilization[dead].mean() == pytest.approx(utilization[before].mean(), rel=0.05)
    assert queue[before] == pytest.approx(4 * 0.05)


def test_an_instance_that_died_in_a_second_does_not_make_the_others_busier(shop: Result) -> None:
    """It was all busy for the rest of its life and counts as down; the three others are 20% busy."""
    samples = shop.samples[:4].copy()
    samples["t"], samples["place"] = 1.0, [1, 2, 3, 4]
    samples["up"], samples["utilization"] = [1, 0, 1, 1], [0.2, 1.0, 0.2, 0.2]
    utilization, _ = series(replace(shop, samples=samples), "search", Bins(np.array([0.0, 1.0]), stop=1.0))
    assert utilization == pytest.approx([0.2])


def test_down_time_is_hatched_in_the_heat_map(shop: Result) -> None:
    """The crashed instance's row says when it was down."""
    axes = instances(shop).axes[0]
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in hatched] == [(60.0, 90.0)]
    assert "down" in [text.get_text() for text in axes.texts]


def test_the_ledger_has_a_bar_for_each_cohort_and_its_shares_fill_the_row(shop: Result) -> None:
    """Mean, p50 and p99 stand below each other; the right side is 100% wide."""
    left, right = ledger(shop).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["mean of all", "around p50", "around p99"]
    ends = {}
    for bar in right.patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
    assert sorted(ends.values())[-3:] == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize("number", [1, 3, 12, 40])
def test_names_of_events_do_not_meet(shop: Result, number: int) -> None:
    """However many events there are, a name that is written can be read; the rest are counted."""
    events = [Event("crash", f"service_{n}", 4.0 * n, 4.0 * n + 9.0, detected=4.0 * n + 2.0) for n in range(number)]
    figure = latency(replace(shop, events=events))
    renderer = FigureCanvasAgg(figure).get_renderer()
    with palette.style():
        figure.draw(renderer)
    texts = [text for text in figure.axes[0].texts if isinstance(text, Annotation) and text.get_text()]
    boxes = [text.get_window_extent(renderer) for text in texts]
    meeting = [
        (texts[one].get_text(), texts[other].get_text())
        for one in range(len(boxes))
        for other in range(one)
        if boxes[one].overlaps(boxes[other])
    ]
    assert meeting == []
    shown = sum(text.get_text().startswith("crash") for text in texts)
    assert shown == number or f"+ {number - shown} more events" in [text.get_text() for text in texts]


def test_an_event_without_end_is_shaded_to_the_end_of_the_run(shop: Result) -> None:
    """What never came back is visible until the last second."""
    forever = replace(shop, events=[Event("outage", "orders_db", 120.0, None)], warmup=0.0)
    spans = [patch for patch in latency(forever).axes[0].patches if patch.get_alpha() is not None]
    assert [(span.get_x(), span.get_x() + span.get_width()) for span in spans] == [(120.0, shop.duration)]


def test_figures_in_one_page_do_not_share_identifiers(shop: Result) -> None:
    """Two figures use the same names inside; in a page each has its own."""
    document = svg(latency(shop))
    one, other = inline(document, "one", "a & b"), inline(document, "other", "b")
    identifiers = re.findall(r' id="([^"]*)"', one)
    assert identifiers
    assert len(identifiers) == len(set(identifiers))
    assert not set(identifiers) & set(re.findall(r' id="([^"]*)"', other))
    assert set(re.findall(r"url\(#([^)]*)\)", one)) <= set(identifiers)
    assert 'aria-label="a &amp; b"' in one
    assert not one.startswith("<?xml")


def test_figures_in_a_page_are_exact_to_a_hundredth_of_a_pixel() -> None:
    """What they say and how they are turned stays as it is."""
    path = '<path d="M 1.234567 -0.001 \nL 30 4.999999 \nz\n" style="opacity: 0.125"/>'
    text = '<text x="7.000001" transform="scale(0.0039)">0.0157%</text>'
    assert inline(f'<svg viewBox="0 0 9 9">\n  {path}\n  {text}\n</svg>', "a", "b") == (
        '<svg viewBox="0 0 9 9" role="img" aria-label="b"> <path d="M 1.23 -0L30 5 z " style="opacity: 0.125"/>'
        ' <text x="7" transform="scale(0.0039)">0.0157%</text> </svg>'
    )
