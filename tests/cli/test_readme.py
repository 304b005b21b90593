"""The README does what it says: its scenario, its Python and its commands run, but for make and a cluster."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
STUDY = ["--no-report", "--quiet", "--workers", "1", "--set", "duration=20s"]
QUICKER = {
    "run": ["--no-report", "--quiet"],
    "compare": [*STUDY, "--replications", "2"],
    "sweep": [*STUDY, "--replications", "1"],
    "capacity": [*STUDY, "--precision", "20%"],
}
"""What a test adds to a command: figures and worker processes are left to other tests, and fewer, shorter runs do."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The arguments of each `sim` command, comments and redirections left out."""
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ sim ")]
    return [shlex.split(re.split(r"\s+(?:#|>)\s", line)[0])[2:] for line in lines]


def test_the_scenario_in_it_runs(sim, folder: Path) -> None:
    """As it stands there."""
    (scenario,) = blocks("yaml")
    (folder / "shop.yaml").write_text(scenario)
    assert sim("validate", "shop.yaml").output == "✓ shop.yaml: 2 components, 1 client, 1 event, 2 objectives\n"
    assert sim("run", "shop.yaml", "--quiet", "--no-report").exit_code in (0, 1)


def test_its_commands_work_in_their_order(sim, folder: Path) -> None:
    """With the scenario that stands there; the benchmark is left to `make bench`, and a cluster to its own test."""
    (folder / "shop.yaml").write_text(blocks("yaml")[0])
    said = commands()
    assert {words[0] for words in said} == {
        *("new", "validate", "show", "run", "explain", "list", "schema", "bench", "compare", "sweep", "capacity")
    }
    for words in said:
        if words[0] != "bench" and "--cluster" not in words:
            result = sim(*words, *QUICKER.get(words[0], []))
            assert (result.exit_code, result.stderr) == (0, ""), words


def test_its_python_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it names is there: a measure, frames, a figure, the best variant."""
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(code, names)
    assert names["answer"].labels[names["answer"].best[0]].endswith("least_request")  # type: ignore[attr-defined]
