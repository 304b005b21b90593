"""`sim compare`: variants of a scenario on the same traffic, and which is better, by how much, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sim.cli.experiments import conduct, experiment_options, share, variant_option, vary_option
from sim.cli.terminal import open_scenario

if TYPE_CHECKING:
    from sim.experiment.variation import Variation


@click.command()
@click.argument("file", metavar="FILE|NAME")
@vary_option(
    "Values to compare, such as components.api.balancer.algorithm=round_robin,least_request; the first is the "
    "baseline.",
    required=False,
)
@variant_option
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(2, 10_000),
    default=10,
    show_default=True,
    help="Seeds for each.",
)
@click.option("--metric", default="p99", show_default=True, help="What decides, such as p50 or 'browser availability'.")
@click.option(
    "--precision", metavar="SHARE", callback=share, help="Go on until the metric is known so well, such as 5%."
)
@click.option(
    "--most", metavar="N", type=click.IntRange(2, 100_000), default=200, show_default=True, help="Seeds that may take."
)
@experiment_options
@click.pass_context
def compare(
    context: click.Context,
    /,
    file: str,
    vary: tuple[Variation, ...],
    variant: Variation | None,
    replications: int,
    metric: str,
    precision: float | None,
    most: int,
    changes: dict[str, str],
    seed: int | None,
    **how: Any,
) -> None:
    """Compare variants of a scenario on the same traffic.

    Every variant runs with the same seeds; a difference is called one only when its 95% interval leaves zero out. The
    same command again goes on where an interrupted one was.
    """
    from sim.experiment.plan import Plan

    if variant is not None:
        vary = (variant, *vary)
    if not vary:
        raise click.UsageError("Missing option '--vary', or '--variant'.")
    scenario = open_scenario(file, {**changes, **({} if seed is None else {"seed": str(seed)})})

    arguments = {"replications": replications, "measure": metric, "precision": precision, "most": most}
    conduct(context, Plan("compare", scenario, vary, arguments=arguments), **how)
