"""What CONTRIBUTING says is so: the map of rooms, the chores, and the worked example, carried out in a copy."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CODE = dict(re.findall(r"`((?:sim|tests)/\S+\.py)`[^`]*?:\n\n```python\n(.*?)^```$", TEXT, re.M | re.S))
(CHANGE,) = re.findall(r"`(sim/\S+\.py)`:\n\n```diff\n(.*?)^```$", TEXT, re.M | re.S)
(COMMAND,) = re.findall(r"^\$ sim (.*)$", TEXT, re.M)

WRONG = """\
import sim
try:
    sim.load("mmc", {"components.server.balancer": "{algorithm: with_memory, choices: 2}"})
except sim.ScenarioError as error:
    print(error)
"""

Python = Callable[..., str]


def changed(text: str, diff: str) -> str:
    """A text with the added lines of a diff, each after the line that stands before it there."""
    context = ""
    for line in diff.splitlines(keepends=True):
        if line.startswith("+"):
            assert text.count(context) == 1, context
            text = text.replace(context, context + line[1:])
        context = line[1:]
    return text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the new balancer in it."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "sim", folder / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("scenarios", "tests/unit/balancing"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, body in CODE.items():
        assert not (folder / path).exists()
        (folder / path).write_text(body)
    path, diff = CHANGE
    (folder / path).write_text(changed((folder / path).read_text(), diff))
    return folder


@pytest.fixture
def python(copy: Path) -> Python:
    """Runs Python in the copy; what is imported is the copy's."""

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_the_example_is_one_file_its_test_and_a_change(copy: Path, python: Python) -> None:
    """The copy is what runs."""
    assert list(CODE) == ["sim/balancing/with_memory.py", "tests/unit/balancing/test_with_memory.py"]
    assert python("-c", "import sim.balancing.with_memory as m; print(m.__file__)").strip().startswith(str(copy))


def test_the_example_is_written_as_the_project_is(python: Python) -> None:
    """Lint, formatting and types have nothing to say about it."""
    new, unit_test = CODE
    python("-m", "ruff", "check", new, unit_test, CHANGE[0])
    python("-m", "ruff", "format", "--check", new, unit_test, CHANGE[0])


def test_the_test_of_the_example_passes(python: Python) -> None:
    """As it stands in the text."""
    assert "3 passed" in python("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", list(CODE)[1])


def test_the_example_is_part_of_the_language(python: Python) -> None:
    """A scenario may name it, an editor completes it, and an option that it does not read is an error."""
    schema = json.loads(python("-m", "sim", "schema"))
    long_form = schema["$defs"]["BalancerConfig"]["anyOf"][1]
    assert "with_memory" in long_form["properties"]["algorithm"]["enum"]
    said = python("-c", WRONG)
    assert "'choices' means nothing to with_memory; it belongs to least_request and least_response_time" in said


def test_the_example_does_better_than_chance(python: Python) -> None:
    """The comparison runs, and memory shortens the queues."""
    said = json.loads(python("-m", "sim", *shlex.split(COMMAND), "--json", "--no-report", "--workers", "1"))
    verdicts = {(each["of"], each["to"]): each["verdict"] for each in said["differences"] if each["metric"] == "p99"}
    assert verdicts["with_memory", "random"] == "better"


def test_the_map_has_the_rooms_in_their_order() -> None:
    """From the ground up, as the import linter has them."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = [layer.split(" | ") for layer in reversed(contract["layers"])]
    assert [re.findall(r"`(sim\.\w+)`", row) for row in re.findall(r"^\| (`sim\..*?) \|", TEXT, re.M)] == layers


def test_every_chore_is_in_the_makefile() -> None:
    """And the Makefile has no other but help and clean."""
    makefile = (ROOT / "Makefile").read_text()
    chores = set(re.findall(r"^([a-z-]+):.*##", makefile, re.M))
    assert set(re.findall(r"^\| `make ([a-z-]+)`", TEXT, re.M)) == chores - {"help", "clean"}


def test_every_file_and_registry_that_is_named_is_there() -> None:
    """Files, folders and the names in them."""
    for room, registry, name in re.findall(r"^\| .*? \| `(\S+/)` \| `([A-Z]\w+)`.* in `(\S+)` \|$", TEXT, re.M):
        path = ROOT / name if "/" in name else ROOT / room / name
        assert re.search(rf"^{registry}\b", path.read_text(), re.M), (path, registry)
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / path).exists(), path
