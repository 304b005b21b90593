"""Progress bars: how much of a run's simulated time is over, and how many of an experiment's runs are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def progress_bar(title: str, duration: float, console: Console) -> Iterator[Callable[[float, int], None]]:
    """Shows a bar while the block runs.

    Args:
        title: Of the run.
        duration: How long it lasts, simulated s.
        console: A terminal.

    Yields:
        A function to call with the simulated time, s, and the number of requests so far.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from sim.values import format_count

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[clock]}"),
        TextColumn("[cyan]{task.fields[requests]}"),
        TextColumn("[dim]{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
    )
    digits = 0 if duration >= 10.0 else 1
    whole, begun = f"{duration:,.{digits}f}", time.monotonic()
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task(title, total=duration, clock=f"0 / {whole} s", requests="", speed="")

        def show(now: float, requests: int) -> None:
            speed = requests / max(time.monotonic() - begun, 1e-9)
            progress.update(
                task,
                completed=now,
                clock=f"{now:>{len(whole)},.{digits}f} / {whole} s",
                requests=f"{format_count(requests)} requests",
                speed=f"{format_count(float(f'{speed:.3g}'))}/s",
            )

        yield show


class RunsBar:
    """Counts the runs of an experiment.

    Args:
        add: Adds to the number of runs that are to come.
        advance: Counts one that is done.
    """

    def __init__(self, add: Callable[[int], None], advance: Callable[[], None]) -> None:
        self.planned = add
        self.finished = advance


@contextmanager
def runs_bar(title: str, console: Console) -> Iterator[RunsBar]:
    """Shows how many runs are done and how long the others will take, while the block runs.

    Args:
        title: Of the experiment.
        console: A terminal.

    Yields:
        What to tell of runs that are planned and of those that are done.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task(title, total=0)

        def add(number: int) -> None:
            total = progress.tasks[0].total or 0
            progress.update(task, total=total + number)

        yield RunsBar(add, lambda: progress.advance(task))
