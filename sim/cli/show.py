"""`sim show`: the architecture of a scenario and the load on it; or, of a results folder, the requests traced in it."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.terminal import Wrong, console, open_scenario, print_warnings, set_option


@click.command()
@click.argument("file", metavar="FILE|NAME|RESULT")
@set_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "mermaid", "graphviz"]),
    help="A tree and a table, or a diagram as text; text is the default.",
)
@click.option(
    "--request", metavar="ID", type=click.IntRange(0), help="Of a results folder: draw this request as a waterfall."
)
def show(file: str, changes: dict[str, str], format_: str | None, request: int | None) -> None:
    """Show the architecture of a scenario, and its load; or the requests that were traced in a run.

    The load on each component is worked out on paper, without a run: of first attempts, on average and at the busiest
    moment. RESULT is a results folder of sim run --trace, or its name in results/.
    """
    folder = _results_folder(file, request is not None)
    if folder is not None:
        if changes or format_ is not None:
            raise Wrong(f"--set and --format are about a scenario, and {file} is a results folder")
        from sim.cli.traces import show_traces

        show_traces(folder, request)
        return
    from sim.experiment.offered_load import offered_load

    scenario = open_scenario(file, changes)
    print_warnings(scenario.warnings)
    load = offered_load(scenario)
    if format_ is None or format_ == "text":
        from sim.cli.topology import print_topology

        print_topology(scenario, load, console())
        return
    from sim.cli import diagram

    click.echo(diagram.FORMATS[format_](scenario.document.scenario, load), nl=False)


def _results_folder(name: str, wanted: bool) -> Path | None:
    """The results folder that is meant; None for a scenario, which of two of the same name is the one that is meant.

    Args:
        name: What the user has given.
        wanted: Whether it has to be a results folder.
    """
    from sim.experiment.saved import RESULTS, NoResult, find_result
    from sim.report.trace.files import PERFETTO
    from sim.scenario import shipped_scenarios

    path = Path(name)
    shipped = name in {each.stem for each in shipped_scenarios()}
    if path.is_dir() and (wanted or not shipped or (path / PERFETTO).is_file()):
        return path
    if path.is_file() or shipped:
        if wanted:
            raise Wrong(
                f"{name} is a scenario; --request is about a results folder: sim run {name} --trace 50 makes one"
            )
        return None
    if not wanted:
        return RESULTS / path if (RESULTS / path).is_dir() else None
    try:
        return find_result(name)
    except NoResult as error:
        raise Wrong(str(error)) from None
