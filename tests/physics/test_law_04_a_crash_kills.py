"""Law 4: a crash kills what is in service and in the queue, and refuses until the restart; a hang says nothing."""

import pytest

from sim.metrics import components_timeline

CRASH = """
    duration: 2s
    network: {latency: 10ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components: {api: {kind: service, work: 100ms}}
    events: [{at: 50ms, crash: api, restart_after: 200ms}]
    """


def test_callers_of_what_was_in_service_and_in_the_queue_see_a_reset_one_way_later(play):
    """Both have arrived at 10 ms; the crash at 50 ms reaches their callers at 60 ms."""
    story = play(CRASH, user=[0, 0])
    assert story.log == [(0.0, 0.06, "reset"), (0.0, 0.06, "reset")]
    assert story.ledger(0) == {"network": 0.02, "service": 0.04}
    assert story.ledger(1) == {"network": 0.02, "queue": 0.04}
    assert story.component("api")["killed"] == 2
    assert story.result.events[0].lost == 2


def test_connections_are_refused_until_the_restart(play):
    """Down from 50 to 250 ms: what arrives in between is refused, one way there and one way back."""
    story = play(CRASH, user=[0.1, 0.239, 0.241])
    assert story.log == [(0.1, 0.12, "refused"), (0.239, 0.259, "refused"), (0.241, 0.361, "ok")]
    assert story.ledger(0) == {"network": 0.02}


def test_a_request_on_its_way_there_is_refused_and_an_answer_on_its_way_back_arrives(play):
    """At 50 ms one request is 5 ms away from the server and one answer 5 ms away from the user."""
    story = play(CRASH.replace("work: 100ms", "work: 25ms"), user=[0.01, 0.045])
    assert story.log == [(0.01, 0.055, "ok"), (0.045, 0.065, "refused")]


def test_the_queue_is_gone_after_the_restart(play):
    """What waited at the crash does not come back: after the restart whoever comes is served at once."""
    story = play(CRASH, user=[0] * 10 + [0.3, 0.5, 0.7])
    assert story.outcomes == ["reset"] * 10 + ["ok"] * 3
    assert story.ends[-3:] == [0.42, 0.62, 0.82]


def test_a_dead_server_is_not_busy(play):
    """Busy from 10 to 50 ms, down from 50 to 250 ms of 2 s: 40 ms of work in 1.8 s up."""
    assert play(CRASH, user=[0]).component("api")["utilization"] == pytest.approx(0.04 / 1.8)


def test_a_crash_without_restart_is_for_good(play):
    story = play(CRASH.replace(", restart_after: 200ms", ""), user=[0.3, 1.9])
    assert story.outcomes == ["refused", "refused"]
    assert story.result.events[0].end is None


def test_what_the_dead_instance_had_called_goes_on(play):
    """The query of a dead service runs on for 100 ms: it is wasted, and the next one waits for the connection."""
    story = play(
        """
        duration: 1s
        clients:
          user: {traffic: {replay: user.csv}, to: api}
          other: {traffic: {replay: other.csv}, to: report}
        components:
          api: {kind: service, steps: [call: db]}
          report: {kind: service, steps: [call: db]}
          db: {kind: database, connections: 1, work: 100ms}
        events: [{at: 50ms, crash: api}]
        """,
        user=[0],
        other=[0.06],
    )
    assert story.log == [(0.0, 0.05, "reset"), (0.06, 0.2, "ok")]
    assert story.ledger(1) == {"queue": 0.04, "service": 0.1}
    assert story.component("db")["served"] == 2
    assert story.result.wasted_work == pytest.approx(0.1)


def test_a_crash_of_one_instance_leaves_the_others_alone(play):
    """Of four requests, one on each instance, one is reset."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 4, work: 100ms}}
        events: [{at: 50ms, crash: "api[2]"}]
        """,
        user=[0, 0, 0, 0],
    )
    assert sorted(story.outcomes) == ["ok", "ok", "ok", "reset"]
    assert story.component("api")["instances"]["api[2]"]["served"] == 0


def test_a_number_of_instances_can_crash(play):
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 5, work: 100ms}}
        events: [{at: 50ms, crash: api, instances: 3}]
        """,
        user=[0] * 5,
    )
    assert sorted(story.outcomes) == ["ok"] * 2 + ["reset"] * 3


def test_of_several_crashes_each_kills_an_instance_that_is_up(play):
    """One of three dies at 50 ms, another one at 100 ms: of the requests at 200 ms only a third is served."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 3, work: 10ms}}
        events: [{at: 50ms, crash: api, instances: 1}, {at: 100ms, crash: api, instances: 1}]
        """,
        user=[0.06, 0.061, 0.062, 0.2, 0.201, 0.202],
    )
    assert sorted(story.outcomes[:3]) == ["ok", "ok", "refused"]
    assert sorted(story.outcomes[3:]) == ["ok", "refused", "refused"]


def test_the_crash_of_a_callee_is_an_error_of_its_caller_not_a_broken_connection(play):
    """The database dies; the service lives and answers 5xx, which the user sees as the outcome behind it."""
    story = play(
        """
        duration: 1s
        network: {latency: 10ms}
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [call: db]}
          db: {kind: database, work: 100ms}
        events: [{at: 50ms, crash: db}]
        """,
        user=[0, 0.1],
    )
    assert story.log == [(0.0, 0.07, "reset"), (0.1, 0.14, "refused")]
    assert story.component("api")["errors"] == 2
    assert story.component("api")["killed"] == 0


def test_of_the_work_on_a_request_only_what_was_done_where_it_was_killed_is_lost(play):
    """10 ms at the service, 20 ms at the database when it dies: the service answers, so that its own work was used."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [work: 10ms, call: db]}
          db: {kind: database, work: 100ms}
        events: [{at: 30ms, crash: db}]
        """,
        user=[0],
    )
    assert story.log == [(0.0, 0.03, "reset")]
    assert story.result.wasted_work == pytest.approx(0.02)
    assert story.result.useful_work == pytest.approx(0.01)


def test_a_restarted_instance_needs_its_startup_time(play):
    """Crash at 50 ms, restart after 200 ms, 300 ms until it listens: refused at 540 ms, served at 560 ms."""
    text = CRASH.replace("work: 100ms", "work: 100ms, startup: 300ms")
    story = play(text, user=[0.529, 0.541])
    assert story.outcomes == ["refused", "ok"]
    assert story.result.events[0].end == pytest.approx(0.55)


HANG = """
    duration: 2s
    network: {latency: 10ms}
    clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 150ms}}
    components: {api: {kind: service, work: 100ms}}
    events: [{at: 50ms, hang: api, for: 1s}]
    """


def test_of_a_hang_callers_see_only_their_own_time_out(play):
    """In service, in the queue, and sent during the hang: each of them waits out its 150 ms."""
    story = play(HANG, user=[0, 0, 0.3])
    assert story.log == [(0.0, 0.15, "timeout"), (0.0, 0.15, "timeout"), (0.3, 0.45, "timeout")]


def test_of_a_hang_callers_without_a_time_out_see_nothing_until_it_is_over(play):
    """The restart at 1.05 s resets what had been swallowed; the reset is back 10 ms later."""
    story = play(HANG.replace(", timeout: 150ms", ""), user=[0, 0.3, 1.1])
    assert story.log == [(0.0, 1.06, "reset"), (0.3, 1.06, "reset"), (1.1, 1.22, "ok")]


def test_a_hang_without_end_keeps_requests_in_flight(play):
    story = play(HANG.replace(", timeout: 150ms", "").replace(", for: 1s", ""), user=[0, 0.3])
    assert story.outcomes == ["in_flight", "in_flight"]


def test_the_ledger_of_a_hang_is_time_spent_at_the_server(play):
    """20 ms of network of which 10 have been travelled, and the rest of 150 ms waiting for an answer."""
    story = play(HANG, user=[0.3])
    assert story.ledger(0) == {"network": 0.01, "service": 0.14}


def outstanding(stage, text, moments, **logs):
    """What is outstanding at the server at some moments; and the most that ever was."""
    world = stage(text, **logs).world
    server, seen = world.components["api"].servers[0], []
    for moment in moments:
        world.env.run_until(moment)
        seen.append(server.outstanding)
    return seen, server.outstanding_max


def test_what_a_hung_server_has_swallowed_is_outstanding_until_it_is_restarted(stage):
    """In service, in the queue and two that come later; callers give up after 150 ms, and nobody tells the server.

    They arrive at 10, 10, 310 and 410 ms; it hangs from 50 ms to 1.05 s. The last one, at 1.11 s, is served in 100 ms.
    """
    moments = [0.005, 0.04, 0.06, 0.2, 0.32, 0.42, 1.04, 1.06, 1.15, 1.25]
    seen = outstanding(stage, HANG, moments, user=[0, 0, 0.3, 0.4, 1.1])
    assert seen == ([0, 2, 2, 2, 3, 4, 4, 0, 1, 0], 4)


def test_what_a_hung_server_has_swallowed_is_gone_when_it_crashes(stage):
    """Hung at 50 ms, killed at 500 ms: nothing is left inside, and nothing comes in."""
    text = HANG.replace("events: [", "events: [{at: 500ms, crash: api}, ")
    assert outstanding(stage, text, [0.06, 0.32, 0.49, 0.51, 1.5], user=[0, 0.3, 0.6]) == ([1, 2, 2, 0, 0], 2)


def test_a_second_in_which_a_server_hangs_shows_what_it_has_swallowed(play):
    """One from 10 ms and one from 510 ms on, none of which comes out before 2 s: 40 ms in work, then swallowed."""
    story = play(HANG.replace("for: 1s", "for: 1950ms").replace("duration: 2s", "duration: 3s"), user=[0, 0.5])
    rows = components_timeline(story.result)
    assert rows["outstanding"].tolist() == pytest.approx([0.99 + 0.49, 2.0, 0.0])
    assert rows["utilization"].tolist() == pytest.approx([0.04, 0.0, 0.0])
    assert rows["queue"].tolist() == [0.0, 0.0, 0.0]


def test_a_warm_up_that_ends_in_a_hang_forgets_nothing_that_is_inside(play):
    """Counting begins at 1 s, when two have been swallowed already."""
    story = play(HANG.replace("duration: 2s", "duration: 2s\n    warmup: 1s"), user=[0, 0.3])
    assert story.component("api")["instances"]["api"]["outstanding_max"] == 2
    assert components_timeline(story.result)["outstanding"].tolist() == pytest.approx([0.99 + 0.69, 2 * 0.05])


@pytest.mark.parametrize("other", ["{at: 70ms, hang: api, for: 300ms}", "{at: 20ms, hang: api, for: 300ms}"])
def test_a_hang_ends_when_the_last_of_those_that_overlap_does(play, other):
    """Hung until 1.05 s, although another hang of the same server is over before: the reset is back at 1.06 s."""
    text = HANG.replace(", timeout: 150ms", "").replace("events: [", f"events: [{other}, ")
    story = play(text, user=[0, 0.6, 1.1])
    assert story.log == [(0.0, 1.06, "reset"), (0.6, 1.06, "reset"), (1.1, 1.22, "ok")]


def test_the_end_of_a_hang_that_a_crash_has_ended_ends_no_later_hang(play):
    """Hung, crashed and restarted by 400 ms, hung again from 600 ms on: the first hang's end at 1.05 s says nothing."""
    text = HANG.replace(", timeout: 150ms", "").replace(
        "events: [", "events: [{at: 300ms, crash: api, restart_after: 100ms}, {at: 600ms, hang: api, for: 1s}, "
    )
    story = play(text, user=[0, 0.41, 0.7, 1.1])
    assert story.log == [(0.0, 0.31, "reset"), (0.41, 0.53, "ok"), (0.7, 1.61, "reset"), (1.1, 1.61, "reset")]


def test_two_hangs_that_overlap_are_one_long_one(play):
    """A second hang of a hung server changes nothing for those who wait."""
    text = HANG.replace("events: [", "events: [{at: 70ms, hang: api, for: 2s}, {at: 40ms, hang: api, for: 2s}, ")
    story = play(text, user=[0, 0.045, 0.3])
    assert story.outcomes == ["timeout"] * 3


def test_a_crash_ends_a_hang_and_is_not_undone_by_its_end(play):
    """Hung from 50 ms on, dead from 500 ms on: the end of the hang at 1.05 s does not bring it back."""
    text = HANG.replace(", timeout: 150ms", "").replace("events: [", "events: [{at: 500ms, crash: api}, ")
    story = play(text, user=[0, 0.6, 1.5])
    assert story.log == [(0.0, 0.51, "reset"), (0.6, 0.62, "refused"), (1.5, 1.52, "refused")]
