"""Law 3: a time-out stops the caller, not the server; abandoned work goes on and is counted as wasted."""

import pytest

IMPATIENT = """
    duration: 1s
    clients:
      hasty: {traffic: {replay: hasty.csv}, to: api, timeout: 50ms}
      patient: {traffic: {replay: patient.csv}, to: api}
    components: {api: {kind: service, work: 100ms}}
    """


def test_the_server_stays_busy_after_the_caller_has_gone(play):
    """The user leaves at 50 ms, the server works until 100 ms: a tenth of the second, all of it wasted."""
    story = play(
        """
        duration: 1s
        clients: {hasty: {traffic: {replay: hasty.csv}, to: api, timeout: 50ms}}
        components: {api: {kind: service, work: 100ms}}
        """,
        hasty=[0],
    )
    assert story.log == [(0.0, 0.05, "timeout")]
    assert story.component("api")["utilization"] == pytest.approx(0.1)
    assert story.component("api")["served"] == 1
    assert story.result.wasted_work == pytest.approx(0.1)
    assert story.result.useful_work == 0.0


def test_the_next_request_waits_behind_the_abandoned_one(play):
    """Sent at 60 ms, when nobody waits for the first any more, it is served from 100 ms on."""
    story = play(IMPATIENT, hasty=[0], patient=[0.06])
    assert story.log == [(0.0, 0.05, "timeout"), (0.06, 0.2, "ok")]
    assert story.ledger(1) == {"queue": 0.04, "service": 0.1}
    assert story.result.wasted_work == pytest.approx(0.1)
    assert story.result.useful_work == pytest.approx(0.1)


def test_a_request_that_was_abandoned_in_the_queue_is_served_all_the_same(play):
    """Two are given up at 50 ms, one in service and one in the queue: the third is served from 200 ms on."""
    story = play(IMPATIENT, hasty=[0, 0], patient=[0.06])
    assert story.log == [(0.0, 0.05, "timeout"), (0.0, 0.05, "timeout"), (0.06, 0.3, "ok")]
    assert story.result.wasted_work == pytest.approx(0.2)


def test_with_deadline_propagation_what_has_expired_in_the_queue_is_dropped(play):
    """The one in service goes on until 100 ms; the one in the queue is dropped then, and the third is next."""
    text = IMPATIENT.replace("work: 100ms", "work: 100ms, deadline_propagation: true")
    story = play(text, hasty=[0, 0], patient=[0.06])
    assert story.log == [(0.0, 0.05, "timeout"), (0.0, 0.05, "timeout"), (0.06, 0.2, "ok")]
    assert story.component("api")["expired"] == 1
    assert story.result.wasted_work == pytest.approx(0.1)


def test_dropping_the_expired_is_done_in_one_instant(play):
    """However many have expired, the first live one is served in the instant in which the worker is free."""
    text = IMPATIENT.replace("work: 100ms", "work: 100ms, deadline_propagation: true")
    story = play(text, hasty=[0] * 20, patient=[0.06])
    assert story.log[-1] == (0.06, 0.2, "ok")
    assert story.component("api")["expired"] == 19


def test_a_deadline_travels_along_the_calls(play):
    """The user waits 50 ms; behind the front, the back's queue drops what would come too late."""
    story = play(
        """
        duration: 1s
        clients: {hasty: {traffic: {replay: hasty.csv}, to: front, timeout: 50ms}}
        components:
          front: {kind: service, workers: 10, steps: [call: back]}
          back: {kind: service, work: 100ms, deadline_propagation: true}
        """,
        hasty=[0, 0, 0],
    )
    assert story.outcomes == ["timeout"] * 3
    assert story.component("back")["expired"] == 2
    assert story.result.wasted_work == pytest.approx(0.1)


def test_the_shortest_time_out_on_the_way_is_the_deadline(play):
    """A gateway that waits 30 ms stops waiting although the user would wait 50 ms; it answers with an error."""
    story = play(
        """
        duration: 1s
        network: {latency: 1ms}
        clients: {hasty: {traffic: {replay: hasty.csv}, to: gateway, timeout: 50ms}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: api, timeout: 30ms}]}
          api: {kind: service, work: 100ms}
        """,
        hasty=[0],
    )
    assert story.log == [(0.0, 0.032, "timeout")]
    assert story.component("api")["served"] == 1


def test_the_time_out_of_a_route_is_a_deadline_for_what_is_behind_it(play):
    """The gateway waits 30 ms: of two requests at once the second is dropped when its turn comes at 100 ms."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: gateway}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: api, timeout: 30ms}]}
          api: {kind: service, work: 100ms, deadline_propagation: true}
        """,
        user=[0, 0],
    )
    assert story.log == [(0.0, 0.03, "timeout")] * 2
    assert (story.component("api")["served"], story.component("api")["expired"]) == (1, 1)


def test_each_attempt_has_a_deadline_of_its_own(play):
    """Failed at 40 ms, tried again, in the queue from 60 ms: served at 115 ms, before it expires at 150 ms."""
    story = play(
        """
        duration: 1s
        network: {latency: 20ms}
        clients:
          patient: {traffic: {replay: patient.csv}, to: api}
          user: {traffic: {replay: user.csv}, to: api, timeout: 110ms, retry: {attempts: 2, on: 5xx}}
        components: {api: {kind: service, work: 5ms, deadline_propagation: true}}
        events: [{at: 10ms, errors: api, for: 20ms}, {at: 30ms, slow: api, factor: 16, for: 10ms}]
        """,
        patient=[0.015],
        user=[0],
    )
    assert story.log == [(0.0, 0.14, "ok"), (0.015, 0.135, "ok")]
    assert story.component("api")["expired"] == 0


def test_a_retry_after_a_time_out_doubles_the_work(play):
    """Each of two attempts is worked on to its end, and neither answer is used."""
    story = play(
        """
        duration: 1s
        clients: {hasty: {traffic: {replay: hasty.csv}, to: api, timeout: 50ms, retry: {attempts: 2, on: timeout}}}
        components: {api: {kind: service, workers: 2, work: 100ms}}
        """,
        hasty=[0],
    )
    assert story.log == [(0.0, 0.1, "timeout")]
    assert story.result.wasted_work == pytest.approx(0.2)
    assert story.component("api")["utilization"] == pytest.approx(0.2 / 2)


def test_work_behind_an_abandoned_call_is_wasted_too(play):
    """Front and database both finish what nobody waits for: 20 ms and 100 ms."""
    story = play(
        """
        duration: 1s
        clients: {hasty: {traffic: {replay: hasty.csv}, to: front, timeout: 50ms}}
        components:
          front: {kind: service, steps: [work: 20ms, call: db]}
          db: {kind: database, work: 100ms}
        """,
        hasty=[0],
    )
    assert story.result.wasted_work == pytest.approx(0.12)
    assert story.component("front")["utilization"] == pytest.approx(0.12)
