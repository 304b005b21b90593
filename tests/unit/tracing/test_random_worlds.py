"""Whatever the system and whatever breaks in it, traces are whole and agree with what was recorded."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.experiment import run
from sim.experiment.tracing import trace
from sim.metrics import IN_FLIGHT
from sim.metrics.trace import ATTEMPT, BRANCH, Span
from sim.request import LEDGER
from sim.scenario import load
from tests.properties.test_random_worlds import systems
from tests.unit.tracing.conftest import check, ledger_of

TOGETHER = ("network", "policy", "service")


@settings(max_examples=100)
@given(system=systems(), seed=st.integers(0, 3))
def test_every_request_of_every_world_can_be_told(tmp_path_factory, system, seed):
    """The run is the same when somebody listens; no trace has a gap, and its parts add up to the ledger's."""
    path = tmp_path_factory.getbasetemp() / "system.yaml"
    path.write_text(yaml.safe_dump(system, sort_keys=False))
    scenario = load(path)
    result = run(scenario, seed)
    rows = result.requests
    traces = trace(scenario, seed, result, len(rows))
    counted = (rows["outcome"] != IN_FLIGHT) & (rows["arrived"] >= result.warmup)
    assert sorted(each.request for each in traces) == counted.nonzero()[0].tolist()
    for traced in traces:
        row = rows[traced.request]
        check(traced, row)
        if not cut_in_a_delay(traced.root):
            assert traced.root.ledger() == pytest.approx(ledger_of(row), abs=1e-9)


def cut_in_a_delay(root: Span) -> bool:
    """Whether somebody gave up in the middle of a pause, or of different delays that are slept at once.

    Such a delay stands in the ledger as a whole when it begins; where it has to be cut back the ledger does not know
    which part of it was to come last. A trace does.
    """
    leaves = [span for span in root.walk() if span.is_leaf]
    ends = [span.end for span in root.walk() if span.kind in (ATTEMPT, BRANCH) and span.outcome == "timeout"]
    for end in ends:
        for leaf in leaves:
            if leaf.start < end <= leaf.end and (leaf.kind == LEDGER[3] or _is_slept_with_others(leaf, leaves)):
                return True
    return False


def _is_slept_with_others(leaf: Span, leaves: list[Span]) -> bool:
    return leaf.kind in TOGETHER[:2] and any(
        other.kind in TOGETHER and other.kind != leaf.kind and (other.end == leaf.start or other.start == leaf.end)
        for other in leaves
    )
