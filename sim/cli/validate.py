"""`sim validate`: everything that is wrong with scenarios, and what is probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.terminal import console, print_lines, print_warnings

if TYPE_CHECKING:
    from sim.scenario.document import Document


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.pass_context
def validate(context: click.Context, files: tuple[str, ...]) -> None:
    """Check scenarios, and print all errors and warnings."""
    from rich.text import Text

    from sim.scenario import ScenarioError, load

    out, wrong = console(), False
    for file in files:
        try:
            scenario = load(file)
        except ScenarioError as error:
            wrong = True
            count = len(error.problems)
            print_lines([f"{problem}" for problem in error.problems], "error", "bold red")
            out.print(Text.assemble(("✗ ", "bold red"), f"{file}: {_number(count, 'error')}"), soft_wrap=True)
            continue
        print_warnings(scenario.warnings)
        out.print(Text.assemble(("✓ ", "green"), f"{file}: {_contents(scenario.document)}"), soft_wrap=True)
    context.exit(2 if wrong else 0)


def _contents(document: Document) -> str:
    parts = [
        _number(len(document.components), "component"),
        _number(len(document.clients), "client"),
        _number(len(document.events), "event"),
        _number(len(document.objectives), "objective"),
    ]
    return ", ".join(part for part in parts if part[0] != "0")


def _number(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
