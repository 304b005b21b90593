"""What commands share at the terminal: consoles that know pipes, problems one a line, and scenarios given by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from sim.scenario import Problem, Scenario


class Wrong(click.ClickException):
    """The command or the scenario is wrong: lines for the user, exit status 2.

    Args:
        lines: What is wrong, one thing a line.
    """

    exit_code = 2

    def __init__(self, lines: str | Iterable[str]) -> None:
        self.lines = [lines] if isinstance(lines, str) else list(lines)
        super().__init__("\n".join(self.lines))

    def show(self, file: Any = None) -> None:
        """Prints the lines to standard error."""
        print_lines(self.lines, "error", "bold red")


def console(stderr: bool = False) -> Console:
    """A console for standard output, or for standard error; colours only for terminals, and not under `NO_COLOR`."""
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Pipe(stderr=stderr, highlight=False)


def print_lines(lines: Iterable[str], word: str, style: str) -> None:
    """Prints lines to standard error as they are, each after a coloured word.

    Args:
        lines: What to say.
        word: Such as `error`.
        style: Of the word.
    """
    from rich.text import Text

    out = console(stderr=True)
    for line in lines:
        out.print(Text.assemble((f"{word}: ", style), line), soft_wrap=True)


def find_folder(result: str) -> Path:
    """The folder of a result, given by its path or by its name in `results/`.

    Raises:
        Wrong: There is none.
    """
    from sim.experiment.saved import NoResult, find_result

    try:
        return find_result(result)
    except NoResult as error:
        raise Wrong(str(error)) from None


def print_warnings(problems: Iterable[Problem | str]) -> None:
    """Prints warnings to standard error."""
    print_lines(map(str, problems), "warning", "yellow")


def overrides(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Reads `--set PATH=VALUE` options; a click callback."""
    read = {}
    for text in values:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise click.BadParameter(f"'{text}' is not PATH=VALUE, such as components.search.instances=8")
        read[path.strip()] = value.strip()
    return read


set_option = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    callback=overrides,
    help="Another value for one place of the scenario, such as components.search.instances=8.",
)


def open_scenario(file: str, changes: Mapping[str, str]) -> Scenario:
    """Loads a scenario.

    Args:
        file: A path, or the name of a shipped scenario.
        changes: What to set in it.

    Raises:
        Wrong: There is no such scenario, or something in it is wrong.
    """
    from sim.scenario import ScenarioError, load

    try:
        return load(file, changes)
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None


def need_pyarrow(option: str) -> None:
    """Makes sure that Parquet can be written.

    Raises:
        Wrong: It cannot.
    """
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise Wrong(f"{option} writes Parquet, which needs pyarrow: pip install 'tailsim[parquet]'")
