"""`sim new`: a scenario to start from, small and commented."""

from importlib.resources import files
from pathlib import Path

import click

from sim.cli.terminal import Wrong


@click.command()
@click.argument("name", default="scenario")
def new(name: str) -> None:
    """Write a commented scenario to start from, NAME.yaml."""
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    text = files("sim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    created = False
    try:
        with path.open("x", encoding="utf-8") as file:
            created = True
            file.write(text)
    except FileExistsError:
        raise Wrong(f"{path} exists already, and stays as it is; choose another name: sim new NAME") from None
    except OSError as error:
        if created:
            path.unlink(missing_ok=True)
        raise Wrong(f"{path}: {error.strerror}") from None
    click.echo(f"wrote {path}; next:\n  sim show {path}\n  sim run {path}")
