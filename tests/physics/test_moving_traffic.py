"""How fast traffic moves away from a region, how many requests that costs, and where they were served."""

import numpy as np
import pytest

from sim.metrics.moved import falling
from sim.scenario import ScenarioError

TWO = """
    duration: 90s
    regions: {us: {}, eu: {}}
    network: {latency: 1ms, between: {us/eu: 40ms}}
    clients:
      ann: {region: us, traffic: {rate: 200/s, arrivals: constant}, timeout: 500ms, to: front}
      ben: {region: eu, traffic: {rate: 50/s, arrivals: constant}, timeout: 500ms, to: front}
    components:
      front:
        kind: traffic_manager
        to: api
        health_check: {interval: 10s, timeout: 1s, unhealthy_after: 2}
      api: {kind: service, regions: [us, eu], workers: 10, work: 1ms}
    events: [{at: 30s, region_down: us}]
    """
DNS = (
    TWO.replace("kind: traffic_manager", "kind: dns\n        ttl: 20s\n        resolvers: 200")
    .replace("rate: 200/s", "rate: 400/s")
    .replace("duration: 90s", "duration: 80s")
)


def moved(story, number=0):
    event = story.summary["events"][number]
    return [event[f"moved_{share}_s"] for share in (10, 50, 99)]


def test_with_anycast_everything_moves_at_the_moment_of_detection(play):
    """A step: 10 %, 50 % and 99 % are one and the same request, the first after the detection."""
    story = play(TWO)
    event = story.summary["events"][0]
    assert moved(story) == pytest.approx([event["detection_s"]] * 3, abs=0.0051)
    assert event["unknown"] == []


def test_with_dns_traffic_moves_evenly_over_the_ttl(play):
    """From the detection on a tenth after 2 s, a half after 10 s, and 99 % after 19.8 of 20 s."""
    story = play(DNS)
    detection = story.summary["events"][0]["detection_s"]
    assert moved(story) == pytest.approx([detection + 2.0, detection + 10.0, detection + 19.8], abs=1.7)


def test_what_disobedient_resolvers_keep_does_not_move(play):
    story = play(DNS.replace("ttl: 20s", "ttl: 20s\n        ignore_ttl: {share: 10%, for: 1h}"))
    tenth, half, rest = moved(story)
    detection = story.summary["events"][0]["detection_s"]
    assert (tenth, half) == pytest.approx((detection + 2.0 / 0.9, detection + 10.0 / 0.9), abs=1.7)
    assert rest is None


def test_retries_are_no_traffic_of_their_own(play):
    """Each request that fails is sent three times; that moves nothing."""
    once = play(DNS)
    thrice = play(DNS.replace("timeout: 500ms,", "timeout: 500ms, retry: {attempts: 3},"))
    assert moved(thrice) == pytest.approx(moved(once), abs=0.7)


def test_a_drain_moves_everything_at_once_and_loses_nothing(play):
    story = play(TWO.replace("region_down: us", "drain: us"))
    assert moved(story) == pytest.approx([0.0] * 3, abs=0.0051)
    assert story.summary["events"][0]["requests_lost"] == 0


def test_a_gray_region_keeps_its_traffic(play):
    """Nobody notices that it is three times as slow, so nothing moves."""
    assert moved(play(TWO.replace("region_down: us", "degrade: us, factor: 3"))) == [None, None, None]


def test_a_failback_brings_traffic_back(play):
    """Down for half a minute, then well, and its users are back at once when somebody says so."""
    text = TWO.replace("{at: 30s, region_down: us}", "{at: 20s, for: 30s, region_down: us}, {at: 65s, failback: us}")
    story = play(text.replace("to: api\n", "to: api\n        failback: manual\n", 1))
    assert moved(story, 1) == pytest.approx([0.0] * 3, abs=0.0051)
    assert story.result.requests["network"][-50 * 20 :].min() < 0.01


def test_a_partition_moves_nobody_as_long_as_the_checks_get_through(play):
    """DNS and its checks are on neither side of the cut: the users of the eu go on calling the us, and get silence."""
    text = TWO.replace("{us: {}, eu: {}}", "{us: {}, eu: {}, asia: {}}")
    text = text.replace("us/eu: 40ms", "us/eu: 40ms, us/asia: 60ms, eu/asia: 70ms")
    text = text.replace("regions: [us, eu]", "regions: [us, asia]").replace("region_down: us", "drain: us")
    here = play(text)
    cut = play(text.replace("drain: us", "partition: us/eu"))
    assert moved(here) == pytest.approx([0.0] * 3, abs=0.0051)
    assert moved(cut) == [None, None, None]
    assert cut.summary["events"][0]["requests_lost"] == pytest.approx(50 * 60, abs=50)


def test_too_few_requests_to_be_sure_is_said(play):
    """5 requests a second for 30 s cannot show that less than one in a hundred is left."""
    text = TWO.replace("rate: 200/s", "rate: 5/s").replace("at: 30s, region_down", "at: 30s, for: 30s, region_down")
    story = play(text)
    event = story.summary["events"][0]
    assert moved(story)[:2] == pytest.approx([event["detection_s"]] * 2, abs=0.21)
    assert moved(story)[2] is None
    assert event["unknown"][-1:] == ["moved_99_s"]


def test_what_is_lost_is_what_failed(play):
    """Without retries every request between the fault and the detection, and those on their way when it struck."""
    story = play(TWO)
    event = story.summary["events"][0]
    assert event["requests_lost"] == story.outcomes.count("timeout")
    assert event["requests_lost"] == pytest.approx(200 * event["detection_s"], abs=2)


def test_without_steering_nothing_can_move(play):
    story = play(TWO.replace("timeout: 500ms, to: front", "timeout: 500ms, to: api"))
    assert moved(story) == [None, None, None]
    assert story.summary["events"][0]["unknown"] == []


# -- between instances, and to a new primary


ZONES = """
    duration: 60s
    regions: {us: {zones: [a, b, c]}}
    clients: {ann: {region: us, traffic: {rate: 300/s, arrivals: constant}, timeout: 500ms, to: web}}
    components:
      web:
        kind: service
        region: us
        instances: 6
        workers: 500
        balancer: {algorithm: round_robin}
        health_check: {interval: 2s, timeout: 1s, unhealthy_after: 2}
        steps: [{work: 1ms}, {call: api}]
      api:
        kind: service
        region: us
        instances: 9
        workers: 500
        work: 1ms
        balancer: {algorithm: random, AWARE}
        health_check: {interval: 4s, timeout: 1s, unhealthy_after: 2}
    events: [{at: 20s, EVENT}]
    """


def zones(play, event, aware="zone_aware: 6"):
    return play(ZONES.replace("EVENT", event).replace("AWARE", aware))


def detected(story):
    """When each instance was found dead, from the event's start, s."""
    start = story.summary["events"][0]["start_s"]
    return sorted(r.when - start for r in story.result.reactions if r.what == "unhealthy")


def of(story, number=0):
    return story.summary["events"][number]["moved_of"]


def test_traffic_leaves_a_dark_zone_as_its_instances_are_found_dead(play):
    """Of the calls of web a third goes to two instances there: a fifth to the second when the first is found dead.

    Calls inside the zone are those of the dead; with zone-aware balancing no others go to its part of the api.
    """
    story = zones(play, "for: 40s, zone_down: us/a")
    web = sorted(
        r.when - 20.0 for r in story.result.reactions if (r.component, r.what) == ("web", "unhealthy") and r.when > 20.0
    )
    assert of(story) == "calls"
    assert moved(story) == pytest.approx([web[0], web[1], web[1]], abs=6 / 300)
    assert story.summary["events"][0]["lost"] == 0


def test_without_zone_awareness_calls_from_other_zones_have_to_leave_too(play):
    """Those of web are found dead after 3 to 4 s, those of the api after 5 to 9 s."""
    story = zones(play, "for: 40s, zone_down: us/a", aware="panic_threshold: 0")
    assert moved(story)[2] == pytest.approx(detected(story)[-1], abs=0.1)
    assert detected(story)[-1] > 5.0


@pytest.mark.parametrize("event", ["crash: web, instances: 2", "hang: 'web[0..1]'", "errors: 'web[0..1]', rate: 100%"])
def test_calls_leave_instances_that_are_found_dead(play, event):
    """Each of the two had a sixth of them; what answers its checks keeps them, be it in errors."""
    story = zones(play, f"for: 30s, {event}")
    if event.startswith("errors"):
        assert (of(story), moved(story)) == ("calls", [None, None, None])
    else:
        found = detected(story)
        assert moved(story) == pytest.approx([found[0], found[1], found[1]], abs=6 / 300)


def test_a_region_of_which_no_zone_is_left_is_left_as_a_whole(play):
    """Only the traffic manager notices: its checks are the only ones; all go to the eu at once."""
    text = TWO.replace("us: {}", "us: {zones: [a, b]}", 1).replace("workers: 10", "instances: 2, workers: 10")
    story = play(text.replace("region_down: us", "zone_down: [us/a, us/b]"))
    assert of(story) == "requests"
    assert moved(story) == pytest.approx([story.summary["events"][0]["detection_s"]] * 3, abs=0.0051)


def test_nowhere_to_go(play):
    """All instances of the api die; what they did not serve is lost, and nothing has moved."""
    story = zones(play, "for: 30s, crash: api")
    assert (of(story), moved(story)) == (None, [None, None, None])
    assert story.summary["events"][0]["lost"] > 1000


WRITES = """
    duration: 100s
    regions: {us: {}, eu: {}, asia: {}}
    network: {between: {us/eu: 40ms, us/asia: 30ms, eu/asia: 60ms}}
    clients:
      ann: {region: us, traffic: {rate: 100/s, arrivals: constant}, requests: [send: GET /, send: POST /], to: db}
      ben: {region: eu, traffic: {rate: 100/s, arrivals: constant}, requests: [send: GET /, send: POST /], to: db}
    components:
      db:
        kind: database
        primary: us
        replicas: [eu, asia]
        work: 1ms
        replication: {lag: 500ms}
        failover: {discovery: 2s}
    events: [{at: 30s, promote: db@eu}, {at: 60s, crash: db@eu}]
    """


def test_writes_move_to_a_new_primary_when_their_senders_have_heard_of_it(play):
    """Promoted when it has all writes, half a second later, and 2 s more; reads stay where they are.

    When it dies, its readers find another at once, one in four of its calls; the writes wait for the next primary.
    """
    story = play(WRITES)
    promoted = [r.when for r in story.result.reactions if r.what == "promoted"]
    assert (of(story), of(story, 1)) == ("writes", "calls")
    assert moved(story) == pytest.approx([promoted[0] - 30.0 + 2.0] * 3, abs=0.05)
    assert moved(story, 1) == pytest.approx([0.0, promoted[1] - 60.0 + 2.0, promoted[1] - 60.0 + 2.0], abs=0.1)


def test_an_objective_on_what_nothing_steers_is_an_error(write):
    text = """
        duration: 20s
        clients: {ann: {traffic: {rate: 10/s}, to: api}}
        components: {api: {kind: service, work: 1ms}}
        events: [{at: 10s, crash: api}]
        objectives: [moved_99 < 1m]
        """
    with pytest.raises(ScenarioError, match="nothing in the scenario counts moved_99: it needs a dns, a traffic_man"):
        write(text)


def test_objectives_may_be_about_what_has_moved_and_what_was_lost(play):
    story = play(TWO + "objectives: [region_down moved_99 < 1m, requests_lost < 100]")
    moved_99, lost = story.summary["objectives"]
    assert (moved_99["actual"], moved_99["met"]) == (moved(story)[2], True)
    assert (lost["actual"], lost["met"]) == (story.summary["events"][0]["requests_lost"], False)


@pytest.mark.parametrize(
    ("hits", "curve"),
    [
        ([1, 1, 0, 0], [1, 1, 0, 0]),
        ([0, 1, 0, 0], [0.5, 0.5, 0, 0]),
        ([1, 0, 1, 1, 0, 0, 1, 0], [1, 2 / 3, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3, 0]),
        ([1], [1]),
    ],
)
def test_the_falling_curve_pools_what_rises(hits, curve):
    assert falling(np.array(hits, dtype=bool)).tolist() == pytest.approx(curve)


# -- by region


def test_users_and_servers_are_told_apart_by_region(play):
    """Ann's are served in the us until it dies, and then in the eu, where Ben's have always been."""
    story = play(TWO)
    us, eu = (story.summary["regions"][name] for name in ("us", "eu"))
    detection = story.summary["events"][0]["detection_s"]
    assert (us["sent"]["requests"], eu["sent"]["requests"]) == (18_000, 4_500)
    assert us["traffic_to"]["us"] == pytest.approx(200 * (30 + detection), abs=2)
    assert us["traffic_to"]["us"] + us["traffic_to"]["eu"] == 18_000
    assert eu["traffic_to"] == {"eu": 4_500}
    assert us["served"]["requests"] == us["traffic_to"]["us"]
    assert eu["served"]["requests"] == 4_500 + us["traffic_to"]["eu"]
    assert us["served"]["success_ratio"] == pytest.approx(30 / (30 + detection), rel=1e-3)
    assert eu["served"]["success_ratio"] == 1.0
    assert eu["sent"]["p99_s"] == pytest.approx(0.003)
    assert eu["served"]["p99_s"] == pytest.approx(0.081)


def test_calls_that_cross_the_border_are_counted(play):
    """Each of Ben's requests asks the database in the us twice; nothing of Ann's crosses."""
    story = play(
        """
        duration: 20s
        warmup: 10s
        regions: {us: {}, eu: {}}
        network: {latency: 1ms, between: {us/eu: 40ms}}
        clients:
          ann: {region: us, traffic: {rate: 20/s, arrivals: constant}, to: api}
          ben: {region: eu, traffic: {rate: 10/s, arrivals: constant}, to: api}
        components:
          api:
            kind: service
            regions: [us, eu]
            workers: 10
            health_check: {interval: 1s}
            steps: [{call: db}, {call: db}]
          db: {kind: database, region: us, work: 5ms}
        """
    )
    us, eu = (story.summary["regions"][name] for name in ("us", "eu"))
    assert us["calls_to"] == {}
    assert eu["calls_to"] == {"us": eu["cross_region"]}
    assert eu["cross_region"] == pytest.approx(200, abs=2)
    assert (us["traffic_to"], eu["traffic_to"]) == ({"us": 200}, {"eu": 100})


def test_what_a_standby_does_not_use_is_reported(play):
    """Half of 4 instances stand by until the loss of the us is found out, then all work: a quarter is busy before."""
    text = TWO.replace("eu: {}}", "eu: {role: standby, standby: warm, warm_up: 10s}}", 1).replace(
        "workers: 10, work: 1ms", "instances: 4, workers: 1, work: 5ms"
    )
    story = play(text.replace("{region: eu, ", "{region: us, "))
    us, eu = (story.summary["regions"][name] for name in ("us", "eu"))
    ready = next(r.when for r in story.result.reactions if r.what == "ready")
    assert (us["role"], us["standby"], eu["role"], eu["standby"]) == ("active", None, "standby", "warm")
    assert us["instance_s"] == pytest.approx(4 * 30, abs=4)
    assert us["idle_share"] == pytest.approx(1 - 250 * 0.005 / 4, abs=0.01)
    assert eu["instance_s"] == pytest.approx(2 * ready + 4 * (90 - ready), abs=4)
    assert eu["idle_share"] == pytest.approx(1 - 250 * 0.005 * (90 - ready) / eu["instance_s"], abs=0.01)


def test_without_regions_nothing_is_said_of_any(play):
    text = """
        duration: 1s
        clients: {ann: {traffic: {rate: 10/s}, to: api}}
        components: {api: {kind: service, work: 1ms}}
        """
    assert play(text).summary["regions"] == {}
