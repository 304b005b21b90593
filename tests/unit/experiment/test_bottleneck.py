"""The bottleneck: what gave out, told from what only was busy on average, or waited for something else."""

from collections.abc import Callable

import pytest

from sim.experiment.bottleneck import Bottleneck, find_bottleneck
from sim.experiment.capacity_search import capacity
from sim.experiment.replication import TAILS, Replication, Trial, replicate
from sim.experiment.run_many import Runner
from sim.metrics.saturation import Strain
from sim.scenario import Scenario

SHOP = """\
scenario: A shop and its database
seed: 4
duration: 40s
warmup: 4s
clients:
  app: {traffic: {rate: 100/s}, timeout: 5s, to: web}
components:
  web: {kind: service, instances: 4, workers: 1, queue: unbounded, balancer: round_robin, steps: [work: 24ms, call: db]}
  db: {kind: database, connections: 1, work: 7ms}
"""
CALLS = {"web": ["db"]}


@pytest.fixture
def found(make: Callable[..., Scenario]) -> Callable[..., Bottleneck]:
    """The bottleneck of the shop with overrides, over three seeds."""

    def found(overrides: dict[str, object]) -> Bottleneck:
        scenario = make(overrides, SHOP)
        bottleneck = find_bottleneck([replicate(Trial(scenario, seed)) for seed in (1, 2, 3)], CALLS)
        assert bottleneck is not None
        return bottleneck

    return found


def test_nothing_is_saturated(found: Callable[..., Bottleneck]) -> None:
    """At 60/s the four instances are about half busy, the database less: the busiest is named, saturated for 0 s."""
    bottleneck = found({"clients.app.traffic.rate": "60/s"})
    assert (bottleneck.component, bottleneck.instances, bottleneck.saturated) == ("web", (), 0.0)
    assert bottleneck.utilization == pytest.approx(60 * 0.031 / 4, abs=0.08)


def test_plain_overload(found: Callable[..., Bottleneck]) -> None:
    """Two instances can do 64 of the 100 requests a second: they are saturated from beginning to end."""
    bottleneck = found({"components.web.instances": 2})
    assert (bottleneck.component, bottleneck.instances, bottleneck.saturated) == ("web", (), 36.0)
    assert bottleneck.utilization > 0.99


def test_a_hot_instance(found: Callable[..., Bottleneck]) -> None:
    """One of four instances gets more than it can do; on average they are less busy than the database."""
    bottleneck = found({"components.web.speed": [4, 4, 0.5, 4], "clients.app.traffic.rate": "90/s"})
    assert (bottleneck.component, bottleneck.instances) == ("web", (2,))
    assert bottleneck.saturated > 30.0
    assert bottleneck.utilization > 0.95


def test_a_rush(found: Callable[..., Bottleneck]) -> None:
    """Reports ask the database for twice what it can do, for five seconds of forty; the web is busier on average."""
    bottleneck = found(
        {
            "components.web.steps": [{"work": "24ms"}],
            "clients.reports": {"traffic": {"rate": "5/s"}, "to": "db"},
            "events": [{"at": "20s", "for": "5s", "spike": "reports", "factor": 60}],
        }
    )
    assert (bottleneck.component, bottleneck.instances) == ("db", ())
    assert bottleneck.saturated == pytest.approx(10.0, abs=2.0)
    assert bottleneck.utilization < 0.4  # of the web it is 0.6


def test_who_waits_for_the_bottleneck_is_not_it(found: Callable[..., Bottleneck]) -> None:
    """The database can do 50/s of 100/s: the workers in front of it are all taken too, and more requests wait there."""
    bottleneck = found({"components.db.work": "20ms"})
    assert (bottleneck.component, bottleneck.saturated) == ("db", 36.0)


def test_instances_are_named_where_runs_agree() -> None:
    """A hot instance that is another one in each run is the component's."""
    strains = [Strain(20.0, 1.0, (number,)) for number in (1, 1, 3)]
    runs = [Replication(seed, {}, TAILS, {"web": strain}) for seed, strain in enumerate(strains)]
    bottleneck = find_bottleneck(runs, {})
    assert bottleneck == Bottleneck("web", (1,), 20.0, 1.0)
    bottleneck = find_bottleneck([runs[1], runs[2], Replication(3, {}, TAILS, {"web": Strain(20.0, 1.0, (0,))})], {})
    assert bottleneck == Bottleneck("web", (), 20.0, 1.0)


def test_what_has_no_workers_cannot_give_out() -> None:
    """No component, no bottleneck."""
    assert find_bottleneck([Replication(1, {}, TAILS)], {}) is None


def test_a_search_names_the_instance(make: Callable[..., Scenario], runner: Runner) -> None:
    """What gives out is the slow instance, long before the others; the file says which, and for how long."""
    scenario = make({"components.web.speed": [4, 4, 0.5, 4]}, SHOP)
    answer = capacity(
        scenario, "clients.app.traffic.rate=40/s..120/s", runner, ("p99 < 1s",), precision=0.2, seeds=(3,)
    )
    data = answer.to_json()["bottleneck"]
    assert (data["component"], data["instances"]) == ("web", [2])
    assert data["saturated_s"] > 10.0
    assert data["utilization"] > 0.8
