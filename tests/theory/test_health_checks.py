"""How long health checks take to notice that an instance is dead."""

import numpy as np
import pytest
from scipy import stats

from tests.theory.protocol import Study

SERVICES = 40


@pytest.mark.parametrize(
    ("case", "interval", "failures", "timeout", "verb", "given"),
    [
        pytest.param("A15-hc-10x3-1", 10, 3, 1, "hang", "every 10 s, 3 failures, time-out 1 s, hangs", id="hang"),
        pytest.param("A15-hc-30x2-5", 30, 2, 5, "hang", "every 30 s, 2 failures, time-out 5 s, hangs", id="seldom"),
        pytest.param("A15-hc-2x3-0", 2, 3, 1, "crash", "every 2 s, 3 failures, refuses connections", id="crash"),
    ],
)
def test_time_to_detect(theory, case, interval, failures, timeout, verb, given):
    """The first probe after the failure comes within an interval, k - 1 more follow, the last one has to time out.

    So detection takes U(0, I) + (k - 1) I + time-out, uniformly distributed; refused connections need no time-out.

    Source: elementary.
    """
    check = f"{{interval: {interval}s, timeout: {timeout}s, unhealthy_after: {failures}}}"
    services = "\n".join(
        f"  s{number}: {{kind: service, work: 1ms, health_check: {check}}}" for number in range(SERVICES)
    )
    routes = "\n".join(f"      - {{match: /{number}, to: s{number}}}" for number in range(SERVICES))
    events = "\n".join(f"  - {{at: 20s, {verb}: s{number}}}" for number in range(SERVICES))
    study = Study(
        f"""
duration: {20 + (failures + 1) * interval}s
clients:
  user: {{traffic: {{rate: 1/s}}, to: gateway, timeout: 5s}}
components:
  gateway:
    kind: gateway
    routes:
{routes}
{services}
events:
{events}
""",
        seeds=3,
    )
    shortest = (failures - 1) * interval + (timeout if verb == "hang" else 0)

    def detections(run):
        return np.array([event["detection_s"] for event in run.summary["events"]])

    theory.agrees(case, "mean detection", study, lambda run: detections(run).mean(), shortest + interval / 2, given)
    found = np.concatenate([detections(run) for run in study.runs])
    assert len(found) == len(study.runs) * SERVICES
    assert stats.kstest(found, stats.uniform(shortest, interval).cdf).pvalue > 0.01
    assert shortest - 1e-9 <= found.min() <= found.max() <= shortest + interval + 0.01
