"""Experiments to look at: small real ones, and made-up ones whose every figure is known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from sim.experiment.capacity import Capacity
from sim.experiment.capacity_search import capacity
from sim.experiment.comparison import Comparison, compare
from sim.experiment.executors import InProcess
from sim.experiment.replication import TAILS, Replication
from sim.experiment.run_many import Runner
from sim.experiment.study import choose_measures
from sim.experiment.sweep import Sweep, sweep
from sim.experiment.variation import Variant, Variation, parse_variation
from sim.scenario import Scenario, load

ALGORITHM = "components.api.balancer.algorithm"
TTL = "components.dns_short.ttl"
RATE = "clients.source.traffic.rate"


def gray(**more: object) -> Scenario:
    """Eight instances, of which one becomes slow after 20 s."""
    return load("load_balancing_gray").with_(duration="24s", warmup="2s", **more)


def queue() -> Scenario:
    """Four workers that are busy at 100/s."""
    return load("mmc").with_(duration="20s", warmup="2s")


def vary(*texts: str) -> list[Variation]:
    """Variations as the command line writes them."""
    return [parse_variation(text) for text in texts]


def two_regions() -> Scenario:
    """One of two regions dies after 10 s, and comes back after 45 s."""
    changes: dict[str, object] = {
        "duration": "60s",
        "warmup": "2s",
        "events": [{"at": "10s", "region_down": "us", "for": "35s"}],
        "components.dns_short.health_check.interval": "2s",
    }
    crowds = {f"clients.{name}.traffic.rate": "6/m" for name in ("long", "careless")}
    return load("dns_ttl").with_(changes | crowds)


@cache
def balancers() -> Comparison:
    """Three balancers; round_robin is much worse than the others."""
    variations = vary(f"{ALGORITHM}=round_robin,least_connections,least_response_time")
    return compare(gray(), variations, Runner(InProcess()), replications=4)


@cache
def crowd() -> Comparison:
    """Eight variants with long names."""
    variations = vary(f"{ALGORITHM}=round_robin,least_connections", "components.api.instances=7,8,9,10")
    return compare(gray(), variations, Runner(InProcess()), replications=2)


@cache
def never() -> Comparison:
    """Decided by a recovery that never comes, for the slow instance stays slow."""
    variations = vary(f"{ALGORITHM}=round_robin,least_connections")
    return compare(gray(), variations, Runner(InProcess()), replications=2, measure="slow recovery")


@cache
def failover() -> Comparison:
    """How long users follow a dead address."""
    measure = "region_down failover"
    return compare(two_regions(), vary(f"{TTL}=2s,20s"), Runner(InProcess()), replications=2, measure=measure)


@cache
def failovers() -> Sweep:
    """The same, over a range."""
    return sweep(two_regions(), vary(f"{TTL}=2s..20s:2"), Runner(InProcess()), replications=2)


def failed() -> Comparison:
    """Two of twelve runs failed, among them the first variant's run with the scenario's own seed."""
    study = balancers()
    runs = [list(some) for some in study.runs]
    for variant, number in ((0, 0), (2, 3)):
        seed = runs[variant][number].seed
        runs[variant][number] = Replication(
            seed, {}, np.full(len(TAILS), np.nan), error="ValueError: <b>no</b> & so on"
        )
    return replace(study, runs=tuple(map(tuple, runs)), _values={})


def strange() -> Comparison:
    """Variants whose names are mark-up, formulas and other scripts."""
    study = balancers()
    names = ["<script>alert(1)</script>", "$\\frac{1}{0}$ {x} 検索", "a\x07b [red]c[/red] " + 60 * "long_"]
    return replace(study, variants=tuple(Variant({ALGORITHM: name}) for name in names), _values={})


@cache
def rates() -> Sweep:
    """From 40/s to 140/s: the queue saturates at about 95/s."""
    return sweep(queue(), vary(f"{RATE}=40/s..140/s:6"), Runner(InProcess()), replications=2)


@cache
def rates_and_workers() -> Sweep:
    """Two parameters."""
    variations = vary(f"{RATE}=40/s..120/s:3", "components.server.workers=2,4")
    return sweep(queue(), variations, Runner(InProcess()), replications=2)


@cache
def words() -> Sweep:
    """A parameter that is no number, and one run a value."""
    variations = vary(f"{ALGORITHM}=round_robin,random,least_connections")
    return sweep(gray(), variations, Runner(InProcess()), replications=1)


@cache
def hypercube() -> Sweep:
    """Three parameters, chosen at random."""
    variations = vary(
        "clients.app.traffic.rate=100/s..300/s", "components.api.instances=6..12", f"{ALGORITHM}=round_robin,random"
    )
    return sweep(gray(), variations, Runner(InProcess()), replications=1, samples=8)


@cache
def largest_rate() -> Capacity:
    """How much the queue carries."""
    return capacity(queue(), RATE, Runner(InProcess()), ("p99 < 300ms",), precision=0.1, seeds=(3, 6))


@cache
def fewest_workers() -> Capacity:
    """How many workers it needs."""
    text = "components.server.workers=2..8"
    return capacity(queue(), text, Runner(InProcess()), ("p99 < 300ms", "availability >= 99%"), seeds=(3, 6))


@cache
def one_is_enough() -> Capacity:
    """A search whose ends both meet the objective."""
    return capacity(queue(), "components.server.speed=2..8", Runner(InProcess()), ("p99 < 1s",), seeds=(2,))


STUDIES = {
    maker.__name__: maker
    for maker in (
        balancers,
        crowd,
        never,
        failover,
        failovers,
        failed,
        strange,
        rates,
        rates_and_workers,
        words,
        hypercube,
        largest_rate,
        fewest_workers,
        one_is_enough,
    )
}


def made_up(p99: Mapping[str, Sequence[float]], success: Mapping[str, Sequence[float]] | None = None) -> Comparison:
    """A comparison with known figures.

    Args:
        p99: Of each variant, a value for each seed, s.
        success: The success ratios; 1 unless given.
    """
    scenario = queue()
    measures = choose_measures(scenario, "p99")
    runs = []
    for name, values in p99.items():
        ratios = success[name] if success else [1.0] * len(values)
        pairs = enumerate(zip(values, ratios, strict=True), start=scenario.document.seed)
        runs.append(tuple(_replication(seed, value, ratio) for seed, (value, ratio) in pairs))
    variants = tuple(Variant({ALGORITHM: name}) for name in p99)
    return Comparison(scenario, tuple(vary(f"{ALGORITHM}=a,b")), variants, tuple(runs), measures[0], measures)


def _replication(seed: int, p99: float, success: float) -> Replication:
    summary: dict[str, Any] = {
        "requests": {"in_flight": 0},
        "latency_s": {"all": {"mean": p99 / 4.0, "p50": p99 / 5.0, "p95": p99 / 2.0, "p99": p99}},
        "rates": {"success_ratio": success, "goodput_rps": 100.0 * success, "offered_rps": 100.0},
        "attempts": {"wasted_work_s": 0.0, "useful_work_s": 1.0},
        "clients": {},
        "routes": {},
        "components": {},
        "events": [],
    }
    return Replication(seed, summary, np.where(TAILS >= 0.01, p99 * 0.01 / TAILS, np.nan))
