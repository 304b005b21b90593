"""Sweeps: how a measure answers to a parameter, and where the system saturates."""

from collections.abc import Callable

import pytest

from sim.experiment.numeric import as_number, as_numbers
from sim.experiment.run_many import Runner
from sim.experiment.sweep import sweep
from sim.experiment.variation import make_variation, parse_variation
from sim.scenario import Scenario
from sim.values import format_duration, format_rate, format_share

RATE = "clients.app.traffic.rate"
WORKERS = "components.server.workers"


def test_saturation_lies_where_utilization_crosses_95_percent(queue: Scenario, runner: Runner) -> None:
    """One worker at 10 ms is 95% busy at 95 requests a second, two at 190; both are found between grid points."""
    study = sweep(queue, [make_variation(RATE, "80/s..200/s:5"), make_variation(WORKERS, [1, 2])], runner, 3)
    one, two = study.saturations()
    assert (one.line.others, two.line.others) == ("workers 1", "workers 2")
    assert one.value == pytest.approx(95.0, rel=0.03)
    assert two.value == pytest.approx(190.0, rel=0.03)
    assert one.component == "server"
    assert one.line.numbers == tuple(range(80, 201, 30))


def test_a_slow_instance_saturates_long_before_its_fleet(make: Callable[..., Scenario], runner: Runner) -> None:
    """Two machines take turns and one is half as fast: at 100/s it is full, and the fleet as a whole 75% busy."""
    text = """\
scenario: Two machines
duration: 60s
warmup: 4s
clients: {app: {traffic: {rate: 50/s, arrivals: constant}, to: server}}
components: {server: {kind: service, instances: 2, speed: [1, 0.5], queue: unbounded, work: 10ms}}
"""
    study = sweep(make(text=text), [make_variation(RATE, "40/s..120/s:5")], runner, 1)
    (found,) = study.saturations()
    assert found.value == pytest.approx(95.0, rel=0.02)
    assert found.component == "server[1]"
    assert study.busiest(0) == ("server[1]", pytest.approx(0.4, rel=0.02))


def test_instances_are_saturated_from_the_other_side(queue: Scenario, runner: Runner) -> None:
    """More workers, less utilization: 150 requests a second need more than 1.5 of them."""
    loaded = queue.with_({RATE: "150/s"})
    study = sweep(loaded, [make_variation(WORKERS, [1, 2, 4])], runner, 2)
    (found,) = study.saturations()
    assert 1.0 < found.value < 2.0
    assert found.component == "server"


def test_a_design_that_never_saturates_says_so(queue: Scenario, runner: Runner) -> None:
    """There is no point to mark."""
    study = sweep(queue, [make_variation(RATE, ["10/s", "20/s"])], runner, 1)
    assert study.saturations() == []
    assert study.busiest(1)[0] == "server"
    assert study.busiest(1)[1] == pytest.approx(0.2, abs=0.05)


def test_the_table_is_tidy(queue: Scenario, runner: Runner) -> None:
    """One row a run, with its parameters, its seed and its measures."""
    study = sweep(queue, [make_variation(RATE, ["10/s", "20/s"]), make_variation(WORKERS, [1, 2])], runner, 2)
    table = study.runs_table()
    assert len(table) == 8
    assert list(table.columns[:6]) == [RATE, f"{RATE}_number", WORKERS, f"{WORKERS}_number", "seed", "p99"]
    assert table[f"{RATE}_number"].tolist() == [10.0] * 4 + [20.0] * 4
    assert table["seed"].tolist() == [3, 4] * 4
    assert table[RATE].tolist() == ["10/s"] * 4 + ["20/s"] * 4
    assert table["error"].isna().all()
    assert (table["p99"] > 0.0).all()


def test_words_have_no_numbers(queue: Scenario, runner: Runner) -> None:
    """In the table of runs; durations are in seconds there."""
    work, order = "components.server.work", "components.server.order"
    table = sweep(
        queue, [make_variation(work, ["500us", "1ms"]), make_variation(order, ["fifo"])], runner, 1
    ).runs_table()
    assert list(table.columns[:4]) == [work, f"{work}_number", order, "seed"]
    assert table[f"{work}_number"].tolist() == pytest.approx([0.0005, 0.001])


def test_the_seed_is_not_varied(queue: Scenario, runner: Runner) -> None:
    """All variants have the same ones, or they could not be compared."""
    words = "seed cannot be varied: every variant runs with the same seeds; --replications says how many"
    with pytest.raises(ValueError, match=f"^{words}$"):
        sweep(queue, [make_variation("seed", [1, 2])], runner, 1)


def test_words_have_no_lines(queue: Scenario, runner: Runner) -> None:
    """A parameter that is no number has categories, and nothing between them."""
    study = sweep(queue, [make_variation("components.server.order", ["fifo", "lifo"])], runner, 1)
    assert study.lines() == []
    assert study.saturations() == []


def test_a_latin_hypercube_has_as_many_variants_as_samples(queue: Scenario, runner: Runner) -> None:
    """Values come from ranges without a number, and the design is kept with the study."""
    variations = [parse_variation(f"{RATE}=10/s..50/s"), parse_variation("components.server.work=1ms..9ms")]
    study = sweep(queue, variations, runner, replications=1, samples=6)
    assert study.design == "latin_hypercube"
    assert len(study.variants) == 6
    assert study.lines() == []


def test_numbers_behind_values() -> None:
    """Each in its base unit, with what spells it; a mixture of kinds has none."""
    assert as_number("2k/s") == (2000.0, format_rate)
    assert as_number("5ms") == (0.005, format_duration)
    assert as_number("20%") == (0.2, format_share)
    known = as_number(4)
    assert known is not None
    assert (known[0], known[1](known[0])) == (4.0, "4")
    assert as_number("fifo") is None
    assert as_number(True) is None
    assert as_numbers(["5ms", "1s"]) == ([0.005, 1.0], format_duration)
    assert as_numbers(["5ms", "20%"]) is None
