"""The command `sim`: one file per command, thin."""

from sim.cli.group import main

__all__ = ["main"]
