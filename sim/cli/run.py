"""`sim run`: one run of a scenario, a results folder, and its summary on the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.group import INTERRUPTED, close_pipes
from sim.cli.interrupts import Interrupts
from sim.cli.progress import progress_bar
from sim.cli.terminal import Wrong, console, need_pyarrow, open_scenario, print_lines, print_warnings, set_option

if TYPE_CHECKING:
    from sim.metrics import Result
    from sim.metrics.trace import Trace
    from sim.scenario import Scenario

MISSED = 1
_TIME = "%Y-%m-%dT%H:%M:%S%z"


@click.command()
@click.argument("file", metavar="FILE|NAME")
@set_option
@click.option(
    "--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Of all randomness; by default the scenario's own."
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where results go; by default a new folder in results/.",
)
@click.option("--requests", is_flag=True, help="Also write every request, to requests.parquet (needs pyarrow).")
@click.option(
    "--trace",
    "traced",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="Run it once more, and keep the traces of N requests: the slowest, failed and random ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json, and nothing else to standard output.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and, with --json, summary.json.")
@click.option("--no-report", is_flag=True, help="Draw no figures and write no report.html.")
@click.pass_context
def run(
    context: click.Context,
    file: str,
    changes: dict[str, str],
    seed: int | None,
    out: Path | None,
    requests: bool,
    traced: int | None,
    as_json: bool,
    quiet: bool,
    no_report: bool,
) -> None:
    """Run a scenario: a file, or the name of a shipped one (sim list).

    Writes a results folder (summary, tables, figures, report.html) and prints the summary. The exit status is 1 if the
    run missed an objective. With --trace the folder also holds trace.json (open it at ui.perfetto.dev) and
    trace.otlp.json (for Jaeger); sim show FOLDER lists the requests in them.
    """
    started = time.strftime(_TIME)
    if requests:
        need_pyarrow("--requests")
    scenario = open_scenario(file, changes)
    silent = as_json or quiet
    if not quiet:
        print_warnings(scenario.warnings)
    seed = scenario.document.seed if seed is None else seed
    path = out or _new_place(Path("results", f"{scenario.name}-{seed}-{time.strftime('%Y%m%d-%H%M%S')}"))
    from sim.experiment.save import make_manifest, new_folder

    summary: dict[str, Any] | None = None
    try:
        with new_folder(path) as folder:
            result = _simulate(scenario, seed, silent)
            traces = None if traced is None else _trace(scenario, result, traced, silent)
            summary = _summary(result)
            manifest = make_manifest(scenario, result, ["sim", *sys.argv[1:]], changes, started)
            drawn = _write(scenario, result, summary, manifest, folder.building, requests, not no_report, silent)
            if traces is not None:
                _write_traces(traces, result, started, folder.building)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        if summary is not None:
            _print(result, summary, as_json, quiet)
        where = error.filename or path
        raise Wrong(f"cannot write results: {where}: {error.strerror or error}") from None
    if not quiet:
        print_warnings(result.notes)
    _print(result, summary, as_json, quiet)
    _print_path(folder.path / "report.html" if drawn else folder.path, as_json, quiet)
    if traces:
        _print_traces(folder.path, len(traces), as_json, quiet)
    if result.interrupted or (not drawn and not no_report) or (traced is not None and traces is None):
        context.exit(INTERRUPTED)
    context.exit(0 if all(objective["met"] for objective in summary["objectives"]) else MISSED)


def _new_place(path: Path) -> Path:
    """The path, or the first free one of those that go on with -2, -3, …"""
    places = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(place for place in chain([path], places) if not place.exists())


def _simulate(scenario: Scenario, seed: int, silent: bool) -> Result:
    from sim.experiment import run as simulate

    begun = time.monotonic()
    with _watching(scenario.name, scenario.duration, silent) as progress:
        result = simulate(scenario, seed, progress, time.process_time)
    return replace(result, engine={**result.engine, "wall_s": time.monotonic() - begun})


def _trace(scenario: Scenario, result: Result, count: int, silent: bool) -> list[Trace] | None:
    """The traces; None if there are none because somebody has pressed Ctrl-C."""
    if result.interrupted:
        return None
    from sim.experiment.tracing import trace

    try:
        with _watching(f"tracing {scenario.name}", scenario.duration, silent) as progress:
            return trace(scenario, result.seed, result, count, progress)
    except KeyboardInterrupt:
        print_lines(["while tracing: the results are kept, without traces"], "interrupted", "yellow")
        return None


@contextmanager
def _watching(title: str, duration: float, silent: bool) -> Iterator[Callable[[float, int], None]]:
    """Shows how far a run is, and lets Ctrl-C end it; yields what to tell of its progress."""
    terminal = console(stderr=True)
    with Interrupts() as interrupts:
        bar = nullcontext(None) if silent or not terminal.is_terminal else progress_bar(title, duration, terminal)
        with bar as show:
            yield _watched(interrupts, show)


def _watched(interrupts: Interrupts, show: Callable[[float, int], None] | None) -> Callable[[float, int], None]:
    def progress(now: float, requests: int) -> None:
        if show is not None:
            show(now, requests)
        interrupts.check()

    return progress


def _summary(result: Result) -> dict[str, Any]:
    from sim.metrics import summarize

    summary = summarize(result)
    return {**summary, "interrupted": True} if result.interrupted else summary


def _write(
    scenario: Scenario,
    result: Result,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    folder: Path,
    requests: bool,
    report: bool,
    silent: bool,
) -> bool:
    """Fills the results folder; returns whether the report is in it. Ctrl-C leaves out a report that is not done."""
    from sim.experiment.save import write_run

    with _status("writing results", silent):
        try:
            with Interrupts() as interrupts:
                write_run(scenario, result, summary, manifest, folder, requests)
                if report:
                    from sim.report.save import write_report

                    write_report(result, summary, manifest, folder, interrupts.check)
        except KeyboardInterrupt:
            _remove_report(folder)
            print_lines(
                ["while drawing: the results are kept, without figures and report.html"], "interrupted", "yellow"
            )
            return False
    return report


def _write_traces(traces: list[Trace], result: Result, started: str, folder: Path) -> None:
    from datetime import datetime

    from sim.experiment.save import versions
    from sim.report.trace import write_traces

    epoch = datetime.strptime(started, _TIME).timestamp()
    write_traces(traces, result.name, result.seed, folder, versions()["tailsim"], epoch)


def _remove_report(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder / "figures", ignore_errors=True)
    (folder / "report.html").unlink(missing_ok=True)


@contextmanager
def _status(words: str, silent: bool) -> Iterator[None]:
    terminal = console(stderr=True)
    with nullcontext() if silent or not terminal.is_terminal else terminal.status(words):
        yield


def _print(result: Result, summary: Mapping[str, Any], as_json: bool, quiet: bool) -> None:
    """Prints the summary; a reader who has seen enough changes nothing about the run's exit status."""
    if quiet and not as_json:
        return
    try:
        if as_json:
            from sim.experiment.save import to_json

            click.echo(to_json(summary), nl=False)
            return
        from sim.report.tables import print_summary
        from sim.scenario.answers import question_and_answer
        from sim.values import format_duration

        terminal = console()
        if summary.get("interrupted"):
            words = f"interrupted after {format_duration(summary['duration_s'])}: this is what had happened until then"
            terminal.print(words, style="bold yellow")
        print_summary(summary, terminal, *question_and_answer(result, summary))
    except BrokenPipeError:
        close_pipes()


def _print_path(path: Path, as_json: bool, quiet: bool) -> None:
    _print_line(os.fspath(path) if as_json else f"\n{path}", as_json, quiet)


def _print_traces(folder: Path, count: int, as_json: bool, quiet: bool) -> None:
    requests = f"{count} request{'s' if count > 1 else ''}"
    _print_line(f"{requests} traced in {folder / 'trace.json'}; sim show {folder} lists them", as_json, quiet)


def _print_line(line: str, as_json: bool, quiet: bool) -> None:
    if quiet:
        return
    try:
        click.echo(line, err=as_json)
    except BrokenPipeError:
        close_pipes()
