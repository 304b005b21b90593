"""Ctrl-C keeps what had been simulated, and never leaves a half-written folder."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LONG = ("--set", "duration=20000s", "--set", "clients.people.traffic.rate=400/s")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C is heard by the tests even where they run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_for(path: Path) -> None:
    """Waits until something is there."""
    for _ in range(1200):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{path} never came")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_had_been_simulated(start, folder: Path, number: signal.Signals) -> None:
    """The folder is complete and marked, and the exit status is 130. Being terminated is no different."""
    process = start("run", "small.yaml", "--no-report", "--out", "here", *LONG)
    wait_for(folder / f".here.{process.pid}.part")
    time.sleep(1.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    summary = json.loads((folder / "here" / "summary.json").read_text())
    assert summary["interrupted"] is True
    assert 0.0 < summary["duration_s"] < 20000.0
    assert (
        summary["requests"]["offered"]
        == sum(summary["requests"]["by_outcome"].values()) + (summary["requests"]["in_flight"])
    )
    assert json.loads((folder / "here" / "manifest.json").read_text())["interrupted"] is True
    assert out.startswith("interrupted after ")
    assert {path.name for path in folder.iterdir()} == {"small.yaml", "here"}


def test_ctrl_c_while_drawing_leaves_the_report_out(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers are there by then; figures are not worth losing them for."""

    def stop(result: object, place: Path, before_each: object) -> None:
        place.mkdir()
        (place / "half.svg").write_text("<svg")
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.report.save.write_figures", stop)
    result = sim("run", "small.yaml", "--out", "here")
    assert result.exit_code == 130
    assert "interrupted: while drawing" in result.stderr
    assert {path.name for path in (folder / "here").iterdir()} == {
        "summary.json", "timeline.csv", "components.csv", "scenario.yaml", "manifest.json",
    }  # fmt: skip
    assert result.stdout.rstrip().endswith("here")


def test_ctrl_c_during_a_figure_stops_before_the_next(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is deep in other people's code, where an exception may be lost: Ctrl-C is noted and acted on between."""
    from sim.report.save import svg

    drawn = []

    def draw(figure: object) -> str:
        drawn.append(figure)
        signal.raise_signal(signal.SIGINT)
        return svg(figure)  # type: ignore[arg-type]

    monkeypatch.setattr("sim.report.save.svg", draw)
    assert sim("run", "small.yaml", "--out", "here").exit_code == 130
    assert len(drawn) == 1
    assert not (folder / "here" / "figures").exists()
    assert (folder / "here" / "summary.json").exists()


def test_ctrl_c_while_tables_are_written_waits_for_them(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables take a moment and are what matters; then the report is left out."""
    from sim.experiment.save import write_run

    def write(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)
        write_run(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("sim.experiment.save.write_run", write)
    assert sim("run", "small.yaml", "--out", "here").exit_code == 130
    assert (folder / "here" / "components.csv").exists()
    assert not (folder / "here" / "report.html").exists()


def test_a_command_that_ignores_ctrl_c_can_be_terminated(start, folder: Path) -> None:
    """As a script's background processes do."""
    process = start("run", "small.yaml", "--no-report", "--out", "here", *LONG, ignoring=True)
    wait_for(folder / f".here.{process.pid}.part")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads((folder / "here" / "summary.json").read_text())["interrupted"] is True


def test_being_terminated_while_a_folder_is_built_leaves_nothing(sim, folder: Path, monkeypatch) -> None:
    """Where no good moment is waited for, what is half-written goes."""

    def stop(*arguments: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("sim.experiment.save.make_manifest", stop)
    result = sim("run", "small.yaml", "--out", "here")
    assert (result.exit_code, result.stderr) == (130, "\ninterrupted\n")
    assert {path.name for path in folder.iterdir()} == {"small.yaml"}
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_anywhere_else_is_one_line(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, nothing left behind."""

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.scenario.load", stop)
    result = sim("run", "small.yaml")
    assert result.exit_code == 130
    assert result.stderr == "\ninterrupted\n"
    assert {path.name for path in folder.iterdir()} == {"small.yaml"}
