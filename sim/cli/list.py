"""`sim list`: the scenarios that come with the package."""

import re

import click

from sim.cli.terminal import console


@click.command()
def list() -> None:
    """List the scenarios that can be run by name."""
    from rich.table import Table
    from rich.text import Text

    from sim.scenario import shipped_scenarios
    from sim.scenario.yaml import load_yaml

    table = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False, header_style="dim")
    table.add_column("name", style="bold cyan", no_wrap=True)
    table.add_column("about")
    for path in shipped_scenarios():
        data = load_yaml(path).data
        title, about = str(data.get("scenario", "")), first_sentence(str(data.get("about", "")))
        table.add_row(Text(path.stem), Text.assemble((title, "bold"), "\n", about))
    console().print(table)


def first_sentence(text: str) -> str:
    """The beginning of a text, up to the first full stop that ends a sentence."""
    text = " ".join(text.split())
    match = re.match(r".*?[.!?](?=\s+[A-Z]|$)", text)
    return match[0] if match else text
