"""Runs many trials wherever an executor puts them, keeps each that finishes, and can be stopped at any time.

A run that is already in the store is not made again. Ctrl-C takes back what has not begun and waits for what has, so
that it is kept too.

Where a worker process dies, the runs that had begun are made again one at a time: the one that takes its process with
it has failed, and the others are kept.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from math import isfinite
from numbers import Real
from typing import Final

from sim.experiment.executors import ClusterLost, InProcess, cluster_is_gone, process_died
from sim.experiment.replication import Replication, Trial, failed, replicate
from sim.experiment.store import Store
from sim.metrics import Result
from sim.scenario import Scenario

Work = Callable[[Scenario, Result], float | None]
"""Works a figure out of a run; None where it has none."""

_DIED: Final = "its process died, and did so again when it ran alone (killed, or not enough memory)"
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
        own: Figures of somebody's own, by name: each run comes here whole, and what is worked out of it is added to its
            summary as `measures`. The store keeps the run alone, so another figure can be worked out of it later.
    """

    executor: Executor
    workers: int = 1
    store: Store | None = None
    planned: Callable[[int], None] = lambda number: None
    finished: Callable[[Replication], None] = lambda replication: None
    check: Callable[[], None] = lambda: None
    own: Mapping[str, Work] = field(default_factory=dict)

    def run(self, trials: Iterable[Trial]) -> list[Replication]:
        """Runs all trials, and returns their replications in the same order.

        Raises:
            KeyboardInterrupt: `check` raised it; all that had begun has been kept.
            ClusterLost: The cluster is gone; all that had finished has been kept.
            OSError: A finished run cannot be kept.
            ValueError: What was worked out of a run is no number.
        """
        waiting = deque(enumerate(trials))
        done: dict[int, Replication] = {}
        self.planned(len(waiting))
        begun: dict[Future[Replication], tuple[int, Trial]] = {}
        suspects: deque[tuple[int, Trial]] = deque()
        try:
            while waiting or begun or suspects:
                self.check()
                if suspects and not begun:
                    begun[self._submit(suspects[0][1])] = suspects[0]
                while waiting and not suspects and len(begun) < 2 * self.workers:
                    number, trial = waiting.popleft()
                    wanted = self._wanted(trial)
                    known = self.store.get(wanted) if self.store is not None else None
                    if known is not None:
                        done[number] = self._measured(trial, known)
                        self.finished(known)
                    else:
                        begun[self._submit(trial)] = number, trial
                        if isinstance(self.executor, InProcess):
                            break
                done.update(self._collect(begun, suspects, _LOOK))
        except KeyboardInterrupt:
            for future in [future for future in begun if future.cancel()]:
                del begun[future]
            while begun:
                done.update(self._collect(begun, suspects, None))
            raise
        return [done[number] for number in range(len(done))]

    def _wanted(self, trial: Trial) -> Trial:
        return replace(trial, keep_result=True) if self.own else trial

    def _submit(self, trial: Trial) -> Future[Replication]:
        try:
            return self.executor.submit(replicate, self._wanted(trial))
        except Exception as error:
            if cluster_is_gone(error):
                raise _lost() from None
            raise

    def _collect(
        self,
        begun: dict[Future[Replication], tuple[int, Trial]],
        suspects: deque[tuple[int, Trial]],
        timeout: float | None,
    ) -> Iterator[tuple[int, Replication]]:
        """Takes what has finished from the runs that have begun.

        Those whose process died become suspects. The first of these runs alone: whatever comes of it, it is none any
        more.
        """
        if not begun:
            return
        for future in wait(begun, timeout, FIRST_COMPLETED).done:
            number, trial = begun.pop(future)
            was_alone = bool(suspects) and suspects[0][0] == number
            if was_alone:
                suspects.popleft()
            try:
                replication = future.result()
            except Exception as error:
                if cluster_is_gone(error):
                    raise _lost() from None
                if not process_died(error):
                    raise
                if not was_alone:
                    suspects.append((number, trial))
                    continue
                replication = failed(trial.seed, _DIED)
            if self.store is not None:
                self.store.put(trial, replication)
            self.finished(replication)
            yield number, self._measured(trial, replication)

    def _measured(self, trial: Trial, replication: Replication) -> Replication:
        """A replication with figures of somebody's own; the whole run is dropped unless the trial asks for it."""
        if not self.own or replication.result is None:
            return replication
        figures = {name: _number(name, work(trial.scenario, replication.result)) for name, work in self.own.items()}
        summary = {**replication.summary, "measures": figures}
        return replace(replication, summary=summary, result=replication.result if trial.keep_result else None)


def _lost() -> ClusterLost:
    return ClusterLost("the cluster is gone: its scheduler does not answer any more")


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"the measure '{name}' has to be a number or None, and is {value!r}")
    return float(value) if isfinite(value) else None
