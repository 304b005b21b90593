"""Capacity searches: the answer, how it is looked for, and what is said where there is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sim.experiment.bottleneck import Bottleneck
from sim.experiment.capacity import Point
from sim.experiment.capacity_search import NoAnswer, capacity
from sim.experiment.plan import Plan
from sim.experiment.replication import TAILS, Replication, Trial
from sim.experiment.run_many import Runner
from sim.experiment.variation import parse_variation
from sim.experiment.whole import is_whole
from sim.metrics.saturation import Strain
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
        strains = {"server": Strain(56.0 if load >= 100.0 else 0.0, min(load / 100.0, 1.0)), "other": Strain(0.0, 0.1)}
        return Replication(trial.seed, summary, CURVE, strains)


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
    assert answer.bottleneck == Bottleneck("server", (), 56.0, 1.0)


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


def test_the_top_of_a_range_of_loads_may_not_be_the_limit(queue: Scenario) -> None:
    """Both ends meet, the upper one with the longer p99: the largest load is at least that, from two values."""
    answer = capacity(queue, f"{RATE}=20/s..40/s", Pretended(p99=noisy(0.0)), ("p99 < 1s",))
    data = answer.to_json()
    assert (data["answer"], data["value"], data["lo"], data["hi"]) == ("largest", 40.0, 40.0, None)
    assert (data["bottleneck"], data["runs"]) == (None, 10)


def test_the_fewest_asked_about_may_be_enough(make: Callable[..., Scenario]) -> None:
    """Both ends meet, the lower one with the longer p99: the fewest workers are no more than that."""
    answer = capacity(make(), f"{WORKERS}=1..10", Pretended(p99=noisy(0.0)), ("p99 < 1s",))
    data = answer.to_json()
    assert (data["answer"], data["value"], data["lo"], data["hi"]) == ("smallest", 1.0, None, 1.0)
    assert data["bottleneck"] is None


def test_one_is_enough_is_seen_without_trying_thousands(make: Callable[..., Scenario]) -> None:
    """From the scenario's four workers: eight, two, and one; there are no fewer."""
    answer = capacity(make({WORKERS: 4}), WORKERS, Pretended(p99=noisy(0.0)), ("p99 < 1s",))
    assert answer.number == 1.0
    assert [point.number for point in answer.points] == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_where_figures_do_not_show_it_the_busier_value_is_the_harder_one(make: Callable[..., Scenario]) -> None:
    """p99 is the same everywhere; more load makes servers busier, and more workers make them idler."""
    same = Pretended(p99=lambda load, seed: 0.5)
    rate = capacity(make(), f"{RATE}=20/s..40/s", same, ("p99 < 1s",))
    workers = capacity(make(), f"{WORKERS}=2..4", same, ("p99 < 1s",))
    assert (rate.largest, rate.number) == (True, 40.0)
    assert (workers.largest, workers.number) == (False, 2.0)


def test_figures_that_disagree_leave_it_to_how_busy_the_system_is(queue: Scenario) -> None:
    """More load makes p99 worse and utilization, which is to be high here, better."""
    objectives = ("p99 < 1s", "server utilization > 10%")
    answer = capacity(queue, f"{RATE}=20/s..40/s", Pretended(p99=noisy(0.0)), objectives)
    assert (answer.largest, answer.number) == (True, 40.0)


def test_what_no_value_strains_has_no_answer(queue: Scenario) -> None:
    """All figures are the same at both ends: nobody can say which one is the limit."""
    message = "the objectives are met from 1s to 2s, and no value strains the system more than another"
    with pytest.raises(NoAnswer, match=re.escape(message)):
        capacity(queue, "clients.app.timeout=1s..2s", Pretended(p99=noisy(0.0)), ("p99 < 1s",))


def test_where_nothing_meets_the_nearest_figure_is_told(make: Callable[..., Scenario]) -> None:
    """The friendlier end, be it the lower one or the upper one, and what it missed."""
    with pytest.raises(NoAnswer) as load:
        capacity(make(), f"{RATE}=200/s..400/s", Pretended(p99=noisy(0.0)), ("p99 < 1s", "availability > 50%"))
    assert str(load.value) == (
        "no value from 200/s to 400/s meets the objectives; at 200/s, which comes nearest, 'p99 < 1s' is missed with 2s"
    )
    with pytest.raises(NoAnswer) as workers:
        capacity(make({RATE: "1000/s"}), f"{WORKERS}=1..5", Pretended(p99=noisy(0.0)), ("p99 < 1s",))
    assert "at 5, which comes nearest, 'p99 < 1s' is missed with 2s" in str(workers.value)


def test_a_load_that_nothing_bounds_is_at_least_what_was_tried(queue: Scenario) -> None:
    """The search gives up after it has doubled twelve times."""
    answer = capacity(queue, RATE, Pretended(p99=lambda load, seed: 0.001), ("p99 < 1s",))
    assert (answer.largest, answer.spelled(answer.number), answer.missed) == (True, "204800/s", None)


@pytest.mark.parametrize("vary", ["components.server.speed", "components.server.speed=1..4"])
def test_a_number_written_without_a_fraction_may_still_have_one(make: Callable[..., Scenario], vary: str) -> None:
    """A speed of 1 or of 1.5: the language says which numbers there are, not who wrote one."""

    class Fast(Pretended):
        def _pretend(self, trial: Trial) -> Replication:
            speed = trial.scenario.document.components["server"].speed
            return Replication(trial.seed, {"latency_s": {"all": {"p99": 2.5 / speed}}}, CURVE)

    answer = capacity(make({"components.server.speed": 1}), vary, Fast(), ("p99 <= 1s",))
    assert not answer.largest
    assert answer.number == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize(("path", "whole"), [(WORKERS, True), ("components.server.speed", False), ("seed", True)])
def test_whether_numbers_are_whole_is_a_matter_of_the_place(queue: Scenario, path: str, whole: bool) -> None:
    """So a range written `1..4` has fractions where they make sense, and none elsewhere."""
    assert is_whole(queue, path, 1.0) is whole
    (variation,) = Plan("sweep", queue, (parse_variation(f"{path}=1..2:5"),)).variations
    assert variation.values == ((1, 2) if whole else (1.0, 1.25, 1.5, 1.75, 2.0))


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
