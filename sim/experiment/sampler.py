"""The sampler looks at every server once a second of simulated time and keeps how busy it was."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.components import Component, Server, World
from sim.metrics import SAMPLE_TYPE, SERIES_TYPE


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
        self._workers = np.array([server.workers for server in self.servers], dtype=np.float64)
        self._last = self._areas()
        self._carried = np.zeros_like(self._last)
        self._blocks: list[NDArray[Any]] = []
        self._sampled_at = 0.0
        self._components = [component for component in world.components.values() if component.gauges()]
        self.series_names = [(component.name, name) for component in self._components for name in component.gauges()]
        self._points: list[NDArray[Any]] = []
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
        if self._components:
            self._sample_series(now)
        if not self.servers:
            return
        areas = self._areas()
        busy, waiting, swallowed, up = (areas - self._last + self._carried).T
        self._last, self._carried = areas, np.zeros_like(areas)
        capacity = np.where(up > 0.0, self._workers, 0.0) * up
        block = np.zeros(len(self.servers), dtype=SAMPLE_TYPE)
        block["t"] = now
        block["place"] = np.arange(len(self.servers))
        block["up"] = up > passed / 2.0
        block["utilization"] = np.divide(busy, capacity, out=np.zeros_like(busy), where=capacity > 0.0)
        block["queue"] = waiting / passed
        block["outstanding"] = (busy + waiting + swallowed) / passed
        self._blocks.append(block)

    def _sample_series(self, now: float) -> None:
        block = np.zeros(len(self.series_names), dtype=SERIES_TYPE)
        block["t"] = now
        block["series"] = np.arange(len(self.series_names))
        block["value"] = [value for component in self._components for value in component.gauges().values()]
        self._points.append(block)

    def carry_over(self) -> None:
        """Keeps what has happened since the last sample for the next one: the servers are about to count anew."""
        self._carried += self._areas() - self._last
        self._last = np.zeros_like(self._last)

    def _areas(self) -> NDArray[np.float64]:
        return np.array([server.areas() for server in self.servers], dtype=np.float64).reshape(-1, 4)

    def series(self) -> NDArray[Any]:
        """All points of all series, with the fields of `SERIES_TYPE`."""
        return np.concatenate([np.zeros(0, dtype=SERIES_TYPE), *self._points])

    def samples(self) -> NDArray[Any]:
        """All samples, with the fields of `SAMPLE_TYPE`."""
        return np.concatenate([np.zeros(0, dtype=SAMPLE_TYPE), *self._blocks])
