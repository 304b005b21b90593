"""A single-server queue to experiment with: 50 requests a second, exponential work of 10 ms."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.experiment.executors import InProcess
from sim.experiment.run_many import Runner
from sim.scenario import Scenario, load

QUEUE = """\
scenario: One server
seed: 3
duration: 60s
warmup: 4s
clients:
  app: {traffic: {rate: 50/s}, to: server}
components:
  server: {kind: service, workers: 1, queue: unbounded, work: {exponential: 10ms}}
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Scenario]:
    """Loads the queue, or another text, with overrides."""

    def make(overrides: dict[str, object] | None = None, text: str = QUEUE) -> Scenario:
        path = tmp_path / "queue.yaml"
        path.write_text(text)
        return load(path, overrides)

    return make


@pytest.fixture
def queue(make: Callable[..., Scenario]) -> Scenario:
    """The queue as it is written."""
    return make()


@pytest.fixture
def runner() -> Runner:
    """Runs one trial after the other, and keeps nothing."""
    return Runner(InProcess())
