"""What all tests share: how hypothesis searches, where example scenarios and data are, runs of shipped scenarios."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sim.experiment import run
from sim.metrics import Result
from sim.scenario import load

settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the examples and access logs; whoever asks is skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the folder with examples and data is not there")
    return SHARED


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Result]:
    """Runs a shipped scenario as it is; once, however many tests and test processes ask for it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shipped"
    folder.mkdir(exist_ok=True)

    def shipped_(name: str) -> Result:
        place = folder / f"{name}.pickle"
        if not place.exists():
            part = folder / f"{name}.{os.getpid()}"
            part.write_bytes(pickle.dumps(run(load(name))))
            part.rename(place)
        result: Result = pickle.loads(place.read_bytes())
        return result

    return shipped_
