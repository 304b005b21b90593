"""Runs many trials wherever an executor puts them, keeps each that finishes, and can be stopped at any time.

A run that is already in the store is not made again. Ctrl-C takes back what has not begun and waits for what has, so
that it is kept too.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Final

from sim.experiment.executors import InProcess
from sim.experiment.replication import Replication, Trial, replicate
from sim.experiment.store import Store

_LOOK: Final = 0.2  # s, between two looks for Ctrl-C


class RunsFailed(Exception):
    """Runs failed, and without them there is nothing to say.

    Args:
        lines: One for each failed run: its seed, its parameters and why.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


@dataclass
class Runner:
    """Runs trials.

    Attributes:
        executor: Where to.
        workers: How many it runs at the same time.
        store: Where finished runs are kept; None keeps none.
        planned: Told how many more runs are to come; those in the store count too.
        finished: Told of each run that finished, or was in the store.
        check: Called often; raises KeyboardInterrupt to stop.
    """

    executor: Executor
    workers: int = 1
    store: Store | None = None
    planned: Callable[[int], None] = lambda number: None
    finished: Callable[[Replication], None] = lambda replication: None
    check: Callable[[], None] = lambda: None

    def run(self, trials: Iterable[Trial]) -> list[Replication]:
        """Runs all trials, and returns their replications in the same order.

        Raises:
            KeyboardInterrupt: `check` raised it; all that had begun has been kept.
            RunsFailed: A worker process died.
            OSError: A finished run cannot be kept.
        """
        waiting = deque(enumerate(trials))
        done: dict[int, Replication] = {}
        self.planned(len(waiting))
        begun: dict[Future[Replication], tuple[int, Trial]] = {}
        try:
            while waiting or begun:
                self.check()
                while waiting and len(begun) < 2 * self.workers:
                    number, trial = waiting.popleft()
                    known = self.store.get(trial) if self.store is not None else None
                    if known is not None:
                        done[number] = known
                        self.finished(known)
                    else:
                        begun[self.executor.submit(replicate, trial)] = number, trial
                        if isinstance(self.executor, InProcess):
                            break
                done.update(self._collect(begun, _LOOK))
        except KeyboardInterrupt:
            for future in [future for future in begun if future.cancel()]:
                del begun[future]
            while begun:
                done.update(self._collect(begun, None))
            raise
        return [done[number] for number in range(len(done))]

    def _collect(
        self, begun: dict[Future[Replication], tuple[int, Trial]], timeout: float | None
    ) -> Iterator[tuple[int, Replication]]:
        """Takes what has finished from the runs that have begun."""
        if not begun:
            return
        for future in wait(begun, timeout, FIRST_COMPLETED).done:
            number, trial = begun.pop(future)
            try:
                replication = future.result()
            except BrokenExecutor:
                raise RunsFailed([_died(trial)]) from None
            if self.store is not None:
                self.store.put(trial, replication)
            self.finished(replication)
            yield number, replication


def _died(trial: Trial) -> str:
    return (
        f"a worker process died while {trial.scenario.name} ran with seed {trial.seed} "
        "(most often: not enough memory; fewer workers need less)"
    )
