"""`sim capacity`: the largest load, or the fewest instances, with which a scenario meets its objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sim.cli.experiments import conduct, experiment_options, share, vary_option
from sim.cli.terminal import open_scenario

if TYPE_CHECKING:
    from sim.experiment.variation import Variation


@click.command()
@click.argument("file", metavar="FILE|NAME")
@vary_option(
    "What to search: clients.app.traffic.rate, or with both ends: components.api.instances=1..40.", multiple=False
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    metavar="OBJECTIVE",
    help="What has to be met, such as 'p99 < 300ms'; by default the scenario's own objectives.",
)
@click.option(
    "--precision", metavar="SHARE", callback=share, default="2%", show_default=True, help="How close to come."
)
@experiment_options
@click.pass_context
def capacity(
    context: click.Context,
    /,
    file: str,
    vary: Variation,
    objectives: tuple[str, ...],
    precision: float,
    changes: dict[str, str],
    seed: int | None,
    **how: Any,
) -> None:
    """Find the largest load, or the fewest instances, that meets the objectives.

    Every value runs with several seeds, and with more while it is not sure which side it is on. The same command again
    goes on where an interrupted one was.
    """
    from sim.experiment.plan import Plan

    scenario = open_scenario(file, {**changes, **({} if seed is None else {"seed": str(seed)})})

    wanted = objectives or tuple(scenario.document.objectives)
    conduct(context, Plan("capacity", scenario, (vary,), wanted, {"precision": precision}), **how)
