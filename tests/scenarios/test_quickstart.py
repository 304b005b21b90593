"""quickstart: the first scenario that anybody runs shows what it says, with any seed."""

import pytest

from sim.request import Outcome


def queue_wait(run, route, since, until):
    """Mean wait in queues of the successful requests of a route that were sent in a time, s."""
    rows = run.sent(since, until, route=route)
    return rows["queue"][rows["outcome"] <= Outcome.DEGRADED].mean()


def failing(run, since, until):
    """The share of the requests sent in a time, s, that did not succeed."""
    return (run.sent(since, until)["outcome"] > Outcome.DEGRADED).mean()


def ejected(run):
    """When the health check took the dead instance out, s."""
    crash = run.summary["events"][0]
    return crash["start_s"] + crash["detection_s"]


def test_the_dead_instance_is_preferred_until_it_is_ejected(runs):
    """The balancer prefers it (more than a third of all searches) until it is ejected, 4 to 5 s after the crash."""
    for run in runs("quickstart"):
        assert 44.0 < ejected(run) < 45.01
        searches = 0.8 * 0.985 * run.attempts(40.0, ejected(run))
        assert 1 / 3 < run.summary["events"][0]["lost"] / searches < 0.42
        assert run.mean("outstanding", "search", ejected(run) + 1, 69, instance=0) == 0.0


def test_a_crash_is_felt_until_it_is_found(runs, p):
    """p99 is twice what it was and one request in ten fails; then all is well, long before the instance is back."""
    for run in runs("quickstart"):
        before = p(run.sent(20, 40), 0.99)
        assert p(run.sent(40, ejected(run)), 0.99) > 2 * before
        assert failing(run, 40, ejected(run)) == pytest.approx(0.1, abs=0.03)
        assert p(run.sent(ejected(run) + 1, 69), 0.99) == pytest.approx(before, rel=0.15)
        assert failing(run, ejected(run) + 1, 69) < 0.02


def test_the_flash_sale_is_paid_for_by_search(runs, p):
    """Search queues, p99 is three times what it was, about one in ten fails; at checkout nobody waits."""
    for run in runs("quickstart"):
        assert p(run.sent(82, 100), 0.99) > 3 * p(run.sent(20, 40), 0.99)
        assert failing(run, 82, 100) == pytest.approx(0.1, abs=0.05)
        assert queue_wait(run, "GET /search", 20, 40) < 0.001
        assert queue_wait(run, "GET /search", 82, 100) > 0.25
        assert queue_wait(run, "POST /checkout", 82, 100) < 0.001


def test_all_is_well_two_seconds_after_the_sale(runs, p):
    """p99 and drops are back to what they were before."""
    for run in runs("quickstart"):
        assert run.summary["events"][1]["recovery_s"] < 2.0
        assert p(run.sent(102, 119), 0.99) == pytest.approx(p(run.sent(20, 40), 0.99), rel=0.15)
        assert failing(run, 102, 119) < 0.02


def test_a_crash_is_borne_and_a_sale_is_not(runs):
    """The objectives of the two events are met; those for the latency and availability of the whole run are missed."""
    for run in runs("quickstart"):
        assert [objective["met"] for objective in run.summary["objectives"]] == [False, False, True, True]


def test_more_workers_bear_the_sale(runs):
    """With three workers in each instance of search all objectives are met."""
    for run in runs("quickstart", {"components.search.workers": "3"}):
        assert all(objective["met"] for objective in run.summary["objectives"])
