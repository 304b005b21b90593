"""Token buckets against theory: the loss of M/D/1/B, and the bound on a burst."""

import pytest

from sim.request import Outcome
from tests.theory.formulas.queueing import constant_service_loss
from tests.theory.protocol import SEEDS, Study


def limited(traffic, rate, burst, seconds, warmup=0.0, seeds=SEEDS, surplus=None):
    """Requests to a gateway with a token bucket."""
    return Study(
        f"""
duration: {seconds + warmup:g}s
warmup: {warmup:g}s
clients:
  user: {{traffic: {traffic}, to: gateway}}
components:
  gateway:
    kind: gateway
    policies: [{{rate_limit: {{algorithm: token_bucket, rate: {rate}/s, burst: {burst}}}}}]
    routes: [{{match: /**, to: origin}}]
  origin: {{kind: external, latency: 0ms}}
""",
        seeds,
        surplus,
    )


@pytest.mark.parametrize(("arrivals", "burst", "seconds"), [(100, 10, 150), (80, 5, 150), (150, 50, 30)])
def test_poisson_traffic_is_refused_as_by_a_queue_with_constant_service(theory, arrivals, burst, seconds):
    """The tokens that are missing behave like the work in an M/D/1 queue with as many places as the bucket.

    Source: D. Gross, C. M. Harris, Fundamentals of Queueing Theory, section 5.1.
    """

    def surplus(run):
        return run.component("gateway", "offered") / seconds - arrivals

    study = limited(f"{arrivals}/s", 100, burst, seconds, warmup=10.0, surplus=surplus)
    refused = constant_service_loss(arrivals / 100, burst)
    case, given = f"A13-tb-{arrivals}-100-{burst}", f"{arrivals}/s, rate 100/s, burst {burst}"

    def share(run):
        return run.component("gateway", "refused") / run.component("gateway", "offered")

    def accepted(run):
        return run.component("origin", "offered") / seconds

    theory.agrees(case, "refused", study, share, refused, given)
    theory.agrees(case, "accepted", study, accepted, arrivals * (1.0 - refused), given)


def test_a_flood_gets_the_burst_and_then_the_rate(theory):
    """Over T seconds at most burst + rate x T requests pass, and a flood gets all of them, from a full bucket.

    Source: definition.
    """
    study = limited("{rate: 10000/s, arrivals: constant}", 100, 50, 10, seeds=1)

    def passed(run, start, end):
        rows = run.result.requests
        passed = rows["arrived"][rows["outcome"] == Outcome.OK]
        return int(((passed >= start) & (passed < end)).sum())

    case, given = "A13-tb-burst", "10000/s for 10 s, rate 100/s, burst 50"
    theory.agrees(case, "accepted in 10 s", study, lambda run: passed(run, 0.0, 10.0), 50 + 100 * 10, given)
    assert passed(study.runs[0], 0.0, 0.1) == pytest.approx(60, abs=1)
    assert [passed(study.runs[0], second, second + 1.0) for second in range(1, 10)] == [100] * 9
