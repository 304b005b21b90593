"""The finished runs of an experiment, on disk, so that a half-done one goes on where it was and no run is made twice.

A run is known by what decides its numbers: the scenario as run with the content of its files, the seed, and the version
of the simulator and of numpy. Each is written under another name first, so that what is there is complete.
"""

import hashlib
import json
import os
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.experiment.replication import Replication, Trial
from sim.experiment.save import map_files
from sim.experiment.shape import COUNT, FIGURE, NUMBER, Each, differences
from sim.experiment.summary_shape import what_is_wrong
from sim.metrics import Reaction, Regions, Result
from sim.metrics.result import Event, Moved
from sim.metrics.saturation import Strain
from sim.scenario import Scenario

_ENGINE: Final = ("kernel", "values", "request", "metrics", "components", "policies", "balancing", "faults", "scenario")
_SHAPE: Final = {
    "summary": {},
    "latencies": Each(FIGURE, list),
    "strains": Each({"saturated": NUMBER, "utilization": NUMBER, "instances": Each(COUNT, list)}),
}
_TEXTS: Final = ("scenario", "about", "watch_for", "question", "answer", "seed")
_ARRAYS: Final = ("requests", "samples", "series")
_LISTS: Final = ("attempt_starts", "attempt_latencies")
_OF_REGIONS: Final = ("homes", "sent_first", "sent_last")


class Store:
    """Finished runs, two files each at most: `KEY.json`, and `KEY.npz` for a run kept whole.

    Args:
        folder: Where they are; made when the first one is put there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def get(self, trial: Trial) -> Replication | None:
        """The replication of a trial, if it is there and holds all that the trial asks for."""
        path = self.folder / f"{trial_key(trial)}.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            result = load_result(path.with_suffix(".npz")) if trial.keep_result else None
        except (OSError, ValueError, KeyError):
            return None
        if next(differences(data, _SHAPE), None) or what_is_wrong(data["summary"], {}):
            return None
        strains = {
            name: Strain(**{**each, "instances": tuple(each["instances"])}) for name, each in data["strains"].items()
        }
        latencies = np.array([np.nan if value is None else value for value in data["latencies"]], dtype=np.float64)
        return Replication(trial.seed, data["summary"], latencies, strains, result)

    def put(self, trial: Trial, replication: Replication) -> None:
        """Keeps a replication that did not fail.

        Raises:
            OSError: It cannot be written.
        """
        if replication.error is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{trial_key(trial)}.json"
        if replication.result is not None:
            part = path.with_suffix(f".{os.getpid()}.part.npz")
            save_result(replication.result, part)
            part.rename(path.with_suffix(".npz"))
        latencies = [None if np.isnan(value) else float(value) for value in replication.latencies]
        strains = {name: asdict(strain) for name, strain in replication.strains.items()}
        data = {"summary": replication.summary, "latencies": latencies, "strains": strains}
        write_whole(path, json.dumps(data, allow_nan=False))


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is there as a whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def save_result(result: Result, path: Path) -> None:
    """Writes a whole run as a compressed `.npz`.

    Raises:
        OSError: It cannot be written.
    """
    arrays: dict[str, Any] = {name: getattr(result, name) for name in _ARRAYS}
    for name in _LISTS:
        arrays |= {f"{name}.{number}": values for number, values in enumerate(getattr(result, name))}
    rest = {
        field.name: getattr(result, field.name) for field in fields(Result) if field.name not in (*_ARRAYS, *_LISTS)
    }
    rest["events"] = [asdict(event) for event in result.events]
    if (regions := result.regions) is not None:
        arrays |= {f"regions.{name}": getattr(regions, name) for name in _OF_REGIONS}
        calls = [(*pair, number) for pair, number in regions.calls.items()]
        rest["regions"] = {"names": regions.names, "standby": regions.standby, "calls": calls, "parts": regions.parts}
    text = np.frombuffer(json.dumps(rest, default=_plain).encode(), dtype=np.uint8)
    np.savez_compressed(path, rest=text, **arrays)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} cannot be saved")


def load_result(path: Path) -> Result:
    """Reads what `save_result` wrote.

    Raises:
        OSError: There is no such file, or it cannot be read.
        ValueError: It is something else, or incomplete.
    """
    with np.load(path, allow_pickle=False) as saved:
        rest = json.loads(saved["rest"].tobytes())
        rest["events"] = [
            Event(**event | {"ways": tuple(map(tuple, event["ways"])), "moved": Moved(**event["moved"])})
            for event in rest["events"]
        ]
        rest["places"] = [(component, instance) for component, instance in rest["places"]]
        rest["reactions"] = [Reaction(*reaction) for reaction in rest["reactions"]]
        rest["series_names"] = [(component, name) for component, name in rest["series_names"]]
        rest["notes"] = tuple(rest["notes"])
        if (regions := rest["regions"]) is not None:
            regions["calls"] = {(here, there): number for here, there, number in regions["calls"]}
            rest["regions"] = Regions(**regions, **{name: saved[f"regions.{name}"] for name in _OF_REGIONS})
        count = len(rest["clients"])
        rest |= {name: [saved[f"{name}.{number}"] for number in range(count)] for name in _LISTS}
        return Result(**rest, **{name: saved[name] for name in _ARRAYS})


def trial_key(trial: Trial) -> str:
    """What a run's file is called: the same for the same numbers, and for no others."""
    return digest(scenario_key(trial.scenario), str(trial.seed))


def scenario_key(scenario: Scenario) -> str:
    """A digest of what decides a scenario's numbers, but for the seed."""

    def content(file: str) -> str:
        path = scenario.path.parent / file
        return _file_digest(path, path.stat().st_mtime_ns)

    data = {key: value for key, value in scenario.data.items() if key not in _TEXTS}
    return digest(engine_version(), json.dumps(map_files(data, content), sort_keys=True))


@cache
def _file_digest(path: Path, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


@cache
def engine_version() -> str:
    """A digest of the code that decides numbers, and of numpy's version."""
    package = Path(__file__).parent.parent
    sources = [source for room in _ENGINE for source in sorted((package / room).rglob("*.py"))]
    sources += [package / "experiment" / "run.py", package / "experiment" / "sampler.py"]
    return digest(np.__version__, *(source.read_text(encoding="utf-8") for source in sources))


def digest(*parts: str) -> str:
    """A short digest of several texts."""
    state = hashlib.blake2b(digest_size=12)
    for part in parts:
        state.update(part.encode() + b"\0")
    return state.hexdigest()
