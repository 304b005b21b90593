"""How a caller spreads its requests over the instances of a service: the algorithm's name and its options.

An option belongs to the algorithms whose constructor takes it; to give it to another one is an error. A new algorithm
is one file, and its line in `ALGORITHMS`.
"""

from collections.abc import Sequence
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from sim.balancing.base import Balancer
from sim.balancing.consistent_hash import ConsistentHash
from sim.balancing.endpoint import Endpoint
from sim.balancing.hashing import HashKey
from sim.balancing.ip_hash import IpHash
from sim.balancing.least import LeastConnections, LeastRequest
from sim.balancing.least_response_time import LeastResponseTime
from sim.balancing.maglev import Maglev, TableSize
from sim.balancing.prequal import Prequal
from sim.balancing.random import Random
from sim.balancing.round_robin import RoundRobin, WeightedRoundRobin
from sim.balancing.sticky import Affinity
from sim.balancing.zone_aware import ZoneAwareConfig
from sim.kernel import Uniform
from sim.values import Config, Count, Duration, Number, Share, wrong_values

ALGORITHMS: Final[dict[str, Any]] = {
    "random": Random,
    "round_robin": RoundRobin,
    "weighted_round_robin": WeightedRoundRobin,
    "least_connections": LeastConnections,
    "least_request": LeastRequest,
    "least_response_time": LeastResponseTime,
    "consistent_hash": ConsistentHash,
    "maglev": Maglev,
    "ip_hash": IpHash,
    "prequal": Prequal,
}

if TYPE_CHECKING:
    Algorithm = str
else:
    Algorithm = Literal[tuple(ALGORITHMS)]


def _options(algorithm: str) -> dict[str, Any]:
    parameters = signature(ALGORITHMS[algorithm]).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is Parameter.KEYWORD_ONLY}


OPTIONS: Final[dict[str, dict[str, Any]]] = {algorithm: _options(algorithm) for algorithm in ALGORITHMS}
"""For each algorithm the options that it reads, with their defaults."""


class BalancerConfig(Config):
    """Which instance of a service a caller sends a request to."""

    shorthand: ClassVar[str | None] = "algorithm"

    algorithm: Algorithm = Field("round_robin", description="How an instance is picked for each request.")
    panic_threshold: Share = Field(
        0.5,
        description="If a smaller share of the instances than this is healthy, all are used; 0% switches this off.",
    )
    zone_aware: ZoneAwareConfig | None = Field(
        None,
        description="Keeps traffic in the caller's zone as far as its instances can take it; by default all zones "
        "are alike.",
    )
    affinity: Affinity | None = Field(
        None, description="Keeps a session on its instance: by cookie, source or header:NAME; by default not at all."
    )
    load_reports: Duration | None = Field(
        None,
        gt=0,
        description="How often instances report their load, which callers then compare instead of what they have "
        "outstanding there themselves; by default never.",
    )
    choices: Count | None = Field(
        None,
        ge=1,
        description="How many distinct instances, drawn at random for each request, are compared; all if left out.",
    )
    decay: Duration | None = Field(
        None,
        gt=0,
        description="Time constant with which an instance's latency peak is forgotten; 10s if left out.",
    )
    key: HashKey | None = Field(
        None,
        description="Which part of a request is hashed: key, path, caller or header:NAME; key if left out.",
    )
    virtual_nodes: Count | None = Field(
        None, ge=1, le=1000, description="Points on the hash ring for an instance of weight 1; 100 if left out."
    )
    bound: Number | None = Field(
        None,
        gt=1,
        description="An instance takes at most this many times the average of outstanding requests; no bound if left "
        "out.",
    )
    table_size: TableSize | None = Field(
        None, description="Rows of the Maglev table, a prime number; 65537 if left out."
    )
    pool: Count | None = Field(None, ge=1, le=1000, description="How many probe answers are kept; 16 if left out.")
    probes_per_request: Number | None = Field(
        None, gt=0, le=100, description="How many probes go out with each request, on average; 3 if left out."
    )
    removals_per_request: Number | None = Field(
        None,
        ge=0,
        le=100,
        description="How many probe answers are dropped with each request, on average; 1 if left out.",
    )
    hot_quantile: Share | None = Field(
        None,
        description="An instance with more requests in flight than this quantile of the probe answers is hot; 84% if "
        "left out.",
    )
    probe_age: Duration | None = Field(None, gt=0, description="How long a probe's answer may be used; 1s if left out.")
    probe_work: Duration | None = Field(
        None, ge=0, description="How long a probe occupies a worker of the instance; 20us if left out."
    )

    @model_validator(mode="after")
    def _read_by_the_algorithm(self) -> Self:
        wrong: list[tuple[tuple[str], ValueError]] = []
        for name in dict.fromkeys(name for names in OPTIONS.values() for name in names):
            if name not in OPTIONS[self.algorithm] and vars(self).get(name) is not None:
                readers = " and ".join(other for other, names in OPTIONS.items() if name in names)
                wrong.append(
                    ((name,), ValueError(f"'{name}' means nothing to {self.algorithm}; it belongs to {readers}"))
                )
        if wrong:
            raise wrong_values(self, wrong)
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The algorithm's options as they take effect, defaults included."""
        given = {name: getattr(self, name) for name in OPTIONS[self.algorithm]}
        return OPTIONS[self.algorithm] | {name: value for name, value in given.items() if value is not None}


def make_balancer(config: BalancerConfig, endpoints: Sequence[Endpoint], uniform: Uniform) -> Balancer:
    """A balancer of its own for one caller.

    Args:
        config: Which algorithm, and its options.
        endpoints: The instances that may be picked at first, in the order of their index.
        uniform: A stream for this balancer alone.
    """
    balancer: Balancer = ALGORITHMS[config.algorithm](uniform, **config.options)
    balancer.update(endpoints, 0.0)
    return balancer
