"""The sampler looks at every server once a second of simulated time and keeps how busy it was."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import Component, Server, World
from sim.metrics import SAMPLE_TYPE


class Sampler:
    """Samples the servers of a world.

    Args:
        world: The world.
        interval: From one sample to the next, s.
    """

    def __init__(self, world: World, interval: float = 1.0) -> None:
        self.env = world.env
        self.interval = interval
        self.places: list[tuple[str, int]] = []
        self.servers: list[Server] = []
        for component in world.components.values():
            self._add(component)
        self._last = [(0.0, 0.0, 0.0)] * len(self.servers)
        self._rows: list[tuple[float, int, bool, float, float, float]] = []
        self._sampled_at = 0.0
        world.env.process(self._run())

    def _add(self, component: Component) -> None:
        servers = component.servers
        for number, server in enumerate(servers):
            self.places.append((component.name, number if len(servers) > 1 else -1))
            self.servers.append(server)

    def _run(self) -> Any:
        while True:
            yield self.env.timeout(self.interval)
            self.sample()

    def sample(self) -> None:
        """Adds what happened since the last sample."""
        now = self.env.now
        passed = now - self._sampled_at
        if passed <= 0.0:
            return
        self._sampled_at = now
        for place, server in enumerate(self.servers):
            busy, waiting, up = server.areas()
            last_busy, last_waiting, last_up = self._last[place]
            if up < last_up or busy < last_busy:
                last_busy = last_waiting = last_up = 0.0
            self._last[place] = busy, waiting, up
            capacity = server.workers * (up - last_up)
            used = busy - last_busy
            utilization = used / capacity if capacity else 0.0
            queue = (waiting - last_waiting) / passed
            self._rows.append((now, place, up - last_up > passed / 2.0, utilization, queue, used / passed + queue))

    def samples(self) -> NDArray[Any]:
        """All samples, with the fields of `SAMPLE_TYPE`."""
        return np.array(self._rows, dtype=SAMPLE_TYPE)
