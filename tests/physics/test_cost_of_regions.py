"""What regions cost the simulation itself: nothing. A region is part of a name and a distance."""

import pytest

HOPS = """
    duration: 60s
    WHERE
    clients:
      ann: {AT, traffic: {rate: 100/s}, to: gateway}
      ben: {AT, traffic: {rate: 100/s}, to: gateway}
      kim: {AT, traffic: {rate: 100/s}, to: gateway}
    components:
      gateway: {kind: gateway, SPREAD, routes: [{match: "/**", to: api}]}
      api:
        kind: service
        SPREAD
        instances: 3
        workers: 20
        steps: [{work: {exponential: 2ms}}, {call: db}, {work: {exponential: 2ms}}]
      db: {kind: database, SPREAD, connections: 50, work: {exponential: 2ms}}
    """
ONE = HOPS.replace("WHERE", "network: {latency: 1ms}").replace("{AT, ", "{").replace("SPREAD, ", "")
ONE = ONE.replace("        SPREAD\n", "")
THREE = HOPS.replace(
    "WHERE",
    "regions: {us: {}, eu: {}, asia: {}}\n"
    "    network: {latency: 1ms, between: {us/eu: 40ms, us/asia: 60ms, eu/asia: 80ms}}",
).replace("SPREAD", "regions: [us, eu, asia]")
for client, region in {"ann": "us", "ben": "eu", "kim": "asia"}.items():
    THREE = THREE.replace(f"{client}: {{AT", f"{client}: {{region: {region}")


def events_per_request(story):
    return story.result.engine["events"] / len(story.log)


def test_a_request_takes_as_many_events_in_one_of_three_regions_as_in_one_place(play):
    """The same hops, the same demands; only who waits in which queue differs."""
    one, three = play(ONE), play(THREE)
    assert (one.result.requests["arrived"] == three.result.requests["arrived"]).all()
    assert one.result.requests["service"].sum() == pytest.approx(three.result.requests["service"].sum(), rel=1e-3)
    assert events_per_request(three) == pytest.approx(events_per_request(one), rel=0.002)


def test_a_distance_takes_no_event_of_its_own(play):
    """The same way with 40 ms of it: as many events, but for the few that were under way at the end."""
    near = play(THREE.replace("db: {kind: database, regions: [us, eu, asia]", "db: {kind: database, region: us"))
    here = play(THREE)
    assert events_per_request(near) == pytest.approx(events_per_request(here), rel=0.002)


def test_steering_takes_no_event_of_its_own(play):
    """Neither DNS nor a traffic manager is on the way; without checks, nobody else wakes up for them either."""
    direct = play(THREE)
    for kind in ("dns", "traffic_manager"):
        text = THREE.replace("to: gateway}", "to: front}").replace(
            "    components:\n", f"    components:\n      front: {{kind: {kind}, to: gateway}}\n"
        )
        assert events_per_request(play(text)) == pytest.approx(events_per_request(direct), rel=0.002)
