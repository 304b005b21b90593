"""A results folder: complete or not there, and a scenario in it that reads back as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from sim.experiment import run
from sim.experiment.save import new_folder, request_table, scenario_as_run, write_csv
from sim.scenario import load, shipped_scenarios
from sim.scenario.yaml import parse_yaml


def names(folder: Path) -> list[str]:
    """What a folder holds, hidden names included."""
    return sorted(path.name for path in folder.iterdir())


def test_a_table_is_written_as_pandas_does(tmp_path: Path) -> None:
    """Seven digits of a float, and nothing where there is none."""
    table = pd.DataFrame(
        {
            "t_s": np.arange(4),
            "component": ["a", "b@eu", "a", "c"],
            "x": np.array([0.0, 1 / 3, 12345678.9, 1e-9], dtype=np.float32),
            "p50": [np.nan, 0.25, np.inf, -2.0],
        }
    )
    for rows in (4, 0):
        write_csv(table[:rows], tmp_path / "table.csv")
        assert (tmp_path / "table.csv").read_text() == table[:rows].to_csv(index=False, float_format="%.7g")


def test_a_folder_is_seen_when_it_is_whole(tmp_path: Path) -> None:
    """Until the end of the block there is only a hidden one beside its place."""
    with new_folder(tmp_path / "a" / "b") as folder:
        (folder.building / "x").write_text("x")
        assert not (tmp_path / "a" / "b").exists()
        assert folder.building.parent == (tmp_path / "a").resolve()
        assert folder.building.name.startswith(".")
    assert folder.path == tmp_path / "a" / "b"
    assert names(tmp_path / "a") == ["b"]
    assert names(tmp_path / "a" / "b") == ["x"]


def test_after_an_exception_there_is_nothing(tmp_path: Path) -> None:
    """Not even the parents that were made for it."""

    def fail() -> None:
        with new_folder(tmp_path / "a" / "b") as folder:
            (folder.building / "x").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == []


def test_a_place_that_is_taken_meanwhile_gets_a_neighbour(tmp_path: Path) -> None:
    """What somebody else has put there stays."""
    with new_folder(tmp_path / "a") as folder:
        (folder.building / "mine").write_text("")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "theirs").write_text("")
    assert folder.path == tmp_path / "a-2"
    assert names(tmp_path / "a") == ["theirs"]
    assert names(tmp_path / "a-2") == ["mine"]


@pytest.mark.parametrize("path", shipped_scenarios(), ids=lambda path: path.stem)
def test_a_scenario_reads_back_as_it_was(path: Path, tmp_path: Path) -> None:
    """From another folder, apart from its seed: with defaults filled in, both are the same."""
    copy = tmp_path / "scenario.yaml"
    copy.write_text(scenario_as_run(load(path), seed=77), encoding="utf-8")
    before, after = load(path).document.model_dump(), load(copy).document.model_dump()
    assert after.pop("seed") == 77
    before.pop("seed")
    for document in (before, after):
        for client in document["clients"].values():
            replay = client["traffic"]["replay"]
            client["traffic"]["replay"] = replay and replay.resolve()
    assert after == before


def test_files_are_named_by_absolute_paths(tmp_path: Path) -> None:
    """A log and a file of measured values are found from anywhere."""
    (tmp_path / "times.csv").write_text("5ms\n7ms\n")
    (tmp_path / "scenario.yaml").write_text(
        "scenario: Files\nduration: 1s\n"
        "clients: {a: {traffic: {rate: 1/s}, to: b}}\n"
        "components: {b: {kind: service, steps: [{work: {empirical: times.csv}}]}}\n"
    )
    text = scenario_as_run(load(tmp_path / "scenario.yaml"), seed=1)
    assert yaml.safe_load(text)["components"]["b"]["steps"] == [{"work": {"empirical": str(tmp_path / "times.csv")}}]


TRAPS: list[Any] = [
    "on", "no", "1e3", "0x1", "1:30", "~", "null", "true", "2020-01-01", "5", "5.0", ".inf", "1_000", "<<", "", " x ",
    "# x", "a: b", "- x", "two\nlines\n", "&a", "*b", "!t", "%", "'", '"', "{a}", "[a", "\t", "ü", "1e-5",
    1e-05, 1e22, -0.0, 0.1, 3, True, None, {}, [], {"on": 1},
]  # fmt: skip


@pytest.mark.parametrize("value", TRAPS, ids=repr)
def test_nothing_is_taken_for_something_else(value: Any, tmp_path: Path) -> None:
    """Whatever a scenario holds is written so that its own reader takes it for the same."""
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "scenario: Traps\nduration: 1s\nclients: {a: {traffic: {rate: 1/s}, to: b}}\n"
        "components: {b: {kind: service, work: 1ms}}\n"
    )
    scenario = load(path)
    scenario.data["about"] = value
    read = parse_yaml(scenario_as_run(scenario, seed=1), "scenario.yaml")
    assert read.problems == ()
    assert read.data["about"] == value
    assert type(read.data["about"]) is type(value)


def test_requests_in_flight_have_no_latency(tmp_path: Path) -> None:
    """They are rows like the others, with an outcome that says so."""
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "scenario: Slow\nduration: 2s\n"
        "clients: {a: {traffic: {rate: 1/s, arrivals: constant}, to: b}}\n"
        "components: {b: {kind: service, work: 1500ms}}\n"
    )
    table = request_table(run(load(path)))
    assert table["outcome"].tolist() == ["ok", "in_flight"]
    assert table["latency"].isna().tolist() == [False, True]
    assert table["client"].tolist() == ["a", "a"]
