"""Which figures a component has is known before anything runs, and is what it counts when it does."""

from pathlib import Path

import pytest

from sim.components import KINDS
from sim.metrics import METRICS
from sim.scenario import ScenarioError, assemble, load
from sim.scenario.figures import has_figure

EVERYTHING = """\
scenario: One of each
duration: 5s
clients:
  app: {traffic: {rate: 100/s}, to: edge}
  old: {traffic: {replay: access.log}, to: edge}
components:
  edge: {kind: cdn, hit_ratio: 10%, to: keyed}
  keyed: {kind: cdn, cache: {size: 5}, to: plain}
  plain: {kind: cdn, to: wall}
  wall: {kind: waf, to: gate}
  gate: {kind: gateway, routes: [{match: "/**", to: api}]}
  api: {kind: service, steps: [{work: 1ms}, {read_through: {cache: items, origin: db}}, {call: bank}, {publish: jobs}]}
  items: {kind: cache, size: 5}
  db: {kind: database, work: 1ms}
  bank: {kind: external, latency: 1ms}
  jobs: {kind: queue, consumers: worker}
  worker: {kind: service, work: 1ms}
  tier: {kind: balancer, to: worker}
  names: {kind: dns, to: gate}
  anycast: {kind: traffic_manager, to: gate}
"""
OF_COMPONENTS = [name for name, metric in METRICS.items() if metric.kinds == ("component",)]


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """A scenario with each kind of component, and a CDN with each kind of cache."""
    (tmp_path / "access.log").write_text('a - - [01/Jan/2024:00:00:00 +0000] "GET /old/page HTTP/1.1" 200 12\n')
    path = tmp_path / "everything.yaml"
    path.write_text(EVERYTHING)
    return path


def test_a_component_counts_exactly_what_it_is_said_to_count(everything: Path) -> None:
    scenario = load(everything)
    assert {config.kind for config in scenario.document.components.values()} == set(KINDS)
    world = assemble(scenario, 1).world
    world.env.run_until(5.0)
    for name, config in scenario.document.components.items():
        counters = world.components[name].counters()
        counted = {metric for metric in OF_COMPONENTS if METRICS[metric].read(counters) is not None}
        assert counted == {metric for metric in OF_COMPONENTS if has_figure(config, metric)}, name


@pytest.mark.parametrize(
    "objective",
    [
        "edge hit_ratio > 1%",
        "hit_ratio > 1%",
        "utilization < 99%",
        "gate refused == 0",
        "bank queue_max == 0",
        "GET / p99 < 1s",
        "GET /old/** p99 < 1s",
    ],
)
def test_what_is_counted_may_be_an_objective(everything: Path, objective: str) -> None:
    """So may the route of a client that does not say what it sends, and of a log."""
    everything.write_text(f"{EVERYTHING}objectives: [{objective!r}]\n")
    assert load(everything).document.objectives == [objective]


def test_a_cdn_that_keeps_nothing_has_no_hit_ratio(everything: Path) -> None:
    everything.write_text(EVERYTHING + "objectives: [plain hit_ratio > 1%]\n")
    with pytest.raises(
        ScenarioError, match="'plain' is a cdn, which has no hit_ratio; edge and keyed and items have one"
    ):
        load(everything)
