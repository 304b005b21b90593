"""A saved run is a results folder read back: the summary, the time lines, the scenario as it ran and how it was run."""

import json
import os
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.experiment.summary_shape import what_is_wrong
from sim.request import Outcome
from sim.scenario import Scenario, load, place
from sim.values import nearest

RESULTS: Final = Path("results")
"""Where results folders are looked for by name."""

_FILES: Final = ("summary.json", "timeline.csv", "components.csv", "scenario.yaml", "manifest.json")
_OTHERS: Final = {"comparison.json": "a comparison", "sweep.csv": "a sweep", "capacity.json": "a capacity search"}
_TIMELINE: Final = ("t_s", "client", "offered", "ended", *(o.word for o in Outcome), "p50", "p95", "p99", "attempts")
_SERIES: Final = ("t_s", "component", "name", "value")
_COMPONENTS: Final = ("t_s", "component", "instance", "up", "utilization", "queue", "outstanding")
_ROUNDING: Final = 1e-6
_MAYBE_EMPTY: Final = ("p50", "p95", "p99")


class NoResult(Exception):
    """There is no such results folder, or something in it is not as a run left it; the message names it."""


@dataclass(frozen=True)
class SavedRun:
    """A results folder.

    Attributes:
        folder: Where it is.
        summary: `summary.json`.
        timeline: `timeline.csv`, as `sim.metrics.timeline` makes it.
        components: `components.csv`, as `sim.metrics.components_timeline` makes it.
        series: `series.csv`, as `sim.experiment.save.series_table` makes it; None where no component keeps any.
        scenario: `scenario.yaml`, as it ran.
        manifest: `manifest.json`: versions, seed, command.
    """

    folder: Path
    summary: dict[str, Any]
    timeline: pd.DataFrame
    components: pd.DataFrame
    series: pd.DataFrame | None
    scenario: Scenario
    manifest: dict[str, Any]


def find_result(name: str | os.PathLike[str]) -> Path:
    """The folder of a result: the path given, or the folder of that name in `results/`.

    Raises:
        NoResult: There is none; the message offers the nearest name.
    """
    path = Path(name)
    for folder in (path, RESULTS / path):
        if folder.is_dir():
            return folder
    if path.exists():
        raise NoResult(f"{path} is a file; give the results folder that it is in")
    place = RESULTS if path.parent == Path() else path.parent
    known = sorted(folder.name for folder in place.iterdir() if folder.is_dir()) if place.is_dir() else []
    near = nearest(path.name, [each for each in known if not each.startswith(".")])
    if near is None:
        raise NoResult(f"there is no results folder '{name}'; sim run SCENARIO makes one")
    raise NoResult(f"there is no results folder '{name}'; did you mean '{near if place == RESULTS else place / near}'?")


def read_run(folder: Path) -> SavedRun:
    """Reads the results folder of a run.

    Args:
        folder: What `find_result` found.

    Raises:
        NoResult: It is not a run's folder, or a file of it is missing or damaged.
        ScenarioError: Its scenario cannot be understood any more.
    """
    for file, what in _OTHERS.items():
        if (folder / file).exists():
            raise NoResult(f"{folder} is the folder of {what} ({file}); give the folder of one run")
    missing = [file for file in _FILES if not (folder / file).is_file()]
    if len(missing) == len(_FILES):
        raise NoResult(f"{folder} is not a results folder: it has no summary.json")
    if missing:
        raise NoResult(f"{folder} is incomplete: it has no {' and no '.join(missing)}")
    summary, scenario = _json(folder / "summary.json"), load(folder / "scenario.yaml")
    document, _ = place(scenario.document)
    names = {"clients": document.clients, "components": document.components}
    wrong = what_is_wrong(summary, names)
    if wrong is not None:
        raise NoResult(f"{folder / 'summary.json'} is not the summary of this run: {wrong}")
    places = [name for block in summary["components"].values() for name in block["instances"]]
    timeline, components = (
        _table(folder / file, columns, names, summary["duration_s"], len(count))
        for file, columns, names, count in (
            ("timeline.csv", _TIMELINE, "client", summary["clients"]),
            ("components.csv", _COMPONENTS, "component", places),
        )
    )
    sampled = components[["component", "instance"]].drop_duplicates().itertuples(index=False)
    unknown = {name if number < 0 else f"{name}[{number}]" for name, number in sampled} - set(places)
    if unknown:
        raise NoResult(f"{folder / 'components.csv'} is damaged: the summary has no instance '{min(unknown)}'")
    series = (
        _read_csv(folder / "series.csv", _SERIES, ("component", "name")) if (folder / "series.csv").exists() else None
    )
    return SavedRun(folder, summary, timeline, components, series, scenario, _json(folder / "manifest.json"))


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoResult(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except json.JSONDecodeError as error:
        raise NoResult(f"{path}:{error.lineno}:{error.colno} is damaged: {error.msg.lower()}") from None
    except (UnicodeDecodeError, RecursionError):
        raise NoResult(f"{path} is damaged: it is not JSON") from None
    if not isinstance(data, dict):
        raise NoResult(f"{path} is damaged: it is not a mapping")
    return data


def _table(path: Path, columns: tuple[str, ...], names: str, duration: float, count: int) -> pd.DataFrame:
    """A table with a row for each second and so many names."""
    table = _read_csv(path, columns, (names,))
    rows = max(ceil(duration - _ROUNDING), 1) * count
    if len(table) != rows:
        raise NoResult(f"{path} is damaged: it has {len(table)} rows, not {rows}")
    return table


def _read_csv(path: Path, columns: tuple[str, ...], names: tuple[str, ...]) -> pd.DataFrame:
    """A table whose columns of `names` hold texts, whatever they look like, and all others numbers."""
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(names, str),
            keep_default_na=False,
            na_values={column: [""] for column in _MAYBE_EMPTY},
        )
        numbers = table.drop(columns=list(names), errors="ignore").apply(pd.to_numeric)
    except OSError as error:
        raise NoResult(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise NoResult(f"{path} is damaged: {str(error).splitlines()[0]}") from None
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        raise NoResult(f"{path} is damaged: it has no column '{lacking[0]}'")
    gaps = [column for column in columns if column not in (*_MAYBE_EMPTY, *names) and numbers[column].isna().any()]
    if gaps:
        raise NoResult(f"{path} is damaged: a value of column '{gaps[0]}' is missing")
    return table
