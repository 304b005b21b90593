"""A cold process is slow: its caches are empty, its code is not compiled yet, its connections have to be opened.

Its service times are multiplied by a factor that falls in a straight line to 1 while it warms up. Slow start is the
answer to it on the balancer's side.
"""

from collections.abc import Generator
from typing import Final

from pydantic import Field

from sim.components.server import Server
from sim.values import Config, Duration, Number

_STEPS: Final = 50


class WarmUpConfig(Config):
    """A cold process is slow: empty caches, code not compiled yet, connections to open."""

    for_: Duration = Field(alias="for", description="How long after its start until an instance runs at full speed.")
    factor: Number = Field(ge=1.0, le=1000, description="Multiplies service times at first; falls linearly to 1.")


def warm(server: Server, config: WarmUpConfig) -> Generator[float, None, None]:
    """What a Flow does to a server that has just been started: slow, and step by step less so.

    Args:
        server: The server.
        config: How slow, and for how long.
    """
    for step in range(_STEPS):
        factor = config.factor + (1.0 - config.factor) * step / _STEPS
        server.slow_by(factor)
        try:
            yield config.for_ / _STEPS
        finally:
            server.undo_slow(factor)
