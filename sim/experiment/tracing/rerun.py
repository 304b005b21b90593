"""Tracing takes a second run: the first one says which requests are worth it, the second one listens to those.

Runs are the same bit for bit, whoever listens; so the first one need not pay for what it does not know it will need.
That they were the same is checked every time.
"""

from sim.experiment.run import Progress, run
from sim.experiment.tracing.choice import choose
from sim.experiment.tracing.tracer import Tracer
from sim.metrics import Result
from sim.metrics.trace import Trace
from sim.scenario import Scenario


def trace(scenario: Scenario, seed: int, result: Result, count: int, progress: Progress | None = None) -> list[Trace]:
    """Tells the stories of some requests of a run, by running it again.

    Args:
        scenario: What was run.
        seed: With which seed.
        result: What came of it.
        count: How many requests; fewer if fewer ended.
        progress: Told how far it is.

    Returns:
        The traces of the slowest, of failed and of random requests, in this order (see `choose`).

    Raises:
        ValueError: The run was interrupted, so that it cannot be had again.
        KeyboardInterrupt: So was the second one.
        RuntimeError: The second run was not the same as the first.
    """
    if result.interrupted:
        raise ValueError("a run that was interrupted cannot be traced")
    chosen = choose(result, count)
    tracer = Tracer(chosen)
    again = run(scenario, seed, progress, build=tracer.assemble)
    if again.interrupted:
        raise KeyboardInterrupt
    if again.requests.tobytes() != result.requests.tobytes():
        raise RuntimeError(f"{scenario.name}, seed {seed}: the traced run is not the same as the first one")
    spans = tracer.spans(result.duration)
    return [Trace(row, reason, spans[row]) for row, reason in chosen.items()]
