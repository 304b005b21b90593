"""What all tests share: how hypothesis searches, and where the example scenarios and data are."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the examples and access logs; whoever asks is skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the folder with examples and data is not there")
    return SHARED
