"""`sim run`: a results folder that is complete or not there at all, a summary, and a telling exit status."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

DATA = {"summary.json", "timeline.csv", "components.csv", "scenario.yaml", "manifest.json"}


def names(folder: Path) -> set[str]:
    """What a folder holds, hidden names included."""
    return {path.name for path in folder.iterdir()}


def test_a_run_leaves_one_complete_folder(sim, folder: Path) -> None:
    """By default results go to a new folder that is named after scenario, seed and time."""
    result = sim("run", "small.yaml")
    assert result.exit_code == 0
    (made,) = (folder / "results").iterdir()
    assert re.fullmatch(r"small-5-\d{8}-\d{6}", made.name)
    assert names(made) == {*DATA, "figures", "report.html"}
    drawn = names(made / "figures")
    assert {name.removesuffix(".svg") for name in drawn if name.endswith(".svg")} == {
        name.removesuffix(".png") for name in drawn if name.endswith(".png")
    }
    assert len(drawn) >= 8
    assert "people availability >= 99%" in result.stdout
    assert result.stdout.rstrip().endswith(f"results/{made.name}/report.html")
    assert result.stderr == ""


def test_two_runs_in_one_second_get_two_folders(sim, folder: Path) -> None:
    """Results are never overwritten."""
    for _ in range(2):
        assert sim("run", "small.yaml", "--quiet", "--no-report").exit_code == 0
    assert len(names(folder / "results")) == 2


def test_a_p99_that_leaves_out_who_still_waits_is_called_flattering(sim) -> None:
    """Twice what the shop can do, and nobody gives up: half of the requests have not ended, and p99 is of the rest."""
    slow = "components.shop={kind: service, queue: unbounded, work: 20ms}"
    out = sim("run", "small.yaml", "--no-report", "--set", slow, "--set", "clients.people.timeout=null").stdout
    line = next(line for line in out.splitlines() if "flattering" in line)
    assert re.fullmatch(r"p99 is flattering: (4|5|6)\d% of the requests had not ended", line.strip())
    assert "flattering" not in sim("run", "small.yaml", "--no-report").stdout


def test_json_and_quiet_is_the_summary_without_warnings(sim, folder: Path) -> None:
    """Where `--quiet` alone prints nothing at all."""
    late = "events=[{at: 1m, for: 1s, spike: people, factor: 2}]"
    command = ("run", "small.yaml", "--no-report", "--set", late, "--out")
    loud, quiet, both = (
        sim(*command, "a", "--json"),
        sim(*command, "b", "--quiet"),
        sim(*command, "c", "--json", "--quiet"),
    )
    assert loud.stderr.startswith("warning: events[0].at: it begins after the run has ended")
    assert (quiet.stdout, quiet.stderr, both.stderr) == ("", "", "")
    assert both.stdout == (folder / "c" / "summary.json").read_text()


def test_json_is_the_summary_and_nothing_else(sim, folder: Path) -> None:
    """`--json` prints summary.json to standard output, `--out` says where the folder goes."""
    result = sim("run", "small.yaml", "--json", "--no-report", "--out", "here", "--seed", "9")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads((folder / "here" / "summary.json").read_text())
    summary = json.loads(result.stdout)
    assert summary["seed"] == 9
    assert summary["engine"]["wall_s"] > 0.0
    assert summary["engine"]["cpu_s"] > 0.0
    assert "interrupted" not in summary
    assert names(folder / "here") == DATA
    assert "here" in result.stderr


def test_a_question_is_answered_on_the_terminal_and_in_the_report(sim, folder: Path) -> None:
    """With the run's own figure; summary.json stays figures only, and a run with another value answers nothing."""
    text = (folder / "small.yaml").read_text()
    (folder / "small.yaml").write_text(text + "question: Is it quick?\nanswer: Yes, p99 is {p99}.\n")
    result = sim("run", "small.yaml", "--out", "here")
    p99 = json.loads((folder / "here" / "summary.json").read_text())["latency_s"]["all"]["p99"]
    answer = f"Yes, p99 is {1e3 * p99:.3g}ms."
    assert "question  Is it quick?" in result.stdout
    assert f"answer    {answer}" in result.stdout
    assert answer in (folder / "here" / "report.html").read_text()
    assert not {"question", "answer"} & json.loads((folder / "here" / "summary.json").read_text()).keys()
    other = sim("run", "small.yaml", "--no-report", "--set", "components.shop.workers=3").stdout
    assert "question  Is it quick?" in other
    assert "answer" not in other.split("requests")[0]


def test_quiet_prints_nothing_and_writes_all_the_same(sim, folder: Path) -> None:
    """`--quiet` is for scripts."""
    result = sim("run", "small.yaml", "--quiet", "--no-report", "--out", "here")
    assert (result.exit_code, result.output) == (0, "")
    assert names(folder / "here") == DATA


def test_a_missed_objective_is_exit_status_1(sim, folder: Path) -> None:
    """The run is done and kept, and the exit status says that it was not good enough."""
    result = sim("run", "small.yaml", "--no-report", "--out", "here", "--set", "objectives=[p99 < 1ms]")
    assert result.exit_code == 1
    assert names(folder / "here") == DATA


def test_the_scenario_as_run_runs_again_with_the_same_result(sim, folder: Path) -> None:
    """scenario.yaml holds overrides and seed, so it is all that is needed to see the same again."""
    sim(
        "run",
        "small.yaml",
        "--quiet",
        "--no-report",
        "--out",
        "a",
        "--seed",
        "12",
        "--set",
        "components.shop.workers=1",
    )
    sim("run", "a/scenario.yaml", "--quiet", "--no-report", "--out", "b")
    first, second = (json.loads((folder / name / "summary.json").read_text()) for name in ("a", "b"))
    assert first.pop("scenario") == "small"
    assert second.pop("scenario") == "scenario"
    assert first.pop("engine")["events"] == second.pop("engine")["events"]
    assert first == second


def test_a_replay_as_run_still_finds_its_log(sim, folder: Path) -> None:
    """Paths in scenario.yaml are absolute; lines of the log that cannot be read are told."""
    logs = folder / "logs"
    logs.mkdir()
    line = '10.0.0.{} - - [10/Oct/2025:13:55:{:02} +0000] "GET /a/{} HTTP/1.1" 200 2326\n'
    (logs / "access.log").write_text("".join(line.format(n % 3, n, n) for n in range(30)) + "nonsense\n")
    (logs / "replay.yaml").write_text(
        "scenario: Replay\n"
        "clients: {all: {traffic: {replay: access.log}, to: web}}\n"
        "components: {web: {kind: service, work: 5ms}}\n"
    )
    result = sim("run", "logs/replay.yaml", "--no-report", "--out", "here", "--json")
    assert result.exit_code == 0
    assert "warning: access.log: 1 line could not be read as common" in result.stderr
    assert json.loads(result.stdout)["requests"]["offered"] == 30
    again = json.loads(sim("run", "here/scenario.yaml", "--no-report", "--json").stdout)
    assert again["requests"]["offered"] == 30


def test_the_manifest_says_how_it_was_run(sim, folder: Path) -> None:
    """Versions, seed, command and overrides are kept."""
    sim("run", "small.yaml", "--quiet", "--no-report", "--out", "here", "--set", "duration=3s")
    manifest = json.loads((folder / "here" / "manifest.json").read_text())
    assert manifest["seed"] == 5
    assert manifest["overrides"] == {"duration": "3s"}
    assert manifest["command"][0] == "sim"
    assert manifest["scenario"] == str(folder / "small.yaml")
    assert manifest["interrupted"] is False
    assert {"tailsim", "python", "numpy", "simpy", "started"} <= set(manifest)


def test_every_request_can_be_had(sim, folder: Path) -> None:
    """`--requests` writes a row for each request, and its ledger adds up to its latency."""
    pytest.importorskip("pyarrow")
    sim("run", "small.yaml", "--quiet", "--no-report", "--out", "here", "--requests")
    table = pd.read_parquet(folder / "here" / "requests.parquet")
    ended = table[table["outcome"] != "in_flight"]
    assert len(table) > 300
    assert set(ended["outcome"]) == {"ok"}
    assert set(table["route"]) == {"GET /"}
    parts = ended[["network", "queue", "service", "backoff", "policy"]].sum(axis="columns")
    assert (parts - ended["latency"]).abs().max() < 1e-9


def test_requests_need_pyarrow_and_say_so_before_the_run(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is simulated when it is known that it cannot be written."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sim.experiment.run", lambda *arguments: pytest.fail("it ran"))
    result = sim("run", "small.yaml", "--requests")
    assert result.exit_code == 2
    assert "pip install 'tailsim[parquet]'" in result.stderr
    assert names(folder) == {"small.yaml"}


def test_warnings_of_the_scenario_are_printed_and_do_not_stop_it(sim, folder: Path) -> None:
    """They go to standard error, so that --json stays what it is."""
    extra = "components.spare={kind: service, work: 1ms}"
    result = sim("run", "small.yaml", "--json", "--no-report", "--set", extra)
    assert result.exit_code == 0
    assert "warning: components.spare: no client's requests ever reach it" in result.stderr
    json.loads(result.stdout)


# -- complete or not at all


def test_a_failure_while_drawing_leaves_nothing(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a half-filled folder nor the parents that were made for it."""

    def fail(*arguments: object) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr("sim.report.save.write_figures", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        sim("run", "small.yaml", "--out", "deep/down/here")
    assert names(folder) == {"small.yaml"}


def test_a_full_disk_costs_the_folder_and_not_the_summary(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was simulated is at least printed."""

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device", "timeline.csv")

    monkeypatch.setattr("sim.experiment.save.write_run", fail)
    result = sim("run", "small.yaml", "--out", "here")
    assert result.exit_code == 2
    assert result.stderr == "error: cannot write results: timeline.csv: No space left on device\n"
    assert "people availability" in result.stdout
    assert names(folder) == {"small.yaml"}


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("taken", "taken: is there already, and not empty"),
        ("small.yaml", "small.yaml: is a file, not a folder"),
        ("small.yaml/below", "small.yaml/below: Not a directory"),
        ("/proc/nowhere/results", "/proc/nowhere"),
    ],
)
def test_a_place_that_cannot_be_used_is_told_before_the_run(
    sim, folder: Path, monkeypatch: pytest.MonkeyPatch, out: str, words: str
) -> None:
    """One clear line, nothing simulated, nothing touched."""
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    monkeypatch.setattr("sim.experiment.run", lambda *arguments: pytest.fail("it ran"))
    result = sim("run", "small.yaml", "--out", out)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: cannot write results: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert names(folder) == {"small.yaml", "taken"}
    assert (folder / "taken" / "mine.txt").read_text() == "mine"


def test_an_empty_folder_may_be_filled(sim, folder: Path) -> None:
    """`--out` may be there already as long as there is nothing in it."""
    (folder / "here").mkdir()
    assert sim("run", "small.yaml", "--quiet", "--no-report", "--out", "here").exit_code == 0
    assert names(folder / "here") == DATA
    assert names(folder) == {"small.yaml", "here"}


# -- wrong scenarios


def test_all_that_is_wrong_is_told_at_once(sim, folder: Path) -> None:
    """One line each with the nearest right word, no traceback, exit status 2."""
    result = sim("run", "small.yaml", "--set", "components.shop.worker=3", "--set", "duration=5")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: components.shop.worker: 'worker' is not known here; did you mean 'workers'?  "
        "--set components.shop.worker",
        "error: duration: 5 needs a unit; a duration is written like 5ms, 5s, 5m  --set duration",
    ]
    assert names(folder) == {"small.yaml"}


def test_an_unknown_name_is_answered_with_the_nearest(sim) -> None:
    """A shipped scenario is found by its name only."""
    result = sim("run", "quickstrat")
    assert result.exit_code == 2
    assert "did you mean 'quickstart'?" in result.stderr
