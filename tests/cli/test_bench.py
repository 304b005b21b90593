"""`sim bench`: the same model twice, and a line for the history."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli import bench_naive, bench_path


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
    assert ours["events"] > 3 * ours["requests"]
    assert ours["memory"] > 1_000_000


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
