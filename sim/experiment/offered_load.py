"""The load that a scenario puts on each component, worked out on paper: arrivals, capacity and their quotient.

Capacity is what the workers of a component can do if each is held for as long as a request takes where nobody waits,
the calls that it makes included (the utilization law of operational analysis). Retries come on top and faults are left
out: it is the load of first attempts on a system that is whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.components import Placement
from sim.components.region import base_name
from sim.experiment.expected_traffic import Floats, moments
from sim.experiment.flow_network import FlowNetwork, Pass, mean_over, workers_of
from sim.experiment.stream import Certainty, Stream
from sim.scenario import Scenario

__all__ = ["Certainty", "ComponentLoad", "EdgeLoad", "Load", "OfferedLoad", "offered_load"]

_SAME = 1e-3


@dataclass(frozen=True)
class Load:
    """What one component has to do.

    Attributes:
        arriving: Requests that reach it, 1/s.
        certainty: How well that is known.
        hold: Mean time that a request holds a worker where nobody waits, s; None where no worker is held.
        capacity: Requests that its workers can do, 1/s; None for any number.
        utilization: Arriving / capacity; above 1 it is overloaded. None where there is no capacity to speak of.
        hit_ratio: Share of look-ups that a cache or CDN answers; None for others.
    """

    arriving: float
    certainty: Certainty
    hold: float | None
    capacity: float | None
    utilization: float | None
    hit_ratio: float | None


@dataclass(frozen=True)
class ComponentLoad:
    """One component, on average and at its busiest moment.

    Attributes:
        name: As the scenario calls it, or the part of it in a region.
        kind: Its kind.
        standby: How its region waits for another one to fail (`warm`); None for an active one, and for a replica, which
            has something to do there.
        instances: How many there are.
        workers: How many requests an instance works on at a time; None for any number.
        service: Its service time in words; empty where it has none, or several.
        work: Mean time of its own work on a request, calls left out, s; None where nothing takes time.
        keyed: Whether it is a cache that tells items apart, so that its hit ratio is approximate.
        base: On average over the run, spikes left out.
        peak: At the moment that is worst for it, spikes and bursts included.
    """

    name: str
    kind: str
    standby: str | None
    instances: int
    workers: int | None
    service: str
    work: float | None
    keyed: bool
    base: Load
    peak: Load


@dataclass(frozen=True)
class EdgeLoad:
    """What one component sends to another.

    Attributes:
        caller: A client or component.
        callee: A component.
        label: Why: the match of a route, `×3` for parallel calls, `miss`; empty where there is nothing to say.
        base: Requests per second on average.
        peak: Requests per second at the busiest moment.
        certainty: How well they are known.
    """

    caller: str
    callee: str
    label: str
    base: float
    peak: float
    certainty: Certainty


@dataclass(frozen=True)
class OfferedLoad:
    """The load on a whole scenario.

    Attributes:
        components: In the scenario's order.
        edges: Callers first; those of a client before those of components.
        clients: Requests per second of each client, on average and at the most, and how well they are known.
        varies: Whether the busiest moment differs from the average.
        homes: The region of each client and component that stands in one.
    """

    components: dict[str, ComponentLoad]
    edges: list[EdgeLoad]
    clients: dict[str, tuple[float, float, Certainty]]
    varies: bool
    homes: Mapping[str, str]


def offered_load(scenario: Scenario) -> OfferedLoad:
    """Works out what every component of a scenario has to do, without running it.

    Args:
        scenario: Whose load.

    Returns:
        Arrivals, capacity and utilization of each component, on average and at the worst moment.
    """
    network = FlowNetwork(scenario)
    window = scenario.document.warmup, scenario.duration
    average = network.solve({crowd.name: crowd.mean for crowd in network.crowds}, 0.0, window)
    peaks = [
        network.solve({crowd.name: crowd.at(time) for crowd in network.crowds}, time, None)
        for time in moments(scenario)
    ]
    varies = any(abs(peak.sent[name] - sent) > _SAME * sent for peak in peaks for name, sent in average.sent.items())
    if not varies:
        peaks = [average]
    return OfferedLoad(
        {name: _component(network, name, average, peaks) for name in network.document.components},
        _edges(average, peaks),
        {
            crowd.name: (
                average.sent[crowd.name],
                max(peak.sent[crowd.name] for peak in peaks),
                Certainty.EXACT if crowd.users is None else Certainty.AT_MOST,
            )
            for crowd in network.crowds
        },
        varies,
        network.placement.homes,
    )


def _component(network: FlowNetwork, name: str, average: Pass, peaks: list[Pass]) -> ComponentLoad:
    config = network.document.components[name]
    replicated = getattr(config, "primary", None) is not None
    rates = _typical(network, name, average)
    work = mean_over(rates if rates.any() else np.ones(len(rates)), network.paths.work(name))
    loads = [_load(network, name, peak) for peak in peaks]
    return ComponentLoad(
        name=name,
        kind=config.kind,
        standby=None if replicated else _standby(network.placement, name),
        instances=getattr(config, "instances", 1),
        workers=getattr(config, "workers", getattr(config, "connections", None)),
        service=_service_time(network, name),
        work=work or None,
        keyed=network.is_keyed(name),
        base=_load(network, name, average),
        peak=max(loads, key=lambda load: (load.utilization or 0.0, load.arriving)),
    )


def _load(network: FlowNetwork, name: str, found: Pass) -> Load:
    stream, workers = found.arriving[name], workers_of(network.document.components[name])
    hold = None if workers is None else mean_over(_typical(network, name, found), found.times.inside(name))
    capacity = workers / hold if workers is not None and hold else None
    utilization = None if capacity is None else stream.total / capacity
    return Load(stream.total, stream.certainty, hold, capacity, utilization, found.hits.get(name))


def _standby(placement: Placement, name: str) -> str | None:
    region = placement.regions.get(placement.region(name) or "")
    return region.standby if region is not None and region.role == "standby" else None


def _typical(network: FlowNetwork, name: str, found: Pass) -> Floats:
    """What arrives at a component, flow by flow; where nothing does, what arrives at its twins in other regions."""
    rates: Floats = found.arriving[name].rate
    if rates.any():
        return rates
    twins = network.placement.named(base_name(name))
    return sum((found.arriving[twin].rate for twin in twins), np.zeros_like(rates))


def _edges(average: Pass, peaks: list[Pass]) -> list[EdgeLoad]:
    nothing = Stream(np.zeros(1))
    return [
        EdgeLoad(
            *edge,
            base=streams[0].total,
            peak=max(stream.total for stream in streams[1:]),
            certainty=max(stream.certainty for stream in streams),
        )
        for edge in dict.fromkeys(edge for found in (average, *peaks) for edge in found.edges)
        for streams in [[found.edges.get(edge, nothing) for found in (average, *peaks)]]
    ]


def _service_time(network: FlowNetwork, name: str) -> str:
    config = network.document.components[name]
    if config.kind == "service":
        steps = [step for program, _ in network.paths.programs(name) for step in program]
        works = [step for word, step in steps if word == "work"]
    else:
        works = [work for key in ("work", "latency") if (work := getattr(config, key, None)) is not None]
    described = list(dict.fromkeys(work.describe() for work in works if work.mean > 0.0))
    return described[0] if len(described) == 1 else ""
