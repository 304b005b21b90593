"""The gallery shows every shipped scenario, and says what its run says now."""

import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sim.experiment import run
from sim.scenario import load, shipped_scenarios

NAMES = [path.stem for path in shipped_scenarios()]
QUICK = ("black_hole", "health_checks_fast", "load_balancing_mixed")

Generator = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def gallery(generator: Generator) -> ModuleType:
    """What makes it."""
    return generator("make_gallery")


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """What is kept."""
    return (root / "docs" / "gallery" / "README.md").read_text(encoding="utf-8")


def test_every_shipped_scenario_is_there_once(gallery: ModuleType, page: str) -> None:
    """In the generator's table, and on the page, with its command."""
    assert sorted(name for section in gallery.SECTIONS.values() for name in section) == sorted(NAMES)
    assert [page.count(f"`sim run {name}`") for name in NAMES] == [1] * len(NAMES)
    assert page.count("\n### ") == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_as_wide_as_a_page(root: Path, page: str, name: str) -> None:
    """It loads quickly over a telephone, and its letters are large enough."""
    kept = (root / "docs" / "gallery" / f"{name}.png").read_bytes()
    width, height = struct.unpack(">II", kept[16:24])
    assert kept.startswith(b"\x89PNG")
    assert len(kept) <= 60_000
    assert 900 <= width <= 1100
    assert height <= 1100
    assert f"]({name}.png)" in page


def test_there_is_no_other_picture(root: Path) -> None:
    """What no page shows is not kept."""
    assert sorted(path.stem for path in (root / "docs" / "gallery").glob("*.png")) == sorted(NAMES)


@pytest.mark.parametrize("name", QUICK)
def test_what_is_written_is_what_a_run_says(gallery: ModuleType, page: str, name: str) -> None:
    """Title, question and answer are those of the scenario, and the figures those of its run; else: make gallery."""
    figure = next(section[name] for section in gallery.SECTIONS.values() if name in section)
    assert gallery.entry(run(load(name)), figure) in page


def test_a_picture_is_the_same_each_time(gallery: ModuleType) -> None:
    """So that only what has changed shows as changed."""
    result = run(load("black_hole"))
    assert gallery.picture(result, "latency") == gallery.picture(result, "latency")
