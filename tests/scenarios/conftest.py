"""The shipped scenarios as tests see them: run with several seeds, the first their own; once for many tests."""

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

FEW = (
    "active_passive",
    "cache_sizing",
    "cdn_offload",
    "data_residency",
    "email_queue",
    "global_failover",
    "gray_region",
    "lb_herd",
    "payment_dual_region",
    "poison_message",
    "reference_path",
    "replica_lag",
    "retry_storm",
    "retry_storm_backoff",
    "spillover",
    "split_brain",
    "sticky_deploy",
    "unbounded_queue",
    "zone_failure",
)
"""Scenarios whose runs take seconds each, or that have many variants, of which two runs each must do, not five."""

UNTIL = {
    "active_passive": "400s",
    "data_residency": "60s",
    "dns_ttl": "500s",
    "global_failover": "5m",
    "lb_herd": "130s",
    "reference_path": "40s",
    "spillover": "4m",
    "split_brain": "140s",
    "sticky_deploy": "220s",
    "zone_failure": "130s",
}
"""How long their other runs than the shipped one are, where tests look at nothing after that."""


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
        shorter = {"duration": UNTIL[name]} if name in UNTIL else {}
        scenario = load(name, shorter | dict(overrides))
        own = scenario.document.seed
        seeds = range(own, own + (2 if name in FEW else 5))
        results = [run(scenario, seed) if overrides or seed > own else shipped(name) for seed in seeds]
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
