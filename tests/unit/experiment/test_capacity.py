"""Capacity searches: the answer, how it is looked for, and what is said where there is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sim.experiment.capacity import Point
from sim.experiment.capacity_search import NoAnswer, capacity
from sim.experiment.replication import TAILS, Replication, Trial
from sim.experiment.run_many import Runner
from sim.scenario import Scenario, ScenarioError

RATE = "clients.app.traffic.rate"
WORKERS = "components.server.workers"
CURVE = np.full(len(TAILS), np.nan)


@dataclass
class Pretended(Runner):
    """Makes up the p99 of a run from its rate, its workers and its seed."""

    executor: Any = None
    p99: Callable[[float, int], float] = lambda load, seed: load
    seen: list[float] = field(default_factory=list)

    def run(self, trials: Any) -> list[Replication]:
        """Figures at once."""
        return [self._pretend(trial) for trial in trials]

    def _pretend(self, trial: Trial) -> Replication:
        traffic, server = trial.scenario.document.clients["app"].traffic, trial.scenario.document.components["server"]
        load = traffic.rate / server.workers
        self.seen.append(load)
        summary = {
            "latency_s": {"all": {"p99": self.p99(load, trial.seed)}},
            "rates": {"success_ratio": 1.0},
            "components": {"server": {"utilization": min(load / 100.0, 1.0)}, "other": {"utilization": 0.1}},
        }
        return Replication(trial.seed, summary, CURVE)


def noisy(spread: float) -> Callable[[float, int], float]:
    """A p99 in seconds of a hundredth of the load, give or take."""
    return lambda load, seed: load / 100.0 + spread * np.random.default_rng(seed).normal()


def test_the_largest_load_lies_between_what_meets_and_what_misses(queue: Scenario) -> None:
    """p99 is a second at 100/s: the search starts at the scenario's 50/s, doubles it, and halves what is left."""
    log: list[tuple[float, str]] = []

    def watch(point: Point) -> None:
        log.append((point.number, point.verdict))

    answer = capacity(queue, RATE, Pretended(p99=noisy(0.0)), ("p99 < 1s",), precision=0.02, watch=watch)
    assert (
        log
        == [
            (50.0, "met"),
            (100.0, "missed"),
            (75.0, "met"),
            (87.5, "met"),
            (93.75, "met"),
            (96.875, "met"),
            (98.4375, "met"),
        ][: len(log)]
    )
    assert answer.largest
    assert answer.number == pytest.approx(100.0)
    assert answer.spelled(answer.number) == "100/s"
    assert answer.met is not None
    assert answer.missed is not None
    assert answer.met.number < 100.0 == answer.missed.number
    assert answer.bottleneck == ("server", 1.0)


def test_the_fewest_workers_are_found_exactly(make: Callable[..., Scenario]) -> None:
    """At 1000/s p99 is under a second with more than ten workers: eleven."""
    answer = capacity(make({RATE: "1000/s", WORKERS: 4}), WORKERS, Pretended(p99=noisy(0.0)), ("p99 < 1s",))
    assert not answer.largest
    assert (answer.number, answer.spelled(answer.number)) == (11.0, "11")
    assert answer.missed is not None
    assert answer.missed.number == 10.0
    data = answer.to_json()
    assert (data["value"], data["lo"], data["hi"], data["unit"]) == (11.0, 10.0, 11.0, "")


def test_what_is_not_sure_gets_more_seeds(queue: Scenario) -> None:
    """Far from the limit five runs do; near it there are ten and twenty, and then it stays unsure."""
    answer = capacity(queue, f"{RATE}=20/s..200/s", Pretended(p99=noisy(0.05)), ("p99 < 1s",), precision=0.01)
    runs = {point.number: (point.verdict, point.runs) for point in answer.points}
    assert runs[20.0] == ("met", 5)
    assert runs[200.0] == ("missed", 5)
    unsure = [number for number, (verdict, _) in runs.items() if verdict == "unsure"]
    assert unsure
    assert all(runs[number][1] == 20 for number in unsure)
    assert all(90.0 < number < 110.0 for number in unsure)
    assert answer.met is not None
    assert answer.missed is not None
    assert answer.met.number < 100.0 < answer.missed.number
    assert answer.number is not None
    assert answer.met.number <= answer.number <= answer.missed.number
    assert answer.number == pytest.approx(100.0, rel=0.03)


def test_every_objective_has_to_be_met(queue: Scenario) -> None:
    """The strictest one decides."""
    answer = capacity(queue, RATE, Pretended(p99=noisy(0.0)), ("p99 < 1s", "server utilization < 60%"))
    assert answer.number == pytest.approx(60.0)


def test_both_ends_must_differ(queue: Scenario) -> None:
    """A range that lies on one side of the answer holds none."""
    for ends, words in {"20/s..40/s": "are met at 20/s and are met at 40/s", "200/s..400/s": "are missed at"}.items():
        with pytest.raises(NoAnswer, match=f"the objectives {words}"):
            capacity(queue, f"{RATE}={ends}", Pretended(p99=noisy(0.0)), ("p99 < 1s",))


def test_a_load_that_nothing_bounds_has_no_capacity(queue: Scenario) -> None:
    """The search gives up after it has doubled twelve times."""
    with pytest.raises(NoAnswer, match=r"the objectives are met at every value from .* to 204800/s"):
        capacity(queue, RATE, Pretended(p99=lambda load, seed: 0.001), ("p99 < 1s",))


@pytest.mark.parametrize(
    ("vary", "objectives", "message"),
    [
        (RATE, (), "there is no objective to meet; give one, such as 'p99 < 300ms'"),
        (RATE, ("p98 < 1s",), "'p98' is not a metric; did you mean 'p99'?"),
        (RATE, ("in_flight == 0",), "'in_flight == 0': a search needs < <= > or >="),
        (
            f"{RATE}=10/s,20/s",
            ("p99 < 1s",),
            f"{RATE}: a search tries values by itself; give it both ends, LOW..HIGH, …",
        ),
        (
            "components.server.order=1..2",
            ("p99 < 1s",),
            "components.server.order: needs one of 'fifo', 'lifo', got the number 1",
        ),
        ("clients.app.timeout", ("p99 < 1s",), "clients.app.timeout is not written in the scenario, so there is no …"),
        ("components.server.kind", ("p99 < 1s",), "components.server.kind is service, and a search needs a number"),
        (
            "components.server.work",
            ("p99 < 1s",),
            "components.server.work is {exponential: 10ms}, and a search needs …",
        ),
    ],
)
def test_wrong_questions(queue: Scenario, vary: str, objectives: tuple[str, ...], message: str) -> None:
    """One sentence says what is missing; a wrong value is the scenario's error."""
    with pytest.raises((ValueError, ScenarioError), match=re.escape(message.rstrip("…"))):
        capacity(queue, vary, Pretended(p99=noisy(0.0)), objectives)
