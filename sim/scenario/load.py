"""Loading: from a file, or the name of a shipped scenario, to a scenario that can be run as often as one likes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sim.components.traffic import Replay, read_access_log
from sim.scenario import checks
from sim.scenario.choices import CHOICES
from sim.scenario.declared import declared
from sim.scenario.document import Document
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.locate import MOST, validate
from sim.scenario.overrides import apply_overrides
from sim.scenario.partial import partial
from sim.scenario.shorthands import shorthands
from sim.scenario.source import Source, holds
from sim.scenario.topology import Topology
from sim.scenario.yaml import load_yaml, parse_yaml
from sim.values import did_you_mean

DRAIN = 10.0
"""How long a replay without a duration goes on after its last request, at least, s."""


@dataclass(frozen=True, repr=False)
class Scenario:
    """A scenario that has been checked: nothing in it is missing or contradictory.

    Attributes:
        path: The file it comes from.
        source: As written, overrides applied.
        document: As understood, defaults filled in.
        warnings: What is probably not meant, and what an override has left out.
    """

    path: Path
    source: Source
    document: Document
    warnings: tuple[Problem, ...]

    @property
    def name(self) -> str:
        """Short name: the file's."""
        return self.path.stem

    @property
    def data(self) -> dict[str, Any]:
        """The scenario as plain data, overrides applied."""
        data: dict[str, Any] = self.source.data
        return data

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {self.document.scenario} ({self.path})>"

    def _repr_html_(self) -> str:
        """What a notebook shows: its title, what it is about, and its file."""
        parts = (f"<b>{escape(self.document.scenario)}</b>", escape(self.document.about or ""))
        return "<br>".join([*filter(None, parts), f"<code>{escape(str(self.path))}</code>"])

    @cached_property
    def duration(self) -> float:
        """How long a run lasts, s; a replay without a duration runs to its log's end and then drains."""
        if self.document.duration is not None:
            return self.document.duration
        ends = [0.0]
        for client in self.document.clients.values():
            traffic = client.traffic
            if traffic.replay is not None:
                span = Replay(read_access_log(traffic.replay, traffic.format), traffic.speed).span
                ends.append(span + max(DRAIN, 2.0 * (client.timeout or 0.0)))
        return max(ends)

    def with_(self, overrides: Mapping[str, object] = MappingProxyType({}), /, **more: object) -> "Scenario":
        """The same scenario with other values.

        Args:
            overrides: Paths such as `components.search.instances`, and what to put there.
            more: The same by name, with two underscores for a dot: `components__search__instances=8`.

        Raises:
            ScenarioError: The result is wrong.
        """
        named = {path.replace("__", "."): value for path, value in more.items()}
        return override(self, {**overrides, **named})

    def __reduce__(self) -> tuple[Any, ...]:
        """A scenario crosses to another process as what is written in it, and is understood again there."""
        return _check, (self.source, self.path)


def load(
    file: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    text: str | None = None,
    name: str = "scenario",
) -> Scenario:
    """Loads a scenario from its file, or from its text.

    Args:
        file: A path, or the name of a shipped scenario.
        overrides: Paths such as `components.search.instances`, and what to put there.
        text: What a file would hold, instead of one. Messages call it `<text>`; the files that it names are looked for
            in the working folder.
        name: What a scenario from a text is called.

    Raises:
        ScenarioError: There is no such scenario, or something in it is wrong; it holds all that is.
        TypeError: Neither a file nor a text is given, or both are.
    """
    if text is not None and file is None:
        path, source = Path(f"{name}.yaml"), parse_yaml(text, "<text>")
    elif file is not None and text is None:
        path = find(file)
        source = load_yaml(path)
    else:
        raise TypeError("load needs a file or text=…, and not both")
    if overrides:
        source = _override(source, overrides)
    return _check(source, path)


def override(scenario: Scenario, overrides: Mapping[str, object], origin: str = "--set") -> Scenario:
    """The same scenario with other values, as `Scenario.with_` makes it.

    Args:
        scenario: What to start from.
        overrides: Paths, and what to put there.
        origin: What error messages call the place where the values come from.

    Raises:
        ScenarioError: The result is wrong.
    """
    return _check(_override(scenario.source, overrides, origin), scenario.path)


def find(file: str | os.PathLike[str]) -> Path:
    """The file of a scenario: the path given, or a shipped scenario of that name."""
    path = Path(file)
    known = {shipped.stem: shipped for shipped in shipped_scenarios()}
    if str(path) in known and not os.path.isfile(path):
        return known[str(path)]
    if path.suffix or path.parent != Path() or os.path.exists(path):
        return path
    text = f"there is no file and no shipped scenario '{file}'{did_you_mean(path.name, list(known))}"
    raise ScenarioError([Problem("", text, str(file))])


def shipped_scenarios() -> list[Path]:
    """The files of the scenarios that come with the package, by name."""
    package = Path(__file__).parent.parent
    for folder in (package / "shipped", package.parent / "scenarios"):
        if folder.is_dir():
            return sorted(folder.glob("*.yaml"))
    return []


def _override(source: Source, overrides: Mapping[str, object], origin: str = "--set") -> Source:
    """The source with other values. What answered the scenario as it was written does not answer the new one."""
    source = apply_overrides(source, overrides, origin, shorthands(Document), CHOICES)
    if not overrides or "answer" in overrides or not holds(source.data, "answer"):
        return source
    return replace(source, data={key: value for key, value in source.data.items() if key != "answer"})


def _check(source: Source, path: Path) -> Scenario:
    """Validates, and checks the whole; where a part is wrong, what is known of the rest: no error hides another."""
    names, wrong = declared(source), list[Problem]()
    try:
        document = validate(Document, source, {"folder": path.parent, "names": names})
    except ScenarioError as error:
        document, more = partial(Document, source, path.parent)
        paths = {problem.path for problem in error.problems}
        wrong = [*error.problems, *(problem for problem in more if problem.path not in paths)]
    topology = Topology(document)
    wrong += islice(checks.problems(document, source, topology, names), MOST)
    if wrong:
        raise ScenarioError(dict.fromkeys(wrong))
    return Scenario(path, source, document, (*source.left_out, *checks.warnings(document, source, topology)))
