"""The folder of an experiment: it is there from the first run on, keeps every finished run, and is finished at the end.

The same experiment finds its folder again and goes on where it was; more replications of it use those that are there.
A folder that holds anything else is left alone.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sim.experiment.capacity import Capacity
from sim.experiment.joint import joint
from sim.experiment.plan import Answer, Plan
from sim.experiment.save import make_folders, scenario_as_run, to_json, versions
from sim.experiment.shape import COUNT, FIGURE, NUMBER, TEXT, Each, Leaf, differences
from sim.experiment.store import Store, write_whole
from sim.experiment.sweep import Sweep
from sim.experiment.variation import parse_variation, spell
from sim.scenario import load

MANIFEST: Final = "experiment.json"
SCENARIO: Final = "scenario.yaml"
RUNS: Final = "runs"


_COMPARED: Final = {"replications": COUNT, "measure": TEXT, "precision": FIGURE, "most": COUNT}
_SWEPT: Final = {"replications": COUNT, "measure": TEXT, "samples": FIGURE}
_ARGUMENTS: Final = {"compare": _COMPARED, "sweep": _SWEPT, "capacity": {"precision": NUMBER}}
_SHAPE: Final = {
    "kind": Leaf("compare, sweep or capacity", lambda value: isinstance(value, str) and value in _ARGUMENTS),
    **dict.fromkeys(("key", "scenario"), TEXT),
    **dict.fromkeys(("vary", "objectives", "command"), Each(TEXT, list)),
    "variants": Each(Each(TEXT)),
    "arguments": {},
}


class NotThisExperiment(Exception):
    """A folder holds something else."""


@dataclass(frozen=True)
class ExperimentFolder:
    """The folder of one experiment.

    Attributes:
        path: Where it is.
        plan: What it holds.
        manifest: How it was made.
        made: The folders that were made for it, the innermost first.
    """

    path: Path
    plan: Plan
    manifest: Mapping[str, Any]
    made: tuple[Path, ...] = ()

    @property
    def store(self) -> Store:
        """Its finished runs."""
        return Store(self.path / RUNS)

    def forget(self) -> None:
        """Takes the folder away again if not a single run was finished, and nothing else is in it."""
        if not len(self.store):
            for name in (MANIFEST, SCENARIO):
                (self.path / name).unlink(missing_ok=True)
            for folder in self.made:
                with suppress(OSError):
                    folder.rmdir()

    def write(self, study: Answer, parquet: bool = False) -> dict[str, Any]:
        """Writes what came of the experiment: `comparison.json` and `runs.csv`, `sweep.csv`, or `capacity.json`.

        Args:
            study: The answer.
            parquet: Whether the runs of a sweep go to `sweep.parquet` as well; needs pyarrow.

        Returns:
            The content of the JSON file.
        """
        data = study.to_json()
        if isinstance(study, Capacity):
            name = "capacity"
        else:
            name, table = ("sweep", "sweep") if isinstance(study, Sweep) else ("comparison", "runs")
            runs = study.runs_table()
            runs.to_csv(self.path / f"{table}.csv", index=False)
            if parquet:
                runs.to_parquet(self.path / f"{table}.parquet", engine="pyarrow", index=False)
        write_whole(self.path / f"{name}.json", to_json(data))
        return data


def open_folder(path: Path, plan: Plan, command: Sequence[str], started: str) -> ExperimentFolder:
    """The folder of an experiment, new or as an earlier run of it left it.

    Args:
        path: Where it is to be; missing parents are made.
        plan: The experiment.
        command: The command line.
        started: When, as ISO 8601 has it.

    Raises:
        NotThisExperiment: There is something else.
        OSError: Nothing can be written there.
    """
    manifest = {
        "kind": plan.kind,
        "key": plan.key,
        "scenario": str(plan.scenario.path.resolve()),
        "vary": [variation.text for variation in plan.variations if not variation.settings],
        "variants": {
            setting.name: {path: spell(value) for path, value in setting.values.items()}
            for variation in plan.variations
            for setting in variation.settings
        },
        "objectives": list(plan.objectives),
        "arguments": dict(plan.arguments),
        "seed": plan.scenario.document.seed,
        "command": list(command),
        "started": started,
        **versions(),
    }
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        _same(path, plan)
    folder = ExperimentFolder(path, plan, manifest, tuple(make_folders(path)))
    write_whole(path / MANIFEST, to_json(manifest))
    write_whole(path / SCENARIO, scenario_as_run(plan.scenario, plan.scenario.document.seed))
    return folder


def _same(path: Path, plan: Plan) -> None:
    try:
        there = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        key = there["key"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NotThisExperiment(f"{path} is there already, and it is not the folder of an experiment") from None
    if key != plan.key:
        raise NotThisExperiment(
            f"{path} holds another experiment ({there.get('kind')} of {Path(there.get('scenario', '')).stem}), or the "
            "scenario or the simulator has changed since"
        )


def read_folder(path: Path) -> ExperimentFolder:
    """The folder of an experiment, for reading.

    Raises:
        NotThisExperiment: It is none, it is damaged, or the simulator has changed since its runs were made.
        ScenarioError: Its scenario can no longer be read.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        wrong = next(differences(manifest, _SHAPE), None) or next(
            differences(manifest["arguments"], _ARGUMENTS[manifest["kind"]], "arguments"), None
        )
        if wrong is not None:
            raise ValueError(wrong)
        scenario = replace(load(path / SCENARIO), path=Path(manifest["scenario"]))
        variations = tuple(map(parse_variation, manifest["vary"]))
        if manifest["variants"]:
            variations = (joint(manifest["variants"]), *variations)
        arguments = {name: manifest["arguments"][name] for name in _ARGUMENTS[manifest["kind"]]}
        plan = Plan(manifest["kind"], scenario, variations, tuple(manifest["objectives"]), arguments)
        key = manifest["key"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotThisExperiment(f"{path} is not the folder of an experiment, or it is damaged ({error})") from None
    if plan.key != key:
        raise NotThisExperiment(f"the simulator has changed since the runs in {path} were made; make them again")
    return ExperimentFolder(path, plan, manifest)
