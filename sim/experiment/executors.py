"""Where runs happen: in this process, in a pool of processes on this machine, or on a Dask cluster.

All three are a `concurrent.futures.Executor`; nothing else in an experiment knows which one it is, and the same seeds
give the same numbers on each.
"""

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import Any


class InProcess(Executor):
    """Runs each call at once, in the process that submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Calls `fn`; the future that comes back is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class LocalPool(Executor):
    """Processes on this machine.

    Where one dies (killed, or out of memory) the runs of all others are lost with it, and say so by a BrokenExecutor;
    the next call finds new processes.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(["sim.experiment.replication"])
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_begin_worker)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Has `fn` called in one of them; it is started now if none is idle."""
        with _without_main():
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                self._pool = self._start()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends them."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """Ends them at once, whatever they are at.

        One that dies while it sends a result leaves half of it in the pipe, and the thread that reads it would wait for
        the other half for ever: with nobody left who could write, it sees that there is none.
        """
        results: Any = vars(self._pool).get("_result_queue")
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        if results is not None:
            results._writer.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """Lets processes start that know nothing of `__main__`.

    They would import it, and a script without `if __name__ == "__main__":` would begin anew in each of them; no run
    needs anything of it.
    """
    main: dict[str, Any] = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(hidden)


class MissingRun(Exception):
    """A run is needed that has not been made."""


class NoExecutor(Executor):
    """Makes no runs, for those who only read what is there."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Raises MissingRun."""
        raise MissingRun


class ClusterError(Exception):
    """A cluster cannot be used: it is not there, or the extra `cluster` is not installed."""


class ClusterLost(ClusterError):
    """A cluster was there and is not any more; what it had not finished is lost, and nothing else."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def local_pool(workers: int) -> Iterator[Executor]:
    """A pool of processes on this machine; one worker is this process itself.

    Args:
        workers: How many run at the same time.
    """
    if workers == 1:
        yield InProcess()
        return
    pool = LocalPool(workers)
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    pool.shutdown()


def _begin_worker() -> None:
    """What Ctrl-C means, which goes to every process of a terminal, is for the one that waits for the runs to say.

    If that one dies, however suddenly, its workers die with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def process_died(error: Exception) -> bool:
    """Whether a call came to nothing because the process that carried it out is gone.

    Dask says so in a word of its own, once as many workers as it allows have died over the same call.
    """
    dask: Any = sys.modules.get("distributed")
    return isinstance(error, BrokenExecutor) or (dask is not None and isinstance(error, dask.KilledWorker))


def cluster_is_gone(error: Exception) -> bool:
    """Whether a call came to nothing because the scheduler of a Dask cluster is gone.

    Dask cancels then what has not finished, and refuses what is new.
    """
    dask: Any = sys.modules.get("distributed")
    return isinstance(error, CancelledError) or (dask is not None and isinstance(error, dask.client.ClosedClientError))


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a Dask cluster that is running.

    Args:
        address: Of its scheduler, such as `tcp://10.0.0.1:8786`.

    Yields:
        The executor, and how many runs it takes at the same time.

    Raises:
        ClusterError: There is no scheduler, it has no workers, or Dask is not installed.
    """
    try:
        connect: Any = import_module("distributed").Client
    except ImportError:
        raise ClusterError("a cluster needs Dask: pip install 'tailsim[cluster]'") from None
    try:
        client = connect(address, timeout=5, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"there is no Dask scheduler at {address}: {error}") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # that it is gone is said by ClusterLost
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            words = f"dask worker {address} --nworkers auto --nthreads 1"
            raise ClusterError(f"the cluster at {address} has no workers; start some with: {words}")
        yield client.get_executor(pure=False, retries=2), threads
