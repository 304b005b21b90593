"""One run: a scenario and a seed become a result."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sim.experiment.sampler import Sampler
from sim.metrics import Result
from sim.scenario import Assembly, Scenario, assemble

Progress = Callable[[float, int], None]
"""Called now and then with the simulated time, s, and the number of requests so far."""

SLICES = 200


def run(
    scenario: Scenario,
    seed: int | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] | None = None,
    build: Callable[[Scenario, int], Assembly] = assemble,
) -> Result:
    """Runs a scenario to its end.

    Args:
        scenario: What to run.
        seed: Of all randomness; by default the scenario's own.
        progress: Told how far it is.
        clock: CPU time, s; where it is given the result says how fast the run was.
        build: Builds its world.

    Returns:
        What happened. After a `KeyboardInterrupt` it is what had happened until then, marked as interrupted.
    """
    seed = scenario.document.seed if seed is None else seed
    assembly = build(scenario, seed)
    world = assembly.world
    sampler = Sampler(world)
    begun = clock() if clock is not None else 0.0
    interrupted = False
    try:
        with _rare_collections():
            for end in _stops(scenario):
                world.env.run_until(end)
                if end == scenario.document.warmup:
                    _start_counting(assembly, sampler)
                if progress is not None:
                    progress(world.env.now, world.recorder.opened)
    except KeyboardInterrupt:
        interrupted = True
    sampler.sample()
    cpu = clock() - begun if clock is not None else 0.0
    return _result(scenario, seed, assembly, sampler, cpu, interrupted)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Lets Python look for cyclic garbage rarely: a run makes millions of objects, and hardly any of them in cycles."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, before[1], before[2])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _stops(scenario: Scenario) -> list[float]:
    stops = {float(end) for end in np.linspace(0.0, scenario.duration, SLICES + 1)[1:]}
    if scenario.document.warmup:
        stops.add(scenario.document.warmup)
    return sorted(stops)


def _start_counting(assembly: Assembly, sampler: Sampler) -> None:
    sampler.carry_over()
    assembly.world.start_counting()
    for component in assembly.world.components.values():
        component.start_counting()


def _result(
    scenario: Scenario, seed: int, assembly: Assembly, sampler: Sampler, cpu: float, interrupted: bool
) -> Result:
    world, document = assembly.world, scenario.document
    recorder = world.recorder
    rows = recorder.rows()
    components: dict[str, dict[str, Any]] = {
        name: {"kind": component.kind} | component.counters() for name, component in world.components.items()
    }
    return Result(
        name=scenario.name,
        title=document.scenario,
        about=document.about,
        watch_for=list(document.watch_for),
        document=scenario.data,
        seed=seed,
        duration=world.env.now,
        warmup=document.warmup,
        clients=list(document.clients),
        routes=list(recorder.routes),
        requests=rows,
        attempt_starts=[np.frombuffer(starts, dtype=np.float64) for starts in recorder.attempt_starts],
        attempt_latencies=[np.frombuffer(latencies, dtype=np.float32) for latencies in recorder.attempt_latencies],
        places=sampler.places,
        samples=sampler.samples(),
        components=components,
        events=assembly.injector.finish(),
        wasted=recorder.wasted,
        useful=recorder.useful,
        objectives=list(document.objectives),
        engine={"events": float(world.env.events), "cpu_s": cpu},
        interrupted=interrupted,
        reactions=list(recorder.reactions),
        series_names=sampler.series_names,
        series=sampler.series(),
        regions=world.regions(),
        notes=tuple(note for client in assembly.clients for note in client.notes),
    )
