"""`sim bench`: the same model twice, and a line for the history."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli import bench_naive, bench_path
from sim.cli.bench import _measure


@pytest.fixture(scope="module")
def naive() -> dict[str, float]:
    """The plain SimPy model."""
    return bench_naive.measure(12_000)


def test_both_models_are_the_same(naive: dict[str, float]) -> None:
    """Their medians agree within a few per cent: the same work, the same queues."""
    ours = bench_path.measure(12_000)
    assert ours["requests"] == pytest.approx(12_000, rel=0.05)
    assert ours["p50_s"] == pytest.approx(naive["p50_s"], rel=0.05)
    assert ours["p99_s"] == pytest.approx(naive["p99_s"], rel=0.10)
    assert ours["events"] / ours["requests"] == pytest.approx(6.25, abs=0.1), (
        "one more event on the way to a server: 0.7"
    )
    assert ours["memory"] > 1_000_000


def test_a_request_takes_less_than_100_bytes_and_a_million_less_than_400_mb() -> None:
    """By the most memory that runs of two lengths have used, each in a process of its own."""
    short, long = (_measure("sim.cli.bench_path", requests) for requests in (50_000, 150_000))
    per_request = (long["memory"] - short["memory"]) / (long["requests"] - short["requests"])
    assert 10.0 < per_request < 100.0
    assert long["memory"] + (1e6 - long["requests"]) * per_request < 400e6


def test_each_runs_in_a_process_of_its_own() -> None:
    """They print what they measured as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli.bench_naive", "1000"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert json.loads(done.stdout)["requests"] == 1000


def test_a_line_is_appended_to_the_history(sim, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one below a header, later ones below it."""
    naive = {"requests": 1000.0, "cpu_s": 0.1, "p50_s": 0.015, "p99_s": 0.05}
    ours = {**naive, "cpu_s": 0.025, "events": 6000.0}

    def measure(module: str, requests: int) -> dict[str, float]:
        if module.endswith("naive"):
            return naive
        return {**ours, "requests": float(requests), "memory": 1e8 + 80.0 * requests}

    monkeypatch.setattr("sim.cli.bench._measure", measure)
    for _ in range(2):
        result = sim("bench", "--requests", "1000", "--append", "history.csv")
        assert result.exit_code == 0
        assert result.stdout.startswith("4.00 times as fast as plain SimPy")
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert len(rows) == 2
    assert float(rows[0]["ratio"]) == 4.0
    assert float(rows[0]["bytes_per_request"]) == pytest.approx(80.0)
    assert float(rows[0]["events_per_request"]) == 6.0
    assert rows[0]["python"].startswith("3.")


@pytest.mark.parametrize(("at_least", "status"), [("3.9", 0), ("4.1", 1)])
def test_what_is_too_slow_is_exit_status_1(sim, monkeypatch: pytest.MonkeyPatch, at_least: str, status: int) -> None:
    """Judged by the quickest run of each: a machine that is busy for a while slows down one run of either kind."""
    slow = iter([1.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0])

    def measure(module: str, requests: int) -> dict[str, float]:
        cpu = (0.1 if module.endswith("naive") else 0.025) * next(slow)
        return {"requests": requests, "cpu_s": cpu, "p50_s": 1.0, "p99_s": 1.0, "events": 1.0, "memory": requests}

    monkeypatch.setattr("sim.cli.bench._measure", measure)
    result = sim("bench", "--requests", "1000", "--at-least", at_least)
    assert result.exit_code == status
    assert result.stderr == ("too slow: at best 4.00 times as fast, not 4.1\n" if status else "")
