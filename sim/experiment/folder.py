"""The folder of an experiment: it is there from the first run on, keeps every finished run, and is finished at the end.

The same experiment finds its folder again and goes on where it was; more replications of it use those that are there.
A folder that holds anything else is left alone.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sim.experiment.save import scenario_as_run, to_json, versions
from sim.experiment.store import Store, digest, scenario_key, write_whole
from sim.experiment.variation import Variation
from sim.scenario import Scenario

MANIFEST: Final = "experiment.json"
RUNS: Final = "runs"


class NotThisExperiment(Exception):
    """A folder holds something else."""


@dataclass(frozen=True)
class Plan:
    """What an experiment is, but for how many runs it makes and what is read from them.

    Attributes:
        kind: `compare`, `sweep` or `capacity`.
        scenario: The scenario before anything is varied.
        variations: What is varied.
        objectives: What a capacity search has to meet.
    """

    kind: str
    scenario: Scenario
    variations: tuple[Variation, ...]
    objectives: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same experiment, and for no other."""
        parts = [variation.text for variation in self.variations]
        seed = str(self.scenario.document.seed)
        return digest(self.kind, scenario_key(self.scenario), seed, *parts, *self.objectives)

    @property
    def name(self) -> str:
        """What its folder is called unless somebody says otherwise."""
        return f"{self.scenario.name}-{self.kind}-{self.key[:6]}"


@dataclass(frozen=True)
class ExperimentFolder:
    """The folder of one experiment.

    Attributes:
        path: Where it is.
        plan: What it holds.
        manifest: How it was made.
    """

    path: Path
    plan: Plan
    manifest: Mapping[str, Any]

    @property
    def store(self) -> Store:
        """Its finished runs."""
        return Store(self.path / RUNS)

    def forget(self) -> None:
        """Takes the folder away again if not a single run was finished, and nothing else is in it."""
        if not len(self.store):
            for name in (MANIFEST, "scenario.yaml"):
                (self.path / name).unlink(missing_ok=True)
            with suppress(OSError):
                self.path.rmdir()
                self.path.parent.rmdir()

    def write(self, name: str, data: Mapping[str, Any]) -> None:
        """Writes a JSON file; it replaces an earlier one as a whole."""
        write_whole(self.path / name, to_json(data))


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
        "vary": [variation.text for variation in plan.variations],
        "objectives": list(plan.objectives),
        "seed": plan.scenario.document.seed,
        "command": list(command),
        "started": started,
        **versions(),
    }
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        _same(path, plan)
    path.mkdir(parents=True, exist_ok=True)
    folder = ExperimentFolder(path, plan, manifest)
    folder.write(MANIFEST, manifest)
    write_whole(path / "scenario.yaml", scenario_as_run(plan.scenario, plan.scenario.document.seed))
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
