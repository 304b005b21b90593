"""The figures of experiments: each reads a study right, whatever it holds, and can be read itself."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.experiment.executors import InProcess
from sim.experiment.replication import TAILS
from sim.experiment.run_many import Runner
from sim.experiment.statistics import mean_interval
from sim.experiment.sweep import sweep
from sim.metrics import IN_FLIGHT, Measure
from sim.report.experiments import FIGURES_OF
from sim.report.experiments.choice import choose, example_runs, names
from sim.report.experiments.differences import bars, differences
from sim.report.experiments.fleets import instances
from sim.report.experiments.heatmap import heatmap
from sim.report.experiments.looks import spread
from sim.report.experiments.measures import measures
from sim.report.experiments.quantiles import band
from sim.report.experiments.scatter import rank_correlation, scatter
from sim.report.experiments.search import near, search
from sim.report.experiments.traffic import traffic
from sim.report.experiments.write import kind_of
from sim.report.figures.latency import percentiles
from sim.report.figures.time_axis import Bins
from sim.report.svg import svg
from tests.report.experiment_studies import (
    RATE,
    STUDIES,
    balancers,
    crowd,
    failed,
    fewest_workers,
    hypercube,
    largest_rate,
    made_up,
    never,
    queue,
    rates,
    rates_and_workers,
    vary,
    words,
)

P99 = Measure("p99", None, "p99")
FIGURES = [
    (study, name)
    for study, maker in STUDIES.items()
    for name, plot in FIGURES_OF[kind_of(maker())].items()
    if plot.is_about(maker())
]


def texts(figure: Any) -> list[str]:
    """All that is written in a figure."""
    return [" ".join(found.get_text().split()) for found in figure.findobj(lambda item: hasattr(item, "get_text"))]


def check(text: str) -> None:
    """A figure has no place that is no number and no date, and is not too large."""
    assert not re.search(r' d="[^"]*nan', text)
    assert "<dc:date>" not in text
    assert len(text) < 500_000


def drawn(figure: Any) -> Any:
    """The figure, laid out."""
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize(("study", "name"), [figure for figure in FIGURES if figure[0] != "balancers"])
def test_every_figure_can_be_drawn_of_any_experiment(study: str, name: str) -> None:
    """No data, failed runs or strange names: there is a figure, not too large, and not a single warning."""
    made = STUDIES[study]()
    text = svg(FIGURES_OF[kind_of(made)][name].draw(made))
    check(text)


@pytest.mark.parametrize(("study", "name"), [("balancers", name) for name in FIGURES_OF["comparison"]])
def test_a_figure_is_the_same_bytes_every_time_and_draws_into_a_part_of_another(study: str, name: str) -> None:
    """Two drawings of one study, as good as others, cannot be told apart; given a sub-figure, it draws into that."""
    made, plot = STUDIES[study](), FIGURES_OF["comparison"][name]
    text = svg(plot.draw(made))
    check(text)
    assert text == svg(plot.draw(made))
    whole = Figure(figsize=(14, 6), layout="constrained")
    left, _ = whole.subfigures(1, 2)
    assert plot.draw(made, figure=left) is left


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        ("balancers", {"differences", "traffic", "quantiles", "instances"}),
        ("rates", {"measures"}),
        ("rates_and_workers", {"measures", "heatmap"}),
        ("words", {"measures"}),
        ("hypercube", {"scatter"}),
        ("largest_rate", {"search", "utilization"}),
    ],
)
def test_figures_that_do_not_apply_are_left_out(study: str, expected: set[str]) -> None:
    """A heat map needs two parameters, a scatter plot a Latin hypercube."""
    assert {name for made, name in FIGURES if made == study} == expected


def test_the_same_traffic_has_shared_axes() -> None:
    """One column a variant, in the order of variants; rows share their y-axis."""
    figure = drawn(traffic(balancers()))
    top, bottom = figure.axes[:3], figure.axes[3:]
    assert [axes.get_title(loc="left").replace("\n", "") for axes in top] == balancers().labels
    assert len({axes.get_ylim() for axes in top}) == 1
    assert len({axes.get_ylim() for axes in bottom}) == 1


def test_the_interval_of_a_share_ends_at_100_per_cent() -> None:
    """Two runs have a wide interval, but nothing is more than 100% busy, nor less than 0%."""
    interval = mean_interval([run.summary["components"]["server"]["utilization"] for run in rates().runs[2]])
    assert interval is not None
    assert interval.hi > 1.0
    panel = next(axes for axes in measures(rates()).axes if axes.get_title(loc="left").startswith("utilization"))
    ends = np.concatenate([path.vertices[:, 1] for band in panel.collections for path in band.get_paths()])
    assert ends.max() == 1.0
    assert ends.min() >= 0.0


def test_a_single_run_has_no_interval() -> None:
    """One run a value: points, and no bar from 0 to 100%."""
    panel = next(axes for axes in measures(words()).axes if axes.get_title(loc="left") == "success ratio")
    assert not any(len(bars.get_segments()) for bars in panel.collections)


def test_a_crowd_is_cut_to_the_first_and_the_best_and_says_so() -> None:
    """Eight variants: six columns, among them the first, and a word on the two others."""
    study = crowd()
    figure = traffic(study)
    assert len(figure.axes) == 12
    assert any("2 more are left out" in text for text in texts(figure))
    shown = choose(study, range(8), 6)
    means = study.table()["p99"].to_numpy()
    assert shown[0] == 0
    assert sorted(means[shown[1:]]) == sorted(np.sort(means[1:])[:5])


def test_a_variant_whose_run_failed_has_no_column() -> None:
    """The two others are drawn, and the figure says that one is missing."""
    figure = traffic(failed())
    assert list(example_runs(failed())) == [1, 2]
    assert len(figure.axes) == 4
    assert any("1 more is left out" in text for text in texts(figure))


def test_a_quantile_is_not_drawn_where_requests_in_flight_hide_it() -> None:
    """Two of a hundred requests are still in flight: p99 could be anything, p95 is known."""
    result = example_runs(balancers())[0]
    requests = result.requests[:200].copy()
    requests["arrived"] = np.linspace(0.0, 19.9, 200)
    requests["latency"], requests["outcome"] = 0.1, 0
    requests["outcome"][[150, 151]] = IN_FLIGHT
    curves = percentiles(replace(result, requests=requests), Bins(np.array([0.0, 10.0, 20.0]), stop=20.0))
    p50, p95, p99 = curves
    assert p50 == pytest.approx([0.1, 0.1])
    assert p95 == pytest.approx([0.1, 0.1])
    assert p99[0] == pytest.approx(0.1)
    assert np.isnan(p99[1])


def test_a_quantile_curve_is_the_mean_of_its_runs_between_their_extremes() -> None:
    """Where one run does not reach, there is no curve."""
    low, mean, high = band(made_up({"a": [1.0, 2.0, 6.0], "b": [1.0, 1.0, 1.0]}), 0)
    place = int(np.flatnonzero(TAILS >= 0.01)[-1])
    scale = 0.01 / TAILS[place]
    assert (low[place], mean[place], high[place]) == pytest.approx((scale, 3.0 * scale, 6.0 * scale))
    assert np.isnan(mean[TAILS < 0.01]).all()


def test_the_percentile_axis_spreads_the_tail() -> None:
    """Each factor of ten of fewer requests is as wide as the one before."""
    figure = drawn(FIGURES_OF["comparison"]["quantiles"].draw(balancers()))
    axes = figure.axes[0]
    places = dict(zip((tick.get_text() for tick in axes.get_xticklabels()), axes.get_xticks(), strict=True))
    assert places["p99"] - places["p90"] == pytest.approx(places["p90"] - places["p0"])
    assert axes.get_yscale() == "log"
    assert set(balancers().labels) <= set(texts(figure))


def test_heat_maps_share_one_scale() -> None:
    """One colour means the same number of requests in every column."""
    images = [image for axes in instances(balancers()).axes for image in axes.images]
    assert len(images) == 3
    assert len({image.get_clim() for image in images}) == 1
    assert images[0].get_clim()[1] == pytest.approx(max(float(image.get_array().max()) for image in images))


def test_a_forest_plot_holds_the_judgements_of_the_study() -> None:
    """Every bar is the paired difference relative to the first's mean, and carries its verdict as a shape."""
    study = balancers()
    base = study.interval(0, P99)
    assert base is not None
    found = bars(study, P99)
    for judgement in study.judge(0, P99):
        interval, bar = judgement.difference.interval, found[judgement.of]
        assert (bar.mean, bar.lo, bar.hi) == pytest.approx(
            [end / base.mean for end in (interval.mean, interval.lo, interval.hi)]
        )
        assert bar.verdict == judgement.verdict
    figure = differences(study)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["p99", "mean", "p50"]
    (legend,) = figure.legends
    assert len({handle.get_marker() for handle in legend.legend_handles}) == 3


def test_huge_differences_are_drawn_as_multiples() -> None:
    """On an axis of factors, half as much is as far to the left as twice as much is to the right."""
    study = made_up({"a": [1.0, 1.0, 1.0], "b": [20.0, 20.0, 20.0], "c": [0.5, 0.5, 0.5]})
    figure = drawn(differences(study))
    axes = figure.axes[0]
    middle, twice, half = (axes.transData.transform((value, 0.0))[0] for value in (0.0, 1.0, -0.5))
    assert twice - middle == pytest.approx(middle - half)
    assert {"×20", "−50%", "same", "×10"} <= set(texts(figure))


def test_a_figure_of_a_first_variant_without_drops_is_compared_as_it_is() -> None:
    """Nothing can be relative to zero."""
    study = made_up({"a": [1.0, 1.0], "b": [1.0, 1.0]}, {"a": [1.0, 1.0], "b": [0.9, 0.9]})
    drops = Measure("drop_ratio", None, "drop_ratio")
    for runs in study.runs:
        for run in runs:
            run.summary["rates"]["drop_ratio"] = 1.0 - run.summary["rates"]["success_ratio"]
    found = bars(study, drops)[1]
    assert not found.is_ratio
    assert (found.mean, found.words, found.verdict) == (pytest.approx(0.1), "+10 points", "worse")


def test_without_data_the_deciding_measure_has_no_panel() -> None:
    """The usual ones are drawn still."""
    assert [axes.get_title(loc="left") for axes in differences(never()).axes] == ["mean", "p50", "p99"]


def panel(figure: Any, title: str) -> Axes:
    """The panel of a figure with this title."""
    (found,) = [axes for axes in figure.axes if axes.get_title() == title or axes.get_title(loc="left") == title]
    return found


def test_a_sweep_draws_means_over_the_parameter_and_marks_saturation() -> None:
    """The line is the study's table; the mark stands where the study says, and names component and value."""
    study = rates()
    figure = drawn(measures(study))
    lines = panel(figure, "latency").get_lines()
    p99 = next(line for line in lines if np.allclose(line.get_ydata(), study.table()["p99"]))
    assert list(p99.get_xdata()) == [40.0, 60.0, 80.0, 100.0, 120.0, 140.0]
    (found,) = study.saturations()
    for axes in figure.axes:
        assert any(list(line.get_xdata()) == [found.value, found.value] for line in axes.get_lines())
    assert f"server saturates at {found.line.spell(found.value)}" in texts(figure)


def test_a_second_parameter_becomes_lines_with_a_legend() -> None:
    """Each is named with the point where it saturates."""
    first, second = rates_and_workers().saturations()
    (legend,) = measures(rates_and_workers()).legends
    assert [text.get_text().replace("\n", " ") for text in legend.get_texts()] == [
        f"workers 2: server saturates at {first.line.spell(first.value)}",
        f"workers 4: server saturates at {second.line.spell(second.value)}",
    ]


def test_words_stand_side_by_side_without_a_line() -> None:
    """Between two algorithms there is nothing."""
    figure = drawn(measures(words()))
    axes = panel(figure, "utilization of the busiest component")
    assert [tick.get_text().replace("\n", "") for tick in axes.get_xticklabels()] == words().labels
    assert all(line.get_linestyle() == "None" for line in axes.get_lines() if len(line.get_xdata()) == 3)


def test_a_logarithmic_range_has_a_logarithmic_axis() -> None:
    """And each value that was run has its tick."""
    study = sweep(queue(), vary(f"{RATE}=1/s..16/s:5:log"), Runner(InProcess()), replications=1)
    axes = panel(drawn(measures(study)), "success ratio")
    assert axes.get_xscale() == "log"
    assert axes.get_xticks() == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0])


def test_a_heat_map_writes_each_mean_into_its_cell() -> None:
    """A cell for each pair of values, and a border around those that are saturated."""
    study = rates_and_workers()
    axes = heatmap(study).axes[0]
    cells = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    for number, variant in enumerate(study.variants):
        column, row = (
            list(v.values).index(value) for v, value in zip(study.variations, variant.values.values(), strict=True)
        )
        interval = study.interval(number, P99)
        assert interval is not None
        assert cells[column, row] == P99.format(interval.mean)
    saturated = {number for number in range(6) if study.busiest(number)[1] >= 0.95}
    assert 0 < len(saturated) < 6
    assert axes.get_lines()


def test_rank_correlation_is_spearmans() -> None:
    """It sees order alone, ties share their rank, and a constant tells nothing."""
    assert rank_correlation([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0, 1e6]) == pytest.approx(1.0)
    assert rank_correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == pytest.approx(-1.0)
    assert rank_correlation([1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 7.0]) == pytest.approx(0.8208, abs=1e-4)
    assert rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) == 0.0


def test_a_hypercube_is_scattered_over_each_parameter() -> None:
    """Numbers get a rank correlation, words do not."""
    figure = drawn(scatter(hypercube()))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert [title.split(" ")[0] for title in titles] == ["rank", "rank", "categories"]


def test_a_search_draws_every_value_near_the_answer_with_its_verdict() -> None:
    """Figures, targets and the answer are those of the search."""
    study = fewest_workers()
    figure = drawn(search(study))
    top = figure.axes[0]
    points = {(line.get_xdata()[0], line.get_ydata()[0]) for line in top.get_lines() if line.get_marker() in "oXD"}
    for point in near(study):
        assert point.readings[0].interval is not None
        assert (point.number, point.readings[0].interval.mean) in points
    assert any(list(line.get_ydata()) == [0.3, 0.3] for line in top.get_lines())
    assert "p99 < 300ms" in texts(figure)
    assert study.met is not None
    assert f"smallest that meets: {study.met.value}" in texts(figure)


def test_values_far_from_the_answer_are_named_below_the_figure() -> None:
    """A search that began far away does not squeeze what it found."""
    study = largest_rate()
    far = [point for point in study.points if point not in near(study)]
    words = " ".join(texts(search(study)))
    for point in far:
        assert f"{point.value} {point.verdict}" in words
    assert len(near(study)) >= 4


def test_names_move_apart_by_no_more_than_it_takes() -> None:
    """Those with room stay where they are; a pile is centred on what its members want, inside the plot."""
    assert spread(np.array([0.2, 0.8]), np.array([0.1, 0.1])) == pytest.approx([0.2, 0.8])
    assert spread(np.array([0.5, 0.5]), np.array([0.1, 0.1])) == pytest.approx([0.45, 0.55])
    assert spread(np.array([0.99, 0.98]), np.array([0.2, 0.2])) == pytest.approx([0.9, 0.7])


def test_a_bare_number_is_called_by_what_it_is_of() -> None:
    """`instances 8`, not `8`; several values come with their names already, and a mapping loses its braces."""
    assert names(replace(words(), variants=tuple(words().variants))) == words().labels
    assert names(rates())[0] == "rate 40/s"
    assert names(rates_and_workers())[0] == "rate 40/s, workers 2"
