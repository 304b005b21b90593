"""`sim report`: draws the report of a results folder again, from the runs that are in it."""

from __future__ import annotations

import click

from sim.cli.experiments import draw, read_experiment
from sim.cli.group import INTERRUPTED
from sim.cli.terminal import Wrong, console, find_folder


@click.command()
@click.argument("result", metavar="RESULT")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def report(context: click.Context, result: str, quiet: bool) -> None:
    """Draw report.html of a comparison, a sweep or a capacity search again.

    RESULT is its folder, or its name in results/; not a single run is made. (A run's own report is drawn by sim run.)
    """
    place = find_folder(result)
    if (place / "summary.json").exists():
        raise Wrong(f"{place} is the folder of a single run; its report is {place / 'report.html'}")
    folder, study = read_experiment(place)
    if not draw(study, folder, quiet):
        context.exit(INTERRUPTED)
    if not quiet:
        from sim.report.experiments import print_experiment

        print_experiment(study, console())
        click.echo(f"\n{place / 'report.html'}")
