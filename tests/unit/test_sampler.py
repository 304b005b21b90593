"""Samples: one a second and server, of what it did during that second, whatever else happens in it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.components import Server, areas_of
from sim.experiment import run
from sim.experiment.sampler import Sampler
from sim.metrics import components_timeline
from sim.scenario import Assembly, Scenario, assemble, load

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


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[..., Scenario]:
    """A scenario of a text and overrides."""

    def make(text: str, changes: dict[str, object] | None = None) -> Scenario:
        (tmp_path / "story.yaml").write_text(text)
        return load(tmp_path / "story.yaml", changes)

    return make


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


TROUBLE = """
scenario: Three instances, of which one hangs and one is killed
duration: 10s
warmup: 3300ms
clients: {a: {traffic: {rate: 9/s}, timeout: 1s, to: b}}
components: {b: {kind: service, instances: 3, workers: 1, work: {exponential: 200ms}}}
events: [{at: 2500ms, for: 4s, hang: "b[1]"}, {at: 1200ms, crash: "b[2]", restart_after: 4s}]
"""


def test_many_servers_are_read_as_each_says_of_itself(scenario) -> None:
    """At any moment, in trouble or not, before and after counting begins anew."""
    servers: list[Server] = []
    seen = 0

    def build(scenario: Scenario, seed: int) -> Assembly:
        assembly = assemble(scenario, seed)
        servers.extend(assembly.world.components["b"].servers)
        return assembly

    def look(now: float, _: int) -> None:
        nonlocal seen
        seen += any(server.swallowed for server in servers) and not all(server.up for server in servers)
        read = areas_of(servers)
        assert read == pytest.approx(np.transpose([server.areas() for server in servers]), abs=1e-9)

    run(scenario(TROUBLE), progress=look, build=build)
    assert seen


def test_a_look_at_a_thousand_servers_is_as_short_as_at_ten(scenario) -> None:
    """No function of ours is called for each of them, so that a request costs the same however many there are."""

    def calls(instances: int) -> int:
        changes = {"components.b.instances": instances}
        sampler = Sampler(world := assemble(scenario(STORY, changes), 1).world)
        world.env.run_until(0.5)
        made = 0

        def count(frame: Any, what: str, _: Any) -> None:
            nonlocal made
            made += what == "call"

        sys.setprofile(count)
        try:
            sampler.sample()
        finally:
            sys.setprofile(None)
        return made

    assert calls(1000) == calls(10)
