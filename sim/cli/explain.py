"""`sim explain`: what a run shows, in words with numbers; and how large a trigger tips the system, if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from sim.cli.interrupts import Interrupts
from sim.cli.terminal import Wrong, console

if TYPE_CHECKING:
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
def explain(result: str, as_json: bool, tip: bool, event: int | None, by: By | None, seeds: int) -> None:
    """Say what a run shows: where p99 went, what was saturated first, what each fault cost.

    RESULT is a results folder, or its name in results/. With --tip the scenario in it is run again with its trigger
    made longer or stronger, shorter or weaker, until it is known from which size on the system never recovers.
    """
    from sim.report.explain import explain as find

    saved = _read(result)
    if not tip and (event is not None or by is not None):
        raise Wrong("--event and --by say what --tip varies: give --tip as well")
    findings = find(saved.summary, saved.timeline, saved.components, saved.scenario)
    if tip:
        findings = [_tip(saved, event, by, seeds), *findings]
    if as_json:
        _print_json(saved, findings)
    else:
        _print(saved, findings)


def _read(result: str) -> SavedRun:
    from sim.experiment.saved import NoResult, find_result, read_run
    from sim.scenario import ScenarioError

    try:
        return read_run(find_result(result))
    except NoResult as error:
        raise Wrong(str(error)) from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None


def _print(saved: SavedRun, findings: Sequence[Finding]) -> None:
    from textwrap import TextWrapper

    from rich.text import Text

    from sim.report import units

    out = console()
    wrap = TextWrapper(
        width=out.width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    words = f"  seed {saved.summary['seed']}, {units.duration(saved.summary['duration_s'])} simulated"
    out.print(Text.assemble((saved.summary["scenario"], "bold"), (words, "dim")))
    if saved.summary.get("interrupted"):
        out.print(Text("The run was interrupted: this is about what had happened until then.", "yellow"))
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
        "findings": [
            {"weight": each.weight.name.lower(), "title": each.title, "text": each.text, "figures": each.figures}
            for each in findings
        ],
    }
    click.echo(to_json(data), nl=False)


def _tip(saved: SavedRun, event: int | None, by: By | None, seeds: int) -> Finding:
    from sim.experiment.tipping import NoTrigger, NoVerdict, find_tipping, find_trigger
    from sim.report.explain.tipping import tipping_point
    from sim.scenario import ScenarioError

    first = saved.summary["seed"]
    try:
        trigger = find_trigger(saved.scenario, event, by)
        with Interrupts() as interrupts, _counter() as count:
            found = find_tipping(trigger, range(first, first + seeds), _one_by_one(saved, interrupts, count))
    except NoTrigger as error:
        raise Wrong(str(error)) from None
    except NoVerdict as error:
        raise Wrong(f"no tipping point can be found: {error}") from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None
    return tipping_point(found)


def _one_by_one(saved: SavedRun, interrupts: Interrupts, count: Any) -> RunMany:
    """Runs in this process, one after the other."""
    from sim.experiment.tipping import verdict_of

    def run_many(jobs: Sequence[tuple[Mapping[str, object], int]]) -> list[Verdict]:
        verdicts = []
        for overrides, seed in jobs:
            count(overrides, seed)
            verdicts.append(verdict_of(saved.scenario, overrides, seed, lambda now, requests: interrupts.check()))
        return verdicts

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
