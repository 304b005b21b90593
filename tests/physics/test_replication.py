"""A primary and its replicas as time lines: who answers what, what a write waits for, and what readers do not see."""

import pytest

from sim.components import Replica
from sim.components.database import Database

WORLD = """
    duration: 60s
    regions: {{us: {{}}, eu: {{}}, ap: {{}}}}
    network: {{between: {{us/eu: 40ms, us/ap: 30ms, eu/ap: 70ms}}}}
    clients:
      home: {{region: us, to: db, traffic: {{replay: home.csv}}}}
      far: {{region: eu, to: db, traffic: {{replay: far.csv}}}}
    components:
      db: {{kind: database, primary: us, replicas: [eu, ap], work: 10ms{more}}}
    """
NOBODY = [0.0]
"""What a client sends that does not matter."""


def world(more: str = "") -> str:
    """The world, with something more said of the database."""
    return WORLD.format(more=f", {more}" if more else "")


def counted(story, counter):
    """A counter of each replica."""
    return {name: story.component(f"db@{name}")[counter] for name in ("us", "eu", "ap")}


def ends(story, client):
    """When the requests of a client were answered, s, in the order in which they were sent."""
    rows = story.result.requests
    mine = rows[rows["client"] == story.result.clients.index(client)]
    return [round(float(end), 9) for end in mine["arrived"] + mine["latency"]]


def write(*times):
    """Writes at these times."""
    return [(time, "POST /") for time in times]


# -- who answers


def test_reads_are_answered_nearby_and_writes_by_the_primary(play):
    """The reader in Europe is answered in Europe; its write crosses the ocean and comes back."""
    story = play(world(), home=[0.1], far=[0.1, (0.5, "POST /")])
    assert story.log == [(0.1, 0.11, "ok"), (0.1, 0.11, "ok"), (0.5, 0.59, "ok")]
    assert counted(story, "reads") == {"us": 1, "eu": 1, "ap": 0}
    assert counted(story, "writes") == {"us": 1, "eu": 0, "ap": 0}


@pytest.mark.parametrize(
    ("read_from", "home", "far"),
    [("nearest", 0.01, 0.01), ("primary", 0.01, 0.09), ("replicas", 0.07, 0.01)],
)
def test_who_is_read_from(play, read_from, home, far):
    """The nearest of all; the primary; or the nearest that is not the primary, which is then spared."""
    story = play(world(f"read_from: {read_from}"), home=[0.1], far=[0.1])
    assert [round(end - 0.1, 9) for end in story.ends] == [home, far]


def test_a_replica_that_refuses_connections_is_not_read_from(play):
    """Whoever has crashed has closed its connections, and the next one is asked: from Europe the one in the US."""
    story = play(world() + "events: [{at: 1s, for: 1s, crash: db@eu}]", home=NOBODY, far=[0.5, 1.5, 2.5])
    assert ends(story, "far") == [0.51, 1.59, 2.51]


def test_what_a_request_needs_does_not_depend_on_who_answers(play):
    """The same request has the same service time at every replica, and at the database without any."""
    near, far, plain = (
        world(),
        world("read_from: primary"),
        world().replace("primary: us, replicas: [eu, ap]", "region: eu"),
    )
    here, there, alone = (
        ends(play(text.replace("10ms", "{exponential: 10ms}"), home=NOBODY, far=[0.1, 0.2, 0.3, 0.4]), "far")
        for text in (near, far, plain)
    )
    assert here == alone
    assert there == pytest.approx([end + 0.08 for end in here])


def test_a_database_without_replicas_is_what_it_was(stage):
    """Of the same class, behind the same edge."""
    world_ = stage(
        """
        duration: 1s
        clients: {user: {traffic: {rate: 1/s}, to: db}}
        components: {db: {kind: database, work: 1ms}}
        """
    ).world
    assert type(world_.components["db"]) is Database
    assert type(world_.clients["user"]._entrance).__name__ == "Edge"


# -- what a write waits for


@pytest.mark.parametrize(
    ("replication", "end"),
    [
        ("{}", 0.11),
        ("{mode: semi_sync}", 0.17),
        ("{mode: semi_sync, quorum: 2}", 0.19),
        ("{mode: sync, quorum: 1}", 0.18),
        ("{mode: sync}", 0.2),
        ("{mode: sync, apply: 1ms}", 0.191),
        ("{mode: semi_sync, lag: 100ms}", 0.24),
    ],
)
def test_what_a_write_waits_for(play, replication, end):
    """Done after 10 ms, it crosses 30 ms to Asia and 40 ms to Europe and back, and is applied there in 10 ms more."""
    story = play(world(f"replication: {replication}"), home=write(0.1), far=NOBODY)
    assert ends(story, "home") == [end]


def test_a_write_that_waits_holds_its_connection(play):
    """With one connection the second write begins when the first has been acknowledged, 80 ms after its commit."""
    story = play(world("connections: 1, replication: {mode: semi_sync, quorum: 2}"), home=write(0.1, 0.1), far=NOBODY)
    assert ends(story, "home") == [0.19, 0.28]
    assert story.ledger(2) == {"queue": 0.17, "service": 0.01}


def test_more_latency_makes_synchronous_writes_slower(play):
    events = "events: [{at: 1s, latency: db@ap, add: 100ms}, {at: 1s, latency: db@eu, add: 100ms}]"
    story = play(world("replication: {mode: semi_sync}") + events, home=write(0.5, 1.5), far=NOBODY)
    assert ends(story, "home") == [0.57, 1.77]


def test_writes_are_transferred_one_after_the_other(play):
    """A megabyte takes a second on a link of a megabyte per second; the second write waits for the first."""
    story = play(
        """
        duration: 10s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 0s}, bandwidth: 8Mbit/s}
        clients:
          ann: &writer
            {region: us, to: db, network: {latency: 0s}, traffic: {users: 1}, requests: [{send: POST /, size: 1MB}]}
          ben: *writer
        components:
          db: {kind: database, primary: us, replicas: [eu], work: 10ms, replication: {mode: semi_sync}}
        """
    )
    assert sorted(story.ends)[:4] == pytest.approx([1.01, 2.01, 3.01, 4.01])


# -- what readers do not see


def test_a_read_is_stale_until_the_write_has_been_applied(play):
    """Committed at 110 ms, a write is in Europe 40 ms later and applied in 10 ms; the primary is never stale."""
    story = play(world(), home=[*write(0.1), 0.12], far=[0.105, 0.12, 0.155, 0.165])
    assert counted(story, "stale_reads") == {"us": 0, "eu": 2, "ap": 0}
    assert story.component("db@eu")["stale_age_mean"] == pytest.approx((0.01 + 0.045) / 2)


def test_only_the_item_that_was_written_is_stale(play):
    """Of two readers, one reads what is being written all the time and the other something else."""
    text = """
        duration: 10s
        regions: {us: {}, eu: {}}
        network: {between: {us/eu: 40ms}}
        clients:
          writer: {region: us, to: db, traffic: {rate: 100/s}, requests: [{send: POST /, key: 7}]}
          same: {region: eu, to: db, traffic: {rate: 10/s, arrivals: constant}, requests: [{send: GET /, key: 7}]}
          other: {region: eu, to: db, traffic: {rate: 10/s, arrivals: constant}, requests: [{send: GET /, key: 8}]}
        components: {db: {kind: database, primary: us, replicas: [eu], work: 1ms}}
        """
    both = play(text).component("db@eu")["stale_reads"]
    other = play(text.replace("key: 7}]}\n          other", "key: 8}]}\n          other")).component("db@eu")
    assert 90 <= both <= 100
    assert other["stale_reads"] == 0


def test_a_lag_makes_writes_arrive_late_and_in_order(play):
    """300 ms after their commit, however near the replica is."""
    story = play(world("replication: {lag: 300ms}"), home=write(0.1, 0.2), far=[0.15, 0.25, 0.35, 0.45, 0.525])
    assert counted(story, "stale_reads")["eu"] == 4
    assert story.component("db@eu")["stale_age_mean"] == pytest.approx((0.04 + 0.14 + 0.24 + 0.24) / 4)


def test_a_reader_of_its_own_writes_waits_for_them(play):
    """The write of 0.1 s is applied in Europe at 0.39 + 0.04 + 0.01 s; who has not written does not wait."""
    text = world("replication: {lag: 200ms}, read_your_writes: true")
    story = play(text, home=write(0.1), far=[(0.1, "POST /"), 0.25, 0.5])
    assert [end for start, end, _ in story.log if start == 0.25] == [0.37]
    assert [end for start, end, _ in story.log if start == 0.5] == [0.51]
    assert story.component("db@eu")["unseen_own_writes"] == 0
    careless = play(text.replace("true", "false"), home=write(0.1), far=[(0.1, "POST /"), 0.25, 0.5])
    assert [end for start, end, _ in careless.log if start == 0.25] == [0.26]
    assert careless.component("db@eu")["unseen_own_writes"] == 1


def test_sessions_are_those_of_single_callers(play):
    """Of two callers at one client the one that has written waits."""
    text = world("replication: {lag: 200ms}, read_your_writes: true")
    story = play(text, home=NOBODY, far=[(0.1, "POST /", "ann"), (0.25, "GET /", "ann"), (0.25, "GET /", "bob")])
    assert ends(story, "far") == [0.19, 0.37, 0.26]


# -- replication is load


@pytest.mark.parametrize(("replication", "busy"), [("{}", 0.5), ("{apply: 2ms}", 0.1)])
def test_a_replica_works_for_every_write(play, replication, busy):
    """50 writes a second keep the primary's connection busy for half of the time, and a replica's as `apply` says."""
    text = world(f"connections: 1, replication: {replication}")
    story = play(text.replace("{replay: home.csv}", "{rate: 50/s}, requests: [send: POST /]"), far=NOBODY)
    assert story.component("db@us")["utilization"] == pytest.approx(0.5, rel=0.05)
    assert story.component("db@eu")["utilization"] == pytest.approx(busy, rel=0.05)
    assert counted(story, "served") == {"us": story.component("db@us")["writes"], "eu": 1, "ap": 0}


def test_a_busy_replica_lags(play):
    """An earlier read keeps its one connection until 0.24 s: the write that comes at 0.15 s waits for it."""
    text = world("connections: 1, replication: {apply: 10ms}").replace("work: 10ms", "work: 100ms")
    story = play(text, home=write(0.01), far=[0.14, 0.23, 0.245])
    assert ends(story, "far") == [0.24, 0.35, 0.45]
    assert counted(story, "stale_reads")["eu"] == 1


def test_appliers_limit_how_fast_a_replica_is(play):
    """Three writes at once take 30 ms one by one, 20 ms with two appliers, and 10 ms if nothing limits them."""
    for appliers, until in ((1, 0.18), (2, 0.17), (None, 0.16)):
        text = world("" if appliers is None else f"replication: {{appliers: {appliers}}}")
        story = play(text, home=write(0.1, 0.1, 0.1), far=[until - 0.001, until + 0.001])
        assert counted(story, "stale_reads")["eu"] == 1


def test_a_replica_with_a_full_queue_applies_later(play):
    """It is tried again every 10 ms: two readers are served before, and the third sees it."""
    text = world("connections: 1, queue: 1, replication: {apply: 1ms}").replace("work: 10ms", "work: 100ms")
    story = play(text, home=write(0.0), far=[0.05, 0.05, 0.35])
    assert ends(story, "far") == [0.15, 0.25, 0.45]
    assert counted(story, "stale_reads")["eu"] == 1


def test_what_is_kept_of_each_replica(play):
    """Once a second how far it is behind, and who is the primary."""
    text = world("replication: {lag: 1900ms}").replace("60s", "5s")
    story = play(text, home=write(0.49, 2.99), far=NOBODY)
    names, rows = story.result.series_names, story.result.series
    line = {
        name: [round(value, 9) for value in rows["value"][rows["series"] == number].tolist()]
        for number, name in enumerate(names)
    }
    assert line["db@eu", "replication_lag"] == [0.5, 1.5, 0.0, 1.0, 0.0]
    assert line["db@us", "replication_lag"] == [0.0] * 5
    assert [line[f"db@{name}", "primary"] for name in ("us", "eu", "ap")] == [[1.0] * 5, [0.0] * 5, [0.0] * 5]


def test_a_replica_that_was_away_catches_up(stage):
    """What has been written meanwhile is sent when it is back."""
    assembly = stage(world() + "events: [{at: 1s, for: 2s, crash: db@eu}]", home=write(0.5, 1.5, 2.5), far=NOBODY)
    replica, env = assembly.world.components["db@eu"], assembly.world.env
    assert isinstance(replica, Replica)
    seen = []
    for moment in (0.9, 2.9, 3.03, 3.045, 3.06):
        env.run_until(moment)
        seen.append((replica.received, replica.applier.applied))
    assert seen == [(1, 1), (1, 1), (1, 1), (3, 1), (3, 3)]


def test_a_cut_link_stops_replication_and_nothing_else(stage):
    """For as long as the partition lasts; then all that was written comes at once."""
    text = world() + "events: [{at: 1s, for: 10s, partition: [db@us, db@eu]}]"
    assembly = stage(text, home=write(0.5, 1.5, 2.5), far=NOBODY)
    env, parts = assembly.world.env, [assembly.world.components[f"db@{name}"] for name in ("eu", "ap")]
    seen = []
    for moment in (0.9, 10.9, 11.03, 11.05):
        env.run_until(moment)
        seen.append([part.received for part in parts])
    assert seen == [[1, 1], [1, 3], [1, 3], [3, 3]]
