"""A saved run is a results folder read back: the summary, the time lines, the scenario as it ran and how it was run."""

import json
import os
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.request import Outcome
from sim.scenario import Scenario, load
from sim.values import nearest

RESULTS: Final = Path("results")
"""Where results folders are looked for by name."""

_FILES: Final = ("summary.json", "timeline.csv", "components.csv", "scenario.yaml", "manifest.json")
_OTHERS: Final = {"comparison.json": "a comparison", "sweep.csv": "a sweep", "capacity.json": "a capacity search"}
_SECTIONS: Final = (
    "scenario", "seed", "duration_s", "warmup_s", "requests", "latency_s", "rates", "time_ledger", "attempts",
    "clients", "routes", "components", "events", "objectives",
)  # fmt: skip
_TIMELINE: Final = ("t_s", "client", "offered", "ended", *(o.word for o in Outcome), "p50", "p95", "p99", "attempts")
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
        scenario: `scenario.yaml`, as it ran.
        manifest: `manifest.json`: versions, seed, command.
    """

    folder: Path
    summary: dict[str, Any]
    timeline: pd.DataFrame
    components: pd.DataFrame
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
    summary = _json(folder / "summary.json")
    lacking = [section for section in _SECTIONS if section not in summary]
    if lacking:
        raise NoResult(f"{folder / 'summary.json'} is not the summary of a run: it has no '{lacking[0]}'")
    timeline = _table(folder / "timeline.csv", _TIMELINE, "client")
    rows = max(ceil(summary["duration_s"] - _ROUNDING), 1) * len(summary["clients"])
    if len(timeline) != rows:
        raise NoResult(f"{folder / 'timeline.csv'} is damaged: it has {len(timeline)} rows, not {rows}")
    return SavedRun(
        folder,
        summary,
        timeline,
        _table(folder / "components.csv", _COMPONENTS, "component"),
        load(folder / "scenario.yaml"),
        _json(folder / "manifest.json"),
    )


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


def _table(path: Path, columns: tuple[str, ...], names: str) -> pd.DataFrame:
    """A table whose `names` column holds names, whatever they look like."""
    try:
        table = pd.read_csv(
            path, dtype={names: str}, keep_default_na=False, na_values={column: [""] for column in _MAYBE_EMPTY}
        )
        numbers = table.drop(columns=names, errors="ignore").apply(pd.to_numeric)
    except OSError as error:
        raise NoResult(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise NoResult(f"{path} is damaged: {str(error).splitlines()[0]}") from None
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        raise NoResult(f"{path} is damaged: it has no column '{lacking[0]}'")
    gaps = [column for column in columns if column not in (*_MAYBE_EMPTY, names) and numbers[column].isna().any()]
    if gaps:
        raise NoResult(f"{path} is damaged: a value of column '{gaps[0]}' is missing")
    return table
