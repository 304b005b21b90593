"""Which requests of a run are worth a trace: the slowest answers, failures of every kind, and some taken at random."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from sim.kernel.streams import generator
from sim.metrics import IN_FLIGHT, Result
from sim.metrics.trace import FAILED, RANDOM, SLOW
from sim.request import Outcome


def choose(result: Result, count: int) -> dict[int, str]:
    """Chooses requests that ended, of those that count: a third of each sort, as far as there are any.

    Where fewer have failed there are more slow ones; and more random ones where there are too few successes. What is
    taken at random depends on the run's seed alone.

    Args:
        result: A run.
        count: How many; at most all are chosen.

    Returns:
        The row of each, and why: `slow` (the successes that took longest, the slowest first), `failed` (as many of
        each outcome as there are) or `random`.
    """
    rows = result.requests
    eligible = np.flatnonzero((rows["outcome"] != IN_FLIGHT) & (rows["arrived"] >= result.warmup))
    rng = generator(result.seed, "traces")
    shuffled = rng.permutation(eligible)
    success = rows["outcome"][eligible] <= Outcome.DEGRADED
    third = count // 3
    failed = _spread(shuffled, rows["outcome"])[:third]
    successes = eligible[success]
    slowest = successes[np.argsort(-rows["latency"][successes], kind="stable")]
    slow = slowest[: count - third - len(failed)].tolist()
    chosen = dict.fromkeys(slow, SLOW) | dict.fromkeys(failed, FAILED)
    others = [row for row in shuffled.tolist() if row not in chosen]
    return chosen | dict.fromkeys(others[: count - len(chosen)], RANDOM)


def _spread(rows: NDArray[np.intp], outcomes: NDArray[np.uint8]) -> list[int]:
    """The failures among some rows, one of each outcome after the other."""
    by_outcome: dict[int, list[int]] = defaultdict(list)
    for row in rows.tolist():
        if outcomes[row] > Outcome.DEGRADED:
            by_outcome[int(outcomes[row])].append(row)
    turns = [(turn, outcome, row) for outcome, found in by_outcome.items() for turn, row in enumerate(found)]
    return [row for _, _, row in sorted(turns)]
