"""An environment at 0 s, and a log that flows and processes write their steps to."""

from collections.abc import Callable
from typing import Any

import pytest

from sim.kernel import Environment

Note = Callable[[Any], None]


@pytest.fixture
def env() -> Environment:
    """A clock at 0 s."""
    return Environment()


@pytest.fixture
def log() -> list[tuple[float, Any]]:
    """What happened, and when."""
    return []


@pytest.fixture
def note(env: Environment, log: list[tuple[float, Any]]) -> Note:
    """Writes something to the log, with the time."""
    return lambda what: log.append((env.now, what))
