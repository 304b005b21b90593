"""How fast traffic moves away from a region, how many requests that costs, and where they were served."""

import numpy as np
import pytest

from sim.metrics.moved import falling
from sim.scenario import ScenarioError

TWO = """
    duration: 300s
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
    events: [{at: 100s, region_down: us}]
    """
DNS = (
    TWO.replace("kind: traffic_manager", "kind: dns\n        ttl: 60s\n        resolvers: 200")
    .replace("rate: 200/s", "rate: 400/s")
    .replace("duration: 300s", "duration: 200s")
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
    """From the detection on a tenth after 6 s, a half after 30 s, and 99 % after 59.4 of 60 s."""
    story = play(DNS)
    detection = story.summary["events"][0]["detection_s"]
    assert moved(story) == pytest.approx([detection + 6.0, detection + 30.0, detection + 59.4], abs=5.0)


def test_what_disobedient_resolvers_keep_does_not_move(play):
    story = play(DNS.replace("ttl: 60s", "ttl: 60s\n        ignore_ttl: {share: 10%, for: 1h}"))
    tenth, half, rest = moved(story)
    detection = story.summary["events"][0]["detection_s"]
    assert (tenth, half) == pytest.approx((detection + 6.0 / 0.9, detection + 30.0 / 0.9), abs=5.0)
    assert rest is None


def test_retries_are_no_traffic_of_their_own(play):
    """Each request that fails is sent three times; that moves nothing."""
    once = play(DNS)
    thrice = play(DNS.replace("timeout: 500ms,", "timeout: 500ms, retry: {attempts: 3},"))
    assert moved(thrice) == pytest.approx(moved(once), abs=2.0)


def test_a_drain_moves_everything_at_once_and_loses_nothing(play):
    story = play(TWO.replace("region_down: us", "drain: us"))
    assert moved(story) == pytest.approx([0.0] * 3, abs=0.0051)
    assert story.summary["events"][0]["requests_lost"] == 0


def test_a_gray_region_keeps_its_traffic(play):
    """Nobody notices that it is three times as slow, so nothing moves."""
    assert moved(play(TWO.replace("region_down: us", "degrade: us, factor: 3"))) == [None, None, None]


def test_a_failback_brings_traffic_back(play):
    """Down for a minute, then well, and back over 100 s from 200 s on: a tenth, a half and 99 % of the way linearly."""
    text = TWO.replace("{at: 100s, region_down: us}", "{at: 60s, for: 60s, region_down: us}, {at: 200s, failback: us}")
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
    assert cut.summary["events"][0]["requests_lost"] == pytest.approx(50 * 200, abs=50)


def test_too_few_requests_to_be_sure_is_said(play):
    """5 requests a second for 30 s cannot show that less than one in a hundred is left."""
    text = TWO.replace("rate: 200/s", "rate: 5/s").replace("at: 100s, region_down", "at: 100s, for: 30s, region_down")
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


def test_an_objective_on_what_nothing_steers_is_an_error(write):
    text = """
        duration: 20s
        clients: {ann: {traffic: {rate: 10/s}, to: api}}
        components: {api: {kind: service, work: 1ms}}
        events: [{at: 10s, crash: api}]
        objectives: [moved_99 < 1m]
        """
    with pytest.raises(ScenarioError, match="nothing in the scenario counts moved_99: it needs a dns or a traffic_man"):
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
    assert (us["sent"]["requests"], eu["sent"]["requests"]) == (60_000, 15_000)
    assert us["traffic_to"]["us"] == pytest.approx(200 * (100 + detection), abs=2)
    assert us["traffic_to"]["us"] + us["traffic_to"]["eu"] == 60_000
    assert eu["traffic_to"] == {"eu": 15_000}
    assert us["served"]["requests"] == us["traffic_to"]["us"]
    assert eu["served"]["requests"] == 15_000 + us["traffic_to"]["eu"]
    assert us["served"]["success_ratio"] == pytest.approx(100 / (100 + detection), rel=1e-3)
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
    """Half of 4 instances stand by for 100 s and 20 s more, then all of them work: a quarter busy in the us before."""
    text = TWO.replace("eu: {}}", "eu: {role: standby, standby: warm, warm_up: 10s}}", 1).replace(
        "workers: 10, work: 1ms", "instances: 4, workers: 1, work: 5ms"
    )
    story = play(text.replace("{region: eu, ", "{region: us, "))
    us, eu = (story.summary["regions"][name] for name in ("us", "eu"))
    ready = next(r.when for r in story.result.reactions if r.what == "ready")
    assert (us["role"], us["standby"], eu["role"], eu["standby"]) == ("active", None, "standby", "warm")
    assert us["instance_s"] == pytest.approx(4 * 100, abs=4)
    assert us["idle_share"] == pytest.approx(1 - 250 * 0.005 / 4, abs=0.01)
    assert eu["instance_s"] == pytest.approx(2 * ready + 4 * (300 - ready), abs=4)
    assert eu["idle_share"] == pytest.approx(1 - 250 * 0.005 * (300 - ready) / eu["instance_s"], abs=0.01)


def test_without_regions_nothing_is_said_of_any(play):
    text = """
        duration: 1s
        clients: {ann: {traffic: {rate: 10/s}, to: api}}
        components: {api: {kind: service, work: 1ms}}
        """
    assert play(text).summary["regions"] == {}
