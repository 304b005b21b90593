"""The command `sim` in a folder of its own, with a scenario that takes no time to speak of."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.cli import main

SMALL = """\
scenario: A small shop
seed: 5
duration: 4s
warmup: 1s
clients:
  people: {traffic: {rate: 100/s}, timeout: 1s, to: shop}
components:
  shop: {kind: service, instances: 2, workers: 2, work: {exponential: 5ms}}
objectives: [people availability >= 99%]
"""

ROOT = Path(__file__).parents[2]

Sim = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; it holds `small.yaml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


@pytest.fixture
def sim(folder: Path) -> Sim:
    """Calls the command with arguments; an exception that is no exit goes through."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False, prog_name="sim")

    return call


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts the command in a process of its own, where Ctrl-C does what it does at a terminal."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, ignoring: bool = False, **environment: str) -> "subprocess.Popen[str]":
        on_interrupt = signal.SIG_IGN if ignoring else signal.default_int_handler
        process = subprocess.Popen(
            [sys.executable, "-m", "sim", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            preexec_fn=lambda: signal.signal(signal.SIGINT, on_interrupt),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
