"""The README's figures are those of the last measurements, and what it names is there."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import yaml

from sim.scenario import shipped_scenarios

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_figures_are_those_of_the_last_measurements(generator: Callable[[str], ModuleType]) -> None:
    """Of docs/theory.md and the last line of docs/bench_history.csv; else: make readme."""
    assert generator("make_readme").filled(README) == README


def test_every_link_leads_somewhere() -> None:
    """Files are there, and so are the headings in them."""
    links = [*re.findall(r"\]\((?!http)([^)]+)\)", README), *re.findall(r'src="([^"]+)"', README)]
    assert len(links) > 20
    for link in links:
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, link


def test_it_counts_right() -> None:
    """The scenarios, and the lectures, each of which is in its list; else: make readme."""
    assert f"\n{len(shipped_scenarios())} scenarios come with it" in README
    lectures = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.py"))
    assert f"\n{len(lectures)} lectures: " in README
    assert re.findall(r"\(notebooks/(\d\d_\w+)\.ipynb\)", README) == lectures


def test_every_measurement_of_speed_is_a_row() -> None:
    """Of docs/bench_history.csv, in their order."""
    measured = (ROOT / "docs" / "bench_history.csv").read_text(encoding="utf-8").splitlines()[1:]
    named = [", ".join(line.split(",")[:2]) for line in measured]
    assert re.findall(r"^\| (\d{4}-\d\d-\d\d, \w+) \|", README, re.MULTILINE) == named


def test_the_citation_is_of_this_version() -> None:
    """Version, licence and title are those of the package."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["title"].removeprefix("tailsim: ").replace("a discrete", "A discrete") in project["description"]
