"""Runs of an experiment: kept when they finish, never made twice, and alone with their failures."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiment import replication as replications
from sim.experiment.executors import InProcess, LocalPool, local_pool
from sim.experiment.replication import TAILS, Replication, Trial, replicate
from sim.experiment.run import run
from sim.experiment.run_many import Runner
from sim.experiment.save import scenario_as_run
from sim.experiment.store import Store, load_result, save_result, scenario_key, trial_key
from sim.metrics import summarize
from sim.scenario import Scenario, load, shipped_scenarios


def figures(replication: Replication) -> dict[str, object]:
    """A summary without what the machine adds to it."""
    return {name: block for name, block in replication.summary.items() if name != "engine"}


def test_a_replication_is_the_run_with_its_seed(queue: Scenario) -> None:
    """Its summary is that of `run`, its curve the quantiles of ended requests after warm-up."""
    replication = replicate(Trial(queue, 8, keep_result=True))
    result = run(queue, 8)
    plain = summarize(result)
    assert figures(replication) == {name: block for name, block in plain.items() if name != "engine"}
    latency = result.requests["latency"][(result.requests["outcome"] != 255) & (result.requests["arrived"] >= 4.0)]
    assert replication.latencies[0] == latency.min()
    beyond = [np.count_nonzero(latency > value) / len(latency) for value in replication.latencies[:46]]
    np.testing.assert_allclose(beyond, TAILS[:46], atol=1.5 / len(latency))
    assert np.isnan(replication.latencies[-1])
    assert replicate(Trial(queue, 8)).result is None


def test_a_pool_gives_the_same_numbers(queue: Scenario) -> None:
    """In this process or in two others, a seed is a seed, and replications come back in the order of the trials."""
    trials = [Trial(queue, seed) for seed in (5, 1, 4)]
    here = Runner(InProcess()).run(trials)
    with local_pool(2) as pool:
        there = Runner(pool, 2).run(trials)
    assert [replication.seed for replication in there] == [5, 1, 4]
    assert list(map(figures, there)) == list(map(figures, here))


class Deadly(LocalPool):
    """A pool in which the run with seed 2 kills its process; it counts what it is asked for."""

    asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Has the trial killed, or run."""
        self.asked += 1
        return super().submit(deadly, *args, **kwargs)


def deadly(trial: Trial) -> Replication:
    """A replication, unless its seed is 2."""
    if trial.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return replicate(trial)


def test_a_run_that_kills_its_process_is_named_and_the_others_are_kept(queue: Scenario, tmp_path: Path) -> None:
    """The others, which were lost with it, are made again; it failed, like a run that raises."""
    trials = [Trial(queue, seed) for seed in range(1, 9)]
    pool = Deadly(2)
    store = Store(tmp_path / "runs")
    told: list[int] = []
    runner = Runner(pool, 2, store, finished=lambda replication: told.append(replication.seed))
    done = runner.run(trials)
    pool.shutdown()
    words = "its process died, and did so again when it ran alone (killed, or not enough memory)"
    assert [replication.error for replication in done] == [None, words, *6 * [None]]
    assert sorted(told) == list(range(1, 9))
    assert len(store) == 7
    assert list(map(figures, done[2:])) == list(map(figures, Runner(InProcess()).run(trials[2:])))
    assert 10 <= pool.asked <= 8 + 4  # at most four runs had begun when it died


def test_a_process_that_is_killed_from_outside_costs_nothing(queue: Scenario) -> None:
    """Its run is made again, and finishes."""
    with local_pool(2) as pool:
        runner = Runner(pool, 2)
        killed: list[int] = []

        def kill(replication: Replication) -> None:
            if not killed:
                (victim, *_) = multiprocessing.active_children()
                killed.append(victim.pid or 0)
                victim.kill()

        runner.finished = kill
        done = runner.run([Trial(queue, seed) for seed in range(1, 7)])
    assert killed
    assert [replication.error for replication in done] == 6 * [None]


SCRIPT = """\
import sim

print("begun")
queue = sim.load("mmc").with_(duration="10s", warmup="2s")
answer = sim.compare(queue, {"components.server.workers": [3, 4]}, replications=4, workers=2)
print(answer.failures, [len(runs) for runs in answer.runs])
"""


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """`python x.py` makes its runs in processes that do not run it again."""
    (tmp_path / "x.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "x.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("begun\n[] [4, 4]\n", "")


def test_a_run_that_fails_takes_nothing_else_down(queue: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why in its replication; the others have their summaries."""

    def fail_with_seed_2(scenario: Scenario, seed: int, **rest: object) -> object:
        if seed == 2:
            raise RuntimeError("a wheel came off\nand rolled away")
        return run(scenario, seed)

    monkeypatch.setattr(replications, "run", fail_with_seed_2)
    done = Runner(InProcess()).run([Trial(queue, seed) for seed in (1, 2, 3)])
    assert [replication.error for replication in done] == [None, "RuntimeError: a wheel came off", None]
    assert [bool(replication.summary) for replication in done] == [True, False, True]


def test_a_finished_run_is_never_made_again(queue: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the store comes from there; one more seed makes one more run."""
    made: list[int] = []

    def counted(scenario: Scenario, seed: int, **rest: object) -> object:
        made.append(seed)
        return run(scenario, seed)

    monkeypatch.setattr(replications, "run", counted)
    store = Store(tmp_path / "runs")
    first = Runner(InProcess(), store=store).run([Trial(queue, seed) for seed in (1, 2)])
    again = Runner(InProcess(), store=store).run([Trial(queue, seed) for seed in (1, 2, 3)])
    assert made == [1, 2, 3]
    assert len(store) == 3
    assert list(map(figures, again[:2])) == list(map(figures, first))
    np.testing.assert_array_equal(again[0].latencies, first[0].latencies)


def test_a_damaged_file_is_a_run_that_is_not_there(queue: Scenario, tmp_path: Path) -> None:
    """As is one that was kept without the whole run, when that is asked for."""
    store, trial = Store(tmp_path), Trial(queue, 1)
    store.put(trial, replicate(trial))
    assert store.get(trial) is not None
    assert store.get(replace(trial, keep_result=True)) is None
    (file,) = tmp_path.glob("*.json")
    file.write_text(file.read_text()[:100])
    assert store.get(trial) is None


@pytest.mark.parametrize(
    ("text", "other"),
    [('"summary"', '"sumary"'), ('"in_flight": 0', '"in_flight": "none"'), ('"saturated": ', '"saturated_s": ')],
)
def test_an_edited_file_is_a_run_that_is_not_there(queue: Scenario, tmp_path: Path, text: str, other: str) -> None:
    """It is JSON still, but nothing that a run leaves."""
    store, trial = Store(tmp_path), Trial(queue.with_(duration="60s"), 1)
    store.put(trial, replicate(trial))
    (file,) = tmp_path.glob("*.json")
    whole = file.read_text()
    kept = store.get(trial)
    assert kept is not None
    assert kept.strains["server"].saturated >= 0.0
    file.write_text(whole.replace(text, other))
    assert whole != file.read_text()
    assert store.get(trial) is None


def test_failed_runs_are_not_kept(queue: Scenario, tmp_path: Path) -> None:
    """The next time they get another chance."""
    store = Store(tmp_path / "runs")
    store.put(Trial(queue, 1), Replication(1, {}, np.full(len(TAILS), np.nan), error="broken"))
    assert len(store) == 0


def test_what_decides_the_numbers_decides_the_key(make: Callable[..., Scenario], tmp_path: Path) -> None:
    """The scenario, its files and the seed do; its texts and how it is spelled on the way there do not."""
    plain = trial_key(Trial(make(), 1))
    assert trial_key(Trial(make(), 1)) == plain
    assert trial_key(Trial(make({"about": "Something else."}), 1)) == plain
    assert trial_key(Trial(make({"seed": 9}), 1)) == plain
    assert trial_key(Trial(make(), 2)) != plain
    assert trial_key(Trial(make({"duration": "61s"}), 1)) != plain

    (tmp_path / "work.csv").write_text("seconds\n0.01\n0.02\n")
    measured = {"components.server.work": {"empirical": "work.csv"}}
    before = trial_key(Trial(make(measured), 1))
    (tmp_path / "work.csv").write_text("seconds\n0.01\n0.03\n")
    assert trial_key(Trial(make(measured), 1)) != before


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("quickstart", {"duration": "70s"}),
        ("dns_ttl", {"duration": "20s", "warmup": "1s", "events": [{"at": "5s", "region_down": "us", "for": "5s"}]}),
    ],
)
def test_a_whole_run_survives_on_disk(name: str, changes: dict[str, object], tmp_path: Path) -> None:
    """With events, instances, retries and regions: read back, all of it is the same, to the last bit."""
    result = run(load(name).with_(changes), 4)
    save_result(result, tmp_path / "run.npz")
    back = load_result(tmp_path / "run.npz")
    assert summarize(back) == summarize(result)
    np.testing.assert_equal(asdict(back), asdict(result))


def test_ctrl_c_keeps_what_had_finished(queue: Scenario, tmp_path: Path) -> None:
    """Stopped after the second of five runs, two are in the store, and three are left to make."""
    finished: list[Replication] = []

    def stop_after_two() -> None:
        if len(finished) == 2:
            raise KeyboardInterrupt

    store = Store(tmp_path)
    runner = Runner(InProcess(), store=store, finished=finished.append, check=stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        runner.run([Trial(queue, seed) for seed in range(5)])
    assert len(store) == 2


def test_an_error_while_results_are_sent_ends_the_program(tmp_path: Path) -> None:
    """Workers die in the middle of a large one; nobody waits for the rest of it."""
    script = tmp_path / "script.py"
    script.write_text("""\
from sim.experiment.executors import local_pool
with local_pool(2) as pool:
    sent = [pool.submit(bytes, 30_000_000) for _ in range(20)]
    sent[0].result()
    raise SystemExit("stopped")
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "stopped")


def test_progress_counts_what_was_there_already(queue: Scenario, tmp_path: Path) -> None:
    """So that a bar goes to its end."""
    store = Store(tmp_path)
    Runner(InProcess(), store=store).run([Trial(queue, 1)])
    log: list[object] = []
    runner = Runner(
        InProcess(),
        store=store,
        planned=log.append,
        finished=lambda replication: log.append(f"seed {replication.seed}"),
    )
    runner.run([Trial(queue, 1), Trial(queue, 2)])
    assert log == [2, "seed 1", "seed 2"]


@pytest.mark.parametrize("path", shipped_scenarios(), ids=lambda path: path.stem)
def test_a_saved_scenario_is_the_same_scenario(path: Path, tmp_path: Path) -> None:
    """What an experiment's folder keeps of it decides the same numbers, wherever the folder is."""
    scenario = load(path)
    copy = tmp_path / "scenario.yaml"
    copy.write_text(scenario_as_run(scenario, 5), encoding="utf-8")
    assert scenario_key(load(copy)) == scenario_key(scenario)
