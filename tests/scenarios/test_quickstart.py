"""quickstart: the first scenario that anybody runs shows what it says, with any seed."""

from sim.request import Outcome


def queue_wait(run, route, since, until):
    """Mean wait in queues of the successful requests of a route that were sent in a time, s."""
    rows = run.sent(since, until, route=route)
    return rows["queue"][rows["outcome"] <= Outcome.DEGRADED].mean()


def test_the_dead_instance_is_preferred_until_it_is_ejected(runs):
    """The balancer prefers it (about a third of all searches) until it is ejected, 2 to 4 s after the crash."""
    lost = searches = 0.0
    for run in runs("quickstart"):
        crash = run.summary["events"][0]
        assert 2.0 < crash["detection_s"] < 4.0
        until = crash["start_s"] + crash["detection_s"]
        passed = 0.8 * 0.985 * run.attempts(crash["start_s"], until)
        assert 0.29 < crash["lost"] / passed < 0.42
        assert run.mean("outstanding", "search", until + 1, 69, instance=0) == 0.0
        lost += crash["lost"]
        searches += passed
    assert lost / searches > 1 / 3


def test_the_flash_sale_is_paid_for_by_search(runs):
    """Search queues during the sale; checkout has workers of its own, and nobody waits."""
    for run in runs("quickstart"):
        assert queue_wait(run, "GET /search", 20, 40) < 0.001
        assert queue_wait(run, "GET /search", 82, 100) > 0.02
        assert queue_wait(run, "POST /checkout", 82, 100) < 0.001


def test_its_objectives_are_met(runs):
    """A first run ends well."""
    for run in runs("quickstart"):
        assert all(objective["met"] for objective in run.summary["objectives"])
