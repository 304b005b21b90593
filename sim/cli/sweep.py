"""`sim sweep`: a scenario over a grid or a Latin hypercube of values, and where it saturates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sim.cli.experiments import conduct, experiment_options, variant_option, vary_option
from sim.cli.terminal import need_pyarrow, open_scenario

if TYPE_CHECKING:
    from sim.experiment.variation import Variation


@click.command()
@click.argument("file", metavar="FILE|NAME")
@vary_option("Values of one place, such as clients.app.traffic.rate=100/s..1000/s:10 (or :10:log, or a list).")
@variant_option
@click.option(
    "--replications", metavar="N", type=click.IntRange(1, 100_000), default=5, show_default=True, help="Seeds for each."
)
@click.option("--metric", default="p99", show_default=True, help="What figures show, such as p50 or 'api utilization'.")
@click.option(
    "--samples",
    metavar="N",
    type=click.IntRange(2, 10_000),
    help="Take so many variants by a Latin hypercube, not the whole grid.",
)
@click.option("--parquet", is_flag=True, help="Also write the runs to sweep.parquet (needs pyarrow).")
@experiment_options
@click.pass_context
def sweep(
    context: click.Context,
    /,
    file: str,
    vary: tuple[Variation, ...],
    variant: Variation | None,
    replications: int,
    metric: str,
    samples: int | None,
    parquet: bool,
    changes: dict[str, str],
    seed: int | None,
    **how: Any,
) -> None:
    """Run a scenario over many values of one or more places.

    The first --vary is the x-axis of figures, and each --variant a line in them. The same command again goes on where
    an interrupted one was.
    """
    from sim.experiment.plan import Plan

    if parquet:
        need_pyarrow("--parquet")
    scenario = open_scenario(file, {**changes, **({} if seed is None else {"seed": str(seed)})})

    vary = vary if variant is None else (*vary, variant)
    arguments = {"replications": replications, "measure": metric, "samples": samples}
    conduct(context, Plan("sweep", scenario, vary, arguments=arguments), parquet=parquet, **how)
