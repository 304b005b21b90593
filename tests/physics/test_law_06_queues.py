"""Law 6: queues are work-conserving and bounded; a freed worker takes the next request in the same instant."""

import numpy as np
import pytest

API = """
    duration: 10s
    clients: {{user: {{traffic: {{replay: user.csv}}, to: api}}}}
    components: {{api: {{kind: service, work: 10ms, {rest}}}}}
    """


def test_first_come_first_served(play):
    story = play(API.format(rest="workers: 1"), user=[0, 0.001, 0.002])
    assert story.ends == [0.01, 0.02, 0.03]


def test_last_come_first_served(play):
    """While the first is served two more come: the later one is next."""
    story = play(API.format(rest="workers: 1, order: lifo"), user=[0, 0.001, 0.002])
    assert story.ends == [0.01, 0.03, 0.02]


def test_several_workers_share_one_queue(play):
    story = play(API.format(rest="workers: 2"), user=[0, 0.001, 0.002, 0.003, 0.004])
    assert story.ends == [0.01, 0.011, 0.02, 0.021, 0.03]


@pytest.mark.parametrize(("order", "ends"), [("fifo", [0.01, 0.02, 0.03]), ("lifo", [0.01, 0.03, 0.02])])
def test_who_is_cancelled_while_waiting_is_passed_over(stage, order, ends):
    """Of four that come within 3 ms the third is cancelled at 5 ms: the others are served as if it had never come."""
    assembly = stage(API.format(rest=f"workers: 1, order: {order}"), user=[0, 0.001, 0.002, 0.003])
    world = assembly.world
    world.env.run_until(0.005)
    (server,) = world.components["api"].servers
    assert server.waiting == 3
    world.recorder.flying[2].flow.cancel()
    assert server.waiting == 2
    world.env.run_until(1.0)
    rows = world.recorder.rows()
    assert (rows["arrived"] + rows["latency"])[[0, 1, 3]] == pytest.approx(ends)
    assert (server.busy, server.waiting) == (0, 0)


@pytest.mark.parametrize(("workers", "queue"), [(1, 0), (1, 1), (2, 3), (3, 0), (5, 20)])
def test_one_more_than_workers_and_queue_is_refused(play, workers, queue):
    """Of simultaneous requests exactly so many are taken; the next is refused at once, and costs nothing."""
    places = workers + queue
    story = play(API.format(rest=f"workers: {workers}, queue: {queue}"), user=[0] * (places + 2))
    assert story.outcomes == ["ok"] * places + ["queue_full"] * 2
    assert story.ends[-2:] == [0.0, 0.0]
    assert story.component("api")["refused"] == 2
    assert story.component("api")["queue_max"] == queue


def test_a_place_that_becomes_free_can_be_taken_at_once(play):
    """One worker, one place: at 10 ms the first is done, the second moves up, and a third may wait."""
    story = play(API.format(rest="workers: 1, queue: 1"), user=[0, 0.005, 0.0099, 0.0101])
    assert story.log == [
        (0.0, 0.01, "ok"),
        (0.005, 0.02, "ok"),
        (0.0099, 0.0099, "queue_full"),
        (0.0101, 0.03, "ok"),
    ]


def test_an_unbounded_queue_refuses_nobody(play):
    story = play(API.format(rest="queue: unbounded"), user=[0] * 900)
    assert story.outcomes == ["ok"] * 900
    assert story.ends == pytest.approx([0.01 * (n + 1) for n in range(900)], abs=1e-9)


def test_the_default_queue_holds_a_thousand(play):
    story = play(API.format(rest="workers: 1").replace("10s", "20s"), user=[0] * 1002)
    assert story.outcomes == ["ok"] * 1001 + ["queue_full"]


@pytest.mark.parametrize("order", ["fifo", "lifo"])
@pytest.mark.parametrize("workers", [1, 3])
def test_no_worker_idles_while_somebody_waits(play, workers, order):
    """Sixty requests at once keep all workers busy from the first instant to the last: 100 %."""
    text = API.format(rest=f"workers: {workers}, order: {order}").replace("10s", f"{600 // workers}ms")
    assert play(text, user=[0] * 60).component("api")["utilization"] == pytest.approx(1.0, abs=1e-9)


def test_times_that_fit_no_grid_are_exact(play):
    """Nothing polls: a queue of requests of 3.7 ms each moves at multiples of 3.7 ms."""
    text = API.format(rest="workers: 1").replace("10ms", "3.7ms")
    assert play(text, user=[0] * 50).ends == pytest.approx([0.0037 * (n + 1) for n in range(50)], abs=1e-9)


def test_an_idle_worker_takes_a_request_at_once(play):
    story = play(API.format(rest="workers: 1"), user=[0, 0.5, 0.777])
    assert story.ends == [0.01, 0.51, 0.787]
    assert story.component("api")["queue_max"] == 0


def test_a_worker_is_held_while_it_waits_for_a_call(play):
    """Two requests, one worker: the second goes to the database only when the first is answered."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, steps: [work: 10ms, call: db, work: 10ms]}
          db: {kind: database, connections: 10, work: 30ms}
        """,
        user=[0, 0],
    )
    assert story.ends == [0.05, 0.1]
    assert story.component("api")["utilization"] == pytest.approx(0.1)
    assert story.component("db")["utilization"] == pytest.approx(0.06 / 10)


def test_a_pool_runs_no_more_queries_than_it_has_connections(play):
    """Ten queries at once over three connections: 3, 3, 3 and 1."""
    story = play(
        """
        duration: 1s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components:
          api: {kind: service, workers: 20, steps: [call: db]}
          db: {kind: database, connections: 3, work: 10ms}
        """,
        user=[0] * 10,
    )
    assert story.ends == [0.01] * 3 + [0.02] * 3 + [0.03] * 3 + [0.04]
    assert story.component("db")["queue_max"] == 7
    assert story.component("db")["utilization"] == pytest.approx(0.1 / 3)


def test_the_mean_queue_is_its_time_average(play):
    """Four requests at once: three wait for 10 ms, two for 10 ms, one for 10 ms, over 10 s."""
    story = play(API.format(rest="workers: 1"), user=[0] * 4)
    assert story.component("api")["queue_mean"] == pytest.approx(0.06 / 10)
    assert story.component("api")["utilization"] == pytest.approx(0.04 / 10)


def test_waiting_time_follows_lindleys_recursion(play):
    """With one worker, w(n+1) = max(0, w(n) + service - gap): checked on Poisson arrivals (Lindley, 1952)."""
    story = play(
        """
        duration: 20s
        clients: {user: {traffic: {rate: 80/s}, to: api}}
        components: {api: {kind: service, work: {exponential: 10ms}, queue: unbounded}}
        """
    )
    rows = story.result.requests
    rows = rows[rows["latency"] > 0.0]
    wait = 0.0
    for n in range(len(rows)):
        assert rows["queue"][n] == pytest.approx(wait, abs=1e-9)
        if n + 1 < len(rows):
            wait = max(0.0, wait + rows["service"][n] - (rows["arrived"][n + 1] - rows["arrived"][n]))
    assert np.count_nonzero(rows["queue"]) > 100


def test_the_speed_of_an_instance_divides_its_service_times(play):
    story = play(
        """
        duration: 10s
        clients: {user: {traffic: {replay: user.csv}, to: api}}
        components: {api: {kind: service, instances: 2, speed: [1, 0.5], work: 10ms}}
        """,
        user=[0, 0],
    )
    assert sorted(story.ends) == [0.01, 0.02]
