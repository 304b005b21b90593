"""`sim bench`: how fast the simulator is, as a multiple of the same model in plain SimPy on the same machine.

Only the ratio means something: both are run in turn, each in a process of its own, and the median of the pairs counts.
To be judged (`--at-least`) the quickest run of each is taken: whatever else a machine does only makes a run slower, so
on a busy one the quickest are nearest to the truth.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import click

from sim.cli.terminal import Wrong, console

COLUMNS = (
    "date", "commit", "python", "machine", "requests", "ratio", "requests_per_cpu_s", "naive_requests_per_cpu_s",
    "events_per_request", "bytes_per_request", "p50_ms", "naive_p50_ms", "p99_ms", "naive_p99_ms",
)  # fmt: skip

Pair = tuple[dict[str, float], dict[str, float]]
"""What a run of ours and one of plain SimPy have measured."""


@click.command()
@click.option("--requests", metavar="N", type=click.IntRange(1000), default=100_000, show_default=True,
              help="How many requests each run has.")  # fmt: skip
@click.option("--pairs", metavar="N", type=click.IntRange(1), default=3, show_default=True,
              help="How many times both are run.")  # fmt: skip
@click.option("--at-least", metavar="RATIO", type=click.FloatRange(0, min_open=True),
              help="Exit with 1 if the quickest run is not so many times as fast.")  # fmt: skip
@click.option("--append", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Append the figures to a CSV file.")  # fmt: skip
@click.pass_context
def bench(context: click.Context, requests: int, pairs: int, at_least: float | None, append: Path | None) -> None:
    """Measure the speed of the simulator against plain SimPy."""
    pairs_run = []
    terminal = console(stderr=True)
    for number in range(pairs):
        if terminal.is_terminal:
            terminal.print(f"pair {number + 1} of {pairs} …", style="dim")
        pairs_run.append((_measure("sim.cli.bench_path", requests), _measure("sim.cli.bench_naive", requests)))
    longer = _measure("sim.cli.bench_path", 3 * requests)
    figures = _figures(pairs_run, longer)
    _print(figures)
    if append is not None:
        _append(append, {**_circumstances(), "requests": requests, **figures})
    if at_least is not None and (best := _best_ratio(pairs_run)) < at_least:
        console(stderr=True).print(f"too slow: at best {best:.2f} times as fast, not {at_least:g}", style="bold red")
        context.exit(1)


def _measure(module: str, requests: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", module, str(requests)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong([f"{module} failed:", *done.stderr.splitlines()])
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _speeds(pairs: list[Pair]) -> list[tuple[float, float]]:
    """Requests per CPU second of both, for each pair."""
    return [(ours["requests"] / ours["cpu_s"], naive["requests"] / naive["cpu_s"]) for ours, naive in pairs]


def _best_ratio(pairs: list[Pair]) -> float:
    fast, slow = zip(*_speeds(pairs), strict=True)
    return float(max(fast) / max(slow))


def _figures(pairs: list[Pair], longer: dict[str, float]) -> dict[str, float]:
    speeds = _speeds(pairs)
    ours, naive = pairs[-1]
    memory = median(ours["memory"] for ours, _ in pairs)
    return {
        "ratio": median(fast / slow for fast, slow in speeds),
        "requests_per_cpu_s": median(fast for fast, _ in speeds),
        "naive_requests_per_cpu_s": median(slow for _, slow in speeds),
        "events_per_request": ours["events"] / ours["requests"],
        "bytes_per_request": (longer["memory"] - memory) / (longer["requests"] - ours["requests"]),
        "p50_ms": 1e3 * ours["p50_s"],
        "naive_p50_ms": 1e3 * naive["p50_s"],
        "p99_ms": 1e3 * ours["p99_s"],
        "naive_p99_ms": 1e3 * naive["p99_s"],
    }


def _print(figures: dict[str, float]) -> None:
    from rich.table import Table

    out = console()
    out.print(f"[bold]{figures['ratio']:.2f} times[/bold] as fast as plain SimPy")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("", "sim", "plain SimPy", "difference"):
        table.add_column(heading, justify="right" if heading else "left")
    speeds = figures["requests_per_cpu_s"], figures["naive_requests_per_cpu_s"]
    table.add_row("requests per CPU second", *(f"{speed:,.0f}" for speed in speeds))
    for name in ("p50", "p99"):
        ours, naive = figures[f"{name}_ms"], figures[f"naive_{name}_ms"]
        table.add_row(f"{name} latency", f"{ours:.2f} ms", f"{naive:.2f} ms", f"{100 * (ours / naive - 1):+.1f}%")
    table.add_row("events per request", f"{figures['events_per_request']:.2f}")
    table.add_row("memory per request", f"{figures['bytes_per_request']:.0f} bytes")
    out.print(table)


def _circumstances() -> dict[str, str]:
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": _machine(),
    }


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True, text=True, check=False, cwd=Path(__file__).parent,
        )  # fmt: skip
    except OSError:
        return ""
    return done.stdout.strip()


def _machine() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        for line in cpus.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _append(path: Path, row: dict[str, Any]) -> None:
    import csv

    try:
        is_new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if is_new:
                writer.writeheader()
            writer.writerow({key: f"{value:.4g}" if isinstance(value, float) else value for key, value in row.items()})
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
