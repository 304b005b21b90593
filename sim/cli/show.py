"""`sim show`: the architecture of a scenario, and how much load its traffic would put on each part of it."""

import click

from sim.cli.terminal import console, open_scenario, print_warnings, set_option


@click.command()
@click.argument("file", metavar="FILE|NAME")
@set_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "mermaid", "graphviz"]),
    default="text",
    help="A tree and a table, or a diagram as text; text is the default.",
)
def show(file: str, changes: dict[str, str], format_: str) -> None:
    """Show the architecture of a scenario, and its load.

    The load on each component is worked out on paper, without a run: of first attempts, on average and at the busiest
    moment.
    """
    from sim.experiment.offered_load import offered_load

    scenario = open_scenario(file, changes)
    print_warnings(scenario.warnings)
    load = offered_load(scenario)
    if format_ == "text":
        from sim.cli.topology import print_topology

        print_topology(scenario, load, console())
        return
    from sim.cli import diagram

    click.echo(diagram.FORMATS[format_](scenario.document.scenario, load), nl=False)
