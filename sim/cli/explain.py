"""`sim explain`: what a run shows, in words with numbers; and how large a trigger tips the system, if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.interrupts import Interrupts
from sim.cli.terminal import Wrong, console, find_folder

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sim.experiment.metastability import Verdict
    from sim.experiment.saved import SavedRun
    from sim.experiment.tipping import By, RunMany
    from sim.report.explain import Finding

_INDENT = "    "


@click.command()
@click.argument("result", metavar="RESULT")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as data, and nothing else.")
@click.option(
    "--tip", is_flag=True, help="Also search for the size of the trigger that the system never recovers from."
)
@click.option(
    "--event",
    metavar="N",
    type=click.IntRange(min=0),
    help="With --tip: the trigger is events[N], counted from 0; by default the last that has a duration or a factor.",
)
@click.option(
    "--by",
    type=click.Choice(["for", "factor"]),
    help="With --tip: what to vary, how long the trigger lasts (the default) or its factor.",
)
@click.option(
    "--seeds",
    metavar="N",
    default=5,
    type=click.IntRange(1, 1000),
    help="With --tip: runs for each size; by default 5.",
)
@click.option("--workers", metavar="N", type=click.IntRange(1, 1024), help="With --tip: runs at once; default: cores.")
def explain(
    result: str, as_json: bool, tip: bool, event: int | None, by: By | None, seeds: int, workers: int | None
) -> None:
    """Say what a run shows: where p99 went, what was saturated first, what each fault cost.

    RESULT is the folder of a run or an experiment, or its name in results/. With --tip the scenario in it is run again
    with its trigger made longer or stronger, shorter or weaker, until it is known from which size on the system never
    recovers.
    """
    from sim.report.explain import explain as find

    if not tip and (event is not None or by is not None):
        raise Wrong("--event and --by say what --tip varies: give --tip as well")
    place = find_folder(result)
    if (place / "experiment.json").is_file() and not tip:
        _explain_experiment(place, as_json)
        return
    saved = _read(place)
    findings = find(saved.summary, saved.timeline, saved.components, saved.scenario, saved.series)
    if tip:
        findings = [_tip(saved, event, by, seeds, workers), *findings]
    if as_json:
        _print_json(saved, findings)
    else:
        _print(saved, findings)


def _explain_experiment(place: Path, as_json: bool) -> None:
    """Says what came of an experiment, and what the kept run of each variant shows first."""
    from sim.cli.experiments import read_experiment
    from sim.report.experiments import summary_lines, variant_findings

    _, answer = read_experiment(place)
    lines, variants = summary_lines(answer), variant_findings(answer)
    if as_json:
        from sim.experiment.save import to_json

        told = {name: [_as_data(each) for each in findings] for name, findings in variants.items()}
        click.echo(to_json({"result": str(place), "answer": lines, "variants": told}), nl=False)
        return
    out = console()
    for line in lines:
        out.print(line, style="bold", markup=False)
    for name, findings in variants.items():
        out.print(f"\n{name}", style="bold", markup=False)
        _print_findings(findings)


def _read(place: Path) -> SavedRun:
    from sim.experiment.saved import NoResult, read_run
    from sim.scenario import ScenarioError

    try:
        return read_run(place)
    except NoResult as error:
        raise Wrong(str(error)) from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None


def _print(saved: SavedRun, findings: Sequence[Finding]) -> None:
    from rich.text import Text

    from sim.report import units

    out = console()
    words = f"  seed {saved.summary['seed']}, {units.duration(saved.summary['duration_s'])} simulated"
    out.print(Text.assemble((saved.summary["scenario"], "bold"), (words, "dim")))
    if saved.summary.get("interrupted"):
        out.print(Text("The run was interrupted: this is about what had happened until then.", "yellow"))
    _print_findings(findings)


def _print_findings(findings: Sequence[Finding]) -> None:
    from textwrap import TextWrapper

    from rich.text import Text

    from sim.report import units

    out = console()
    wrap = TextWrapper(
        width=out.width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    for number, finding in enumerate(findings, start=1):
        out.print()
        title = wrap.fill(units.plain(finding.title)).lstrip()
        out.print(Text.assemble((f"{number}.".ljust(len(_INDENT)), "dim"), (title, "bold")), soft_wrap=True)
        out.print(Text(wrap.fill(units.plain(finding.text))), soft_wrap=True)


def _print_json(saved: SavedRun, findings: Sequence[Finding]) -> None:
    from sim.experiment.save import to_json

    data: dict[str, Any] = {
        "result": str(saved.folder),
        "scenario": saved.summary["scenario"],
        "seed": saved.summary["seed"],
        "findings": [_as_data(each) for each in findings],
    }
    click.echo(to_json(data), nl=False)


def _as_data(finding: Finding) -> dict[str, Any]:
    weight = finding.weight.name.lower()
    return {"weight": weight, "title": finding.title, "text": finding.text, "figures": finding.figures}


def _tip(saved: SavedRun, event: int | None, by: By | None, seeds: int, workers: int | None) -> Finding:
    from sim.experiment.executors import cores, local_pool
    from sim.experiment.tipping import NoTrigger, NoVerdict, find_tipping, find_trigger
    from sim.report.explain.tipping import tipping_point
    from sim.scenario import ScenarioError

    first = saved.summary["seed"]
    try:
        trigger = find_trigger(saved.scenario, event, by)
        with Interrupts() as interrupts, _counter() as count, local_pool(workers or cores()) as pool:
            found = find_tipping(trigger, range(first, first + seeds), _in_pool(saved, pool, interrupts, count))
    except NoTrigger as error:
        raise Wrong(str(error)) from None
    except NoVerdict as error:
        raise Wrong(f"no tipping point can be found: {error}") from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None
    return tipping_point(found)


def _in_pool(saved: SavedRun, pool: Executor, interrupts: Interrupts, count: Any) -> RunMany:
    """Runs wherever an executor puts them."""
    from concurrent.futures import FIRST_COMPLETED, wait

    from sim.experiment.tipping import verdict_of

    def run_many(jobs: Sequence[tuple[Mapping[str, object], int]]) -> list[Verdict]:
        futures = []
        for overrides, seed in jobs:
            futures.append(pool.submit(verdict_of, saved.scenario, dict(overrides), seed))
            count(overrides, seed)
            interrupts.check()
        waiting = set(futures)
        while waiting:
            waiting = wait(waiting, 0.2, FIRST_COMPLETED).not_done
            interrupts.check()
        return [future.result() for future in futures]

    return run_many


@contextmanager
def _counter() -> Iterator[Any]:
    """Says on a terminal which run is under way."""
    terminal = console(stderr=True)
    done = 0
    with terminal.status("searching") if terminal.is_terminal else nullcontext() as status:

        def count(overrides: Mapping[str, object], seed: int) -> None:
            nonlocal done
            done += 1
            if status is not None:
                changed = ", ".join(f"{path}={value}" for path, value in overrides.items())
                status.update(f"run {done}: {changed}, seed {seed}")

        yield count
