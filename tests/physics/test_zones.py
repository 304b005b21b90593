"""Zones: instances are spread over them, crossing costs, and what a zone cannot take goes to the others."""

import pytest

ZONED = """
    duration: 100s
    regions: {us: {zones: [a, b, c], zone_latency: 2ms}}
    network: {latency: 0.5ms}
    clients: {ann: {region: us, traffic: {rate: 300/s}, to: web}}
    components:
      web: {kind: service, region: us, instances: 6, workers: 50, steps: [{work: 1ms}, {call: api}]}
      api:
        {kind: service, region: us, instances: INSTANCES, workers: 50, work: 1ms, balancer: {algorithm: random, AWARE}}
    """


def crossed(story):
    """The share of the calls of the api that came from another zone."""
    api = story.component("api")
    return api["cross_zone"] / api["served"]


def test_without_awareness_two_calls_in_three_cross(play):
    story = play(ZONED.replace("INSTANCES", "9").replace("AWARE", "panic_threshold: 0"))
    assert crossed(story) == pytest.approx(2 / 3, abs=0.02)
    network = story.result.requests["network"]
    assert sorted({round(float(seconds), 6) for seconds in network[story.result.requests["outcome"] == 0]}) == [
        0.002,
        0.005,
    ]


def test_zone_aware_calls_stay_in_their_zone(play):
    story = play(ZONED.replace("INSTANCES", "9").replace("AWARE", "zone_aware: 6"))
    assert crossed(story) == 0.0
    assert story.result.requests["network"][story.result.requests["outcome"] == 0] == pytest.approx(0.002)


def test_what_a_zone_cannot_take_spills_over(play):
    """Callers 2, 2, 2; instances 3, 3, 2 of 8: zone c takes 25 % / 33 % of its calls, the rest crosses; a, b none."""
    story = play(ZONED.replace("INSTANCES", "8").replace("AWARE", "zone_aware: 6"))
    assert crossed(story) == pytest.approx((1 - (2 / 8) / (1 / 3)) / 3, abs=0.01)
    served = story.served("api")
    assert max(served) / min(served) < 1.1


def test_with_few_instances_zones_are_not_looked_at(play):
    """Envoy's min_cluster_size."""
    story = play(ZONED.replace("INSTANCES", "3").replace("AWARE", "zone_aware: 6"))
    assert crossed(story) == pytest.approx(2 / 3, abs=0.02)


def test_what_is_in_service_in_a_zone_dies_with_it(play):
    """Every second request goes to the zone, fifty a second, and takes 100 ms: five are there when it goes dark."""
    story = play(
        """
        duration: 2s
        regions: {us: {zones: [a, b]}}
        clients: {ann: {region: us, traffic: {rate: 100/s, arrivals: constant}, timeout: 500ms, to: api}}
        components:
          api: {kind: service, region: us, instances: 2, workers: 100, work: 100ms, balancer: round_robin}
        events: [{at: 1005ms, for: 500ms, zone_down: us/a}]
        """
    )
    assert story.summary["events"][0]["lost"] == 5


def test_a_dark_zone_is_silent_until_the_checks_have_found_out(play):
    """Callers wait for their time-out, for no packet comes back; then the instances are taken out, all three."""
    story = play(
        """
        duration: 60s
        regions: {us: {zones: [a, b, c]}}
        clients: {ann: {region: us, traffic: {rate: 90/s, arrivals: constant}, timeout: 500ms, to: api}}
        components:
          api:
            kind: service
            region: us
            instances: 9
            workers: 50
            work: 1ms
            health_check: {interval: 2s, timeout: 1s, unhealthy_after: 2}
        events: [{at: 20s, for: 20s, zone_down: us/a}]
        """
    )
    rows = story.result.requests
    dead = rows["arrived"][rows["outcome"] == 3]
    assert {row["outcome"] for row in rows if row["outcome"] not in (0, 255)} == {3}
    assert dead.min() >= 19.99
    assert 23.0 < dead.max() < 25.1
    event = story.result.events[0]
    assert 3.0 <= event.detected - 20.0 <= 5.0
    samples = story.result.samples
    up = samples[samples["t"] == 30.0]["up"].tolist()
    assert up == [0, 1, 1] * 3
    assert samples[samples["t"] == 50.0]["up"].tolist() == [1] * 9


def test_a_zone_that_is_back_has_its_share_again(play):
    """Callers give up after half a second, and nobody counts what they have sent into the dark as outstanding for long:
    a closed connection is not tried again. At 40 s the zone is back, and each instance works on every second request.
    """
    story = play(
        """
        duration: 60s
        regions: {us: {zones: [a, b]}}
        clients: {ann: {region: us, traffic: {rate: 50/s, arrivals: constant}, timeout: 500ms, to: api}}
        components:
          api: {kind: service, region: us, instances: 2, workers: 10, work: 30ms, balancer: least_request}
        events: [{at: 20s, for: 20s, zone_down: us/a}]
        """
    )
    places, samples = story.result.places, story.result.samples
    after = samples[samples["t"] > 41.0]
    busy = [10 * after["utilization"][after["place"] == places.index(("api", index))].mean() for index in (0, 1)]
    assert busy == pytest.approx([0.75, 0.75], rel=0.01)
