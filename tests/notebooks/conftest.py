"""What makes notebooks, and what they share, loaded from where they are."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"


def load(name):
    """A module of the notebooks' folder."""
    specification = importlib.util.spec_from_file_location(f"notebooks_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def lecture():
    """What notebooks share; whoever asks is skipped without the extra `notebooks`."""
    pytest.importorskip("IPython")
    return load("lecture")
