"""Traces of what crosses regions, waits for replicas or publishes: they agree with the ledger of every request."""

import numpy as np
import pytest

from sim.experiment import run
from sim.experiment.tracing import trace
from sim.scenario import load
from tests.unit.tracing.conftest import check, ledger_of

FAULTS = {
    "payment_dual_region": ["{at: 12s, for: 10s, region_down: virginia}"],
    "split_brain": ["{at: 12s, for: 8s, partition: {between: [america, europe]}}"],
    "dns_ttl": ["{at: 12s, region_down: us}"],
    "data_residency": [],
    "poison_message": [],
    "sticky_deploy": ["{at: 12s, for: 5s, crash: 'old_shop[0]'}"],
}


@pytest.mark.parametrize("name", FAULTS)
def test_shipped_scenarios_can_be_told(name: str) -> None:
    """The slowest, the failed and some others: no gap, and the parts of each add up to its latency."""
    events = f"[{', '.join(FAULTS[name])}]"
    scenario = load(name, {"duration": "25s", "warmup": "0s", "objectives": [], "answer": "none", "events": events})
    result = run(scenario)
    traces = trace(scenario, result.seed, result, 120)
    assert len(traces) == 120
    for traced in traces:
        row = result.requests[traced.request]
        check(traced, row)
        assert traced.root.ledger() == pytest.approx(ledger_of(row), abs=1e-9)
    ended = result.requests["outcome"] != 255
    slowest = float(np.max(result.requests["latency"][ended]))
    assert max(traced.latency for traced in traces) == pytest.approx(slowest, abs=1e-9)
