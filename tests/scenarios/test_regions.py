"""Regions, zones and balancer nodes that fail, and what it takes to be somewhere else."""

from itertools import pairwise

import numpy as np
import pytest

from sim.metrics import IN_FLIGHT
from sim.request import Outcome


def failing(rows):
    """The share of some requests that ended, and not in success."""
    ended = rows["outcome"][rows["outcome"] != IN_FLIGHT]
    return float((ended > Outcome.DEGRADED).mean())


def found(run, event=0):
    """When the first reaction to an event came, s."""
    there = run.summary["events"][event]
    return there["start_s"] + there["detection_s"]


class TestDnsTtl:
    """dns_ttl: a dead region stays in the phone book."""

    def test_the_checks_take_two_to_three_intervals_and_a_time_out(self, runs):
        """Nobody fails over before the checks have found out, 21 to 31 s after the failure."""
        for run in runs("dns_ttl"):
            assert 21.0 <= run.summary["events"][0]["detection_s"] <= 31.0
            for client in ("short", "long", "careless"):
                assert failing(run.sent(121, found(run), client)) == 1.0

    @pytest.mark.parametrize(("client", "ttl"), [("short", 30.0), ("long", 300.0)])
    def test_failures_fall_in_a_straight_line_over_one_ttl(self, runs, client, ttl):
        """What is left of a record is uniform in its TTL: in its four quarters 7/8, 5/8, 3/8 and 1/8 of requests fail.

        Each DNS has checks of its own: its own verdict is the last before the first request is well again. By then some
        records have run out already and nobody has asked again: with a request every 100/60 s at each resolver, that is
        the share of a pause in a cycle of TTL and pause.
        """
        pause = 100 / 60
        share = ttl / (ttl + pause)
        quarters = []
        for run in runs("dns_ttl"):
            rows = run.sent(120, client=client)
            well = rows["arrived"][rows["outcome"] == Outcome.OK].min()
            noticed = max(r.when for r in run.result.reactions if r.what == "unhealthy" and r.when <= well)
            edges = noticed + ttl * np.linspace(0.0, 1.0, 5)
            quarters.append([failing(run.sent(*span, client)) for span in pairwise(edges)])
            assert failing(run.sent(well + 1.1 * ttl, client=client)) < 0.01
        expected = share * np.array([7 / 8, 5 / 8, 3 / 8, 1 / 8])
        assert np.mean(quarters, axis=0) == pytest.approx(expected, abs=0.05)

    def test_a_tenth_of_disobedient_resolvers_is_a_tenth_of_failures_for_ever(self, runs):
        """Ten resolvers keep their record for an hour, of which an eighth is over by the end: 9 % +- 3 x 1 %."""
        for run in runs("dns_ttl"):
            assert failing(run.sent(200, client="careless")) == pytest.approx(0.09, abs=0.03)
            assert failing(run.sent(200, client="short")) == 0.0


class TestActivePassive:
    """active_passive: hot, warm and cold."""

    def test_users_are_back_when_the_standby_is_ready(self, runs):
        """Hot at once, warm 40 s later, cold after 3 min 40 s and a probe more."""
        takes = {"hot": (0.0, 0.1), "warm": (40.0, 40.1), "cold": (220.0, 230.1)}
        for run in runs("active_passive"):
            for client, (least, most) in takes.items():
                rows = run.sent(121, client=client)
                back = rows["arrived"][rows["outcome"] == Outcome.OK].min()
                noticed = min(
                    r.when
                    for r in run.result.reactions
                    if r.component == f"api_{client}@primary" and r.what == "unhealthy"
                )
                assert 141.0 <= noticed <= 151.0
                assert least <= back - noticed <= most

    def test_what_runs_before_it_is_needed(self, runs):
        """Six, two and none of six instances."""
        for run in runs("active_passive"):
            up = [
                sum(run.mean("up", component, 60, 100, instance) for instance in range(6))
                for component in ("api_hot@ready", "api_warm@tepid", "api_cold@empty")
            ]
            assert up == [6.0, 2.0, 0.0]


class TestSpillover:
    """spillover: one region is full."""

    def test_geography_alone_drowns_the_region(self, runs):
        for run in runs("spillover"):
            assert failing(run.sent(150, 240, "nearest")) > 0.9
            assert failing(run.sent(client="spilling")) == 0.0

    def test_what_is_too_much_goes_over_the_ocean(self, runs, p):
        """Two in five of 700/s; p99 is the distance and no queue."""
        for run in runs("spillover"):
            rows = run.sent(130, 235, "spilling")
            assert (rows["network"] > 0.05).mean() == pytest.approx(3 / 7, abs=0.03)
            assert p(rows, 0.99) < 0.2


class TestDataResidency:
    """data_residency: the nearest region is not the fastest."""

    def test_three_round_trips_or_one(self, runs, p):
        for run in runs("data_residency"):
            locals_, nearest, fastest = (
                p(run.sent(20, client=client), 0.5) for client in ("locals", "nearest", "fastest")
            )
            assert nearest - locals_ == pytest.approx(3 * 2 * (0.040 - 0.0005), abs=0.005)
            assert fastest - locals_ == pytest.approx(2 * (0.040 - 0.0005), abs=0.005)


class TestZoneFailure:
    """zone_failure: two zones must carry the load of three."""

    def test_until_the_checks_have_found_out_a_third_waits_in_vain_by_turns(self, runs):
        """Few do where the balancer counts what is outstanding: it sends no more to who is silent."""
        by_turns = {"components.roomy_api.balancer": "round_robin", "clients.crowded.traffic.rate": "1/s"}
        for run in runs("zone_failure"):
            assert 3.0 <= run.summary["events"][0]["detection_s"] <= 5.1
            assert 0.0 < failing(run.sent(60, 63, "roomy")) < 0.05
        for run in runs("zone_failure", by_turns | {"duration": "64s", "events[0].for": "4s"}):
            assert failing(run.sent(60, 62, "roomy")) == pytest.approx(1 / 3, abs=0.05)

    def test_headroom_decides(self, runs):
        """Two thirds of the instances at 120 % time out; at 83 % they do not."""
        for run in runs("zone_failure"):
            assert failing(run.sent(70, 120, "roomy")) == 0.0
            assert failing(run.sent(70, 120, "crowded")) > 0.5
            assert run.mean("utilization", "roomy_api", 70, 120, 1) == pytest.approx(0.825, abs=0.04)

    def test_overload_looks_like_death_to_the_checks(self, runs):
        """Those of the other zones are given up and come back, again and again; the roomy ones never."""
        for run in runs("zone_failure"):
            given_up = [r for r in run.result.reactions if r.when < 120 and r.what == "unhealthy" and r.instance % 3]
            assert {r.component for r in given_up} == {"crowded_api"}
            assert len(given_up) > 3 * 8

    def test_the_zone_has_its_share_again_when_it_is_back(self, runs):
        """Nothing is held against it, and the queues drain within seconds."""
        for run in runs("zone_failure"):
            assert failing(run.sent(125, 130)) == 0.0
            for name in ("roomy_api", "crowded_api"):
                busy = [run.mean("utilization", name, 125, 130, number) for number in range(12)]
                assert sum(busy[::3]) == pytest.approx(sum(busy[1::3]), rel=0.2)


class TestGrayRegion:
    """gray_region: a region that is slow, not dead."""

    def test_no_check_notices_and_geography_stays(self, runs, p):
        """Five times the service time, for everybody until the region is drained."""
        for run in runs("gray_region"):
            before, during = (p(run.sent(*span, "geography"), 0.99) for span in ((10, 119), (125, 299)))
            assert during / before == pytest.approx(5.0, rel=0.15)
            assert not [r for r in run.result.reactions if r.when < 299 and r.what == "unhealthy"]

    def test_who_was_drained_loses_nothing(self, runs):
        for run in runs("gray_region"):
            assert failing(run.sent(client="geography")) == 0.0
            assert (run.sent(302, 420, "geography")["network"] > 0.05).all()

    def test_measured_latency_leaves_by_itself(self, runs):
        """Away within seconds of the degradation, but for a look now and then."""
        for run in runs("gray_region"):
            assert (run.sent(10, 119, "latency")["network"] < 0.05).mean() > 0.9
            assert (run.sent(130, 299, "latency")["network"] > 0.05).mean() > 0.9


class TestLbHerd:
    """lb_herd: the herd of the least loaded."""

    def test_old_reports_make_a_herd_that_two_choices_do_not(self, runs, p):
        for run in runs("lb_herd"):
            fresh, herd, two = (p(run.sent(10, 119, client), 0.99) for client in ("fresh", "herd", "two_choices"))
            assert herd > 8 * two
            assert two < 5 * fresh

    def test_a_dead_node_costs_its_share_until_the_checks_have_found_out(self, runs):
        for run in runs("lb_herd"):
            assert run.summary["events"][0]["detection_s"] <= 3.0
            for client in ("fresh", "two_choices"):
                assert failing(run.sent(120, 122, client)) == pytest.approx(0.25, abs=0.05)
                assert failing(run.sent(124, client=client)) == 0.0


class TestStickyDeploy:
    """sticky_deploy: sessions in memory and without."""

    def test_a_deploy_throws_sessions_in_memory_away(self, runs):
        """More than there are customers; the store loses none."""
        for run in runs("sticky_deploy"):
            assert run.summary["components"]["old_shop"]["sessions_lost"] > 300
            assert run.summary["components"]["new_shop"]["sessions_lost"] == 0

    def test_sticky_instances_are_unevenly_busy(self, runs):
        def busy(run, shop):
            return [run.mean("utilization", shop, 60, 119, instance) for instance in range(5)]

        for run in runs("sticky_deploy"):
            assert max(busy(run, "old_shop")) > 1.4 * min(busy(run, "old_shop"))
            assert max(busy(run, "new_shop")) < 1.15 * min(busy(run, "new_shop"))
