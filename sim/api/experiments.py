"""Experiments from Python: the same words as on the command line, with answers that show themselves in a notebook."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar

from sim.api.plots import Plots
from sim.api.result import Result
from sim.experiment import capacity as searching
from sim.experiment import comparison as comparing
from sim.experiment import sweep as sweeping
from sim.experiment.executors import cluster as cluster_executor
from sim.experiment.executors import cores, local_pool
from sim.experiment.folder import open_folder
from sim.experiment.joint import joint
from sim.experiment.plan import Answer, Plan
from sim.experiment.run_many import Runner, Work
from sim.experiment.variation import Variation, make_variation, parse_variation
from sim.scenario import Scenario, load, override
from sim.values import did_you_mean

Loadable = Scenario | str | os.PathLike[str]
Vary = str | Mapping[str, Sequence[object] | str | Mapping[str, object]]
"""`"components.api.instances=2,4"` as on the command line, or values by place, or settings by name."""

Progress = Callable[[int, int], None]
Measures = Mapping[str, Callable[[Result], float | None]]
"""Figures of one's own: what works each out of a run, by its name."""

_Shown = TypeVar("_Shown", bound="_Shows")
_ORIGIN: Final = "vary"


class _Shows:
    """What all answers can do in a notebook."""

    _kind: str

    @property
    def plot(self) -> Plots:
        """The figures of the report, as methods."""
        from sim.report.experiments import FIGURES_OF

        return Plots(self, FIGURES_OF[self._kind])

    def _repr_html_(self) -> str:
        from sim.api.html import experiment_html

        return experiment_html(self)

    @classmethod
    def of(cls: type[_Shown], plain: Any) -> _Shown:
        """The same answer, able to show itself."""
        return cls(**{field.name: getattr(plain, field.name) for field in fields(plain) if field.init})


@dataclass(frozen=True, repr=False)
class Comparison(_Shows, comparing.Comparison):
    """Variants of a scenario on the same traffic, and which is better: see `sim.experiment.comparison`."""

    _kind = "comparison"

    def result(self, variant: str) -> Result:
        """The run of a variant with the scenario's own seed: `comparison.result("least_request").plot.latency()`.

        Raises:
            ValueError: There is no such variant, or its run failed.
        """
        if variant not in self.labels:
            raise ValueError(f"there is no variant '{variant}'{did_you_mean(variant, self.labels)}")
        number = self.labels.index(variant)
        recorded = self.runs[number][0].result
        if recorded is None:
            raise ValueError(f"the run of {variant} failed: {self.runs[number][0].error}")
        return Result(override(self.scenario, self.variants[number].overrides), recorded)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.variants)} variants of {self.scenario.name} by {self.measure.text}>"


@dataclass(frozen=True, repr=False)
class Sweep(_Shows, sweeping.Sweep):
    """A scenario over many values: see `sim.experiment.sweep`."""

    _kind = "sweep"

    def __repr__(self) -> str:
        return f"<Sweep of {len(self.variants)} variants of {self.scenario.name}>"


@dataclass(frozen=True, repr=False)
class Capacity(_Shows, searching.Capacity):
    """The largest load, or the fewest instances, that meets the objectives: see `sim.experiment.capacity`."""

    _kind = "capacity"

    def __repr__(self) -> str:
        return f"<Capacity of {self.scenario.name}: {self.path} {self.spelled(self.number)}>"


def compare(
    scenario: Loadable,
    vary: Vary,
    replications: int = 10,
    metric: str = "p99",
    precision: float | None = None,
    most: int = 200,
    *,
    measures: Measures | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compares variants of a scenario on the same traffic.

    Args:
        scenario: What `load` returned, a path, or the name of a shipped scenario.
        vary: The values of each varied place: a list, or a text such as `"100/s..1000/s:10"`. Every combination is a
            variant; the first is the baseline. For places that go together, the name of each variant and what it
            sets: `{"as it is": {}, "big": {"components.api.instances": 8, "components.api.workers": 2}}`.
        replications: Seeds for each variant: the scenario's own and those that follow it.
        metric: What decides which variant is best, such as `p99` or `browser availability`.
        precision: Goes on until `metric` of every variant is known within this share of it (0.05: within 5%).
        most: How many seeds that may take.
        measures: Figures of your own, worked out of each run in this process: `{"slow": lambda result:
            float((result.requests["latency"] > 1.0).mean())}`. They stand beside the others under their names, and
            `metric` may be one; less counts as better, so give the negative of a figure of which more is. None is no
            data. All runs come here whole for it, and stay so in `folder`, where other figures can be worked out of
            them later.
        workers: Runs at the same time; one for each core unless given.
        cluster: Address of a Dask cluster that is to make the runs.
        folder: Keeps finished runs; the same comparison with the same folder goes on from them.
        progress: Told how many runs are done, and how many there are.

    Raises:
        ScenarioError: The scenario or a variant is wrong.
        ValueError: The metric or a value is wrong, or there is nothing to compare.
    """
    scenario, variations = _load(scenario), _variations(vary)
    arguments = {"replications": replications, "measure": metric, "precision": precision, "most": most}
    plan = Plan("compare", scenario, variations, arguments=arguments)
    return Comparison.of(_carry_out(plan, workers, cluster, folder, progress, measures))


def sweep(
    scenario: Loadable,
    vary: Vary,
    replications: int = 5,
    metric: str = "p99",
    samples: int | None = None,
    *,
    measures: Measures | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Runs a scenario over many values.

    Args:
        scenario: What `load` returned, a path, or the name of a shipped scenario.
        vary: The values of each varied place, as `compare` takes them; the first becomes the x-axis.
        replications: Seeds for each variant.
        metric: What figures show.
        samples: Takes so many variants by a Latin hypercube, not the whole grid.
        measures: Figures of your own, as `compare` takes them.
        workers: Runs at the same time; one for each core unless given.
        cluster: Address of a Dask cluster that is to make the runs.
        folder: Keeps finished runs; the same sweep with the same folder goes on from them.
        progress: Told how many runs are done, and how many there are.

    Raises:
        ScenarioError: The scenario or a variant is wrong.
        ValueError: The metric or a value is wrong.
    """
    scenario, variations = _load(scenario), _variations(vary)
    arguments = {"replications": replications, "measure": metric, "samples": samples}
    plan = Plan("sweep", scenario, variations, arguments=arguments)
    return Sweep.of(_carry_out(plan, workers, cluster, folder, progress, measures))


def capacity(
    scenario: Loadable,
    vary: Vary,
    objective: str | Sequence[str] = (),
    precision: float = 0.02,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Capacity:
    """Finds the largest load, or the fewest instances, with which a scenario meets its objectives.

    Args:
        scenario: What `load` returned, a path, or the name of a shipped scenario.
        vary: The place, such as `clients.app.traffic.rate`, or with both ends: `components.api.instances=1..40`, or
            `{"components.api.instances": "1..40"}`.
        objective: What has to be met, such as `p99 < 300ms`; the scenario's own objectives unless given.
        precision: How close to come, as a share of the value.
        workers: Runs at the same time; one for each core unless given.
        cluster: Address of a Dask cluster that is to make the runs.
        folder: Keeps finished runs; the same search with the same folder goes on from them.
        progress: Told how many runs are done, and how many are planned so far.

    Raises:
        ScenarioError: The scenario or a value is wrong.
        ValueError: There is no objective, it cannot be used, or there is nothing to find; or several places are given.
    """
    scenario, varied = _load(scenario), _variations(vary)
    if len(varied) != 1 or varied[0].settings:
        raise ValueError("a capacity search varies one place, such as clients.app.traffic.rate")
    texts = (objective,) if isinstance(objective, str) else tuple(objective)
    wanted = texts or tuple(scenario.document.objectives)
    plan = Plan("capacity", scenario, varied, wanted, {"precision": precision})
    return Capacity.of(_carry_out(plan, workers, cluster, folder, progress))


def _load(scenario: Loadable) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def _variations(vary: Vary) -> tuple[Variation, ...]:
    if isinstance(vary, str):
        return (parse_variation(vary),)
    settings = {name: values for name, values in vary.items() if isinstance(values, Mapping)}
    varied = [make_variation(path, values) for path, values in vary.items() if not isinstance(values, Mapping)]
    return (joint(settings), *varied) if settings else tuple(varied)


def _carry_out(
    plan: Plan,
    workers: int | None,
    cluster: str | None,
    folder: str | os.PathLike[str] | None,
    progress: Progress | None,
    measures: Measures | None = None,
) -> Answer:
    started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    kept = None if folder is None else open_folder(Path(folder), plan, [], started)
    with ExitStack() as stack:
        if cluster is None:
            count = workers or cores()
            executor = stack.enter_context(local_pool(count))
        else:
            executor, count = stack.enter_context(cluster_executor(cluster))
        own = {name: _of_result(work) for name, work in (measures or {}).items()}
        runner = Runner(executor, count, None if kept is None else kept.store, own=own)
        if progress is not None:
            _tell(runner, progress)
        study = plan.carry_out(runner, _ORIGIN)
    if kept is not None:
        kept.write(study)
    return study


def _of_result(work: Callable[[Result], float | None]) -> Work:
    return lambda scenario, recorded: work(Result(scenario, recorded))


def _tell(runner: Runner, progress: Progress) -> None:
    """Lets a function know how many runs are done and how many there are."""
    done = total = 0

    def planned(number: int) -> None:
        nonlocal total
        total += number
        progress(done, total)

    def finished(_: object) -> None:
        nonlocal done
        done += 1
        progress(done, total)

    runner.planned, runner.finished = planned, finished
