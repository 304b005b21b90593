"""Tiny worlds: a scenario as YAML text, requests at given moments, and what became of each of them.

Arrivals and service times are constants, so that every figure of a test can be worked out by hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from sim.experiment import run
from sim.metrics import Result, summarize
from sim.metrics.recorder import IN_FLIGHT
from sim.request import LEDGER, Outcome
from sim.scenario import Assembly, Scenario, assemble, load

Moment = float | tuple[float, str] | tuple[float, str, str]
"""When a request is sent, s; or that, what it asks for (`GET /`), and who sends it."""

NEVER = 1_000_000.5
DEFAULTS = (0.0, "GET /", "")


@dataclass(frozen=True)
class Story:
    """A run, and how it went.

    Attributes:
        result: What the run left behind.
    """

    result: Result

    @cached_property
    def log(self) -> list[tuple[float, float, str]]:
        """For each request in the order of arrival: when it was sent, when it was answered, and the outcome."""
        ends = self.result.requests["arrived"] + self.result.requests["latency"]
        return [
            (round(float(arrived), 9), round(float(end), 9), outcome)
            for arrived, end, outcome in zip(self.result.requests["arrived"], ends, self.outcomes, strict=True)
        ]

    @cached_property
    def outcomes(self) -> list[str]:
        """The outcome of each request."""
        numbers = self.result.requests["outcome"].tolist()
        return ["in_flight" if number == IN_FLIGHT else Outcome(number).word for number in numbers]

    @cached_property
    def ends(self) -> list[float]:
        """When each request was answered, s."""
        return [end for _, end, _ in self.log]

    @cached_property
    def attempts(self) -> list[int]:
        """How many attempts each request took."""
        attempts: list[int] = self.result.requests["attempts"].tolist()
        return attempts

    def ledger(self, number: int = 0) -> dict[str, float]:
        """Where the time of one request went: the parts that are not zero, s."""
        row = self.result.requests[number]
        return {part: round(float(row[part]), 9) for part in LEDGER if round(float(row[part]), 9)}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` would hold."""
        return summarize(self.result)

    def component(self, name: str) -> dict[str, Any]:
        """The counters of one component."""
        return self.result.components[name]

    def served(self, service: str) -> list[int]:
        """How many requests each instance of a service has answered."""
        return [instance["served"] for instance in self.component(service)["instances"].values()]


Write = Callable[..., Scenario]
Play = Callable[..., Story]
Stage = Callable[..., Assembly]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Loads a scenario from YAML text; keyword arguments are logs that its clients replay (`user=[0, 0.5]`)."""

    def write_(text: str, **logs: Sequence[Moment]) -> Scenario:
        for name, moments in logs.items():
            (tmp_path / f"{name}.csv").write_text(_csv(moments))
        path = tmp_path / "world.yaml"
        path.write_text(f"scenario: A tiny world\n{dedent(text)}")
        return load(path)

    return write_


@pytest.fixture
def play(write: Write) -> Play:
    """Runs a scenario, see `write`, to its end; `seed` is the one argument that is no log."""

    def play_(text: str, seed: int | None = None, **logs: Sequence[Moment]) -> Story:
        story = Story(run(write(text, **logs), seed))
        ledger = sum(story.result.requests[part] for part in LEDGER)
        assert abs(ledger - story.result.requests["latency"]).max(initial=0.0) < 1e-9, "a ledger does not add up"
        return story

    return play_


@pytest.fixture
def stage(write: Write) -> Stage:
    """Builds the world of a scenario, see `write`, for a test that wants to watch it."""
    return lambda text, seed=1, **logs: assemble(write(text, **logs), seed)


def _csv(moments: Sequence[Moment]) -> str:
    """A log that is replayed to the microsecond: its first second is 0, and its last line is never reached."""
    lines = ["time,method,path,client"]
    for moment in moments:
        time, target, client = (
            (*moment, *DEFAULTS[len(moment) :]) if isinstance(moment, tuple) else (moment, *DEFAULTS[1:])
        )
        if len(lines) == 1:
            assert time < 1.0, "a replay begins with the second of its first request"
        method, path = target.split(" ")
        lines.append(f"{float(time)!r},{method},{path},{client}")
    return "\n".join([*lines, f"{NEVER},GET,/,"]) + "\n"
