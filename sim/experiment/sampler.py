"""The sampler looks at every server once a second of simulated time and keeps how busy it was."""

from array import array
from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.components import Component, Server, World, areas_of
from sim.metrics import SAMPLE_TYPE, SERIES_TYPE
from sim.metrics.trail import CALLS

_BATCH: Final = 50_000


class Sampler:
    """Samples the servers of a world.

    A look costs little: it only reads what each server has counted since the run began. What happened from one look to
    the next is worked out for many looks at once.

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
        self._carried = np.zeros((4, len(self.servers)))
        self._looks = [(0.0, self._areas())]
        self._blocks: list[NDArray[Any]] = []
        self._components = [component for component in world.components.values() if component.gauges()]
        self._calls = world.calls
        self._borders = list(permutations(world.placement.regions, 2))
        self.series_names = [(component.name, name) for component in self._components for name in component.gauges()]
        self.series_names += [("/".join(border), CALLS) for border in self._borders]
        self._points = array("d")
        self._point_times = array("d")
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
        if now <= self._looks[-1][0]:
            return
        if self.series_names:
            self._point_times.append(now)
            for component in self._components:
                self._points.extend(component.gauges().values())
            self._points.extend(self._calls[border] for border in self._borders)
        self._looks.append((now, self._areas()))
        if len(self._looks) * len(self.servers) > _BATCH:
            self._work_out()

    def carry_over(self) -> None:
        """Keeps what has happened so far: the servers are about to count anew."""
        self._carried = self._areas()

    def _areas(self) -> NDArray[np.float64]:
        """What each server has done since the run began."""
        return areas_of(self.servers) + self._carried if self.servers else self._carried

    def _work_out(self) -> None:
        times = np.array([time for time, _ in self._looks])
        areas = np.array([areas for _, areas in self._looks])
        del self._looks[:-1]
        passed = np.diff(times)[:, None]
        busy, waiting, swallowed, up = np.diff(areas, axis=0).swapaxes(0, 1)
        capacity = np.where(up > 0.0, self._workers, 0.0) * up
        block = np.zeros(busy.shape, dtype=SAMPLE_TYPE)
        block["t"] = times[1:, None]
        block["place"] = np.arange(len(self.servers))
        block["up"] = up > passed / 2.0
        block["utilization"] = np.divide(busy, capacity, out=np.zeros_like(busy), where=capacity > 0.0)
        block["queue"] = waiting / passed
        block["outstanding"] = (busy + waiting + swallowed) / passed
        self._blocks.append(block.ravel())

    def series(self) -> NDArray[Any]:
        """All points of all series, with the fields of `SERIES_TYPE`."""
        count = len(self.series_names)
        points = np.zeros(len(self._points), dtype=SERIES_TYPE)
        points["t"] = np.repeat(self._point_times, count)
        points["series"] = np.tile(np.arange(count), len(self._point_times))
        points["value"] = self._points
        return points

    def samples(self) -> NDArray[Any]:
        """All samples, with the fields of `SAMPLE_TYPE`."""
        self._work_out()
        return np.concatenate([np.zeros(0, dtype=SAMPLE_TYPE), *self._blocks])
