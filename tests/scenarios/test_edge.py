"""What stands before the services: gateway_pipeline, waf_attack, shadowed_route."""

import numpy as np
import pytest

from sim.request import Outcome

REPAIRED = {
    "components.gateway.routes[0]": "{match: /reports/export, to: exports}",
    "components.gateway.routes[1]": "{match: /reports/**, to: reports}",
}


class TestGatewayPipeline:
    """gateway_pipeline: refuse early or refuse late."""

    def test_an_early_refusal_costs_the_service_nothing(self, runs):
        """Refused early, a bad request costs the service nothing - it is about 60% busy instead of 85%.

        Exponential work of a Poisson number n of requests has a standard deviation of sqrt(2 / n) of its mean.
        """
        busy = {"orders_behind_strict": [], "orders_behind_lax": []}
        for run in runs("gateway_pipeline"):
            components = run.summary["components"]
            gateway, strict = components["strict_gateway"], components["orders_behind_strict"]
            assert strict["offered"] == pytest.approx(gateway["offered"] - gateway["refused"], abs=2)
            assert gateway["refused"] / gateway["offered"] == pytest.approx(0.3, abs=0.02)
            for service, utilizations in busy.items():
                utilizations.append(components[service]["utilization"])
            assert busy["orders_behind_lax"][-1] - busy["orders_behind_strict"][-1] > 0.2
        for rate, work, utilizations in zip((150 * 0.7, 150), (0.011, 0.0113), busy.values(), strict=True):
            error = (2 / (rate * 55 * len(utilizations))) ** 0.5
            assert np.mean(utilizations) == pytest.approx(rate * work / 2, rel=3 * error)

    def test_users_see_the_same_refusals(self, runs):
        """The user gets the same answer both times."""
        for run in runs("gateway_pipeline"):
            for client in ("early", "late"):
                requests = run.summary["clients"][client]["requests"]
                assert set(requests["by_outcome"]) == {"ok", "invalid"}
                assert requests["by_outcome"]["invalid"] / requests["completed"] == pytest.approx(0.3, abs=0.02)

    def test_good_requests_gain(self, runs):
        """Good requests gain too, because no bad ones stand before them - their p99 is less than two thirds."""
        for run in runs("gateway_pipeline"):
            early, late = (run.summary["clients"][client]["latency_s"]["ok"]["p99"] for client in ("early", "late"))
            assert early < 2 / 3 * late


class TestWafAttack:
    """waf_attack: an attack that the origin does not feel."""

    def test_users_do_not_notice(self, runs, p):
        """During the attack users are served as before (p99 under 0.1 s) - 98% of it is taken off the origin."""
        for run in runs("waf_attack"):
            attack = run.sent(20, 40, "attacker")
            assert np.mean(attack["outcome"] == Outcome.BLOCKED) == pytest.approx(0.98, abs=0.005)
            assert p(run.sent(20, 40, "users"), 0.99) < 0.1
            assert p(run.sent(20, 40, "users"), 0.99) < 1.3 * p(run.sent(5, 20, "users"), 0.99)
            assert all(objective["met"] for objective in run.summary["objectives"])

    def test_some_honest_requests_pay(self, runs):
        """About 1% of the honest requests are blocked, attack or not."""
        for run in runs("waf_attack"):
            assert np.mean(run.sent(5, client="users")["outcome"] == Outcome.BLOCKED) == pytest.approx(0.01, abs=0.003)

    def test_without_detection_users_pay(self, runs):
        """Without detection most of the users' requests fail during the attack."""
        for run in runs("waf_attack", {"components.waf.detection": "0%"}):
            assert np.mean(run.sent(20, 40, "users")["outcome"] > Outcome.DEGRADED) > 0.65
            assert np.mean(run.sent(5, 20, "users")["outcome"] > Outcome.DEGRADED) < 0.03


class TestShadowedRoute:
    """shadowed_route: first match wins, and the second never does."""

    def test_the_second_route_gets_nothing(self, runs):
        """The exports service gets no request at all."""
        assert [run.summary["components"]["exports"]["offered"] for run in runs("shadowed_route")] == [0] * 5

    def test_the_special_rule_first(self, runs):
        """With the special rule first, the p99 of GET /reports/today is about 30 ms, less than a tenth of before."""
        for shadowed, repaired in zip(runs("shadowed_route"), runs("shadowed_route", REPAIRED), strict=True):
            before, after = (
                run.summary["routes"]["GET /reports/today"]["latency_s"]["all"]["p99"] for run in (shadowed, repaired)
            )
            assert after == pytest.approx(0.03, abs=0.002)
            assert after < 0.1 * before
            assert repaired.summary["components"]["exports"]["served"] > 200
