"""The shipped scenarios as tests see them: with seeds 1 to 5, or 1 and 2; a variant is run once for many tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.experiment import run
from sim.metrics import Result, components_timeline, summarize
from sim.request import Outcome
from sim.scenario import load

SEEDS = (1, 2, 3, 4, 5)
FEW = (1, 2)
LONG = (
    "active_passive",
    "data_residency",
    "global_failover",
    "gray_region",
    "lb_herd",
    "payment_dual_region",
    "poison_message",
    "spillover",
    "split_brain",
    "sticky_deploy",
    "unbounded_queue",
    "zone_failure",
)
"""Scenarios whose runs take seconds each, of which two must do."""


@dataclass(frozen=True)
class Run:
    """One run of a shipped scenario.

    Attributes:
        result: What happened.
        summary: The same, summed up.
    """

    result: Result
    summary: dict[str, Any]

    def sent(
        self, since: float = 0.0, until: float = inf, client: str | None = None, route: str | None = None
    ) -> NDArray[Any]:
        """The requests that were sent in a time, s; of one client or route, if named."""
        rows = self.result.requests
        chosen = (rows["arrived"] >= since) & (rows["arrived"] < until)
        if client is not None:
            chosen &= rows["client"] == self.result.clients.index(client)
        if route is not None:
            chosen &= rows["route"] == self.result.routes.index(route)
        return rows[chosen]

    def answered(self, since: float = 0.0, until: float = inf) -> int:
        """How many requests ended in success in a time, s."""
        rows = self.result.requests
        rows = rows[rows["outcome"] <= Outcome.DEGRADED]
        ended = rows["arrived"] + rows["latency"]
        return int(np.count_nonzero((ended >= since) & (ended < until)))

    def attempts(self, since: float = 0.0, until: float = inf) -> int:
        """How many attempts all clients sent in a time, s."""
        return sum(int(np.count_nonzero((starts >= since) & (starts < until))) for starts in self.result.attempt_starts)

    @cached_property
    def seconds(self) -> Any:
        """The time line of the components."""
        return components_timeline(self.result)

    def mean(self, column: str, component: str, since: float, until: float, instance: int | None = None) -> float:
        """The mean of a column of the components' time line in a time, s; of one instance, if named."""
        rows = self.seconds
        chosen = (rows.component == component) & (rows.t_s >= since) & (rows.t_s < until)
        if instance is not None:
            chosen &= rows.instance == instance
        return float(rows[column][chosen].mean())

    def instances(self, component: str, figure: str) -> list[float]:
        """A figure of each instance."""
        return [each[figure] for each in self.summary["components"][component]["instances"].values()]


Runs = Callable[..., tuple[Run, ...]]


@pytest.fixture(scope="session")
def runs(shipped: Callable[[str], Result]) -> Runs:
    """Runs a shipped scenario, by name, with each of its seeds; overrides as `--set` spells them."""

    @lru_cache(maxsize=24)
    def simulate(name: str, overrides: tuple[tuple[str, str], ...]) -> tuple[Run, ...]:
        scenario = load(name, dict(overrides))
        seeds = FEW if name in LONG else SEEDS
        own = () if overrides else (scenario.document.seed,)
        results = [shipped(name) if seed in own else run(scenario, seed) for seed in seeds]
        return tuple(Run(result, summarize(result)) for result in results)

    def simulated(name: str, overrides: Mapping[str, str] | None = None) -> tuple[Run, ...]:
        return simulate(name, tuple((overrides or {}).items()))

    return simulated


@pytest.fixture(scope="session")
def p() -> Callable[[NDArray[Any], float], float]:
    """The percentile of the latencies of some requests that have ended, s."""

    def percentile(rows: NDArray[Any], share: float) -> float:
        return float(np.quantile(rows["latency"][rows["outcome"] <= Outcome.LOST], share))

    return percentile
