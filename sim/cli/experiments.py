"""What the commands that make many runs share: their options, where runs happen, progress, and how they end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sim.cli.group import INTERRUPTED, close_pipes
from sim.cli.interrupts import Interrupts
from sim.cli.progress import runs_bar
from sim.cli.terminal import Wrong, console, print_lines, print_warnings, set_option

if TYPE_CHECKING:
    from sim.experiment.folder import ExperimentFolder
    from sim.experiment.plan import Answer, Plan
    from sim.experiment.run_many import Runner
    from sim.experiment.variation import Variation

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    set_option,
    click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="The first seed; others follow it."),
    click.option(
        "--out",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Where results go; by default a folder in results/ that the same command finds again.",
    ),
    click.option("--workers", metavar="N", type=click.IntRange(1, 1024), help="Runs at the same time; default: cores."),
    click.option("--cluster", metavar="ADDRESS", help="A running Dask cluster instead, such as tcp://10.0.0.1:8786."),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else to standard output."
    ),
    click.option("--quiet", is_flag=True, help="Print nothing but errors and, with --json, the result."),
    click.option("--no-report", is_flag=True, help="Draw no figures and write no report.html."),
)


def experiment_options(command: Command) -> Command:
    """Gives a command the options that all experiments have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def variations(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Variation, ...]:
    """Reads `--vary` options; a click callback."""
    from sim.experiment.variation import parse_variation

    try:
        return tuple(map(parse_variation, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def settings(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Variation | None:
    """Reads `--variant` options; a click callback."""
    from sim.experiment.joint import parse_joint

    try:
        return parse_joint(values) if values else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def variation(context: click.Context, parameter: click.Parameter, value: str) -> Variation:
    """Reads the one `--vary` option of a search; a click callback."""
    return variations(context, parameter, (value,))[0]


def share(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """Reads a share such as `5%`; a click callback."""
    from sim.values import parse_share

    try:
        value = None if text is None else parse_share(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if value is not None and value <= 0.0:
        raise click.BadParameter("it needs more than 0, such as 5%")
    return value


def vary_option(help: str, multiple: bool = True, required: bool = True) -> Callable[[Command], Command]:
    """The option `--vary`."""
    return click.option(
        "--vary",
        "vary",
        multiple=multiple,
        required=required,
        metavar="PATH=VALUES",
        callback=variations if multiple else variation,
        help=help,
    )


def variant_option(command: Command) -> Command:
    """The option `--variant`."""
    return click.option(
        "--variant",
        multiple=True,
        metavar="NAME:PATH=VALUE,…",
        callback=settings,
        help="A variant that sets several places, such as "
        "big:components.api.instances=8,components.api.workers=2; NAME alone is the scenario as it is. Give one option "
        "for each.",
    )(command)


@contextmanager
def runner(folder: ExperimentFolder, workers: int | None, address: str | None, silent: bool) -> Iterator[Runner]:
    """Where an experiment's runs happen, with a progress bar and Ctrl-C at good moments.

    Args:
        folder: Keeps finished runs.
        workers: How many at the same time; None for one a core.
        address: Of a Dask cluster, or None.
        silent: Whether to show nothing.

    Raises:
        Wrong: The cluster cannot be used.
    """
    from sim.experiment.executors import ClusterError, cluster, cores, local_pool
    from sim.experiment.run_many import Runner

    terminal = console(stderr=True)
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts("waiting for the runs that have begun; Ctrl-C again drops them"))
        if address is not None:
            try:
                executor, count = stack.enter_context(cluster(address))
            except ClusterError as error:
                raise Wrong(str(error)) from None
        else:
            count = workers or cores()
            executor = stack.enter_context(local_pool(count))
        bar = stack.enter_context(
            nullcontext(None) if silent or not terminal.is_terminal else runs_bar(folder.plan.name, terminal)
        )
        run = Runner(executor, count, folder.store, check=interrupts.check)
        if bar is not None:
            run.planned, run.finished = bar.planned, lambda _: bar.finished()
        yield run


def conduct(
    context: click.Context,
    plan: Plan,
    out: Path | None,
    workers: int | None,
    cluster: str | None,
    as_json: bool,
    quiet: bool,
    no_report: bool,
    parquet: bool = False,
) -> None:
    """Makes an experiment's runs, writes its folder and prints the answer.

    Args:
        context: Of the command.
        plan: The experiment.
        out: Where the folder is to be; None for `results/`.
        workers: How many runs at the same time.
        cluster: Address of a Dask cluster.
        as_json: Whether to print JSON alone.
        quiet: Whether to print nothing but errors.
        no_report: Whether to draw nothing.
        parquet: Whether the runs are written as Parquet as well.

    Raises:
        Wrong: Something about the command, the scenario or the folder is wrong, or every run of a variant failed.
    """
    from sim.experiment.executors import ClusterLost
    from sim.experiment.folder import NotThisExperiment, open_folder
    from sim.experiment.run_many import RunsFailed
    from sim.scenario import ScenarioError

    silent = quiet or as_json
    if not silent:
        print_warnings(plan.scenario.warnings)
    path = out or Path("results", plan.name)
    started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    try:
        folder = open_folder(path, plan, ["sim", *sys.argv[1:]], started)
        kept = len(folder.store)
        try:
            with runner(folder, workers, cluster, silent) as run:
                study = plan.carry_out(run, "--variant" if plan.variations[0].settings else "--vary")
        except (Wrong, ValueError, ScenarioError, RunsFailed):
            folder.forget()
            raise
        except (KeyboardInterrupt, ClusterLost) as stop:
            why = f"{stop}; " if isinstance(stop, ClusterLost) else ""
            words = f"{why}{len(folder.store)} finished runs are kept in {path}; the same command goes on from there"
            print_lines([words], "interrupted", "yellow")
            context.exit(INTERRUPTED)
        data = folder.write(study, parquet)
        if kept and not silent:
            print_lines([f"{kept} finished runs were there already, in {path}"], "resumed", "cyan")
        drawn = not no_report and draw(study, folder, silent)
    except NotThisExperiment as error:
        raise Wrong(f"{error}; choose another --out") from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None
    except RunsFailed as error:
        raise Wrong(error.lines) from None
    except ValueError as error:
        raise Wrong(str(error)) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Wrong(f"cannot write results: {error.filename or path}: {error.strerror or error}") from None
    _print(study, data, path / "report.html" if drawn else path, as_json, quiet)
    context.exit(0 if drawn or no_report else INTERRUPTED)


def read_experiment(path: Path) -> tuple[ExperimentFolder, Answer]:
    """What came of an experiment, from its folder; not a single run is made.

    Raises:
        Wrong: There is none, or it is not finished.
    """
    from sim.experiment.executors import MissingRun, NoExecutor
    from sim.experiment.folder import NotThisExperiment, read_folder
    from sim.experiment.run_many import Runner
    from sim.scenario import ScenarioError

    try:
        folder = read_folder(path)
        return folder, folder.plan.carry_out(Runner(NoExecutor(), store=folder.store))
    except NotThisExperiment as error:
        raise Wrong(str(error)) from None
    except ScenarioError as error:
        raise Wrong(str(error).splitlines()) from None
    except ValueError as error:
        raise Wrong(f"{path} cannot be read again: {error}; a measure of one's own is known to Python alone") from None
    except MissingRun:
        words = " ".join(folder.manifest["command"])
        raise Wrong(f"{path} is not finished: {len(folder.store)} runs are there; go on with: {words}") from None


def draw(study: Answer, folder: ExperimentFolder, silent: bool) -> bool:
    """Draws the report; returns whether it is there. Ctrl-C leaves it out."""
    from sim.report.experiments import write_experiment

    terminal = console(stderr=True)
    words = terminal.status("drawing the report") if terminal.is_terminal and not silent else nullcontext()
    try:
        with words, Interrupts() as interrupts:
            write_experiment(study, folder.manifest, folder.path, interrupts.check)
    except KeyboardInterrupt:
        print_lines(["while drawing: the results are kept; the same command draws the report"], "interrupted", "yellow")
        return False
    return True


def _print(study: Answer, data: Mapping[str, Any], path: Path, as_json: bool, quiet: bool) -> None:
    if quiet and not as_json:
        return
    try:
        if as_json:
            from sim.experiment.save import to_json

            click.echo(to_json(data), nl=False)
            if not quiet:
                click.echo(str(path), err=True)
            return
        from sim.report.experiments import print_experiment

        print_experiment(study, console())
        click.echo(f"\n{path}")
    except BrokenPipeError:
        close_pipes()
