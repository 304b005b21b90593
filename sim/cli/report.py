"""`sim report`: draws the report of a results folder again, from the runs that are in it."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.experiments import draw, read_experiment
from sim.cli.group import INTERRUPTED
from sim.cli.terminal import Wrong, console


@click.command()
@click.argument("result", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def report(context: click.Context, result: Path, quiet: bool) -> None:
    """Draw report.html of a comparison, a sweep or a capacity search again.

    RESULT is its folder; not a single run is made. (A run's own report is drawn by sim run.)
    """
    if (result / "summary.json").exists():
        raise Wrong(f"{result} is the folder of a single run; its report is {result / 'report.html'}")
    folder, study = read_experiment(result)
    if not draw(study, folder, quiet):
        context.exit(INTERRUPTED)
    if not quiet:
        from sim.report.experiments import print_experiment

        print_experiment(study, console())
        click.echo(f"\n{result / 'report.html'}")
