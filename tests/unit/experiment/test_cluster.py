"""A Dask cluster: a real scheduler and two workers, and the same numbers as here."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sim.experiment.executors import ClusterError, ClusterLost, InProcess, cluster
from sim.experiment.replication import Replication, Trial
from sim.experiment.run_many import Runner
from sim.scenario import Scenario

distributed = pytest.importorskip("distributed")


def start(folder: Path, what: str, *options: str) -> "subprocess.Popen[bytes]":
    """Starts a scheduler or a worker, as `dask scheduler` and `dask worker` do."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(folder / "scheduler.json")]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and its workers, each a process of its own with one thread; yields the scheduler's address."""
    processes = [start(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
    try:
        processes += [
            start(folder, "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(workers)
        ]
        file = folder / "scheduler.json"
        deadline = time.monotonic() + 60.0
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address: str = json.loads(file.read_text())["address"]
        if workers:
            with distributed.Client(address, timeout=60, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=60)
        yield address
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def test_the_same_seeds_give_the_same_numbers(queue: Scenario, tmp_path: Path) -> None:
    """Six runs on two workers come back in the order of their trials, with the numbers that they have here.

    Then the scheduler dies, and what had not finished is lost with it.
    """
    trials = [Trial(queue, seed) for seed in range(6)]
    here = Runner(InProcess()).run(trials)
    with running(tmp_path, workers=2) as address, cluster(address) as (executor, workers):
        assert workers == 2
        there = Runner(executor, workers).run(trials)
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            scheduler = client.run_on_scheduler(os.getpid)
        os.kill(scheduler, signal.SIGKILL)
        with pytest.raises(ClusterLost, match="its scheduler does not answer any more"):
            Runner(executor, workers).run([Trial(queue, seed) for seed in range(6, 12)])
    for one, other in zip(here, there, strict=True):
        assert one.error is other.error is None
        assert {**one.summary, "engine": None} == {**other.summary, "engine": None}


class Deadly(Executor):
    """An executor on which the run with seed 2 kills its worker; it counts how often it is asked for that run."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Has the trial killed, or run."""

        def deadly(trial: Trial) -> Replication:
            if trial.seed == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            done: Replication = fn(trial)
            return done

        self.asked += args[0].seed == 2
        return self.executor.submit(deadly, *args)


def test_a_run_that_kills_its_workers_is_named(
    queue: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made once more, alone; then it has failed, like a run that raises, and the others are kept."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with running(tmp_path, workers=3) as address, cluster(address) as (executor, workers):
        pool = Deadly(executor)
        done = Runner(pool, workers).run([Trial(queue, seed) for seed in range(1, 5)])
    words = "its process died, and did so again when it ran alone (killed, or not enough memory)"
    assert [(run.seed, run.error) for run in done] == [(1, None), (2, words), (3, None), (4, None)]
    assert pool.asked == 2


def test_a_cluster_that_is_not_there() -> None:
    """One sentence, after a few seconds."""
    missing = cluster("tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"there is no Dask scheduler at tcp://127\.0\.0\.1:9"), missing:
        pass


def test_a_cluster_without_workers(tmp_path: Path) -> None:
    """Says how to start some."""
    with running(tmp_path, workers=0) as address:
        idle = cluster(address)
        with pytest.raises(ClusterError, match=f"dask worker {address}"), idle:
            pass
