"""The guide to the scenario language says what the models say now, and each of its examples runs."""

import re
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.experiment import run
from sim.metrics import summarize
from sim.scenario import load
from sim.scenario.yaml import parse_yaml

GUIDE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (sim .*)$", GUIDE, re.MULTILINE)


@pytest.fixture(scope="module")
def language(generator: Callable[[str], ModuleType]) -> ModuleType:
    """What makes it."""
    return generator("make_language")


def test_what_is_kept_is_what_the_models_say(language: ModuleType) -> None:
    """Whoever changes the language runs `make language`."""
    assert language.Guide().render() == GUIDE


def test_a_part_without_a_place_is_an_error(language: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model or a metric that is new cannot be forgotten."""
    guide = language.Guide()
    guide.models["TopicConfig"] = guide.models["WafConfig"]
    with pytest.raises(ValueError, match="the template has no place for TopicConfig"):
        guide.render()
    monkeypatch.delitem(language.MEANINGS, "lost")
    with pytest.raises(ValueError, match="without a meaning, or no metric: lost"):
        language.Guide().render()


@pytest.mark.parametrize("text", EXAMPLES, ids=[parse_yaml(text, "guide").data["scenario"] for text in EXAMPLES])
def test_an_example_runs(tmp_path: Path, text: str) -> None:
    """Without a warning; its first five seconds are enough to see that requests succeed."""
    (tmp_path / "example.yaml").write_text(text)
    scenario = load(tmp_path / "example.yaml")
    assert scenario.warnings == ()
    short = scenario.with_({"duration": "5s", "warmup": "0s", "events": [], "objectives": []})
    assert summarize(run(short))["requests"]["ok"] > 10


def test_every_section_but_lists_has_an_example() -> None:
    """A reader copies before they read."""
    sections = re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]
    without = [section.split("\n")[0] for section in sections if "```" not in section]
    assert without == ["Components", "Outcomes", "Index"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """As it is written, without the figures."""
    monkeypatch.chdir(tmp_path)
    arguments = [*shlex.split(command)[1:], "--no-report", "--quiet"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.output) == (0, "")


def test_every_link_has_a_target() -> None:
    """Headings are unique, so that each link goes where it says."""
    headings = Counter(
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^##+ (.*)$", GUIDE, re.MULTILINE)
    )
    assert [heading for heading, times in headings.items() if times > 1] == []
    links = set(re.findall(r"\]\(#([^)]*)\)", GUIDE))
    assert links <= headings.keys()
