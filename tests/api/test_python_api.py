"""`import sim`: what a notebook works with."""

import pickle
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import sim
from sim import metrics
from sim.report.figures import FIGURES

SMALL = """\
scenario: A small shop
seed: 5
duration: 20s
warmup: 2s
clients:
  people: {traffic: {rate: 100/s}, timeout: 1s, to: shop}
components:
  shop: {kind: service, instances: 2, workers: 2, work: {exponential: 5ms}, balancer: round_robin}
events:
  - {at: 10s, crash: shop, instances: 1, restart_after: 2s}
"""


QUEUED = {"components.jobs": {"kind": "queue", "consumers": "shop"}, "clients.people.to": "jobs"}
"""The same shop behind a queue."""


@pytest.fixture(autouse=True)
def headless():
    """No display, and no figure left behind."""
    mpl.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def shop(tmp_path: Path) -> sim.Scenario:
    """A shop of two instances, one of which crashes."""
    path = tmp_path / "shop.yaml"
    path.write_text(SMALL)
    return sim.load(path)


def test_what_is_promised_is_there_and_documented() -> None:
    """Every name of `__all__` can be had, says what it is, and `dir` shows nothing else."""
    assert dir(sim) == sorted(sim.__all__)
    for name in sim.__all__:
        assert getattr(sim, name).__doc__, name
    with pytest.raises(AttributeError, match="module 'sim' has no attribute 'runn'"):
        sim.runn  # noqa: B018


def test_importing_costs_nothing() -> None:
    """Names are loaded when they are used: `import sim` brings neither numpy nor pandas."""
    code = "import sim, sys; print([name for name in ('numpy', 'pandas', 'simpy', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_with_changes_a_copy(shop: sim.Scenario) -> None:
    """By path, or by name with two underscores for a dot; the scenario itself stays as it is."""
    changed = shop.with_({"components.shop.instances": 3}, components__shop__workers=1, seed=9)
    assert (changed.document.components["shop"].instances, changed.document.components["shop"].workers) == (3, 1)
    assert changed.document.seed == 9
    assert shop.document.components["shop"].instances == 2
    with pytest.raises(sim.ScenarioError, match="did you mean 'instances'"):
        shop.with_(components__shop__instance=3)


def test_a_result_has_frames_with_the_same_story(shop: sim.Scenario) -> None:
    """Requests, timeline and summary count the same requests; the ledger's parts add up to the latency."""
    result = sim.run(shop)
    requests = result.requests
    assert isinstance(result.timeline, pd.DataFrame)
    assert len(requests) == result.timeline["offered"].sum()
    assert (requests["arrived"] >= 2.0).sum() == result.summary["requests"]["offered"]
    ended = requests[requests["latency"].notna()]
    parts = ended[["network", "queue", "service", "backoff", "policy"]].sum(axis=1)
    np.testing.assert_allclose(parts, ended["latency"], atol=1e-9)
    assert result["p99"] == result.summary["latency_s"]["all"]["p99"]
    assert result["shop utilization"] == result.summary["components"]["shop"]["utilization"]
    assert set(result.components["component"]) == {"shop"}
    assert result.seed == 5
    assert repr(result).startswith("<Result of shop, seed 5: 1,")
    with pytest.raises(ValueError, match="did you mean 'p99'"):
        result["p9"]


def test_run_takes_names_paths_and_seeds(shop: sim.Scenario) -> None:
    """The seed is an argument, as are overrides; the same seed gives the same run."""
    one, other = sim.run(shop, seed=8), sim.run(shop.path, seed=8, overrides={"components.shop.workers": 2})
    assert one["p99"] == other["p99"]
    assert sim.run("mmc", overrides={"duration": "20s", "warmup": "2s"})["throughput"] > 0


def test_what_components_keep_is_a_frame(shop: sim.Scenario) -> None:
    """Second by second, as in `series.csv`; a shop without a queue keeps nothing."""
    series = sim.run(shop.with_(QUEUED)).series
    assert list(series.columns) == ["t_s", "component", "name", "value"]
    published = series[(series["component"] == "jobs") & (series["name"] == "published")]
    assert list(published["t_s"]) == [float(second) for second in range(1, 21)]
    assert published["value"].is_monotonic_increasing
    assert sim.run(shop).series.empty


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_drawn_on_axes(shop: sim.Scenario, name: str) -> None:
    """Each figure of the report is a method; it returns what it drew on, in a figure of the report's size."""
    cut = sim.load("split_brain").with_({"duration": "30s", "events[0].at": "15s", "events[0].for": "5s"})
    result = sim.run(cut if name in ("failover", "region_map") else shop.with_(QUEUED))
    axes = getattr(result.plot, name)()
    first = axes if isinstance(axes, Axes) else axes.flat[0]
    assert isinstance(first, Axes)
    assert first.figure.get_size_inches()[0] == 10.0
    assert name in dir(result.plot)


def test_only_figures_that_apply_are_offered(shop: sim.Scenario) -> None:
    """A sweep of one parameter has no heat map, and says which figures it has."""
    swept = sim.sweep(shop, {"clients.people.traffic.rate": ["50/s", "90/s"]}, replications=1, workers=1)
    assert list(dir(swept.plot)) == ["measures"]
    with pytest.raises(ValueError, match=r"^there is nothing to show in the figure 'heatmap'; there are measures$"):
        swept.plot.heatmap()


def test_a_scenario_shows_itself_in_a_line(shop: sim.Scenario) -> None:
    """Its name, title and file, and not all that is in it; a notebook shows what it is about, too."""
    assert repr(shop) == f"<Scenario shop: A small shop ({shop.path})>"
    told = shop.with_(about="Two <b> instances.")._repr_html_()
    assert told == f"<b>A small shop</b><br>Two &lt;b&gt; instances.<br><code>{shop.path}</code>"


def test_an_unknown_figure_names_those_there_are(shop: sim.Scenario) -> None:
    """An attribute error, as for any other attribute."""
    with pytest.raises(AttributeError, match=r"there is no figure 'heat'; there are latency, outcomes"):
        sim.run(shop).plot.heat()


def test_a_result_crosses_processes(shop: sim.Scenario) -> None:
    """Pickled it is its columns, without the frames made of them."""
    result = sim.run(shop)
    before = len(pickle.dumps(result))
    assert result.requests is not None
    assert len(pickle.dumps(result)) == before
    assert before < 200 * len(result.recorded.requests)
    assert pickle.loads(pickle.dumps(result))["p99"] == result["p99"]


def test_a_result_shows_itself(shop: sim.Scenario) -> None:
    """As the summary a terminal would show, in HTML; nothing of a scenario gets into the page unescaped."""
    html = sim.run(shop.with_(scenario="<script>alert(1)</script>"))._repr_html_()
    assert "<pre" in html
    assert "p99" in html
    assert "<script>" not in html


def test_steady_state_of_one_long_run(tmp_path: Path) -> None:
    """Batch means of a single run of M/M/1, 100/s on 200/s: mean 10 ms, and p95 3.0 times that, are inside."""
    text = SMALL.replace("20s", "300s").split("events:")[0].replace("instances: 2, workers: 2", "workers: 1")
    path = tmp_path / "queue.yaml"
    path.write_text(text)
    result = sim.run(path)
    steady, percentile = result.steady_state(), result.steady_state("p95")
    assert steady.interval.n == 20
    assert steady.cut == 2.0
    assert steady.interval.contains(0.010)
    assert percentile.interval.contains(0.010 * np.log(20.0))
    with pytest.raises(ValueError, match="'p98' is not one of mean p50"):
        result.steady_state("p98")


def test_a_result_is_saved_as_the_command_would(shop: sim.Scenario, tmp_path: Path) -> None:
    """A complete folder, once; a second time there is something already."""
    result = sim.run(shop)
    page = Path(result.save(tmp_path / "here"))
    assert page.name == "report.html"
    assert {"summary.json", "timeline.csv", "report.html", "figures"} <= {path.name for path in page.parent.iterdir()}
    with pytest.raises(FileExistsError):
        result.save(tmp_path / "here")


def test_compare_sweep_and_capacity_speak_the_command_line_s_words(shop: sim.Scenario, tmp_path: Path) -> None:
    """Lists or texts of values; answers show themselves and draw their figures; progress counts runs."""
    log: list[tuple[int, int]] = []
    comparison = sim.compare(
        shop,
        {"components.shop.balancer.algorithm": ["round_robin", "least_request"]},
        replications=2,
        workers=1,
        folder=tmp_path / "kept",
        progress=lambda done, total: log.append((done, total)),
    )
    assert comparison.table().index.tolist() == ["round_robin", "least_request"]
    assert log[-1] == (4, 4)
    assert "<pre" in comparison._repr_html_()
    assert repr(comparison) == "<Comparison of 2 variants of shop by p99>"
    assert isinstance(comparison.plot.quantiles(), Axes)
    assert (tmp_path / "kept" / "comparison.json").exists()
    assert pickle.loads(pickle.dumps(comparison)).best == comparison.best
    known = comparison["least_request", "people p99"]
    assert known is not None
    assert known.n == 2
    assert comparison.result("least_request")["p99"] == comparison.values(1, comparison.measure)[5]
    with pytest.raises(ValueError, match="there is no variant 'least_conn'; known: round_robin"):
        comparison["least_conn", "p99"]

    rate = "clients.people.traffic.rate"
    swept = sim.sweep(shop, f"{rate}=100/s..900/s:3", replications=1, workers=1)
    assert swept.runs_table()["seed"].tolist() == [5, 5, 5]
    assert repr(swept) == "<Sweep of 3 variants of shop>"

    calm = shop.with_(duration="5s", events=[])
    found = sim.capacity(calm, {rate: "100/s..2000/s"}, "p99 < 100ms", precision=0.5, workers=1)
    assert found.number is not None
    assert 100.0 < found.number < 2000.0
    assert "<pre" in found._repr_html_()
    with pytest.raises(ValueError, match="a capacity search varies one place"):
        sim.capacity(shop, {rate: "100/s..2000/s", "components.shop.workers": "1..4"}, "p99 < 100ms")


def test_a_scenario_may_be_a_text(shop: sim.Scenario, tmp_path: Path) -> None:
    """The same one as in a file, with a name of its own; it runs, is varied, saved and pickled like any other."""
    scenario = sim.load(text=SMALL, overrides={"duration": "5s"}, name="cell")
    assert (scenario.name, scenario.duration) == ("cell", 5.0)
    assert sim.load(text=SMALL).name == "scenario"
    assert pickle.loads(pickle.dumps(scenario)).document == scenario.document
    result = sim.run(scenario)
    assert result["p99"] == sim.run(shop, overrides={"duration": "5s"})["p99"]
    assert Path(result.save(tmp_path / "here")).exists()
    compared = sim.compare(
        scenario, {"components.shop.workers": [1, 2]}, replications=2, workers=1, folder=tmp_path / "kept"
    )
    assert compared.labels == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("100/s", "100"), "<text>:6:28"),
        ("    scenario: Indented\n    durration: 5s\n", "<text>:2:5"),
        ("scenario: [", "<text>:2:1"),
        ("", "is empty  <text>"),
    ],
)
def test_a_wrong_text_says_where(text: str, message: str) -> None:
    """Line and column in the text, which may be indented as a whole."""
    with pytest.raises(sim.ScenarioError) as wrong:
        sim.load(text=text)
    assert message in str(wrong.value)


def test_a_scenario_is_a_file_or_a_text(shop: sim.Scenario) -> None:
    """One of them, and not both."""
    for arguments in ({}, {"file": shop.path, "text": SMALL}):
        with pytest.raises(TypeError, match="load needs a file or text=…, and not both"):
            sim.load(**arguments)


def test_variants_may_set_several_places(shop: sim.Scenario, tmp_path: Path) -> None:
    """Each has its name; they make a grid with values of other places, and go on in their folder."""
    variants = {"now": {}, "big": {"components.shop.instances": 4, "components.shop.workers": np.int64(4)}}
    kept = tmp_path / "kept"
    comparison = sim.compare(shop, variants, replications=2, workers=1, folder=kept)
    assert comparison.labels == ["now", "big"]
    assert comparison.table().loc["big", "components.shop.instances"] == "4"
    assert comparison.result("big").scenario.document.components["shop"].workers == 4
    before = {path: path.stat().st_mtime_ns for path in (kept / "runs").iterdir()}
    again = sim.compare(shop, variants, replications=2, workers=1, folder=kept)
    assert {path: path.stat().st_mtime_ns for path in (kept / "runs").iterdir()} == before
    assert again["big", "p99"] == comparison["big", "p99"]
    swept = sim.sweep(shop, {"clients.people.traffic.rate": ["50/s", "90/s"], **variants}, replications=1, workers=1)
    assert swept.labels[-1] == "variant big, rate 90/s"
    assert isinstance(swept.plot.measures(), np.ndarray)


def slow_share(result: sim.Result) -> float:
    """The share of requests that take more than 20 ms."""
    return float((result.requests["latency"] > 0.02).mean())


def test_measures_of_ones_own(shop: sim.Scenario) -> None:
    """Whatever can be worked out of a run, by a function of any kind; it may decide, and stands in every table."""
    made: list[int] = []

    def attempts(result: sim.Result) -> float:
        made.append(result.seed)
        return float(result.requests["attempts"].sum())

    comparison = sim.compare(
        shop,
        {"components.shop.workers": [1, 2]},
        replications=2,
        metric="slow",
        workers=2,
        measures={"slow": slow_share, "tries": attempts, "odd": lambda result: None},
    )
    assert sorted(made) == [5, 5, 6, 6]
    assert (comparison.measure.text, comparison.measure.higher_is_better) == ("slow", False)
    assert comparison.values(0, comparison.measure) == {
        seed: slow_share(sim.run(shop, seed, {"components.shop.workers": 1})) for seed in (5, 6)
    }
    assert comparison.best[0] == 1
    assert comparison["1", "odd"] is None
    assert {"slow", "tries"} <= set(comparison.runs_table().columns)
    assert comparison.to_json()["variants"][0]["metrics"]["slow"]["mean"] == comparison["1", "slow"].mean
    assert "tries" in comparison._repr_html_()
    assert [run.result is None for run in comparison.runs[0]] == [False, True]
    assert pickle.loads(pickle.dumps(comparison))["1", "slow"] == comparison["1", "slow"]


def test_another_measure_is_worked_out_of_the_runs_that_are_there(shop: sim.Scenario, tmp_path: Path) -> None:
    """What is kept is the run, never the figure: the same name may mean something else next time, and nothing runs."""
    arguments = {"vary": {"components.shop.workers": [1, 2]}, "replications": 2, "workers": 1, "folder": tmp_path / "x"}
    sim.compare(shop, **arguments)
    first = sim.compare(shop, **arguments, measures={"mine": lambda result: 1.0})
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "x" / "runs").iterdir()}
    second = sim.compare(shop, **arguments, measures={"mine": lambda result: 2.0 + result.seed})
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "x" / "runs").iterdir()} == before
    assert first.values(0, first.measures[1]) == {5: 1.0, 6: 1.0}
    assert second.values(0, second.measures[1]) == {5: 7.0, 6: 8.0}
    assert sim.compare(shop, **arguments)["1", "p99"] == first["1", "p99"]


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        (
            {"p99": slow_share},
            "'p99' cannot be the name of a measure of your own; choose one that no other measure has",
        ),
        ({"mine": lambda result: "many"}, "the measure 'mine' has to be a number or None, and is 'many'"),
    ],
)
def test_wrong_measures(shop: sim.Scenario, measures: dict, message: str) -> None:
    """One sentence."""
    with pytest.raises(ValueError, match=message):
        sim.sweep(shop, {"components.shop.workers": [1, 2]}, replications=1, workers=1, measures=measures)


def test_a_sweep_draws_a_measure_of_ones_own(shop: sim.Scenario) -> None:
    """The deciding measure has a panel, whoever worked it out."""
    swept = sim.sweep(
        shop,
        {"clients.people.traffic.rate": "100/s..900/s:3"},
        replications=1,
        metric="slow",
        workers=1,
        measures={"slow": slow_share},
    )
    panels = swept.plot.measures()
    assert panels.flat[0].get_title(loc="left") == "slow"


def test_an_access_log_is_a_frame(tmp_path: Path) -> None:
    """A row for each request, in the order in which they came, and beside it what could not be read."""
    lines = [
        '{"msec": 1714564805.5, "request_method": "PUT", "uri": "/b?x=1", "remote_addr": "a", "request_time": 4.0}',
        '{"msec": 1714564804.5, "uri": "/a", "remote_addr": "a", "body_bytes_sent": 10}',
        "broken",
    ]
    path = tmp_path / "access.log"
    path.write_text("\n".join(lines))
    frame = sim.read_access_log(str(path))
    assert frame.columns.tolist() == ["time", "method", "host", "path", "query", "client", "size", "duration"]
    assert frame["time"].tolist() == [0.5, 3.5]
    assert frame.loc[0, ["method", "path", "query", "client", "duration"]].tolist() == ["PUT", "/b", "x=1", 0, 4.0]
    assert frame["size"].isna().tolist() == [True, False]
    assert frame.attrs == {"span": 4.0, "malformed": 1, "samples": ((3, "broken"),), "reordered": 1}
    with pytest.raises(ValueError, match="there is no file"):
        sim.read_access_log(tmp_path / "none.log")
    assert sim.read_access_log(path, format="json")["path"].tolist() == ["/b", "/a"]


def test_the_recorded_run_is_what_the_command_records(shop: sim.Scenario) -> None:
    """The API adds nothing to a run and takes nothing away."""
    from sim.experiment import run

    mine, theirs = sim.run(shop).summary, metrics.summarize(run(shop))
    assert {**mine, "engine": None} == {**theirs, "engine": None}
