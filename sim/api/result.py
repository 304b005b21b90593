"""A result is one run as a notebook sees it: frames, figures, single measures, and a summary that shows itself."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from sim import experiment, metrics
from sim.api.plots import Plots
from sim.experiment.save import request_table, series_table
from sim.experiment.statistics import Interval, batch_means, batch_quantile, in_batches, lag_one, mser5
from sim.metrics.latency import PERCENTILES
from sim.report.figures import FIGURES
from sim.scenario import Scenario, load


@dataclass(frozen=True)
class SteadyState:
    """What a single long run says of the long run.

    Attributes:
        interval: Of the figure, s; from batch means, so its n is a number of batches.
        cut: How much of the run's beginning was left out, s: the scenario's own warm-up, or, where it has none, what
            MSER-5 takes for one.
        correlated: Whether the batches are so alike that the interval is too narrow to be believed; run longer.
    """

    interval: Interval
    cut: float
    correlated: bool


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        scenario: What was run.
        recorded: What the run left behind, column by column.
    """

    scenario: Scenario
    recorded: metrics.Result

    @property
    def seed(self) -> int:
        """Of the run."""
        return self.recorded.seed

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds: times in s, ratios 0..1, None where there is no data."""
        return metrics.summarize(self.recorded)

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """A row for each second and client, as in `timeline.csv`."""
        return metrics.timeline(self.recorded)

    @cached_property
    def components(self) -> pd.DataFrame:
        """A row for each second, component and instance, as in `components.csv`."""
        return metrics.components_timeline(self.recorded)

    @cached_property
    def series(self) -> pd.DataFrame:
        """What components have kept second by second, such as the depth of a queue, as in `series.csv`."""
        return series_table(self.recorded)

    @cached_property
    def requests(self) -> pd.DataFrame:
        """A row for each user request, warm-up included, with the parts of its time ledger."""
        return request_table(self.recorded)

    @property
    def plot(self) -> Plots:
        """The figures of a report, as methods.

        They are `failover region_map latency outcomes ledger instances components queues attempts`; `dir` lists those
        that this run has something to show in.
        """
        return Plots(self.recorded, FIGURES)

    def __getitem__(self, measure: str) -> float | None:
        """One figure, named as objectives name it: `result["p99"]`, `result["browser availability"]`.

        Raises:
            ValueError: There is no such figure.
        """
        return metrics.parse_measure(measure, experiment.known_subjects(self.scenario)).read(self.summary)

    def steady_state(self, figure: str = "mean", batches: int = 20) -> SteadyState:
        """How well this one run knows its mean latency, or a percentile.

        Args:
            figure: `mean`, or a percentile such as `p99`.
            batches: How many batches the run is cut into.

        Raises:
            ValueError: There is no such figure, or hardly any request ended.
        """
        if figure != "mean" and figure not in PERCENTILES:
            raise ValueError(f"'{figure}' is not one of mean {' '.join(PERCENTILES)}")
        rows = self.recorded.requests
        rows = rows[(rows["outcome"] != metrics.IN_FLIGHT) & (rows["arrived"] >= self.recorded.warmup)]
        if len(rows) < 2 * batches:
            raise ValueError(f"{len(rows)} requests ended after warm-up, too few for {batches} batches")
        cut = 0 if self.recorded.warmup else mser5(rows["latency"])
        kept = rows["latency"][cut:]
        if figure == "mean":
            interval, values = batch_means(kept, batches), in_batches(kept, batches).mean(axis=1)
        else:
            interval = batch_quantile(kept, PERCENTILES[figure], batches)
            values = np.quantile(in_batches(kept, batches), PERCENTILES[figure], axis=1)
        begins = float(rows["arrived"][cut]) if cut else self.recorded.warmup
        return SteadyState(interval, begins, lag_one(values).correlated)

    def save(self, folder: str | os.PathLike[str], requests: bool = False) -> str:
        """Writes a results folder as `sim run` does, report included.

        Args:
            folder: Its place; nothing may be there.
            requests: Whether to write every request as well (needs pyarrow).

        Returns:
            The path of `report.html`.

        Raises:
            OSError: Something is there already, or it cannot be written.
        """
        from pathlib import Path

        from sim.experiment.save import make_manifest, new_folder, write_run
        from sim.report.save import write_report

        started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with new_folder(Path(folder)) as new:
            manifest = make_manifest(self.scenario, self.recorded, sys.argv, {}, started)
            write_run(self.scenario, self.recorded, self.summary, manifest, new.building, requests)
            write_report(self.recorded, self.summary, manifest, new.building)
        return str(new.path / "report.html")

    def __reduce__(self) -> tuple[Any, ...]:
        """A result crosses to another process without the frames that are made of it."""
        return Result, (self.scenario, self.recorded)

    def __repr__(self) -> str:
        requests, latency = self.summary["requests"], self.summary["latency_s"]["all"]
        p99 = metrics.parse_measure("p99").format(latency["p99"])
        return f"<Result of {self.recorded.name}, seed {self.seed}: {requests['offered']:,} requests, p99 {p99}>"

    def _repr_html_(self) -> str:
        from sim.api.html import summary_html

        return summary_html(self.recorded, self.summary)


def run(
    scenario: Scenario | str | os.PathLike[str],
    seed: int | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Result:
    """Runs a scenario once, in this process.

    Args:
        scenario: What `load` returned, a path, or the name of a shipped scenario.
        seed: Of all randomness; by default the scenario's own.
        overrides: What to set in the scenario, as `Scenario.with_` takes it.

    Returns:
        The run. Stopped by Ctrl-C it is what had happened until then.

    Raises:
        ScenarioError: The scenario is wrong.
    """
    scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
    scenario = scenario.with_(overrides) if overrides else scenario
    begun = time.monotonic()
    recorded = experiment.run(scenario, seed, clock=time.process_time)
    recorded = replace(recorded, engine={**recorded.engine, "wall_s": time.monotonic() - begun})
    return Result(scenario, recorded)
