"""A results folder holds what one run leaves behind: summary, tables, the scenario as it ran, and how it was run.

It appears complete or not at all: it is built under a hidden name beside its place and renamed when all is written.
What was there before is never touched.
"""

import errno
import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from sim.metrics import IN_FLIGHT, Result, components_timeline, timeline
from sim.request import LEDGER, Outcome
from sim.scenario import Scenario
from sim.scenario.scalars import read_plain

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


@dataclass
class NewFolder:
    """A folder that is being built.

    Attributes:
        building: Where it is filled.
        path: Where it will stand; once it is there, where it stands.
    """

    building: Path
    path: Path


@contextmanager
def new_folder(path: Path) -> Iterator[NewFolder]:
    """Builds a folder: at the end of the block it is there as a whole, after an exception there is nothing.

    Args:
        path: Its place; missing parents are made. If something has taken the place by then, `-2` (`-3`, …) is added.

    Raises:
        OSError: The place is not empty, or nothing can be written there; raised before the block is entered.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        words = "is there already, and not empty" if place.is_dir() else "is a file, not a folder"
        raise FileExistsError(errno.EEXIST, words, str(path))
    made = make_folders(place.parent)
    folder = NewFolder(place.parent / f".{place.name}.{os.getpid()}.part", path)
    try:
        try:
            folder.building.mkdir()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        yield folder
        folder.path = _rename(folder.building, place, path)
    except BaseException:
        shutil.rmtree(folder.building, ignore_errors=True)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        raise


def make_folders(folder: Path) -> list[Path]:
    """Makes a folder and its parents; returns those that were missing, the innermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
    return missing


def _rename(building: Path, place: Path, path: Path) -> Path:
    for number in count(1):
        ending = "" if number == 1 else f"-{number}"
        try:
            building.rename(place.with_name(place.name + ending))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return path.with_name(path.name + ending)
    raise AssertionError


def write_run(
    scenario: Scenario,
    result: Result,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    folder: Path,
    requests: bool = False,
) -> None:
    """Writes all that is not drawn: `summary.json`, the tables, `scenario.yaml` and `manifest.json`.

    Args:
        scenario: What was run.
        result: The run.
        summary: What `summarize` made of it.
        manifest: What `make_manifest` made of it.
        folder: An empty folder.
        requests: Whether to write every request as well, to `requests.parquet`; needs pyarrow.
    """
    (folder / "summary.json").write_text(to_json(summary), encoding="utf-8")
    write_csv(timeline(result), folder / "timeline.csv")
    write_csv(components_timeline(result), folder / "components.csv")
    if result.series_names:
        write_csv(series_table(result), folder / "series.csv")
    if requests:
        request_table(result).to_parquet(folder / "requests.parquet", engine="pyarrow", index=False)
    (folder / "scenario.yaml").write_text(scenario_as_run(scenario, result.seed), encoding="utf-8")
    (folder / "manifest.json").write_text(to_json(manifest), encoding="utf-8")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Writes a table whose texts are names, which need no quotes, as pandas does, but several times as fast.

    Args:
        table: The table; a float is written with seven digits, and nothing for NaN.
        path: Of the file.
    """
    formats, columns = [], []
    for _, column in table.items():
        values = column.tolist()
        if column.dtype.kind == "f" and column.isna().any():
            values = ["" if value != value else f"{value:.7g}" for value in values]
            formats.append("%s")
        else:
            formats.append("%.7g" if column.dtype.kind == "f" else "%s")
        columns.append(values)
    line = ",".join(formats) + "\n"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(map(str, table.columns)) + "\n")
        file.writelines(map(line.__mod__, zip(*columns, strict=True)))


def series_table(result: Result) -> pd.DataFrame:
    """What components kept of themselves second by second: columns t_s, component, name and value."""
    names = pd.DataFrame(result.series_names, columns=["component", "name"])
    which = names.iloc[result.series["series"]].reset_index(drop=True)
    which.insert(0, "t_s", result.series["t"])
    return which.assign(value=result.series["value"])


def to_json(data: Mapping[str, Any]) -> str:
    """JSON as the results folder holds it."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def make_manifest(
    scenario: Scenario, result: Result, command: Sequence[str], overrides: Mapping[str, object], started: str
) -> dict[str, Any]:
    """How a run was made, for whoever wants to make it again.

    Args:
        scenario: What was run.
        result: The run.
        command: The command line.
        overrides: The values set on it.
        started: When, as ISO 8601 has it.
    """
    return {
        "scenario": os.path.abspath(scenario.path),
        "overrides": {path: str(value) for path, value in overrides.items()},
        "seed": result.seed,
        "command": list(command),
        "started": started,
        "interrupted": result.interrupted,
        **versions(),
    }


def versions() -> dict[str, str]:
    """What decides a run's numbers besides the scenario and the seed, and where it ran."""
    return {
        **{package: _version(package) for package in ("tailsim", "numpy", "simpy")},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def request_table(result: Result) -> pd.DataFrame:
    """A row for each user request in the order of arrival, warm-up included; times in s.

    Args:
        result: The run.

    Returns:
        Columns `arrived latency`, the five parts of the time ledger, `client route outcome attempts`. A request that
        is still in flight has the outcome `in_flight`, and no latency.
    """
    rows = result.requests
    flying = rows["outcome"] == IN_FLIGHT
    words = [outcome.word for outcome in Outcome]
    return pd.DataFrame(
        {
            "arrived": rows["arrived"],
            "latency": np.where(flying, np.nan, rows["latency"]),
            **{part: rows[part] for part in LEDGER},
            "client": pd.Categorical.from_codes(rows["client"].astype(np.int64), categories=pd.Index(result.clients)),
            "route": pd.Categorical.from_codes(rows["route"].astype(np.int64), categories=pd.Index(result.routes)),
            "outcome": pd.Categorical.from_codes(
                np.where(flying, len(words), rows["outcome"]).astype(np.int64),
                categories=pd.Index([*words, "in_flight"]),
            ),
            "attempts": rows["attempts"],
        }
    )


def scenario_as_run(scenario: Scenario, seed: int) -> str:
    """The scenario as YAML that runs anywhere: overrides applied, the run's seed, paths absolute.

    Args:
        scenario: What was run.
        seed: With which seed.
    """
    folder = Path(os.path.abspath(scenario.path.parent))
    return to_yaml({**map_files(scenario.data, lambda name: str(folder / name)), "seed": seed})


def to_yaml(data: Mapping[str, Any]) -> str:
    """YAML that the scenario language reads back as the same data."""
    text: str = yaml.dump(
        dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return text


def map_files(data: Any, change: Callable[[str], str], key: str = "") -> Any:
    """The same data with other names for its files, which are access logs and measured values.

    Args:
        data: A scenario's, or a part of it.
        change: The new name of a file.
        key: Under which the part stands.
    """
    if isinstance(data, dict):
        return {
            name: change(value)
            if isinstance(value, str) and (name == "empirical" or (key == "traffic" and name == "replay"))
            else map_files(value, change, name)
            for name, value in data.items()
        }
    return [map_files(value, change, key) for value in data] if isinstance(data, list) else data


class _Dumper(yaml.SafeDumper):
    """Writes what the scenario language reads back as the same: texts in quotes where need be, no exponents."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, text: str) -> yaml.Node:
        try:
            style = '"' if read_plain(text) != text or text == "<<" else ">" if text.endswith("\n") else None
        except ValueError:
            style = '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)

    def number(self, number: float) -> yaml.Node:
        plain = format(Decimal(repr(number)), "f")
        return self.represent_scalar("tag:yaml.org,2002:float", plain if "." in plain else f"{plain}.0")


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(float, _Dumper.number)
