"""Samples: one a second and server, of what it did during that second, whatever else happens in it."""

import pytest

from sim.experiment import run
from sim.metrics import components_timeline
from sim.scenario import load

STORY = """
scenario: Two instances, each request takes one and a half seconds
duration: 6500ms
warmup: 2500ms
clients: {a: {traffic: {rate: 2/s, arrivals: constant}, to: b}}
components: {b: {kind: service, instances: 2, workers: 1, balancer: round_robin, work: 1500ms}}
events: [{at: 3200ms, crash: "b[1]", restart_after: 2s}]
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], dict[str, float]]:
    """What was sampled, by second and instance: instance 1 serves at 0, 1, … and crashes; instance 0 at 0.5, 1.5, …"""
    path = tmp_path_factory.mktemp("story") / "story.yaml"
    path.write_text(STORY)
    table = components_timeline(run(load(path)))
    assert not table.duplicated(["t_s", "instance"]).any()
    return {(row["t_s"], row["instance"]): row for row in table.to_dict("records")}


def sampled(row: dict[str, float]) -> tuple[float, ...]:
    """The figures of a row."""
    return tuple(round(row[name], 6) for name in ("up", "utilization", "queue", "outstanding"))


def test_a_sample_is_the_mean_of_its_second(rows) -> None:
    """A worker that is busy from 0.5 s on is busy half of the first second; who waits from 1 to 1.5 s waits half."""
    assert sampled(rows[0, 0]) == (1, 0.5, 0.0, 0.5)
    assert sampled(rows[0, 1]) == (1, 1.0, 0.0, 1.0)
    assert sampled(rows[1, 1]) == (1, 1.0, 0.5, 1.5)


def test_the_end_of_warm_up_in_the_middle_of_a_second_is_not_seen(rows) -> None:
    """Counters begin anew at 2.5 s, just when a second request begins to wait at instance 0; samples go on as ever."""
    assert [sampled(rows[2, 0]), sampled(rows[2, 1])] == [(1, 1.0, 0.5, 1.5), (1, 1.0, 1.0, 2.0)]
    assert sampled(rows[3, 0]) == (1, 1.0, 1.0, 2.0)


def test_utilization_is_of_the_time_up(rows) -> None:
    """Instance 1 is up, with one request in service and one waiting, for 0.2 s of the fourth second; then down."""
    assert sampled(rows[3, 1]) == (0, 1.0, 0.2, 0.4)
    assert sampled(rows[4, 1]) == (0, 0.0, 0.0, 0.0)
    assert sampled(rows[5, 1])[0] == 1


def test_the_last_second_may_be_a_partial_one(rows) -> None:
    """The run ends at 6.5 s; the last sample is of the half second before."""
    assert sampled(rows[6, 0]) == (1, 1.0, 2.0, 3.0)
    assert max(rows) == (6, 1)
