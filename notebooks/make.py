"""Makes the notebooks: executes each text source in a fresh kernel and keeps it as .ipynb with its outputs.

    python notebooks/make.py [SOURCE.py …]

Each runs on one core, as many at a time as there are cores. A cell that raises, or that writes to stderr (a warning),
is a failure that names the cell; so is a notebook that takes more than a minute of CPU time. The .ipynb is then left as
it was. What changes from run to run - times, random cell numbers, versions - is left out, so the same source with the
same code makes the same file.

The minute is one of a core of 2024 (AMD EPYC, 2.4 GHz) that has nothing else to do. Other cores are faster or slower,
and one that is shared becomes slower from one minute to the next: so a small loop is timed throughout, and the minute
is as much longer as the loop took longer than there.
"""

import hashlib
import multiprocessing
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.queues import Queue
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

HERE: Final = Path(__file__).parent
SOURCES: Final = "[0-9][0-9]_*.py"

LIMIT: Final = float(os.environ.get("NOTEBOOK_LIMIT", "60"))
"""How much CPU time a notebook may take on the reference core, s."""

_REFERENCE: Final = 0.0070
"""How long `_loop` takes on the reference core, s."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


class Failure(Exception):
    """A notebook cannot be made; the message names the cell."""


class Pace:
    """How slow a core is while the context lasts: its `factor` is 1 on the reference core, 2 on one half as fast."""

    def __enter__(self) -> "Pace":
        self._times = [_loop()]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def factor(self) -> float:
        """The mean over the time."""
        return sum(self._times) / len(self._times) / _REFERENCE

    def _run(self) -> None:
        while not self._done.wait(1.0):
            self._times.append(_loop())


def _loop() -> float:
    """CPU time of some work in plain Python, s; the thread's, for others run beside it."""
    began, seen = time.thread_time(), {}
    for number in range(100_000):
        seen[number & 1023] = number
    return time.thread_time() - began


def make(source: Path) -> str:
    """Executes one source and writes the .ipynb beside it.

    Args:
        source: A Python file in jupytext's percent format.

    Returns:
        A line that says what was done, and the CPU time it took.

    Raises:
        Failure: A cell raised or wrote to stderr, or all of them took too long.
    """
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    text = source.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(source.resolve().parent)}},
            config=Config({"ConnectionFileMixin": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )
        try:
            with Pace() as pace:
                client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise Failure(f"{source.name}: {_COLOURS.sub('', str(error))}") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took = f"{cpu:.1f} s of CPU, {cpu / pace.factor:.1f} s on the reference core"
    _check(source.name, notebook.cells)
    if cpu > LIMIT * pace.factor:
        raise Failure(f"{source.name}: {took}; it may take {LIMIT:g} s there")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
        "tailsim": {"source_sha256": hashlib.sha256(text.encode()).hexdigest()},
    }
    kept = source.with_suffix(".ipynb")
    made = nbformat.writes(notebook) + "\n"
    same = kept.exists() and kept.read_text(encoding="utf-8") == made
    if not same:
        kept.write_text(made, encoding="utf-8")
    return f"{kept.name:32} {'as before' if same else 'written':10} {took}"


def _check(name: str, cells: Sequence[Any]) -> None:
    """Refuses outputs that a reader must not see: warnings, and widgets that only live in a running kernel."""
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise Failure(f"{name}: a cell wrote to stderr:\n{output.text}\n--- the cell:\n{cell.source}")
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                raise Failure(f"{name}: a widget cannot be kept; use lecture.slide\n--- the cell:\n{cell.source}")


def _one_core(cores: "Queue[int]") -> None:
    """Puts this process, and the kernels it starts, on a core of its own."""
    os.environ |= {"LECTURE_SLIDERS": "off", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def main(arguments: Sequence[str]) -> int:
    """Makes all notebooks, or those named.

    Returns:
        0, or 1 if one could not be made; the others are made all the same.
    """
    import matplotlib.font_manager  # noqa: F401 - looks for fonts now, and not with a warning in the first notebook

    sources = [Path(argument) for argument in arguments] or sorted(HERE.glob(SOURCES))
    missing = [source for source in sources if not source.is_file()]
    if missing:
        print(f"there is no file {missing[0]}", file=sys.stderr)
        return 1
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    context = multiprocessing.get_context("spawn")
    queue: Queue[int] = context.Queue()
    for core in cores:
        queue.put(core)
    failed = False
    with ProcessPoolExecutor(len(cores), mp_context=context, initializer=_one_core, initargs=(queue,)) as pool:
        for future in [pool.submit(make, source) for source in sources]:
            try:
                print(future.result(), flush=True)
            except Failure as failure:
                print(failure, file=sys.stderr, flush=True)
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
