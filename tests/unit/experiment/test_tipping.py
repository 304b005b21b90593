"""The search for the tipping point, on systems whose tipping point is known."""

import pytest

from sim.experiment.metastability import Verdict
from sim.experiment.tipping import PRECISION, NoTrigger, NoVerdict, Trial, find_tipping, find_trigger, verdict_of
from sim.scenario import load
from sim.values import parse_duration

SCENARIO = """\
scenario: A system
duration: 60s
clients: {app: {traffic: {rate: 20/s}, to: edge}}
components:
  edge: {kind: cdn, cache: {match: "GET /none", ttl: 1h}, to: api}
  api: {kind: service, workers: 4, work: 10ms}
events:
  - {at: 10s, for: 10s, spike: app, factor: 3}
  - {at: 20s, flush: edge}
  - {at: 25s, crash: api, restart_after: 4s}
  - {at: 30s, for: 5s, spike: app, factor: 0.5}
"""


@pytest.fixture
def scenario(tmp_path):
    """The system."""
    path = tmp_path / "system.yaml"
    path.write_text(SCENARIO)
    return load(path)


def tips_at(path, sizes):
    """A system that never recovers from sizes above the one that is given for each seed; notes what it was asked."""
    asked = []

    def run_many(jobs):
        asked.extend(jobs)
        return [
            Verdict.NEVER if float(overrides[path]) > sizes[seed] else Verdict.RECOVERED for overrides, seed in jobs
        ]

    return run_many, asked


class TestTrigger:
    """What is varied."""

    def test_the_last_event_that_has_a_size(self, scenario):
        """A spike that lowers traffic is none, and a crash lasts until its restart."""
        trigger = find_trigger(scenario)
        assert (trigger.number, trigger.by, trigger.key, trigger.size) == (2, "for", "restart_after", 4.0)
        assert trigger.name == "crash of api"
        assert find_trigger(scenario, by="factor").number == 0

    def test_a_longer_trigger_makes_a_longer_run(self, scenario):
        """So that there is always the same time to recover in; a shorter one does not shorten it."""
        trigger = find_trigger(scenario, 0)
        assert trigger.overrides(25.0) == {"events[0].for": "25s", "duration": "75s"}
        assert trigger.overrides(2.5) == {"events[0].for": "2.5s"}
        assert find_trigger(scenario, 0, "factor").overrides(4.0) == {"events[0].factor": 4.0}

    @pytest.mark.parametrize(
        ("number", "by", "message"),
        [
            (9, None, "there is no events[9]; the scenario has events[0] to events[3]"),
            (1, None, "events[1] (flush) has no 'for' or 'factor' above 1 that can be varied"),
            (2, "factor", "events[2] (crash) has no 'factor' above 1 that can be varied"),
            (3, None, "events[3] (spike) has no 'for' or 'factor' above 1 that can be varied"),
        ],
    )
    def test_one_that_cannot_be_varied(self, scenario, number, by, message):
        """The message says what there is."""
        with pytest.raises(NoTrigger) as caught:
            find_trigger(scenario, number, by)
        assert str(caught.value) == message

    def test_none_at_all(self, scenario):
        """A scenario without events has no trigger."""
        with pytest.raises(
            NoTrigger, match=r"^the scenario has no event with 'for' or 'factor' above 1: there is no trigger"
        ):
            find_trigger(scenario.with_({"events": []}))


class TestSearch:
    """What is found."""

    @pytest.mark.parametrize("truth", [0.9, 3.0, 10.0, 33.0, 150.0])
    def test_it_closes_in_on_the_tipping_point(self, scenario, truth):
        """All seeds tip at the same size: it lies between two that differ by no more than the precision."""
        run_many, _ = tips_at("events[0].for", dict.fromkeys((1, 2, 3), truth))
        found = find_tipping(find_trigger(scenario, 0), (1, 2, 3), lambda jobs: run_many(_in_seconds(jobs)))
        assert found.between == []
        assert found.recovers.size <= truth < found.never.size <= 1.25 * PRECISION * found.recovers.size
        assert (found.recovers.recovered, found.never.recovered) == (3, 0)

    def test_seeds_that_differ_leave_a_band_of_chance(self, scenario):
        """The first tips above 4, the last above 9: between those some runs recover."""
        run_many, asked = tips_at("events[0].factor", {1: 4.0, 2: 6.0, 3: 9.0})
        found = find_tipping(find_trigger(scenario, 0, "factor"), (1, 2, 3), run_many)
        assert found.recovers.size <= 4.0 < 9.0 < found.never.size
        assert found.between
        assert all(0 < trial.recovered < trial.runs for trial in found.between)
        assert {seed for _, seed in asked} == {1, 2, 3}

    def test_no_size_is_tried_twice(self, scenario):
        """Each costs a run for every seed."""
        run_many, asked = tips_at("events[0].factor", {1: 5.0})
        find_tipping(find_trigger(scenario, 0, "factor"), (1,), run_many)
        sizes = [overrides["events[0].factor"] for overrides, _ in asked]
        assert len(sizes) == len(set(sizes))

    def test_a_system_that_nothing_tips(self, scenario):
        """It gives up at 32 times the size."""
        run_many, asked = tips_at("events[0].factor", {1: 1e9})
        found = find_tipping(find_trigger(scenario, 0, "factor"), (1,), run_many)
        assert (found.recovers, found.never) == (Trial(65.0, 1, 1), None)
        assert len(asked) == 6

    def test_a_system_that_everything_tips(self, scenario):
        """It gives up at a 32nd of the size."""
        run_many, _ = tips_at("events[0].factor", {1: 0.0})
        found = find_tipping(find_trigger(scenario, 0, "factor"), (1,), run_many)
        assert (found.recovers, found.never.size) == (None, 1.1)


def _in_seconds(jobs):
    """The same jobs with durations in plain seconds."""
    return [({"events[0].for": parse_duration(overrides["events[0].for"])}, seed) for overrides, seed in jobs]


def test_a_run_is_judged(scenario):
    """A real run: four workers have time enough for three times the traffic."""
    calm = scenario.with_({"events": [{"at": "10s", "for": "10s", "spike": "app", "factor": 3}]})
    assert verdict_of(calm, {"events[0].for": "5s"}, 1) is Verdict.RECOVERED


def test_a_run_that_ends_too_early_is_made_again(tmp_path):
    """Forty seconds of half as much again as one worker can do take forty to drain; the scenario ends after fifteen."""
    path = tmp_path / "drain.yaml"
    path.write_text(
        """\
scenario: A backlog
duration: 65s
clients: {app: {traffic: {rate: 50/s, arrivals: constant}, to: api}}
components: {api: {kind: service, queue: unbounded, work: 10ms}}
events: [{at: 10s, for: 40s, spike: app, factor: 3}]
"""
    )
    assert verdict_of(load(path), {}, 1) is Verdict.RECOVERED


def test_a_run_that_cannot_be_judged(scenario):
    """The reason is said."""
    with pytest.raises(NoVerdict, match=r"^the run ends less than 10s after the last event$"):
        verdict_of(
            scenario, {"duration": "35s", "events": [{"at": "10s", "for": "20s", "slow": "api", "factor": 2}]}, 1
        )
    with pytest.raises(NoVerdict, match=r"^there is no event to recover from$"):
        verdict_of(scenario, {"events": []}, 1)
