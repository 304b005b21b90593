"""Comparisons: better and worse are said only where the interval of the difference says so."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from sim.experiment.comparison import Comparison, compare
from sim.experiment.replication import TAILS, Replication
from sim.experiment.run_many import Runner, RunsFailed
from sim.experiment.statistics import compare_all
from sim.experiment.variation import grid, make_variation
from sim.metrics import Measure
from sim.scenario import Scenario, ScenarioError
from tests.unit.statistics.coverage import DOUBT, excess

P99 = Measure("p99", None, "p99")
SUCCESS = Measure("success_ratio", None, "success_ratio")
CURVE = np.full(len(TAILS), np.nan)


def studied(scenario: Scenario, p99: Sequence[Sequence[float | None]], measure: Measure = P99) -> Comparison:
    """A comparison in which each variant has these figures, seed by seed; None is a run that failed."""
    section = {"p99": ("latency_s", "all", "p99"), "success_ratio": ("rates", "success_ratio")}[measure.metric]

    def summary(value: float) -> dict[str, object]:
        block: object = value
        for key in reversed(section):
            block = {key: block}
        return block  # type: ignore[return-value]

    runs = tuple(
        tuple(
            Replication(seed, {}, CURVE, error="broken") if value is None else Replication(seed, summary(value), CURVE)
            for seed, value in enumerate(values)
        )
        for values in p99
    )
    variation = make_variation("components.server.workers", list(range(1, len(p99) + 1)))
    return Comparison(scenario, (variation,), tuple(grid([variation])), runs, measure, (measure,))


def verdicts(comparison: Comparison, to: int = 0) -> dict[int, str]:
    """The verdict on each variant, compared with one."""
    return {judgement.of: judgement.verdict for judgement in comparison.judge(to, comparison.measure)}


def test_pairs_show_what_means_hide(queue: Scenario) -> None:
    """Seeds differ by tens, variants by one: the means' intervals overlap, that of the difference leaves zero out."""
    noise = [10.0, 30.0, 50.0, 20.0]
    study = studied(queue, [noise, [value - 1.0 + 0.01 * value for value in noise]])
    first, second = study.interval(0, P99), study.interval(1, P99)
    assert first is not None
    assert second is not None
    assert first.lo < second.mean < first.hi
    (judgement,) = study.judge(0, P99)
    assert judgement.verdict == "better"
    assert judgement.difference.interval.mean == pytest.approx(-0.725)
    assert judgement.difference.variance_reduction > 0.99
    assert study.best == [1]


def test_a_tie_is_called_a_tie(queue: Scenario) -> None:
    """Where differences go both ways, nothing is said, and both are best."""
    study = studied(queue, [[1.0, 2.0, 3.0, 4.0], [1.1, 1.9, 3.2, 3.8]])
    assert verdicts(study) == {1: "tie"}
    assert study.best == [0, 1] or study.best == [1, 0]


def test_which_way_is_better_depends_on_the_measure(queue: Scenario) -> None:
    """A higher success ratio is the better one."""
    study = studied(queue, [[0.90, 0.91, 0.92], [0.95, 0.961, 0.97]], SUCCESS)
    assert verdicts(study) == {1: "better"}
    assert verdicts(study, to=1) == {0: "worse"}
    assert study.best == [1]


def test_many_variants_are_judged_more_strictly(queue: Scenario) -> None:
    """What two variants alone would show is not said of one among twenty (Holm)."""
    rng = np.random.default_rng(5)
    base = rng.normal(10.0, 1.0, 8)
    lucky = base + np.array([0.0, -0.2] * 4)  # t = 2.65 with 7 degrees of freedom: p = 0.03
    alone = studied(queue, [list(base), list(lucky)])
    others = [list(base + rng.normal(0.0, 0.1, 8)) for _ in range(18)]
    crowd = studied(queue, [list(base), list(lucky), *others])
    assert verdicts(alone) == {1: "better"}
    assert verdicts(crowd)[1] == "tie"
    assert crowd.judge(0, P99)[0].difference.interval.confidence > 0.95


@pytest.fixture
def equals(queue: Scenario) -> list[Comparison]:
    """Twelve variants that are no different, ten seeds, all moved by the same traffic; 150 comparisons."""
    rng = np.random.default_rng(54)
    return [studied(queue, (10.0 + rng.normal(0.0, 2.0, 10) + rng.normal(size=(12, 10))).tolist()) for _ in range(150)]


def test_against_the_best_no_more_is_claimed_than_is_so(equals: list[Comparison]) -> None:
    """Equal variants: any seems worse than the one that looks best in at most 5% of comparisons.

    Were the pairs with the best a family of their own, it would be more than twice as often: the best is chosen because
    it is far from the others.
    """
    alarms, careless = [], []
    for study in equals:
        first = study.best[0]
        alarms.append("worse" in verdicts(study, to=first).values())
        values = [list(study.values(number, P99).values()) for number in range(12)]
        alone = compare_all([(values[first], other) for number, other in enumerate(values) if number != first])
        careless.append(any(difference.interval.lo > 0.0 for difference in alone))
    assert excess(alarms) >= DOUBT
    assert excess(careless) < DOUBT


def test_no_pair_has_two_verdicts(queue: Scenario, equals: list[Comparison]) -> None:
    """Whichever of two variants is compared with the other, and whichever is the first or the best."""
    rng = np.random.default_rng(55)
    effects = rng.choice([0.0, 0.5, 1.0, 2.0], (20, 7, 1))
    different = [studied(queue, (10.0 + each + rng.normal(size=(7, 10))).tolist()) for each in effects]
    opposite = {"better": "worse", "worse": "better", "tie": "tie"}
    seen = set()
    for study in [*equals[:3], *different]:
        found = {(each.of, each.to): each for to in range(len(study.variants)) for each in study.judge(to, P99)}
        for (of, to), each in found.items():
            other = found[to, of]
            assert each.verdict == opposite[other.verdict]
            assert (each.difference.interval.lo, each.difference.interval.hi) == (
                -other.difference.interval.hi,
                -other.difference.interval.lo,
            )
            seen.add(each.verdict)
        json = {(each["of"], each["to"]): each["verdict"] for each in study.to_json()["differences"]}
        assert all(opposite[verdict] == json.get((to, of), opposite[verdict]) for (of, to), verdict in json.items())
    assert seen == set(opposite)


def test_a_seed_that_failed_in_one_variant_is_left_out_of_the_pairs(queue: Scenario) -> None:
    """And named, with its parameters and its seed."""
    study = studied(queue, [[1.0, 2.0, 3.0, 4.0], [1.5, None, 3.5, 4.5]])
    (judgement,) = study.judge(0, P99)
    assert judgement.difference.interval.n == 3
    assert study.failures == ["2, seed 1: broken"]
    assert study.table()["replications"].tolist() == [4, 3]


def test_variants_meet_the_same_traffic(queue: Scenario, runner: Runner) -> None:
    """With another number of workers the same requests arrive; common random numbers take most of the noise away."""
    study = compare(queue, [make_variation("components.server.workers", [1, 2])], runner, replications=3)
    arrived = [runs[0].result.requests["arrived"] for runs in study.runs if runs[0].result is not None]
    assert len(arrived) == 2
    assert np.array_equal(arrived[0], arrived[1])
    assert [run.seed for run in study.runs[0]] == [3, 4, 5]
    (judgement,) = study.judge(0, P99)
    assert judgement.verdict == "better"
    assert [run.result is None for run in study.runs[1]] == [False, True, True]


def test_the_json_says_what_the_tables_say(queue: Scenario, runner: Runner) -> None:
    """Variants with means and intervals, differences with verdicts."""
    study = compare(queue, [make_variation("components.server.workers", [1, 2])], runner, replications=3)
    data = study.to_json()
    assert [variant["vary"] for variant in data["variants"]] == [
        {"components.server.workers": 1},
        {"components.server.workers": 2},
    ]
    mean = data["variants"][0]["metrics"]["p99"]
    assert mean["mean"] == study.table()["p99"].iloc[0]
    assert mean["lo"] < mean["mean"] < mean["hi"]
    difference = next(one for one in data["differences"] if one["metric"] == "p99")
    assert (difference["of"], difference["to"], difference["verdict"]) == ("2", "1", "better")
    assert difference["mean"] == pytest.approx(data["variants"][1]["metrics"]["p99"]["mean"] - mean["mean"])
    assert set(data["variants"][0]["metrics"]) >= {"p50", "p95", "p99", "mean", "success_ratio", "goodput"}
    assert data["best"] == ["2"]


def test_sequential_stopping_goes_on_until_the_figure_is_known(queue: Scenario, runner: Runner) -> None:
    """Ten seeds first; then as many as it takes until the mean is within 8%, of both variants."""
    workers = [make_variation("components.server.workers", [1, 2])]
    study = compare(queue, workers, runner, replications=2, measure="mean", precision=0.04)
    number = len(study.runs[0])
    assert number > 10
    for variant in (0, 1):
        interval = study.interval(variant, study.measure)
        assert interval is not None
        assert interval.relative <= 0.04
    few = compare(queue, workers, runner, replications=2, measure="mean", precision=0.004, most=12)
    assert len(few.runs[0]) == 12
    assert (study.imprecise, few.imprecise) == ([], [0, 1])
    assert study.to_json()["imprecise"] == []
    assert (few.to_json()["precision"], few.to_json()["imprecise"]) == (0.004, ["1", "2"])


def test_nothing_runs_unless_every_variant_is_right(queue: Scenario) -> None:
    """A wrong value is found before the first run, and named."""
    ran: list[object] = []
    runner = Runner(executor=None, planned=ran.append)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"components\.server\.workers.*--vary components\.server\.workers"):
        compare(queue, [make_variation("components.server.workers", [1, 0])], runner)
    assert ran == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replications": 1}, "an interval needs two replications or more"),
        ({"variations": [make_variation("components.server.workers", [1])]}, "a comparison needs two variants or more"),
        ({"measure": "p98"}, "'p98' is not a metric; did you mean 'p99'?"),
        ({"measure": "sever utilization"}, "'sever' is not a component; did you mean 'server'?"),
    ],
)
def test_wrong_questions(queue: Scenario, runner: Runner, arguments: dict[str, object], message: str) -> None:
    """One sentence says what is missing."""
    both = {"variations": [make_variation("components.server.workers", [1, 2])], **arguments}
    with pytest.raises(ValueError, match=re.escape(message)):
        compare(queue, runner=runner, **both)  # type: ignore[arg-type]


def test_a_variant_without_a_single_run_ends_it(queue: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its failures are named, one a line."""
    from sim.experiment import replication as replications
    from sim.experiment.executors import InProcess

    def fail(scenario: Scenario, seed: int, **rest: object) -> object:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(replications, "run", fail)
    with pytest.raises(RunsFailed) as error:
        compare(queue, [make_variation("components.server.workers", [1, 2])], Runner(InProcess()), replications=2)
    assert error.value.lines[0] == "1, seed 3: RuntimeError: out of luck"
    assert len(error.value.lines) == 4


def test_a_measure_that_some_run_has_not_got_has_no_mean(make: Callable[..., Scenario], runner: Runner) -> None:
    """Nothing fails over in a run whose crash never heals; a mean over the others would mislead."""
    crashes = make({"events": [{"at": "20s", "crash": "server"}], "duration": "30s", "clients.app.timeout": "1s"})
    study = compare(crashes, [make_variation("components.server.workers", [1, 2])], runner, 2, measure="crash recovery")
    assert study.interval(0, study.measure) is None
    assert study.best == []
    assert study.to_json()["variants"][0]["metrics"]["crash recovery"] == {
        "mean": None,
        "lo": None,
        "hi": None,
        "missing": "never",
    }
