"""The command `sim` knows its commands by name and loads the one that is called; help costs no numpy.

It says what went wrong in one line and by its exit status: 2 for a wrong command or scenario, 130 if it was interrupted
by Ctrl-C or SIGTERM.
"""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Any, Final

import click

COMMANDS: Final = {
    "run": "sim.cli.run",
    "compare": "sim.cli.compare",
    "sweep": "sim.cli.sweep",
    "capacity": "sim.cli.capacity",
    "explain": "sim.cli.explain",
    "report": "sim.cli.report",
    "validate": "sim.cli.validate",
    "list": "sim.cli.list",
    "show": "sim.cli.show",
    "new": "sim.cli.new",
    "schema": "sim.cli.schema",
    "bench": "sim.cli.bench",
}
"""The module of each command, in the order of `sim --help`; it holds a click command of that name."""

INTERRUPTED: Final = 130
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Commands(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a wrong name is answered with the nearest right one."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from sim.values.nearest import did_you_mean

            ctx.fail(f"there is no command '{args[0]}'{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs the command line; output that cannot be written is one line."""
        try:
            return super().main(*args, **extra)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            close_pipes()
            with suppress(OSError):
                click.echo(f"error: cannot write: {error.strerror}", err=True)
            close_pipes()
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
                stream.reconfigure(errors="replace")
        try:
            with _terminated_as_interrupted():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ninterrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            close_pipes()
            ctx.exit(0)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Whoever ends the command by SIGTERM gets what Ctrl-C would leave, and nothing half-written."""
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def close_pipes() -> None:
    """Whoever read the output has seen enough, or its disk is full: what is still to be written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"sim {version('tailsim')}")
        except PackageNotFoundError:
            click.echo("sim, not installed as a package")
        context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: sim list, then sim run quickstart",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def main() -> None:
    """Simulates the traffic of a request-handling architecture: what load balancing, retries and failover do to p99."""
