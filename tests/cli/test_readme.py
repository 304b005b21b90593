"""The README does what it says: its scenario runs, and so does each of its commands but those of make."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The arguments of each `sim` command, comments and redirections left out."""
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ sim ")]
    return [re.split(r"\s+(?:#|>)", line)[0].split()[2:] for line in lines]


def test_the_scenario_in_it_runs(sim, folder: Path) -> None:
    """As it stands there; a minute of it is enough to see that nothing in it is unknown."""
    (scenario,) = blocks("yaml")
    (folder / "shop.yaml").write_text(scenario)
    assert sim("validate", "shop.yaml").output == "✓ shop.yaml: 2 components, 1 client, 1 event, 2 objectives\n"
    assert sim("run", "shop.yaml", "--quiet", "--no-report").exit_code in (0, 1)


def test_its_commands_work_in_their_order(sim, folder: Path) -> None:
    """From the starter file on; the benchmark is left to `make bench`, and figures to other tests."""
    said = commands()
    assert {words[0] for words in said} >= {"new", "validate", "show", "run", "list", "schema", "bench"}
    for words in said:
        if words[0] == "bench":
            continue
        extra = ["--no-report", "--quiet"] if words[0] == "run" else []
        result = sim(*words, *extra)
        assert (result.exit_code, result.stderr) == (0, ""), words
