"""Regions: who answers whom over which distance, what steering sees, and how long a dead address is called."""

import numpy as np
import pytest

TWO = """
    duration: 100s
    regions: {us: {}, eu: {}}
    network: {latency: 1ms, between: {us/eu: 40ms}}
    clients:
      ann: {region: us, traffic: {replay: ann.csv}, to: gateway}
      ben: {region: eu, traffic: {replay: ben.csv}, to: gateway}
    components:
      gateway: {kind: gateway, regions: [us, eu], routes: [{match: "/**", to: api}]}
      api: {kind: service, regions: [us, eu], workers: 10, steps: [{work: 10ms}, {call: db}]}
      db: {kind: database, region: us, work: 5ms}
    """


def test_a_call_stays_in_its_region_and_crosses_only_to_what_stands_elsewhere(play):
    """Ann: four crossings of 1 ms and two to the database; Ben's service asks over 40 ms each way."""
    story = play(TWO, ann=[0], ben=[0.5])
    assert story.ends == [0.021, 0.599]
    assert story.ledger(0) == {"network": 0.006, "service": 0.015}
    assert story.ledger(1) == {"network": 0.084, "service": 0.015}
    assert story.component("api@us")["served"] == story.component("api@eu")["served"] == 1


def test_what_stands_only_elsewhere_is_reached_in_the_nearest_of_its_regions(play):
    """From the far east the database in the us is 30 ms nearer than the one in the eu."""
    story = play(
        """
        duration: 1s
        regions: {us: {}, eu: {}, asia: {}}
        network: {between: {us/eu: 40ms, us/asia: 50ms, eu/asia: 80ms}}
        clients: {kim: {region: asia, traffic: {replay: kim.csv}, to: db}}
        components: {db: {kind: external, regions: [eu, us], latency: 5ms}}
        """,
        kim=[0],
    )
    assert story.ends == [0.105]
    assert story.component("db@us")["served"] == 1


def test_where_a_request_is_served_does_not_change_what_it_needs(play):
    """The same 200 requests need the same service times in either region."""
    text = """
        duration: 10s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 0s}}
        clients: {ann: {region: HOME, traffic: {rate: 20/s}, to: api}}
        components: {api: {kind: service, regions: [us, eu], workers: 100, work: {exponential: 10ms}}}
        """
    here, there = (play(text.replace("HOME", home)).result.requests for home in ("us", "eu"))
    assert len(here) > 150
    assert np.array_equal(here["service"], there["service"])
    assert np.array_equal(here["arrived"], there["arrived"])


DNS = """
    duration: 300s
    regions: {us: {}, eu: {}}
    network: {between: {us/eu: 40ms}}
    clients: {ann: {region: us, traffic: {rate: 200/s, arrivals: constant}, timeout: 500ms, to: names}}
    components:
      names:
        {kind: dns, ttl: 60s, resolvers: 200, to: api, health_check: {interval: 10s, timeout: 1s, unhealthy_after: 2}}
      api: {kind: service, regions: [us, eu], workers: 10, work: 1ms}
    events: [{at: 100s, region_down: us}]
    """


def test_geo_steering_sends_everyone_to_the_nearest_region(play):
    story = play(DNS.replace("events: [{at: 100s, region_down: us}]", ""))
    names = story.component("names")
    assert (names["to_us"], names["to_eu"]) == (len(story.log), 0)
    assert set(story.outcomes) <= {"ok", "in_flight"}


def test_a_dead_address_is_called_until_the_record_runs_out(play):
    """Detection takes U(0, 10) + 10 + 1 s; from then on the records run out evenly over the TTL of 60 s, not sooner."""
    story = play(DNS)
    detected = story.result.events[0].detected
    assert 111.0 <= detected <= 121.0
    rows = story.result.requests
    dead = rows["arrived"][rows["outcome"] == 3]
    assert dead.min() >= 99.4
    assert detected + 55.0 < dead.max() < detected + 60.0
    moving = dead[dead > detected] - detected
    share = len(moving) / (60.0 * 200.0)  # the area under a line that falls from 1 to 0 is a half
    assert share == pytest.approx(0.5, abs=0.04)


def test_resolvers_that_ignore_the_ttl_stay_for_as_long_as_they_like(play):
    """A tenth of 200 resolvers keeps its record for 10 minutes: nine in ten requests are well after one TTL."""
    story = play(DNS.replace("ttl: 60s", "ttl: 60s, ignore_ttl: {share: 10%, for: 1h}"))
    rows = story.result.requests
    late = rows[rows["arrived"] > 200.0]
    assert (late["outcome"] == 3).mean() == pytest.approx(0.1, abs=0.02)


def test_anycast_moves_everyone_at_once(play):
    """No record, no residue: the first request after the detection already goes to the other region."""
    story = play(
        DNS.replace("kind: dns, ttl: 60s, resolvers: 200,", "kind: traffic_manager,"),
    )
    detected = story.result.events[0].detected
    rows = story.result.requests
    dead = rows["arrived"][rows["outcome"] == 3]
    assert detected - 0.006 <= dead.max() <= detected


def test_what_crosses_into_a_dark_region_is_never_answered(play):
    """The request sent at 0.5 s is killed there at 1 s, and nobody tells Ann: she waits for her 2 s. So at 3 s."""
    story = play(
        """
        duration: 20s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 40ms}}
        clients: {ann: {region: eu, traffic: {replay: ann.csv}, timeout: 2s, to: api}}
        components: {api: {kind: service, region: us, workers: 10, work: 1s}}
        events: [{at: 1s, for: 5s, region_down: us}]
        """,
        ann=[0.5, 3, 6],
    )
    assert story.log == [(0.5, 2.5, "timeout"), (3.0, 5.0, "timeout"), (6.0, 7.08, "ok")]


def test_one_tells_the_other_but_hears_nothing(play):
    """One way: requests arrive and are served, the answers are lost; the other way: nothing arrives."""
    text = """
        duration: 20s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 40ms}}
        clients: {ann: {region: eu, traffic: {replay: ann.csv}, timeout: 2s, to: gate}}
        components:
          gate: {kind: gateway, region: eu, routes: [{match: "/**", to: api}]}
          api: {kind: service, region: us, workers: 10, work: 10ms}
        events: [{at: 0s, partition: ENDS, one_way: true}]
        """
    served = {}
    for ends in ("us/eu", "eu/us"):
        story = play(text.replace("ENDS", ends), ann=[0.5])
        assert story.outcomes == ["timeout"]
        served[ends] = story.component("api")["served"]
    assert served == {"us/eu": 1, "eu/us": 0}


def test_a_partition_between_regions_leaves_each_side_to_itself(play):
    """Ann is served at home; what Ben asks needs the database beyond the cut, until it heals and TCP tries again."""
    story = play(TWO + "events: [{at: 0s, for: 10s, partition: us/eu}]", ann=[0.5], ben=[0.6])
    ann, ben = story.log
    assert ann == (0.5, 0.521, "ok")
    assert ben[1] > 10.0


# -- standby


ACTIVE_PASSIVE = """
    duration: 600s
    regions: {us: {}, eu: {role: standby, STANDBY}}
    network: {between: {us/eu: 40ms}}
    clients: {ann: {region: us, traffic: {rate: 20/s, arrivals: constant}, timeout: 500ms, to: front}}
    components:
      front: {kind: traffic_manager, to: api, health_check: {interval: 10s, timeout: 1s, unhealthy_after: 2}}
      api: {kind: service, regions: [us, eu], instances: 4, workers: 10, work: 1ms}
    events: [{at: 100s, region_down: us}]
    """


@pytest.mark.parametrize(
    ("standby", "takes", "running"),
    [
        pytest.param("standby: hot", 0.0, 4, id="hot"),
        pytest.param("standby: warm, warm_up: 30s", 30.0, 2, id="warm"),
        pytest.param("standby: warm, warm_up: 30s, capacity: 10%", 30.0, 1, id="warm, a tenth"),
        pytest.param("standby: cold, provision: 120s, warm_up: 30s", 150.0, 0, id="cold"),
    ],
)
def test_a_standby_takes_over_when_it_is_ready(play, standby, takes, running):
    """Until the detection nobody knows; then it takes as long as the standby needs. What it runs before costs money.

    A cold one is believed to be there only when a probe, of which there is one every 10 s, has found it.
    """
    story = play(ACTIVE_PASSIVE.replace("STANDBY", standby))
    detected = story.result.events[0].detected
    rows = story.result.requests
    first = rows["arrived"][(rows["outcome"] == 0) & (rows["arrived"] > 100.0)].min()
    until_probed = 10.0 if running == 0 else 0.0
    assert detected + takes - 0.001 <= first <= detected + takes + until_probed + 0.051
    samples = story.result.samples
    places = [number for number, (component, _) in enumerate(story.result.places) if component == "api@eu"]
    before = samples[(samples["t"] == 50.0) & np.isin(samples["place"], places)]
    assert before["up"].sum() == running


def test_a_standby_gets_nothing_while_the_active_region_is_well(play):
    story = play(ACTIVE_PASSIVE.replace("STANDBY", "standby: hot").replace("at: 100s", "at: 700s"))
    assert story.component("front")["to_eu"] == 0
    assert story.component("front")["to_us"] == len(story.log)


# -- how traffic returns


FLAPPING = """
    duration: 600s
    regions: {us: {}, eu: {}}
    network: {between: {us/eu: 40ms}}
    clients: {ann: {region: us, traffic: {rate: 20/s, arrivals: constant}, timeout: 500ms, to: front}}
    components:
      front:
        kind: traffic_manager
        to: api
        health_check: {interval: 2s, timeout: 1s, unhealthy_after: 2, healthy_after: 2}
        failback: HOW
      api: {kind: service, regions: [us, eu], workers: 10, work: 1ms}
    events:
      - {at: 100s, for: 20s, region_down: us}
      - {at: 140s, for: 20s, region_down: us}
      - {at: 180s, for: 20s, region_down: us}
      - {at: 500s, failback: us}
    """


def sent_home(story, since, until):
    """The share of the requests of a time that went to the region nearby."""
    rows = story.result.requests
    some = rows[(rows["arrived"] >= since) & (rows["arrived"] < until) & (rows["outcome"] == 0)]
    return float((some["network"] < 0.01).mean())


def failures(story):
    """How many requests went to a dead region."""
    return int((story.result.requests["outcome"] == 3).sum())


def test_a_region_that_is_well_again_gets_its_traffic_back_at_once(play):
    """Up at 120, 160 and 200 s; two good probes later Ann is back, and twice runs into the next failure."""
    story = play(FLAPPING.replace("HOW", "at_once"))
    assert sent_home(story, 126, 140) == sent_home(story, 166, 180) == sent_home(story, 206, 600) == 1.0
    assert failures(story) > 3 * 2 * 20


def test_hysteresis_keeps_traffic_away_from_a_flapping_region(play):
    """It has to stay well for a minute: only the first failure is felt."""
    story = play(FLAPPING.replace("HOW", "{how: at_once, after: 60s}"))
    assert sent_home(story, 106, 260) == 0.0
    assert sent_home(story, 267, 600) == 1.0
    assert failures(story) < 5 * 20


def test_a_gradual_return_grows_linearly(play):
    """Nothing at 200 s, everything 200 s later: in each half a quarter and three quarters of the traffic."""
    story = play(FLAPPING.replace("HOW", "{how: gradual, after: 60s, over: 200s}"))
    begun = next(r.when for r in story.result.reactions if r.what == "failback")
    assert 260.0 < begun < 267.0
    assert sent_home(story, begun, begun + 100) == pytest.approx(0.25, abs=0.04)
    assert sent_home(story, begun + 100, begun + 200) == pytest.approx(0.75, abs=0.04)
    assert sent_home(story, begun + 200, 600) == 1.0


def test_a_manual_return_waits_for_somebody_to_decide(play):
    story = play(FLAPPING.replace("HOW", "manual"))
    assert sent_home(story, 106, 500) == 0.0
    assert sent_home(story, 500, 600) == 1.0


def test_draining_a_region_loses_nothing(play):
    """From 100 s on everything goes elsewhere; what dies at 110 s has nobody left in it."""
    story = play(
        FLAPPING.replace("HOW", "at_once")
        .replace("- {at: 100s, for: 20s, region_down: us}", "- {at: 100s, for: 100s, drain: us}")
        .replace("- {at: 140s, for: 20s, region_down: us}", "- {at: 110s, for: 20s, region_down: us}")
        .replace("      - {at: 180s, for: 20s, region_down: us}\n", "")
    )
    assert set(story.outcomes) <= {"ok", "in_flight"}
    assert sent_home(story, 0, 100) == 1.0
    assert sent_home(story, 100, 200) == 0.0
    assert sent_home(story, 201, 600) == 1.0


def test_a_degraded_region_is_slow_and_looks_well(play):
    """A gray failure: three times the service time, and shallow checks see nothing."""
    story = play(
        FLAPPING.replace("HOW", "at_once")
        .replace("      - {at: 140s, for: 20s, region_down: us}\n      - {at: 180s, for: 20s, region_down: us}\n", "")
        .replace("region_down: us}", "degrade: us, factor: 3}")
    )
    rows = story.result.requests
    gray = (rows["arrived"] >= 100.0) & (rows["arrived"] < 120.0)
    assert rows["service"][gray] == pytest.approx(0.003)
    assert rows["service"][~gray & (rows["outcome"] == 0)] == pytest.approx(0.001)
    assert story.result.events[0].detected is None


# -- which region


STEERED = """
    duration: 200s
    regions: {us: {}, eu: {}}
    network: {between: {us/eu: 20ms}}
    clients: {ann: {region: us, traffic: {rate: 100/s}, to: front}}
    components:
      front: {kind: traffic_manager, to: api, OPTIONS}
      api: {kind: service, regions: [us, eu], workers: 100, steps: [{work: 1ms}, {call: db}]}
      db: {kind: external, region: eu, latency: 1ms}
    """


def test_weights_divide_the_traffic(play):
    front = play(STEERED.replace("OPTIONS", "steering: weighted, weights: {us: 3, eu: 1}")).component("front")
    total = front["to_us"] + front["to_eu"]
    assert front["to_us"] / total == pytest.approx(0.75, abs=4 * (0.75 * 0.25 / total) ** 0.5)


def test_what_has_no_weight_is_a_last_resort(play):
    """The us dies; then the others share its traffic, though nothing goes to them before."""
    story = play(
        """
        duration: 60s
        regions: {us: {}, eu: {}, asia: {}}
        network: {between: {us/eu: 40ms, us/asia: 60ms, eu/asia: 80ms}}
        clients: {ann: {region: us, traffic: {rate: 50/s}, timeout: 1s, to: front}}
        components:
          front:
            kind: traffic_manager
            steering: weighted
            weights: {eu: 0, asia: 0}
            health_check: {interval: 2s}
            to: api
          api: {kind: service, regions: [us, eu, asia], workers: 10, work: 1ms}
        events: [{at: 20s, region_down: us}]
        """
    )
    assert story.result.requests["network"][: 20 * 45].max() == 0.0
    eu, asia = story.component("front")["to_eu"], story.component("front")["to_asia"]
    assert eu / (eu + asia) == pytest.approx(0.5, abs=0.05)


def test_in_turn_means_half_each(play):
    front = play(STEERED.replace("OPTIONS", "steering: round_robin")).component("front")
    assert abs(front["to_us"] - front["to_eu"]) <= 1


def test_failover_uses_the_first_region_alone(play):
    front = play(STEERED.replace("OPTIONS", "steering: failover")).component("front")
    assert front["to_eu"] == 0


def test_the_nearest_region_is_not_the_fastest_if_the_data_is_elsewhere(play):
    """Near: 0 + 2 x 20 ms for each of two queries; far: 2 x 20 ms once, and the data at hand."""
    text = STEERED.replace("{call: db}]", "{call: db}, {call: db}]")
    near = play(text.replace("OPTIONS", "steering: geo"))
    fast = play(text.replace("OPTIONS", "steering: latency"))
    assert near.component("front")["to_eu"] == 0
    assert near.summary["latency_s"]["all"]["p50"] == pytest.approx(0.083, rel=0.02)
    assert fast.component("front")["to_eu"] > 0.9 * len(fast.log)
    assert fast.summary["latency_s"]["all"]["p50"] == pytest.approx(0.043, rel=0.02)


def test_what_is_more_than_a_region_takes_spills_over(play):
    """100 requests a second, of which the nearest region takes 60."""
    front = play(STEERED.replace("OPTIONS", "capacity: {us: 60/s}")).component("front")
    assert front["to_us"] == pytest.approx(60 * 200 + 60, rel=0.01)
    assert front["to_eu"] == pytest.approx(40 * 200 - 60, rel=0.05)


def test_dns_that_is_down_is_missed_only_when_records_run_out(play):
    """Records of 60 s, DNS away for 30 s: half of the resolvers ask in vain, and ask again after the negative TTL."""
    story = play(
        """
        duration: 200s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 20ms}}
        clients: {ann: {region: us, traffic: {rate: 1k/s}, to: names}}
        components:
          names: {kind: dns, ttl: 60s, resolvers: 500, negative_ttl: 5s, to: api}
          api: {kind: service, regions: [us, eu], workers: 10, work: 1ms}
        events: [{at: 100s, for: 30s, outage: names}]
        """
    )
    rows = story.result.requests
    refused = rows["arrived"][rows["outcome"] == 4]
    assert refused.min() >= 100.0
    assert refused.max() <= 135.0
    at_the_end = (rows["arrived"] >= 128.0) & (rows["arrived"] < 130.0)
    assert (rows["outcome"][at_the_end] == 4).mean() == pytest.approx(29 / 60, abs=0.1)


# -- data residency


RESIDENT = """
    duration: 10s
    regions: {us: {}, eu: {}}
    network: {between: {us/eu: 40ms}}
    clients:
      ann: {region: us, traffic: {replay: ann.csv}, to: api}
      eve: {region: us, home: eu, traffic: {replay: eve.csv}, to: api}
    components:
      api: {kind: service, regions: [us, eu], workers: 10, steps: [{work: 10ms}, {call: profiles}]}
      profiles: {kind: external, regions: [us, eu], latency: 5ms, resident: BY}
    """


def test_data_at_home_is_far_from_who_travels(play):
    """Both are in the us; Eve's data has to stay in the eu, and her request pays the distance."""
    story = play(RESIDENT.replace("BY", "client"), ann=[0], eve=[0.5])
    assert story.ends == [0.015, 0.595]


def test_keys_have_regions_of_their_own(play):
    """Of many keys about half is near and half is far; one key is always in the same place."""
    text = RESIDENT.replace("BY", "key").replace(
        "traffic: {replay: ann.csv}", "traffic: {rate: 200/s}, requests: [{send: GET /, key: {uniform: {items: 1000}}}]"
    )
    rows = play(text, eve=[0]).result.requests
    far = rows["network"][rows["client"] == 0] > 0.01
    assert 0.4 < far.mean() < 0.6
    one = play(text.replace("{uniform: {items: 1000}}", "7"), eve=[0]).result.requests
    assert len({round(float(seconds), 6) for seconds in one["network"][one["client"] == 0]}) == 1


# -- DNS policies, and what a traffic manager's own outage does


@pytest.mark.parametrize(
    ("policy", "share"),
    [
        pytest.param("steering: weighted, weights: {us: 3, eu: 1}", 0.75, id="weighted"),
        pytest.param("steering: round_robin", 0.5, id="in turn"),
        pytest.param("steering: geo", 1.0, id="geo"),
        pytest.param("steering: failover", 1.0, id="failover"),
        pytest.param("steering: latency", 0.0, id="latency"),
    ],
)
def test_dns_answers_by_its_policy(play, policy, share):
    """So many of the 200 resolvers get the nearby address; by latency none does, for the data is far from there."""
    text = STEERED.replace("{call: db}]", "{call: db}, {call: db}]").replace(
        "kind: traffic_manager", "kind: dns, ttl: 5s"
    )
    story = play(text.replace("OPTIONS", f"resolvers: 200, {policy}"))
    names = story.component("front")
    total = names["to_us"] + names["to_eu"]
    asked = names["lookups"]
    tolerance = 0.05 if share == 0.0 else 4 * (share * (1 - share) / asked) ** 0.5
    assert names["to_us"] / total == pytest.approx(share, abs=tolerance)


def test_failover_goes_to_the_next_in_order_and_not_to_the_nearest(play):
    """Ann is in asia; the order is us, eu, asia. When the us dies the eu is next, though asia is where she is."""
    story = play(
        """
        duration: 100s
        regions: {us: {}, eu: {}, asia: {}}
        network: {between: {us/eu: 40ms, us/asia: 60ms, eu/asia: 80ms}}
        clients: {ann: {region: asia, traffic: {rate: 20/s, arrivals: constant}, timeout: 500ms, to: front}}
        components:
          front: {kind: traffic_manager, to: api, steering: failover, health_check: {interval: 2s, timeout: 1s}}
          api: {kind: service, regions: [us, eu, asia], workers: 10, work: 1ms}
        events: [{at: 50s, region_down: us}]
        """
    )
    assert story.component("front")["to_asia"] == 0
    assert story.component("front")["to_eu"] > 20 * 40
    assert story.component("front")["to_us"] >= 20 * 50


def test_a_traffic_manager_that_is_out_refuses_everybody_at_once(play):
    """Nothing remembers an old answer: from 100 to 130 s every request is refused, before and after none."""
    story = play(STEERED.replace("OPTIONS", "steering: geo") + "events: [{at: 100s, for: 30s, outage: front}]\n")
    rows = story.result.requests
    out = (rows["arrived"] >= 100.0) & (rows["arrived"] < 130.0)
    assert set(rows["outcome"][out].tolist()) == {4}
    assert set(rows["outcome"][~out].tolist()) <= {0, 255}
