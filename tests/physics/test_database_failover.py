"""A database loses its primary, as time lines: who notices, who is promoted, what is lost, what a partition does."""

import pytest

WORLD = """
    duration: 120s
    regions: {{us: {{}}, eu: {{}}, ap: {{}}}}
    network: {{between: {{us/eu: 40ms, us/ap: 30ms, eu/ap: 70ms}}}}
    clients:
      us: {{region: us, to: db, timeout: 1s, traffic: {{rate: 20/s, arrivals: constant}}, requests: [send: POST /]}}
      eu: {{region: eu, to: db, timeout: 1s, traffic: {{rate: 10/s, arrivals: constant}}, requests: [send: POST /]}}
    components:
      db:
        kind: database
        primary: us
        replicas: [eu, ap]
        work: 10ms
        replication: {{lag: 500ms}}
        failover: {{detect: 10s, election: 5s}}
    events: [{{at: 30s, {event}}}]
    """
BEAT = 1.0
"""A heartbeat comes every second, a tenth of the time to detect, s."""

DARK = "for: 60s, region_down: us"
CUT = "for: 60s, partition: us"


def world(event, replication="{lag: 500ms}", failover="{detect: 10s, election: 5s}", replicas="[eu, ap]"):
    """The world, with an event at 30 s."""
    text = WORLD.format(event=event).replace("{lag: 500ms}", replication).replace("[eu, ap]", replicas)
    return text.replace("{detect: 10s, election: 5s}", failover)


def reactions(stage, text, until=120.0):
    """What was noticed and done: when, s, about which replica, and what."""
    assembly = stage(text)
    assembly.world.env.run_until(until)
    return [(round(r.when, 6), r.component, r.what) for r in assembly.world.recorder.reactions]


def accepted(story, client, since, until):
    """The writes of a client that were sent in a time, s, and accepted, as a share."""
    rows = story.result.requests
    mine = rows["client"] == story.result.clients.index(client)
    outcomes = rows["outcome"][mine & (rows["arrived"] >= since) & (rows["arrived"] < until)]
    return float((outcomes == 0).mean())


def event(story):
    """What the event cost."""
    return {key: story.summary["events"][0][key] for key in ("rto_s", "rpo_s", "writes_lost")}


def counted(story, counter):
    """A counter of each replica."""
    return [
        story.component(f"db@{name}")[counter] for name in ("us", "eu", "ap") if f"db@{name}" in story.result.components
    ]


# -- the primary dies


def test_a_dead_primary_is_missed_replaced_and_follows_when_it_is_back(stage):
    """Its last heartbeat comes a second or less before it dies; 10 s after that it is missed, 5 s later replaced."""
    missed, promoted, rejoined = reactions(stage, world(DARK))
    assert 39.0 < missed[0] <= 40.0
    assert promoted == (round(missed[0] + 5.0, 6), "db@eu", "promoted")
    assert 90.0 <= rejoined[0] < 91.0
    assert (missed[1:], rejoined[1:]) == (("db@us", "unhealthy"), ("db@us", "rejoined"))


def test_writes_are_accepted_again_when_the_primary_has_been_replaced(play):
    """From Europe, where nothing else is wrong; the recovery time ends with the first write at the new primary."""
    story = play(world(DARK))
    assert 14.0 < event(story)["rto_s"] <= 15.2
    assert [accepted(story, "eu", *span) for span in ((0, 29), (30.1, 43), (45.1, 118))] == [1.0, 0.0, 1.0]


def test_what_had_not_been_replicated_is_lost(play):
    """The writes of the last 500 ms: 30 a second of them, the oldest 500 ms old but for the time between two writes."""
    cost = event(play(world(DARK)))
    assert 14 <= cost["writes_lost"] <= 16
    assert 0.4 < cost["rpo_s"] <= 0.5


def test_losses_are_counted_where_the_writes_had_been_accepted(play):
    story = play(world(DARK))
    assert counted(story, "writes_lost") == [event(story)["writes_lost"], 0, 0]
    assert counted(story, "split_brain_writes") == [0, 0, 0]


def test_the_most_advanced_replica_is_promoted_unless_another_is_named(stage, play):
    """Asia is 10 ms nearer to the primary than Europe, so that it has the more."""
    unlagged = world(DARK, replication="{}")
    assert [what[1:] for what in reactions(stage, unlagged)][1] == ("db@ap", "promoted")
    named = world(DARK, replication="{}", failover="{detect: 10s, election: 5s, promote_to: eu}")
    assert [what[1:] for what in reactions(stage, named)][1] == ("db@eu", "promoted")
    assert event(play(unlagged))["writes_lost"] <= event(play(named))["writes_lost"]


def test_whoever_is_named_but_dead_is_passed_over(stage):
    text = world(DARK, failover="{detect: 10s, election: 5s, promote_to: eu}")
    text = text.replace("events: [", "events: [{at: 20s, for: 5m, crash: db@eu}, ").replace(
        "{detect", "{fencing: false, detect"
    )
    assert [what[1:] for what in reactions(stage, text)][1] == ("db@ap", "promoted")


def test_a_primary_that_is_back_in_time_is_not_replaced(stage, play):
    """A restart after 8 s is noticed by nobody; one after 12 s ends an election that is under way."""
    assert reactions(stage, world("for: 8s, crash: db@us")) == []
    missed = reactions(stage, world("for: 12s, crash: db@us"))
    assert [what for _, _, what in missed] == ["unhealthy"]
    story = play(world("for: 8s, crash: db@us"))
    assert event(story) == {"rto_s": pytest.approx(8.05, abs=0.06), "rpo_s": 0.0, "writes_lost": 0}
    assert accepted(story, "eu", 38.1, 118) == 1.0


def test_a_primary_that_hangs_is_replaced_too(stage):
    what = reactions(stage, world("for: 60s, hang: db@us"))
    assert [each[1:] for each in what] == [("db@us", "unhealthy"), ("db@eu", "promoted"), ("db@us", "rejoined")]


def test_without_failover_nobody_takes_over(stage, play):
    """Until the primary is back, its writes with it."""
    text = world(DARK).replace("failover: {detect: 10s, election: 5s}", "")
    assert reactions(stage, text) == []
    story = play(text)
    assert event(story) == {"rto_s": pytest.approx(60.05, abs=0.06), "rpo_s": 0.0, "writes_lost": 0}


def test_an_end_that_never_comes_is_no_recovery(play):
    text = world("region_down: us").replace("failover: {detect: 10s, election: 5s}", "")
    assert event(play(text))["rto_s"] is None


def test_a_new_primary_applies_first_what_it_has_received(stage):
    """One applier that takes 100 ms for each of 30 writes a second has 60 s worth of them waiting after 30 s."""
    text = world("region_down: us", replication="{apply: 100ms, appliers: 1}")
    missed, promoted = reactions(stage, text)
    assert promoted[0] - missed[0] == pytest.approx(5.0 + (90.0 - 30.0 - 15.0), abs=1.0)


def test_callers_learn_of_a_new_primary_after_a_while(play):
    """Meanwhile they go on calling the old one, who is not there."""
    text = world(DARK, failover="{detect: 10s, election: 5s, discovery: 20s}")
    story = play(text)
    assert 34.0 < event(story)["rto_s"] <= 35.2


def test_with_two_replicas_a_witness_has_the_casting_vote(stage):
    """The one that is left and the witness are two of three."""
    assert [each[1:] for each in reactions(stage, world("region_down: us", replicas="[eu]"))] == [
        ("db@us", "unhealthy"),
        ("db@eu", "promoted"),
    ]


def test_a_minority_elects_nobody(stage):
    """Two of three are dead."""
    text = world("region_down: us").replace("events: [", "events: [{at: 20s, crash: db@ap}, ")
    assert reactions(stage, text) == []


# -- synchronous replication


@pytest.mark.parametrize("mode", ["{mode: semi_sync, lag: 500ms}", "{mode: sync, quorum: 1}", "{mode: sync}"])
def test_what_has_been_acknowledged_by_others_is_not_lost(play, mode):
    """Whoever is promoted has received the most, and so has every write that was acknowledged."""
    text = world(DARK, replication=mode).replace("work: 10ms", "work: 10ms\n        connections: 50")
    cost = event(play(text))
    assert (cost["rpo_s"], cost["writes_lost"]) == (0.0, 0)


def test_without_a_quorum_writes_wait_and_then_are_refused(play):
    """Both replicas are away for a minute: what is sent meanwhile waits until they are missed, and is refused then."""
    text = world("for: 60s, outage: [db@eu, db@ap]", replication="{mode: semi_sync}", failover="{fencing: false}")
    story = play(text.replace("work: 10ms", "work: 10ms\n        connections: 1000"))
    rows = story.result.requests
    waiting = (rows["arrived"] > 30.1) & (rows["arrived"] < 38.0)
    refused = (rows["arrived"] > 40.1) & (rows["arrived"] < 89.0)
    assert set(rows["latency"][waiting].round(6)) == {1.0}
    assert float(rows["latency"][refused].max()) < 0.1
    assert counted(story, "writes_refused")[0] > refused.sum()
    assert accepted(story, "us", 91.5, 118) == 1.0
    assert event(story)["rto_s"] == pytest.approx(60.7, abs=0.7)
    assert event(story)["writes_lost"] == 0


# -- partitions


def test_with_fencing_the_majority_goes_on_and_the_old_primary_stops(play):
    """Cut off, it accepts writes for as long as its lease lasts, and refuses them for the rest of the minute."""
    story = play(world(CUT))
    assert [accepted(story, "us", *span) for span in ((30.1, 38.9), (40.1, 89.9), (91.2, 118))] == [1.0, 0.0, 1.0]
    assert [accepted(story, "eu", *span) for span in ((30.1, 43.9), (45.1, 118))] == [0.0, 1.0]
    assert counted(story, "split_brain_writes") == [0, 0, 0]
    assert 20 * 49 <= counted(story, "writes_refused")[0] <= 20 * 51 + 10 * 15


def test_what_a_fenced_primary_had_accepted_before_its_lease_ran_out_is_lost(play):
    """20 a second for 10 s, and 30 a second for the lag of 500 ms before the cut."""
    cost = event(play(world(CUT)))
    assert cost["writes_lost"] == pytest.approx(20 * 9.5 + 15, abs=12)
    assert cost["rpo_s"] == pytest.approx(10.0, abs=0.6)
    assert 14.0 < cost["rto_s"] <= 15.2


def test_without_fencing_both_sides_accept_writes_and_one_side_loses_them(play):
    """A minute of writes: from the promotion on they are a split brain, and all of them are lost when it heals."""
    story = play(world(CUT, failover="{detect: 10s, election: 5s, fencing: false}"))
    cost, split = event(story), counted(story, "split_brain_writes")
    assert [accepted(story, "us", *span) for span in ((30.1, 89.9), (91.2, 118))] == [1.0, 1.0]
    assert accepted(story, "eu", 45.1, 118) == 1.0
    assert split[0] == pytest.approx(20 * 45.5, abs=20)
    assert split[1:] == [0, 0]
    assert cost["writes_lost"] == counted(story, "writes_lost")[0] == pytest.approx(20 * 60.5 + 15, abs=25)
    assert cost["rpo_s"] == pytest.approx(61.0, abs=0.6)
    assert cost["rto_s"] == 0.0


def test_between_two_and_a_witness_a_partition_changes_nothing_with_fencing(stage, play):
    """The primary keeps the witness, and with it the majority; who is on the other side cannot write."""
    text = world("for: 60s, partition: us/eu", replicas="[eu]")
    assert reactions(stage, text) == []
    story = play(text)
    assert accepted(story, "us", 0, 118) == 1.0
    assert accepted(story, "eu", 31, 89) == 0.0
    assert event(story) == {"rto_s": 0.0, "rpo_s": 0.0, "writes_lost": 0}


def test_a_one_way_cut_fences_too(stage, play):
    """Heartbeats that are not answered are none: the lease is not renewed, although the primary hears the others."""
    text = world("for: 60s, partition: [us, eu], one_way: true").replace(
        "events: [", "events: [{at: 30s, for: 60s, partition: [us, ap], one_way: true}, "
    )
    assert [each[1:] for each in reactions(stage, text)][:2] == [("db@us", "unhealthy"), ("db@eu", "promoted")]
    assert counted(play(text), "split_brain_writes") == [0, 0, 0]


def test_a_partition_that_leaves_a_majority_with_the_primary_replaces_nobody(stage):
    """Europe alone misses it; without fencing it takes its place all the same."""
    cut = "for: 60s, partition: us/eu"
    assert reactions(stage, world(cut)) == []
    alone = reactions(stage, world(cut, failover="{detect: 10s, election: 5s, fencing: false}"))
    assert [each[1:] for each in alone][:2] == [("db@us", "unhealthy"), ("db@eu", "promoted")]


def test_readers_on_the_wrong_side_read_what_is_old(play):
    """The old primary does not see what is written elsewhere, and what it tells its readers grows older and older."""
    text = world(CUT).replace("requests: [send: POST /]}}\n      eu", "requests: [send: GET /]}}\n      eu")
    text = text.replace("20/s, arrivals: constant}, requests: [send: POST /]", "20/s, arrivals: constant}")
    story = play(text.replace("120s", "90s"))
    assert counted(story, "stale_reads")[0] == pytest.approx(20 * 45, abs=25)
    assert story.component("db@us")["stale_age_mean"] == pytest.approx(45 / 2, abs=1)


# -- promotions by hand


def test_a_planned_promotion_loses_nothing(play, stage):
    """The old primary accepts no more writes until the new one has all: for the lag of 500 ms and the time to apply."""
    ((when, *what),) = reactions(stage, world("promote: db@ap"))
    assert what == ["db@ap", "promoted"]
    assert when == pytest.approx(30.51, abs=0.06)
    story = play(world("promote: db@ap"))
    assert event(story) == {"rto_s": pytest.approx(0.55, abs=0.1), "rpo_s": 0.0, "writes_lost": 0}
    refused = counted(story, "writes_refused")
    assert refused[0] == pytest.approx(0.5 * 30, abs=3)
    assert accepted(story, "us", 30.7, 118) == 1.0
    assert counted(story, "writes")[2] == pytest.approx(30 * 89.4, abs=5)


def test_a_promotion_by_hand_when_the_primary_is_dead_takes_what_there_is(play):
    """Nobody takes over by itself; at 50 s somebody is told to. The old one, when it is back, gets no more writes."""
    text = world(DARK).replace("failover: {detect: 10s, election: 5s}", "")
    text = text.replace("events: [", "events: [{at: 50s, promote: db@eu}, ")
    story = play(text)
    down = story.summary["events"][1]
    assert down["rto_s"] == pytest.approx(20.1, abs=0.1)
    assert down["writes_lost"] == pytest.approx(15, abs=1)
    assert counted(story, "split_brain_writes")[0] == 0


def test_a_promotion_of_the_primary_or_of_the_dead_does_nothing(stage):
    assert reactions(stage, world("promote: db@us")) == []
    dead = world("promote: db@eu").replace("events: [", "events: [{at: 20s, crash: db@eu}, ")
    assert reactions(stage, dead) == []


def test_a_promotion_that_loses_touch_is_called_off(stage, play):
    """The link is cut while the old primary waits for the new one to catch up: it accepts writes again."""
    text = world("promote: db@eu").replace("events: [", "events: [{at: 30.2s, for: 5s, partition: us/eu}, ")
    assert reactions(stage, text) == []
    assert accepted(play(text), "us", 31.3, 118) == 1.0
