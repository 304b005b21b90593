"""`sim compare`, `sweep` and `capacity`: folders that grow run by run, resume, and end with an answer."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim import compare
from sim.experiment.executors import InProcess

ALGORITHMS = "components.shop.balancer.algorithm=round_robin,least_request"
RATE = "clients.people.traffic.rate"
QUICK = ("--no-report", "--workers", "1", "--quiet")


def runs(folder: Path) -> set[str]:
    """The finished runs that a folder holds."""
    return {path.name for path in (folder / "runs").glob("*.json")}


def made(folder: Path) -> dict[str, float]:
    """When each finished run was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "runs").glob("*.json")}


def test_a_comparison_leaves_its_folder(sim, folder: Path) -> None:
    """Named after scenario, command and content: the JSON, every run as a row, and how it was made."""
    result = sim("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "3", "--json", *QUICK[:3])
    assert result.exit_code == 0
    (place,) = (folder / "results").iterdir()
    assert place.name.startswith("small-compare-")
    assert {path.name for path in place.iterdir()} == {
        "comparison.json",
        "experiment.json",
        "runs",
        "runs.csv",
        "scenario.yaml",
    }
    data = json.loads((place / "comparison.json").read_text())
    assert json.loads(result.stdout) == data
    assert [variant["vary"] for variant in data["variants"]] == [
        {"components.shop.balancer.algorithm": "round_robin"},
        {"components.shop.balancer.algorithm": "least_request"},
    ]
    assert [variant["replications"] for variant in data["variants"]] == [3, 3]
    assert set(data["variants"][0]["metrics"]["p99"]) == {"mean", "lo", "hi"}
    assert {difference["verdict"] for difference in data["differences"]} <= {"better", "worse", "tie"}
    table = pd.read_csv(place / "runs.csv")
    assert table["seed"].tolist() == [5, 6, 7, 5, 6, 7]
    manifest = json.loads((place / "experiment.json").read_text())
    assert manifest["vary"] == [ALGORITHMS]
    assert (manifest["kind"], manifest["seed"]) == ("compare", 5)


def test_the_same_command_makes_no_run_twice(sim, folder: Path) -> None:
    """More replications make only those that are missing; the numbers of the first stay."""
    assert sim("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", *QUICK).exit_code == 0
    (place,) = (folder / "results").iterdir()
    before, table = made(place), pd.read_csv(place / "runs.csv")
    assert sim("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "3", *QUICK).exit_code == 0
    assert [path.name for path in (folder / "results").iterdir()] == [place.name]
    after = made(place)
    assert (len(before), len(after)) == (4, 6)
    assert {name: after[name] for name in before} == before
    grown = pd.read_csv(place / "runs.csv")
    pd.testing.assert_frame_equal(grown[grown["seed"] < 7].reset_index(drop=True), table)


def test_another_experiment_gets_another_folder(sim, folder: Path) -> None:
    """Another value, another seed or another scenario is another experiment; so is the same folder by force."""
    for arguments in ([], ["--seed", "9"], ["--set", "duration=5s"]):
        command = ("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", *arguments, *QUICK)
        assert sim(*command).exit_code == 0
    assert len(list((folder / "results").iterdir())) == 3
    place = str(next((folder / "results").iterdir()))
    result = sim("sweep", "small.yaml", "--vary", f"{RATE}=10/s,20/s", "--out", place, *QUICK)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {place} holds another experiment (compare of small), or the scenario or ")


def test_a_folder_of_something_else_is_left_alone(sim, folder: Path) -> None:
    """Nothing a user has made is overwritten."""
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")
    result = sim("compare", "small.yaml", "--vary", ALGORITHMS, "--out", "mine", *QUICK)
    assert (result.exit_code, result.stderr) == (
        2,
        "error: mine is there already, and it is not the folder of an experiment; choose another --out\n",
    )
    assert [path.name for path in (folder / "mine").iterdir()] == ["notes.txt"]


def test_ctrl_c_keeps_finished_runs_and_the_same_command_goes_on(start, folder: Path) -> None:
    """Interrupted among forty runs it says how many are kept; then it makes only the others."""
    command = ["compare", "small.yaml", "--set", "duration=60s", "--vary", ALGORITHMS, "--replications", "20"]
    command += ["--out", "x", "--no-report", "--workers", "2"]
    process = start(*command)
    deadline = time.monotonic() + 60.0
    while (not (folder / "x" / "runs").is_dir() or len(runs(folder / "x")) < 4) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = made(folder / "x")
    assert 4 <= len(kept) < 40
    assert out == ""
    assert err.splitlines()[-1] == (
        f"interrupted: {len(kept)} finished runs are kept in x; the same command goes on from there"
    )
    process = start(*command, "--quiet")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (0, "", "")
    after = made(folder / "x")
    assert len(after) == 40
    assert {name: after[name] for name in kept} == kept


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
def test_a_cluster_that_dies_costs_what_had_not_finished(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so and what is kept; the same command goes on from there."""
    left = iter(range(3))

    class Leaving(InProcess):
        def submit(self, fn: Any, /, *arguments: Any, **more: Any) -> "Future[Any]":
            if next(left, None) is not None:
                return super().submit(fn, *arguments, **more)
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    @contextmanager
    def cluster(address: str) -> Iterator[tuple[InProcess, int]]:
        yield Leaving(), 1

    monkeypatch.setattr("sim.experiment.executors.cluster", cluster)
    command = ("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--no-report", "--out", "c")
    result = sim(*command, "--cluster", "tcp://gone:1")
    words = (
        "the cluster is gone: its scheduler does not answer any more; 3 finished runs are kept in c; the same command"
    )
    assert (result.exit_code, " ".join(result.stderr.split())) == (130, f"interrupted: {words} goes on from there")
    assert "3 finished runs were there already, in c" in " ".join(sim(*command, "--workers", "1").stderr.split())


def test_workers_die_with_a_killed_parent(start, folder: Path) -> None:
    """Nobody can tell them: they notice, in the middle of a run that would take minutes."""
    marker = f"of={folder}"
    command = [
        "compare",
        "small.yaml",
        "--set",
        "duration=100000s",
        "--vary",
        ALGORITHMS,
        "--out",
        "x",
        "--workers",
        "2",
    ]
    process = start(*command, TAILSIM_TEST=marker)

    def alive() -> list[int]:
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if f"TAILSIM_TEST={marker}".encode() in place.read_bytes():
                    found.append(int(place.parent.name))
        return found

    def wait_until(count: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60.0
        while not count() and time.monotonic() < deadline:
            time.sleep(0.1)

    wait_until(lambda: len(alive()) >= 4)
    time.sleep(1.0)
    assert len(alive()) >= 4, "the command, the server that forks, and two workers"
    process.kill()
    process.wait()
    wait_until(lambda: not alive())
    left = alive()
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert not left


def test_quiet_leaves_json_alone(sim, folder: Path) -> None:
    """With `--json` it is all that is printed, by either name."""
    command = ("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--out", "x", *QUICK, "--json")
    result = sim(*command)
    assert result.stderr == ""
    assert json.loads(result.stdout) == json.loads((folder / "x" / "comparison.json").read_text())


def test_a_sweep_is_tidy(sim, folder: Path) -> None:
    """One row a run, with its parameters; as Parquet too when asked for."""
    result = sim("sweep", "small.yaml", "--vary", f"{RATE}=100/s..900/s:3", "--replications", "2", "--out", "s",
                 "--parquet", *QUICK)  # fmt: skip
    assert (result.exit_code, result.output) == (0, "")
    table = pd.read_csv(folder / "s" / "sweep.csv")
    assert table[RATE].tolist() == ["100/s", "100/s", "500/s", "500/s", "900/s", "900/s"]
    assert table["utilization"].tolist()[::2] == pytest.approx([0.125, 0.625, 1.0], rel=0.2)
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "s" / "sweep.parquet")[["seed", "p99"]], table[["seed", "p99"]], rtol=1e-12
    )
    data = json.loads((folder / "s" / "sweep.json").read_text())
    (saturation,) = data["saturations"]
    assert saturation["component"] == "shop"
    assert saturation["value"] == pytest.approx(4 * 200 * 0.95, rel=0.1)


def test_a_sweep_of_variants_has_a_line_for_each(sim, folder: Path) -> None:
    """A number on the x-axis, and named variants that set several places beside it."""
    variant = "two:components.shop.instances=2,components.shop.work=2ms"
    result = sim("sweep", "small.yaml", "--vary", f"{RATE}=100/s..900/s:3", "--variant", "now", "--variant", variant,
                 "--replications", "2", "--out", "s", *QUICK)  # fmt: skip
    assert (result.exit_code, result.output) == (0, "")
    table = pd.read_csv(folder / "s" / "sweep.csv")
    assert list(table[[RATE, "variant"]].itertuples(index=False, name=None))[::2] == [
        (rate, name) for rate in ("100/s", "500/s", "900/s") for name in ("now", "two")
    ]
    saturations = json.loads((folder / "s" / "sweep.json").read_text())["saturations"]
    assert [saturation["others"] for saturation in saturations] == ["variant now"]


def test_a_latin_hypercube_takes_samples(sim, folder: Path) -> None:
    """Two ranges, seven variants."""
    result = sim("sweep", "small.yaml", "--vary", f"{RATE}=100/s..300/s", "--vary", "components.shop.work=1ms..5ms",
                 "--samples", "7", "--replications", "1", "--out", "s", *QUICK)  # fmt: skip
    assert result.exit_code == 0
    assert len(pd.read_csv(folder / "s" / "sweep.csv")) == 7


def test_variants_that_set_several_places(sim, folder: Path) -> None:
    """Named ones side by side, the scenario as it is among them; the folder knows them when it is read again."""
    command = ("compare", "small.yaml", "--variant", "now", "--variant")
    more = "big:components.shop.instances=4,components.shop.work={p50: 1ms, p99: 5ms}"
    result = sim(*command, more, "--replications", "3", "--out", "x", "--no-report", "--workers", "1")
    assert result.exit_code == 0
    assert "big is best: its p99 is" in result.stdout
    data = json.loads((folder / "x" / "comparison.json").read_text())
    assert [(each["variant"], each["vary"]) for each in data["variants"]] == [
        ("now", {}),
        ("big", {"components.shop.instances": "4", "components.shop.work": "{p50: 1ms, p99: 5ms}"}),
    ]
    assert pd.read_csv(folder / "x" / "runs.csv")["variant"].tolist() == ["now"] * 3 + ["big"] * 3
    before = made(folder / "x")
    assert sim("report", "x").exit_code == 0
    assert "big:components.shop.instances=4,components.shop.work=" in (folder / "x" / "report.html").read_text()
    assert made(folder / "x") == before
    wrong = sim(*command, "big:components.shop.instance=4", "--replications", "2", "--no-report", "--workers", "1")
    assert wrong.exit_code == 2
    assert "did you mean 'instances'?  --variant components.shop.instance" in wrong.stderr


def test_a_capacity_search_answers(sim, folder: Path) -> None:
    """The largest rate, what it was asked for, and the component that gave out first."""
    result = sim("capacity", "small.yaml", "--objective", "p99 < 60ms", "--vary", RATE, "--precision", "10%",
                 "--out", "c", "--json", *QUICK[:3])  # fmt: skip
    assert result.exit_code == 0
    data = json.loads((folder / "c" / "capacity.json").read_text())
    assert json.loads(result.stdout) == data
    assert data["parameter"] == RATE
    assert data["objective"] == ["p99 < 60ms"]
    assert data["unit"] == "/s"
    assert data["lo"] <= data["value"] <= data["hi"]
    assert 200.0 < data["value"] < 800.0
    assert data["bottleneck"]["component"] == "shop"
    assert data["runs"] == len(runs(folder / "c"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "small.yaml"), "Missing option '--vary', or '--variant'"),
        (("compare", "small.yaml", "--variant", "a=1"), "'a=1' is not a variant; write it like big:components.api"),
        (("compare", "small.yaml", "--vary", "a"), "a needs values; write it like components.api.instances=2,4,8 or"),
        (("compare", "small.yaml", "--vary", "a=1"), "a comparison needs two variants or more"),
        (("compare", "small.yaml", "--vary", "a=1,1"), "a: 1 stands twice among its values"),
        (
            ("compare", "small.yaml", "--vary", "components.shop.balancer.algorithm=round_robin,least_conn"),
            "did you mean 'least_connections'?  --vary components.shop.balancer.algorithm",
        ),
        (
            ("compare", "small.yaml", "--vary", ALGORITHMS, "--metric", "p98"),
            "'p98' is not a metric; did you mean 'p99'?",
        ),
        (("compare", "small.yaml", "--vary", ALGORITHMS, "--precision", "5"), "did you mean 5%?"),
        (("compare", "small.yml", "--vary", ALGORITHMS), "small.yml"),
        (
            ("compare", "small.yaml", "--vary", ALGORITHMS, "--cluster", "tcp://127.0.0.1:1"),
            "there is no Dask scheduler at tcp",
        ),
        (("sweep", "small.yaml", "--vary", f"{RATE}=9/s..1/s:3"), "the first end has to be the smaller one"),
        (("sweep", "small.yaml", "--vary", f"{RATE}=1/s..9/s"), f"{RATE} needs values"),
        (("capacity", "small.yaml", "--vary", RATE, "--objective", "p99 == 1s"), "a search needs < <= > or >="),
        (("sweep", "small.yaml", "--variant", "now"), "Missing option '--vary'"),
        (("capacity", "small.yaml", "--vary", "components.shop.kind"), "a search needs a number"),
        (
            ("capacity", "small.yaml", "--vary", "seed=1..9", "--objective", "p99 < 1s"),
            "seed cannot be varied: a search runs every value with the same seeds",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(sim, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    """No traceback, status 2, and no folder that pretends to hold something."""
    result = sim(*arguments, "--no-report", "--workers", "1")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 4
    assert not (folder / "results").exists()


def test_a_search_that_meets_its_objectives_everywhere_has_an_answer(sim, folder: Path) -> None:
    """The top of the range is the least that the system can do; one instance is enough."""
    command = ("capacity", "small.yaml", "--out", "c", "--workers", "1", "--no-report")
    top = sim(*command, "--vary", f"{RATE}=100/s..200/s")
    assert top.exit_code == 0
    words = " ".join(top.stdout.split())
    assert "is at least 200/s (the top of the range; ask for a wider range to find the limit)." in words
    assert "At 200/s people availability is 100%" in words
    assert len(runs(folder / "c")) == 10
    fewest = sim(*command[:2], "--vary", "components.shop.instances=1..10", "--no-report", "--workers", "1")
    assert fewest.exit_code == 0
    assert "components.shop.instances 1 is enough for " in fewest.stdout
    assert "(the smallest asked about)" in " ".join(fewest.stdout.split())


def test_a_search_without_an_answer_says_where_it_looked(sim, folder: Path) -> None:
    """And how near it came; its runs are kept: a wider range uses those that it shares."""
    command = ("capacity", "small.yaml", "--vary", f"{RATE}=100/s..200/s", "--objective", "p99 < 1ms")
    result = sim(*command, "--out", "c", "--workers", "1")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: no value from 100/s to 200/s meets the objectives; at ")
    assert "/s, which comes nearest, 'p99 < 1ms' is missed with 2" in result.stderr
    assert len(runs(folder / "c")) == 10


def test_a_figure_that_never_came_is_called_so(sim, folder: Path) -> None:
    """In the table and as data: the longer the shop is away the longer users are without it, and at last for good."""
    text = (folder / "small.yaml").read_text() + "events: [{at: 6s, crash: shop, instances: 2, restart_after: 2s}]\n"
    (folder / "crash.yaml").write_text(text.replace("rate: 100/s", "rate: 50/s"))
    command = ("capacity", "crash.yaml", "--vary", "events.0.restart_after=1s..30s", "--precision", "99%")
    result = sim(*command, "--objective", "crash failover < 5s", *QUICK[:3], "--out", "c", "--set", "duration=20s")
    assert result.exit_code == 0
    assert "✗ missed ✗ never" in " ".join(result.stdout.split())
    data = json.loads((folder / "c" / "capacity.json").read_text())
    nothing = {"objective": "crash failover < 5s", "mean": None, "lo": None, "hi": None, "verdict": "missed"}
    assert data["points"][-1]["objectives"] == [nothing | {"missing": "never"}]
    assert data["points"][0]["objectives"][0]["mean"] == pytest.approx(1.0, abs=0.25)
    assert data["lo"] < 5.0 < data["hi"]


def test_a_report_is_drawn_again_without_a_single_run(sim, folder: Path) -> None:
    """From the folder alone, even when the scenario's file is gone; the figures are the same."""
    command = ("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--out", "x", "--workers", "1")
    assert sim(*command, "--quiet").exit_code == 0
    page = (folder / "x" / "report.html").read_text()
    (folder / "x" / "report.html").unlink()
    (folder / "small.yaml").unlink()
    before = made(folder / "x")
    result = sim("report", "x")
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("x/report.html")
    assert (folder / "x" / "report.html").read_text() == page
    assert made(folder / "x") == before


def test_a_report_is_found_by_its_name(sim, folder: Path) -> None:
    """In results/, as `sim explain` finds it; a name that is not there is answered by the nearest."""
    (folder / "results").mkdir()
    command = ("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--out", "results/mine", *QUICK)
    assert sim(*command).exit_code == 0
    result = sim("report", "mine")
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("results/mine/report.html")
    assert sim("report", "mina").stderr == "error: there is no results folder 'mina'; did you mean 'mine'?\n"


def test_an_unfinished_experiment_says_how_to_go_on(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that made it is in its manifest."""
    monkeypatch.setattr(sys, "argv", ["sim", "compare", "small.yaml", "--out", "x"])
    assert (
        sim("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--out", "x", *QUICK).exit_code == 0
    )
    next((folder / "x" / "runs").glob("*.json")).unlink()
    result = sim("report", "x")
    assert result.exit_code == 2
    assert result.stderr == ("error: x is not finished: 3 runs are there; go on with: sim compare small.yaml --out x\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"summary.json": "{}"}, "x is the folder of a single run; its report is x/report.html"),
        ({}, "x is not the folder of an experiment, or it is damaged"),
        ({"experiment.json": "{"}, "x is not the folder of an experiment, or it is damaged"),
    ],
)
def test_other_folders_have_no_report_of_an_experiment(
    sim, folder: Path, content: dict[str, str], message: str
) -> None:
    """One line, status 2."""
    (folder / "x").mkdir()
    for name, text in content.items():
        (folder / "x" / name).write_text(text)
    result = sim("report", "x")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {message}")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kind", "guess", "'kind' has to be compare, sweep or capacity, and is the text 'guess'"),
        ("vary", "a=1", "'vary' has to be a list, and is the text 'a=1'"),
        ("arguments", {"replications": "ten"}, "'arguments.replications' has to be a count, and is the text 'ten'"),
        ("arguments", {"replications": 2}, "it has no 'arguments.measure'"),
    ],
)
def test_an_edited_manifest(sim, folder: Path, key: str, value: object, message: str) -> None:
    """It is JSON still, but not that of an experiment: one line."""
    assert (
        sim("compare", "small.yaml", "--vary", ALGORITHMS, "--replications", "2", "--out", "x", *QUICK).exit_code == 0
    )
    file = folder / "x" / "experiment.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    result = sim("report", "x")
    assert result.exit_code == 2
    assert result.stderr == f"error: x is not the folder of an experiment, or it is damaged ({message})\n"


def test_a_measure_of_ones_own_is_known_to_python_alone(sim, folder: Path) -> None:
    """A folder made from Python with a measure that decides cannot be read without it; one line says so."""
    compare("small.yaml", {"components.shop.workers": [1, 2]}, 2, "mine", workers=1, folder="x",
            measures={"mine": lambda result: float(result.seed)})  # fmt: skip
    assert "mine" in pd.read_csv(folder / "x" / "runs.csv").columns
    result = sim("report", "x")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: x cannot be read again: 'mine' is not a metric")
    assert result.stderr.endswith("; a measure of one's own is known to Python alone\n")


def test_an_experiment_is_explained(sim, folder: Path) -> None:
    """The answer, and what the first run of each variant shows; as data too."""
    command = ("compare", "small.yaml", "--set", f"{RATE}=600/s", "--vary", "components.shop.instances=1,2")
    assert sim(*command, "--replications", "3", "--out", "x", *QUICK).exit_code == 0
    result = sim("explain", "x")
    assert result.exit_code == 0
    assert "instances 2 is best: its p99 is" in " ".join(result.stdout.split())
    assert {"instances 1", "instances 2"} <= set(result.stdout.splitlines())
    data = json.loads(sim("explain", "x", "--json").stdout)
    assert list(data["variants"]) == ["instances 1", "instances 2"]
    assert all(findings for findings in data["variants"].values())
