"""A queue as time lines: early answers, who gets which message when, and what becomes of those that fail."""

import pytest

from sim.metrics import ConservationError, summarize
from sim.metrics.messages import check_messages

WORLD = """
    duration: 60s
    clients: {{user: {{to: api, traffic: {{replay: user.csv}}}}}}
    components:
      api: {{kind: service, workers: 100, steps: [{publish}]}}
      jobs: {{kind: queue, consumers: {consumers}{queue}}}
      worker: {{kind: service, work: 1s{worker}}}
    {more}
    """


def world(queue="", worker="", publish="publish: jobs", more="", consumers="worker"):
    """The world: a service publishes every request, and one worker takes a second for each message."""
    return WORLD.format(
        queue=f", {queue}" if queue else "",
        worker=f", {worker}" if worker else "",
        publish=f"{{{publish}}}",
        consumers=consumers,
        more=more,
    )


class Note:
    """A step that writes down who comes by."""

    hop = None

    def __init__(self, log, word, env):
        self.log, self.word, self.env = log, word, env

    def run(self, request, server):
        """Notes it."""
        self.log.append((round(self.env.now, 9), self.word, server.name, request.kind.path))
        return None
        yield


@pytest.fixture
def watch(stage):
    """Runs a world to its end and tells when its workers began and finished which message."""

    def watch_(text, consumers=("worker",), **logs):
        world_, log = stage(text, **logs).world, []
        for name in consumers:
            for server in world_.components[name].servers:
                steps = server.program.always
                if not isinstance(steps[0], Note):
                    steps.insert(0, Note(log, "begins", world_.env))
                    steps.append(Note(log, "is done", world_.env))
        world_.env.run_until(60.0)
        check_messages("jobs", world_.components["jobs"].counters())
        return log

    return watch_


def messages(*times):
    """Requests for /a, /b, /c, …, at these times."""
    return [(time, f"GET /{letter}") for time, letter in zip(times, "abcdefghij", strict=False)]


def begins(log):
    """When which message began to be processed."""
    return [(when, what) for when, word, _, what in log if word == "begins"]


# -- an early answer


def test_a_request_is_answered_when_its_message_is_stored(play):
    """It goes 5 ms to the broker, which takes 3 ms, and back; the second of work comes later and is not waited for."""
    text = world("latency: 3ms", more="network: {between: {api/jobs: 5ms}}")
    story = play(text, user=messages(0.5, 1.0))
    assert story.log == [(0.5, 0.513, "ok"), (1.0, 1.013, "ok")]
    assert story.ledger() == {"network": 0.01, "service": 0.003}
    jobs = story.component("jobs")
    assert jobs["acknowledged"] == 2
    assert jobs["end_to_end_s"]["mean"] == pytest.approx((1.0 + 1.5) / 2)
    assert story.component("worker")["served"] == 2


def test_a_client_may_publish_itself(play):
    """As a gateway that is integrated with a queue: the answer is the broker's acknowledgement."""
    story = play(world().replace("to: api", "to: jobs"), user=messages(0.5))
    assert story.log == [(0.5, 0.5, "ok")]
    assert story.component("jobs")["acknowledged"] == 1


def test_messages_are_load_but_no_requests(play):
    """Two requests are offered; the worker serves two messages, and its work is used, not wasted."""
    story = play(world(), user=messages(0.5, 0.5))
    assert story.summary["requests"]["offered"] == 2
    assert story.component("worker")["offered"] == 2
    assert story.result.useful_work == pytest.approx(2.0)
    assert story.result.wasted_work == 0.0


def test_what_a_message_needs_does_not_depend_on_who_processes_it(play):
    """The same work whether one consumer does it or three, in a partition or not."""
    one, three, ordered = (
        play(
            world(queue, worker).replace("1s", "{exponential: 1s}"),
            user=messages(*[number / 10 for number in range(9)]),
        )
        for queue, worker in (("", ""), ("", "instances: 3"), ("partitions: 2", "instances: 3"))
    )
    assert three.result.useful_work == pytest.approx(one.result.useful_work)
    assert ordered.result.useful_work == pytest.approx(one.result.useful_work)


# -- who gets which message when


def test_a_free_worker_takes_the_next_message_in_the_same_instant(watch):
    log = watch(world(), user=messages(0.5, 0.6, 0.7))
    assert log == [
        (0.5, "begins", "worker", "/a"),
        (1.5, "is done", "worker", "/a"),
        (1.5, "begins", "worker", "/b"),
        (2.5, "is done", "worker", "/b"),
        (2.5, "begins", "worker", "/c"),
        (3.5, "is done", "worker", "/c"),
    ]


def test_whoever_is_free_gets_it(watch):
    """Not the next in a round: the slow instance is still busy when the fast one comes for the third and the fourth."""
    log = watch(world(worker="instances: 2, speed: [0.5, 2]"), user=messages(0.5, 0.5, 0.6, 0.7))
    assert [(when, who, what) for when, word, who, what in log if word == "begins"] == [
        (0.5, "worker[0]", "/a"),
        (0.5, "worker[1]", "/b"),
        (1.0, "worker[1]", "/c"),
        (1.5, "worker[1]", "/d"),
    ]


def test_an_acknowledgement_travels_before_the_next_message_comes(watch):
    """Back and forth takes 200 ms; with another message at hand (prefetch) the worker does not wait for it."""
    more = "network: {between: {jobs/worker: 100ms}}"
    one, two = (
        begins(watch(world(consumers=f"[{{service: worker, prefetch: {n}}}]", more=more), user=messages(*[0.5] * 4)))
        for n in (1, 2)
    )
    assert one == [(0.6, "/a"), (1.8, "/b"), (3.0, "/c"), (4.2, "/d")]
    assert two == [(0.6, "/a"), (1.6, "/b"), (2.6, "/c"), (3.6, "/d")]


def test_a_delayed_message_waits_in_the_queue(watch):
    log = watch(world(publish="publish: {to: jobs, delay: 10s}"), user=messages(0.5))
    assert begins(log) == [(10.5, "/a")]


def test_every_group_gets_each_message(play):
    """Two services: each processes all; the broker has published two messages, and delivered four."""
    text = world(consumers="[worker, audit]").replace("worker:", "audit: {kind: service, work: 2s}\n      worker:")
    story = play(text, user=messages(0.5, 0.5))
    jobs = story.component("jobs")
    assert (jobs["published"], jobs["delivered"], jobs["acknowledged"]) == (2, 4, 4)
    assert jobs["groups"]["audit"]["end_to_end_s"]["max"] == pytest.approx(4.0)
    assert jobs["groups"]["worker"]["end_to_end_s"]["max"] == pytest.approx(2.0)
    assert jobs["end_to_end_s"]["max"] == pytest.approx(4.0)


# -- partitions

KEYED = """
    duration: 30s
    clients:
      user: {{to: jobs, traffic: {{rate: 1/s, arrivals: constant}}, requests: [{{send: GET /, key: {key}}}]}}
    components:
      jobs: {{kind: queue, partitions: 4, consumers: worker}}
      worker: {{kind: service, instances: 4, work: 3s}}
    """


def test_messages_about_one_item_are_processed_one_after_the_other(play):
    """One a second comes, each takes three: four workers could do it, but all are about the same item."""
    same, different = (play(KEYED.format(key=key)).component("jobs") for key in ("7", "{uniform: 1000}"))
    assert same["acknowledged"] == 9
    assert same["depth"] == 20
    assert different["acknowledged"] > 20


def test_messages_about_no_item_go_to_each_partition_in_turn(play):
    """Without a key there is no order to keep, and all four workers are busy."""
    assert play(KEYED.format(key="7").replace(", key: 7", "")).component("jobs")["acknowledged"] == 27


def test_a_partition_waits_for_a_message_that_fails(watch):
    """In order: the second message waits until the first has been processed at its second try; without, it does not."""
    more = "events: [{at: 0s, for: 1s, errors: worker}]"
    text = world("backoff: 5s", more=more)
    assert begins(watch(text, user=messages(0.5, 2.0))) == [(2.0, "/b"), (5.5, "/a")]
    in_order = text.replace("backoff", "partitions: 1, backoff")
    assert begins(watch(in_order, user=messages(0.5, 2.0))) == [(5.5, "/a"), (6.5, "/b")]


# -- what fails is delivered again


def test_what_a_consumer_had_in_work_when_it_died_is_delivered_again(watch):
    """Killed at 1.0 s, half done; it is seen again 4 s after its first delivery, by a consumer that has restarted."""
    text = world("visibility_timeout: 4s", more="events: [{at: 1s, crash: worker, restart_after: 1s}]")
    log = watch(text, user=messages(0.5, 0.6))
    assert begins(log) == [(0.5, "/a"), (2.0, "/b"), (4.5, "/a")]


def test_a_dead_consumer_gets_no_messages(watch):
    """It does not ask for any: what comes while it is down is there when it is back, and the other works on."""
    text = world(worker="instances: 2", more="events: [{at: 0.1s, for: 9.9s, crash: 'worker[0]'}]")
    log = watch(text, user=messages(0.5, 0.5, 0.5))
    assert {who for _, _, who, _ in log} == {"worker[1]"}
    alone = world(more="events: [{at: 0.1s, for: 9.9s, crash: worker}]")
    assert begins(watch(alone, user=messages(0.5, 0.5))) == [(10.0, "/a"), (11.0, "/b")]


def test_a_consumer_that_hangs_keeps_what_it_has_until_it_is_seen_again(watch):
    text = world(
        "visibility_timeout: 5s", worker="instances: 2", more="events: [{at: 1s, for: 20s, hang: 'worker[0]'}]"
    )
    log = watch(text, user=messages(0.5, 2.0))
    assert log == [
        (0.5, "begins", "worker[0]", "/a"),
        (2.0, "begins", "worker[1]", "/b"),
        (3.0, "is done", "worker[1]", "/b"),
        (5.5, "begins", "worker[1]", "/a"),
        (6.5, "is done", "worker[1]", "/a"),
    ]


def test_a_slow_consumer_does_things_twice(play):
    """Ten times as slow, it takes 10 s; after 4 s the other one gets the message too, and is done at 5.5 s."""
    text = world("visibility_timeout: 4s", "instances: 2", more="events: [{at: 0s, slow: 'worker[0]', factor: 10}]")
    jobs = play(text, user=messages(0.5)).component("jobs")
    assert (jobs["delivered"], jobs["redelivered"], jobs["duplicates"], jobs["acknowledged"]) == (2, 1, 1, 1)
    assert jobs["end_to_end_s"]["max"] == pytest.approx(5.0)


def test_duplicates_are_wasted_work(play):
    text = world("visibility_timeout: 4s", "instances: 2", more="events: [{at: 0s, slow: 'worker[0]', factor: 10}]")
    result = play(text, user=messages(0.5)).result
    assert (result.useful_work, result.wasted_work) == (pytest.approx(1.0), pytest.approx(10.0))


def test_a_late_acknowledgement_takes_the_message_out_of_the_queue(watch):
    """It is about to be delivered again when the first consumer is done after all: then it is not."""
    text = world("visibility_timeout: 0.5s")
    assert begins(watch(text, user=messages(0.5, 0.6))) == [(0.5, "/a"), (1.5, "/b")]


@pytest.mark.parametrize(
    ("queue", "times"),
    [
        ("visibility_timeout: 4s", [0.5, 4.5, 8.5, 12.5]),
        ("visibility_timeout: 4s, backoff: 2s", [0.5, 3.5, 6.5, 9.5]),
        ("backoff: {base: 1s, factor: 3}", [0.5, 2.5, 6.5, 16.5]),
    ],
)
def test_when_a_failed_message_comes_again(watch, queue, times):
    """After its visibility time-out, or a pause after its consumer has answered with an error, the same or growing."""
    log = watch(world(f"{queue}, max_deliveries: 4", publish="publish: {to: jobs, poison: 100%}"), user=messages(0.5))
    assert [when for when, _ in begins(log)] == times


def test_a_message_that_always_fails_becomes_a_dead_letter(play):
    """Its work is done three times and for nothing; the message behind it waits for each of them."""
    text = world("max_deliveries: 3, backoff: 100ms", publish="publish: {to: jobs, poison: 100%}")
    story = play(text, user=messages(0.5))
    jobs = story.component("jobs")
    assert (jobs["delivered"], jobs["dead_letters"], jobs["acknowledged"], jobs["depth"]) == (3, 1, 0, 0)
    assert jobs["lag_max_s"] == pytest.approx(3.2)
    assert jobs["end_to_end_s"]["mean"] is None
    assert story.component("worker")["errors"] == 3
    assert story.result.wasted_work == pytest.approx(3.0)


def test_a_dead_letter_is_published_in_the_queue_for_those(watch):
    """Given up at 3.5 s, after two deliveries, a second of work each and a pause of one; 0.1 s away somebody looks."""
    text = world(
        "max_deliveries: 2, backoff: 1s, dead_letter_queue: dead",
        publish="publish: {to: jobs, poison: 100%}",
        more="network: {between: {jobs/dead: 100ms}}",
    )
    dead = "dead: {kind: queue, consumers: office}\n      office: {kind: service, work: 3s}\n      worker: {"
    log = watch(text.replace("worker: {", dead), consumers=("worker", "office"), user=messages(0.5))
    assert [(when, word, who) for when, word, who, _ in log if who == "office" or word == "begins"] == [
        (0.5, "begins", "worker"),
        (2.5, "begins", "worker"),
        (3.6, "begins", "office"),
        (6.6, "is done", "office"),
    ]


def test_a_dead_letter_that_its_queue_refuses_is_gone(play):
    """The queue for dead letters is down: nothing is ever published there, and the work was in vain."""
    text = world(
        "max_deliveries: 1, backoff: 1s, dead_letter_queue: dead",
        publish="publish: {to: jobs, poison: 100%}",
        more="events: [{at: 0s, for: 5s, broker_down: dead}]",
    )
    dead = "dead: {kind: queue, consumers: office}\n      office: {kind: service, work: 3s}\n      worker: {"
    story = play(text.replace("worker: {", dead), user=messages(0.5))
    assert (story.component("jobs")["dead_letters"], story.component("dead")["published"]) == (1, 0)
    assert (story.result.useful_work, story.result.wasted_work) == (0.0, pytest.approx(1.0))


def test_only_a_share_is_poison(play):
    text = world("max_deliveries: 1, backoff: 1s", worker="instances: 100", publish="publish: {to: jobs, poison: 20%}")
    text = text.replace("{replay: user.csv}", "{rate: 50/s}")
    jobs = play(text).component("jobs")
    assert jobs["dead_letters"] / jobs["published"] == pytest.approx(0.2, abs=0.03)


def test_at_most_once_nothing_is_delivered_again(play):
    """What the consumer had in work when it died is lost, and nothing is done twice."""
    text = world("delivery: at_most_once", more="events: [{at: 1s, crash: worker, restart_after: 1s}]")
    jobs = play(text, user=messages(0.5, 0.6)).component("jobs")
    assert (jobs["delivered"], jobs["acknowledged"], jobs["lost"]) == (2, 1, 1)


# -- a queue that is full

TIGHT = "size: 2, on_full: {}"


def test_a_full_queue_rejects(play):
    """One is being processed and two wait: the fourth is refused, and its request fails."""
    story = play(world(TIGHT.format("reject")), user=messages(0.5, 0.5, 0.5, 0.5, 2.0))
    assert story.outcomes == ["ok", "ok", "ok", "queue_full", "ok"]
    jobs = story.component("jobs")
    assert (jobs["published"], jobs["refused"], jobs["errors"], jobs["depth_max"]) == (4, 1, 0, 2)


def test_an_optional_message_that_is_refused_degrades_the_answer(play):
    text = world(TIGHT.format("reject"), publish="publish: {to: jobs, optional: true}")
    assert play(text, user=messages(0.5, 0.5, 0.5, 0.5)).outcomes == ["ok", "ok", "ok", "degraded"]


def test_a_full_queue_blocks_its_publishers(play):
    """The fourth waits until the first is done, and its worker with it; the fifth for the second."""
    story = play(world(TIGHT.format("block")), user=messages(0.5, 0.5, 0.5, 0.6, 0.7))
    assert story.ends == [0.5, 0.5, 0.5, 1.5, 2.5]
    assert story.ledger(4) == {"queue": 1.8}
    assert story.component("jobs")["depth_max"] == 2
    assert story.component("jobs")["queue_max"] == 2
    assert story.component("jobs")["acknowledged"] == 5


def test_a_blocked_publisher_that_is_gone_has_published_all_the_same(play):
    """Its client has given up, or it has died: what it has sent is stored when there is room."""
    text = world(TIGHT.format("block"))
    impatient = play(text.replace("user.csv}", "user.csv}, timeout: 200ms"), user=messages(*[0.5] * 4))
    assert impatient.outcomes == ["ok", "ok", "ok", "timeout"]
    killed = play(text + "events: [{at: 1s, crash: api, restart_after: 1s}]", user=messages(*[0.5] * 4))
    assert killed.outcomes == ["ok", "ok", "ok", "reset"]
    assert impatient.component("jobs")["acknowledged"] == killed.component("jobs")["acknowledged"] == 4


def test_a_blocked_publisher_sees_a_reset_when_the_broker_dies(play):
    """And its message was not stored."""
    text = world(TIGHT.format("block"), more="events: [{at: 1s, for: 1s, broker_down: jobs}]")
    story = play(text, user=messages(*[0.5] * 4))
    assert (story.ends[3], story.outcomes[3]) == (1.0, "reset")
    assert story.component("jobs")["published"] == 3
    assert story.ledger(3) == {"queue": 0.5}


def test_a_full_queue_sheds_the_oldest(watch, play):
    """For the fourth the second makes room, the oldest that nobody works on; no publisher hears of it."""
    text = world(TIGHT.format("shed"))
    assert begins(watch(text, user=messages(0.5, 0.5, 0.5, 0.6))) == [(0.5, "/a"), (1.5, "/c"), (2.5, "/d")]
    story = play(text, user=messages(0.5, 0.5, 0.5, 0.6))
    assert story.outcomes == ["ok"] * 4
    assert story.component("jobs")["shed"] == 1


def test_where_no_message_is_ready_the_oldest_that_waits_for_its_time_is_shed(watch):
    """Delayed, or to be tried again: it counts as waiting, and so it makes room like others."""
    delayed = world(TIGHT.format("shed"), publish="publish: {to: jobs, delay: 5s}")
    assert begins(watch(delayed, user=messages(0.5, 0.6, 0.7, 0.8))) == [(5.7, "/c"), (6.7, "/d")]
    failed = world(
        "size: 1, on_full: shed, backoff: 5s, max_deliveries: 2", publish="publish: {to: jobs, poison: 100%}"
    )
    assert begins(watch(failed, user=messages(0.5, 2.0))) == [(0.5, "/a"), (2.0, "/b"), (8.0, "/b")]


def test_blocked_publishers_come_in_one_by_one_for_every_group(watch):
    """The busy group has room for one at 5 s: the idle one, which takes that message at once, lets no second one in."""
    text = world(
        "size: 1, on_full: block", consumers="[worker, audit]", more="events: [{at: 0s, for: 5s, crash: audit}]"
    )
    text = text.replace("worker: {", "audit: {kind: service, work: 2s}\n      worker: {")
    log = watch(text, consumers=("audit",), user=messages(0.5, 0.6, 0.7, 0.8))
    assert begins(log) == [(5.0, "/a"), (7.0, "/b"), (9.0, "/c"), (11.0, "/d")]


def test_an_unbounded_queue_takes_everything(play):
    story = play(world("size: unbounded, visibility_timeout: 2h").replace("1s", "1h"), user=messages(*[0.5] * 9))
    assert story.outcomes == ["ok"] * 9
    jobs = story.component("jobs")
    assert (jobs["depth"], jobs["in_flight"]) == (8, 1)


# -- what is left over is told


def test_what_is_still_queued_at_the_end_is_told_with_its_age(play):
    """59.5 s for the oldest, which the consumer is still working on; the other waits."""
    text = world("visibility_timeout: 2h").replace("work: 1s", "work: 1h")
    jobs = play(text, user=messages(0.5, 10.0)).component("jobs")
    assert (jobs["depth"], jobs["in_flight"], jobs["oldest_s"]) == (1, 1, 59.5)
    assert jobs["lag_max_s"] == 59.5


def test_the_lag_is_the_age_of_the_oldest_message_that_is_not_acknowledged(play):
    """Three at once: the last is 3 s old when it is done."""
    story = play(world(), user=messages(0.5, 0.5, 0.5))
    names, series = story.result.series_names, story.result.series
    lag = {
        float(point["t"]): round(float(point["value"]), 9)
        for point in series
        if names[point["series"]] == ("jobs", "lag_s") and point["t"] < 6
    }
    assert lag == {1.0: 0.5, 2.0: 1.5, 3.0: 2.5, 4.0: 0.0, 5.0: 0.0}
    assert story.component("jobs")["lag_max_s"] == pytest.approx(3.0)


def test_after_warm_up_the_backlog_is_carried_over(play):
    """One of three messages was done before; times are of those that were published later."""
    text = world(more="warmup: 2s")
    jobs = play(text, user=messages(0.5, 0.5, 5.0)).component("jobs")
    assert (jobs["published"], jobs["acknowledged"]) == (1, 2)
    assert jobs["groups"]["worker"]["carried_over"] == 1
    assert jobs["end_to_end_s"]["max"] == pytest.approx(1.0)


def test_books_that_do_not_balance_are_found(play):
    """A message that is counted as done and is still there is one too many."""
    story = play(world(), user=messages(0.5))
    story.component("jobs")["groups"]["worker"]["depth"] += 1
    with pytest.raises(ConservationError, match="jobs had 1 messages for worker, and 2 are left or ended"):
        summarize(story.result)


# -- faults of the broker


def test_a_broker_that_is_down_refuses_and_delivers_nothing(watch, play):
    """What it has stored is there when it is back at 5 s."""
    text = world(more="events: [{at: 1s, for: 4s, broker_down: jobs}]")
    story = play(text, user=messages(0.5, 0.6, 2.0))
    assert story.outcomes == ["ok", "ok", "refused"]
    assert begins(watch(text, user=messages(0.5, 0.6, 2.0))) == [(0.5, "/a"), (5.0, "/b"), (30.5, "/a")]


def test_an_acknowledgement_that_a_broker_does_not_hear_makes_a_duplicate(play):
    """The message was done at 1.5 s, the broker was down until 5 s; at 10.5 s it is delivered again."""
    text = world("visibility_timeout: 10s", more="events: [{at: 1s, for: 4s, broker_down: jobs}]")
    jobs = play(text, user=messages(0.5)).component("jobs")
    assert (jobs["delivered"], jobs["duplicates"], jobs["acknowledged"]) == (2, 1, 1)
    assert jobs["end_to_end_s"]["max"] == pytest.approx(11.0)


def test_a_message_that_is_lost_when_it_is_published_is_missed_by_nobody(play):
    """The request succeeds, and nothing is ever done."""
    story = play(world(more="events: [{at: 0s, for: 1s, publish_lost: jobs}]"), user=messages(0.5, 2.0))
    assert story.outcomes == ["ok", "ok"]
    jobs = story.component("jobs")
    assert (jobs["published"], jobs["lost"], jobs["acknowledged"]) == (2, 1, 1)
    assert story.summary["events"][0]["lost"] == 1


def test_a_broker_that_hangs_answers_nobody(play):
    """The publisher gives up after a second; its message was never stored."""
    text = world(publish="publish: {to: jobs, timeout: 1s}", more="events: [{at: 1s, for: 4s, hang: jobs}]")
    story = play(text, user=messages(0.5, 2.0, 6.0))
    assert story.log == [(0.5, 0.5, "ok"), (2.0, 3.0, "timeout"), (6.0, 6.0, "ok")]
    assert story.component("jobs")["acknowledged"] == 2


def test_a_publish_that_is_tried_again_may_be_stored_twice(play):
    """The broker's answer takes 300 ms, the publisher waits for 200 ms and tries again: two messages."""
    text = world(
        publish="publish: {to: jobs, timeout: 200ms, retry: {attempts: 2}}",
        more="network: {between: {api/jobs: 150ms}}",
    )
    story = play(text, user=messages(0.5))
    assert story.outcomes == ["timeout"]
    assert story.component("jobs")["acknowledged"] == 2


def test_a_partition_between_broker_and_consumer_delays_what_is_on_its_way(watch):
    """TCP sends an acknowledgement of 1.001 s again until it gets through, 0.2, 0.6, 1.4 and 3.0 s later."""
    more = "network: {between: {jobs/worker: 1ms}}\n    events: [{at: 1s, for: 3s, partition: jobs/worker}]"
    assert begins(watch(world(more=more), user=messages(0.0, 2.0))) == [(0.001, "/a"), (4.003, "/b")]


# -- no recursion, no polling


def test_a_long_backlog_of_work_that_takes_no_time_is_worked_off_at_once(play):
    """Ten thousand messages in one instant: in a loop, not in as deep a recursion."""
    text = world("size: unbounded", more="events: [{at: 0s, for: 5s, crash: worker}]").replace("work: 1s", "work: 0s")
    story = play(text, user=[(0.5, "GET /a")] * 10_000)
    assert story.component("jobs")["acknowledged"] == 10_000
    assert story.component("jobs")["lag_max_s"] == 4.5


def test_an_idle_queue_costs_no_events(stage):
    """A minute in which nothing is published: nobody asks in vain."""
    world_ = stage(world(), user=[0.5]).world
    world_.env.run_until(10.0)
    before = world_.env.events
    world_.env.run_until(50.0)
    assert world_.env.events - before <= 1


def test_a_message_costs_one_event_for_each_wait(stage):
    """A second of work is one event; what the broker does at once costs none."""
    world_ = stage(world(), user=messages(0.5, 0.5, 0.5)).world
    world_.env.run_until(0.4)
    before = world_.env.events
    world_.env.run_until(10.0)
    assert world_.env.events - before <= 3 + 3 + 1


# -- regions

EVERYWHERE = """
    duration: 60s
    regions: {{us: {{}}, eu: {{}}}}
    network: {{between: {{us/eu: 40ms}}}}
    clients:
      user: {{region: eu, to: api, traffic: {{replay: user.csv}}}}
    components:
      api: {{kind: service, regions: [us, eu], workers: 100, steps: [{{publish: jobs}}]}}
      jobs: {{kind: queue, {place}, consumers: worker}}
      worker: {{kind: service, regions: [us, eu], work: 1s}}
    """


@pytest.mark.parametrize(
    ("place", "queue", "end"), [("regions: [us, eu]", "jobs@eu", 0.5), ("region: us", "jobs", 0.58)]
)
def test_a_queue_stands_in_a_region(play, place, queue, end):
    """A publisher in Europe goes to the queue there; to one in the US it pays the distance, and is consumed there."""
    story = play(EVERYWHERE.format(place=place), user=messages(0.5))
    assert story.ends == [end]
    assert story.component(queue)["acknowledged"] == 1
    assert story.component(queue)["end_to_end_s"]["max"] == pytest.approx(1.0)
