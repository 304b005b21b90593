"""`sim list`: the scenarios that come with the package."""

import re
from collections.abc import Mapping
from typing import Any, Final

import click

from sim.cli.terminal import console

GROUPS: Final = (
    "One place: load, balancing, caches, retries, faults",
    "Regions: steering, standby, databases that fail over",
    "Queues: work that is done later",
)


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
    found = [(path.stem, load_yaml(path).data) for path in shipped_scenarios()]
    for group in GROUPS:
        table.add_row("", Text(group, style="dim"))
        for name, data in found:
            if group_of(data) == group:
                title, about = str(data.get("scenario", "")), first_sentence(str(data.get("about", "")))
                table.add_row(Text(name), Text.assemble((title, "bold"), "\n", about))
    console().print(table)


def group_of(data: Mapping[str, Any]) -> str:
    """What a scenario is about, told from what it has: one of `GROUPS`."""
    kinds = {config.get("kind") for config in data.get("components", {}).values()}
    one, regions, queues = GROUPS
    return regions if data.get("regions") else queues if "queue" in kinds else one


def first_sentence(text: str) -> str:
    """The beginning of a text, up to the first full stop that ends a sentence."""
    text = " ".join(text.split())
    match = re.match(r".*?[.!?](?=\s+[A-Z]|$)", text)
    return match[0] if match else text
