"""Links: latency, jitter, loss as TCP shows it, partitions that heal, and the faults that touch them."""

import gc
from itertools import product

import numpy as np
import pytest
from scipy import stats

from sim.experiment import run

CALL = """
    duration: 10s
    network: {latency: 10ms}
    clients: {user: {traffic: {replay: user.csv}, to: api}}
    components: {api: {kind: service, workers: 100, work: 10ms}}
    """


def test_a_clients_network_is_its_access_link(play):
    """30 ms to the gateway, 1 ms from there on."""
    story = play(
        """
        duration: 1s
        network: {latency: 1ms}
        clients:
          near: {traffic: {replay: near.csv}, to: gateway}
          far: {traffic: {replay: far.csv}, to: gateway, network: {latency: 30ms}}
        components:
          gateway: {kind: gateway, routes: [{match: "/**", to: api}]}
          api: {kind: service, workers: 2, work: 10ms}
        """,
        near=[0],
        far=[0],
    )
    assert sorted(story.ends) == [0.014, 0.072]


def test_the_latency_between_two_components_can_be_given(play):
    text = CALL.replace("latency: 10ms}\n", "latency: 10ms, between: {user/api: 40ms}}\n")
    assert play(text, user=[0]).ends == [0.09]


TWO = """
    duration: 10s
    network: {latency: 10ms, jitter: 50%, loss: 10%, bandwidth: 8Mbit/s, between: {PAIRS}}
    clients:
      a: {traffic: {rate: 20/s, arrivals: constant}, requests: [{send: POST /, size: 10KB}], to: api}
      b: {traffic: {rate: 20/s, arrivals: constant}, requests: [{send: POST /, size: 10KB}], to: api}
    components: {api: {kind: service, workers: 1000, work: 10ms}}
    """
"""Two clients that send 10 kB at a time; at 8 Mbit/s that takes 10 ms."""


def waits(story, client):
    """How long the answered requests of a client were on the network, s."""
    rows = story.result.requests
    return rows["network"][(rows["client"] == story.result.clients.index(client)) & (rows["outcome"] == 0)]


def test_a_pair_has_a_network_of_its_own_and_the_rest_of_it_is_as_elsewhere(play):
    """Everything is said of b: 20 ms each way to the microsecond, and 100 ms for 10 kB. Of a, nothing."""
    one = "b/api: {latency: 20ms, jitter: 0%, loss: 0%, bandwidth: 800kbit/s}"
    story = play(TWO.replace("PAIRS", one).replace("rate: 20/s", "rate: 5/s"))
    assert waits(story, "b") == pytest.approx(0.14, abs=1e-9)
    assert 0.02 < waits(story, "a").min() < 0.03 < waits(story, "a").max()
    assert story.outcomes.count("ok") >= 95


def test_what_a_pair_leaves_out_is_the_networks(play):
    """A pair without loss and jitter still has 10 ms each way, and takes 10 ms for 10 kB."""
    story = play(TWO.replace("PAIRS", "api/b: {loss: 0%, jitter: 0%}"))
    assert waits(story, "b") == pytest.approx(0.03, abs=1e-9)


def test_what_a_pair_leaves_out_is_the_clients_own_where_it_has_a_link(play):
    """The access link of b: 30 ms, and neither jitter nor loss nor bandwidth; a pair slows it down, and no more."""
    text = TWO.replace("b: {", "b: {network: {latency: 30ms}, ")
    assert waits(play(text.replace("PAIRS", "")), "b") == pytest.approx(0.06, abs=1e-9)
    story = play(text.replace("PAIRS", "b/api: {bandwidth: 8Mbit/s}"))
    assert waits(story, "b") == pytest.approx(0.07, abs=1e-9)


def test_a_pair_may_lose_messages_beside_one_that_does_not(play):
    """A third of the messages between a and api go again after 200 ms or more; those of b are all there in 20 ms."""
    text = TWO.replace(", jitter: 50%, loss: 10%, bandwidth: 8Mbit/s", "").replace("rate: 20/s", "rate: 100/s")
    story = play(text.replace("PAIRS", "a/api: {loss: 33%}"))
    assert waits(story, "b") == pytest.approx(0.02, abs=1e-9)
    rows = story.result.requests
    sent = rows[(rows["client"] == story.result.clients.index("a")) & (rows["arrived"] < 9.0)]
    late = int(np.count_nonzero((sent["latency"] > 0.2) | (sent["outcome"] == 255)))
    assert stats.binomtest(late, len(sent), 1 - 0.67**2).pvalue > 0.001


def test_transfers_queue_between_a_pair_and_nowhere_else(play):
    """10 kB every 50 ms, 100 ms each at 800 kbit/s: the n-th of b is sent at (n + 1) * 100 ms; those of a at once."""
    text = TWO.replace(", jitter: 50%, loss: 10%, bandwidth: 8Mbit/s", "")
    story = play(text.replace("PAIRS", "b/api: {bandwidth: 800kbit/s}"))
    sent = np.arange(len(waits(story, "b")))
    assert len(sent) > 90
    assert waits(story, "b") == pytest.approx((sent + 1) * 0.1 - sent * 0.05 + 0.02, abs=1e-9)
    assert waits(story, "a") == pytest.approx(0.02, abs=1e-9)


def test_a_pair_may_vary_beside_one_that_does_not(play):
    """10 ms +- 50 % each way for a, exactly 10 ms for b."""
    text = TWO.replace(", jitter: 50%, loss: 10%, bandwidth: 8Mbit/s", "").replace("rate: 20/s", "rate: 200/s")
    story = play(text.replace("PAIRS", "a/api: {jitter: 50%}"))
    assert waits(story, "b") == pytest.approx(0.02, abs=1e-9)
    assert stats.kstest(waits(story, "a"), stats.triang(0.5, loc=0.01, scale=0.02).cdf).pvalue > 0.001


def test_without_a_network_there_is_no_latency(play):
    assert play(CALL.replace("    network: {latency: 10ms}\n", ""), user=[0]).ends == [0.01]


def test_jitter_spreads_evenly_around_the_latency(play):
    """10 ms +- 50 % each way: a round trip of 10 to 30 ms, 20 ms on average."""
    text = CALL.replace("latency: 10ms", "latency: 10ms, jitter: 50%").replace(
        "replay: user.csv", "rate: 500/s, arrivals: constant"
    )
    story = play(text)
    rows = story.result.requests
    trips = rows["network"][rows["outcome"] == 0]
    assert 0.010 <= trips.min() < 0.0105
    assert 0.0295 < trips.max() <= 0.030
    assert trips.mean() == pytest.approx(0.02, abs=4 * trips.std() / np.sqrt(len(trips)))
    assert stats.kstest(trips, stats.triang(0.5, loc=0.01, scale=0.02).cdf).pvalue > 0.001


# -- loss


def test_a_lost_message_is_sent_again_after_200_ms_and_then_twice_as_late_each_time(play):
    """With 20 % loss a message is late by 0, 200, 600, 1400, … ms; 36 % of round trips meet at least one loss."""
    text = CALL.replace("latency: 10ms", "latency: 10ms, loss: 20%").replace(
        "replay: user.csv", "rate: 400/s, arrivals: constant"
    )
    rows = play(text).result.requests
    rows = rows[rows["arrived"] < 5.0]
    late = (rows["latency"] - 0.03)[rows["outcome"] == 0]
    one_way = [0.0, 0.2, 0.6, 1.4, 3.0, 6.2]
    possible = np.unique([round(there + back, 6) for there, back in product(one_way, one_way)])
    assert set(np.round(late, 6)) <= set(possible.tolist())
    unlucky = len(rows) - int(np.count_nonzero(np.abs(late) < 1e-9))
    assert stats.binomtest(unlucky, len(rows), 1 - 0.8**2).pvalue > 0.001
    twice = int(np.count_nonzero(np.abs(late - 0.4) < 1e-9))
    assert stats.binomtest(twice, len(rows), (0.2 * 0.8) ** 2).pvalue > 0.001


def test_a_loss_event_begins_and_ends(play):
    """From 2 s to 4 s a third of the messages is lost, before and after none."""
    text = CALL.replace("replay: user.csv", "rate: 200/s, arrivals: constant")
    rows = play(f"{text}events: [{{at: 2s, loss: api, rate: 33%, for: 2s}}]").result.requests
    late = (rows["latency"] > 0.1) | (rows["outcome"] == 255)
    arrived = rows["arrived"]
    assert not late[(arrived < 1.9) | ((arrived >= 4.0) & (arrived < 9.9))].any()
    during = late[(arrived >= 2.0) & (arrived < 3.9)]
    assert stats.binomtest(int(during.sum()), len(during), 1 - 0.67**2).pvalue > 0.001


def test_total_loss_for_a_while_is_like_a_partition(play):
    """Nothing gets through from 0 to 500 ms: what is sent at 100 ms goes again at 300 and 700 ms."""
    story = play(f"{CALL}events: [{{at: 0s, loss: api, rate: 100%, for: 500ms}}]", user=[0.1])
    assert story.log == [(0.1, 0.73, "ok")]


# -- partitions


def test_a_request_into_a_partition_arrives_when_it_has_healed(play):
    """Cut from 0 to 500 ms: sent at 100 ms, again at 300 and at 700 ms, there at 710, answered, back at 730 ms."""
    story = play(f"{CALL}events: [{{at: 0s, partition: {{between: [user, api]}}, for: 500ms}}]", user=[0.1, 0.6])
    assert story.log == [(0.1, 0.73, "ok"), (0.6, 0.63, "ok")]
    assert story.ledger(0) == {"network": 0.62, "service": 0.01}


def test_an_answer_into_a_partition_arrives_when_it_has_healed(play):
    """The answer would leave at 20 ms into a cut of 15 to 115 ms: it leaves at 220 ms."""
    story = play(f"{CALL}events: [{{at: 15ms, partition: {{between: [user, api]}}, for: 100ms}}]", user=[0])
    assert story.log == [(0.0, 0.23, "ok")]


def test_what_is_on_the_wire_when_the_cut_comes_arrives(play):
    """Sent at 0, cut at 5 ms, healed at 15 ms: there at 10 ms, back at 30 ms."""
    story = play(f"{CALL}events: [{{at: 5ms, partition: {{between: [user, api]}}, for: 10ms}}]", user=[0])
    assert story.log == [(0.0, 0.03, "ok")]


def test_in_a_partition_callers_see_their_own_time_out(play):
    text = CALL.replace("to: api}", "to: api, timeout: 250ms}")
    story = play(f"{text}events: [{{at: 0s, partition: {{between: [user, api]}}}}]", user=[0.1])
    assert story.log == [(0.1, 0.35, "timeout")]
    assert story.ledger(0) == {"network": 0.25}
    assert story.component("api")["offered"] == 0


def test_a_partition_that_never_heals_keeps_requests_in_flight(play):
    story = play(f"{CALL}events: [{{at: 0s, partition: {{between: [user, api]}}}}]", user=[0.1])
    assert story.outcomes == ["in_flight"]


def test_a_partition_between_two_leaves_all_others_connected(play):
    """The service cannot reach its database, the other service can."""
    story = play(
        """
        duration: 1s
        clients:
          one: {traffic: {replay: one.csv}, to: api}
          other: {traffic: {replay: other.csv}, to: report}
        components:
          api: {kind: service, steps: [call: {to: db, timeout: 50ms}]}
          report: {kind: service, steps: [call: db]}
          db: {kind: database, work: 10ms}
        events: [{at: 0s, partition: {between: [api, db]}}]
        """,
        one=[0.1],
        other=[0.2],
    )
    assert story.log == [(0.1, 0.15, "timeout"), (0.2, 0.21, "ok")]


@pytest.mark.parametrize("parts", ["api", "user/api"])
def test_health_checks_are_cut_off_with_the_callers(play, parts):
    """Neither users nor their health checks reach the service: after three probes it is given up."""
    story = play(
        f"""
        duration: 20s
        clients: {{user: {{traffic: {{replay: user.csv}}, to: api, timeout: 100ms}}}}
        components:
          api:
            kind: service
            work: 10ms
            balancer: {{algorithm: round_robin, panic_threshold: 0%}}
            health_check: {{interval: 1s, timeout: 500ms, unhealthy_after: 3}}
        events: [{{at: 1s, partition: {parts}}}]
        """,
        user=[0.5, 2, 10],
    )
    assert story.outcomes == ["ok", "timeout", "no_healthy_instance"]


def test_cuts_that_overlap_heal_with_the_last(play):
    events = "{at: 0s, partition: {between: [user, api]}, for: 650ms}, {at: 0s, partition: api, for: 200ms}"
    story = play(f"{CALL}events: [{events}]", user=[0.1])
    assert story.log == [(0.1, 0.73, "ok")]


def test_what_its_caller_gave_up_on_is_not_sent_again(play):
    """Sent at 100 ms and lost, again at 300 and 700 ms, and given up at 600 ms; the next one, at 1.5 s, gets there."""
    text = CALL.replace("to: api}", "to: api, timeout: 500ms}")
    story = play(f"{text}events: [{{at: 0s, partition: api, for: 1s}}]", user=[0.1, 1.5])
    assert story.log == [(0.1, 0.6, "timeout"), (1.5, 1.53, "ok")]
    assert story.component("api")["served"] == 1


@pytest.mark.parametrize(
    ("api", "served"), [("gateway, routes: [{match: /**, to: bank}]", 0), ("service, steps: [{call: {to: bank}}]", 1)]
)
def test_a_proxy_hangs_up_when_its_caller_does_and_a_server_goes_on(play, api, served):
    """The bank is cut off until 1 s, the user gives up after 500 ms: a server waits and gets its answer, for nobody."""
    story = play(
        f"""
        duration: 5s
        clients: {{user: {{traffic: {{replay: user.csv}}, to: api, timeout: 500ms}}}}
        components: {{api: {{kind: {api}}}, bank: {{kind: service, work: 10ms}}}}
        events: [{{at: 0s, partition: {{between: [api, bank]}}, for: 1s}}]
        """,
        user=[0.1],
    )
    assert story.log == [(0.1, 0.6, "timeout")]
    assert story.component("bank")["served"] == served


# -- more latency


def test_added_latency_counts_for_each_crossing_that_begins_meanwhile(play):
    """50 ms more from 100 ms to 300 ms; what leaves at 290 ms pays it once, its answer leaves after it is over."""
    story = play(f"{CALL}events: [{{at: 100ms, latency: api, add: 50ms, for: 200ms}}]", user=[0.05, 0.15, 0.29, 0.35])
    assert story.log == [(0.05, 0.08, "ok"), (0.15, 0.28, "ok"), (0.29, 0.37, "ok"), (0.35, 0.38, "ok")]


def test_added_latencies_add_up(play):
    events = "{at: 0s, latency: api, add: 50ms, for: 500ms}, {at: 0s, latency: user, add: 20ms, for: 1s}"
    story = play(f"{CALL}events: [{events}]", user=[0.1, 0.6, 1.1])
    assert [round(end - start, 9) for start, end, _ in story.log] == [0.17, 0.07, 0.03]


def test_equal_latencies_that_begin_together_vary_by_themselves(play):
    """Twice 0 to 20 ms more, both ways: a sum of four numbers, and not twice a sum of two."""
    event = "{at: 0s, latency: api, add: {uniform: [0ms, 20ms]}}"
    text = CALL.replace("replay: user.csv", "rate: 500/s, arrivals: constant")
    rows = play(f"{text}events: [{event}, {event}]").result.requests
    trips = rows["network"][rows["outcome"] == 0] - 0.02
    assert stats.kstest(trips / 0.02, stats.irwinhall(4).cdf).pvalue > 0.001


# -- answers lost on their last metres


def test_a_lost_answer_is_a_time_out_for_the_user_and_wasted_work_for_the_server(play):
    """The work is done, and the user never hears of it."""
    text = CALL.replace("to: api}", "to: api, timeout: 100ms, network: {lose_response: 100%}}")
    story = play(text, user=[0])
    assert story.log == [(0.0, 0.1, "timeout")]
    assert story.component("api")["served"] == 1
    assert story.result.wasted_work == pytest.approx(0.01)


@pytest.mark.parametrize("retry", ["", "retry: {attempts: 3, on: timeout}, "])
def test_without_a_time_out_a_lost_answer_is_waited_for_to_the_end(play, retry):
    """Nobody tells the user that there was one: no outcome, no retry, and the work is wasted."""
    text = CALL.replace("to: api}", f"to: api, {retry}network: {{lose_response: 100%}}}}")
    story = play(text, user=[0, 9.995])
    assert story.outcomes == ["in_flight", "in_flight"]
    assert story.attempts == [1, 1]
    counted = story.summary["requests"]
    assert (counted["offered"], counted["completed"], counted["in_flight"]) == (2, 0, 2)
    assert counted["oldest_in_flight_s"] == 10.0
    assert story.component("api")["served"] == 1
    assert story.result.wasted_work == pytest.approx(0.01)


def test_a_user_who_waits_for_a_lost_answer_sends_nothing_more(play):
    """Three users without think time; every answer is lost, so each sends one request and no second one."""
    text = CALL.replace("replay: user.csv}, to: api}", "users: 3}, to: api, network: {lose_response: 100%}}")
    assert play(text).outcomes == ["in_flight"] * 3


def test_a_share_of_answers_is_lost(play):
    """Those whose answer could be back when the run ends, 10 s, are overdue or have it."""
    text = CALL.replace("to: api}", "to: api, network: {lose_response: 10%}}")
    story = play(text.replace("replay: user.csv", "rate: 200/s, arrivals: constant"))
    due = [outcome for outcome, row in zip(story.outcomes, story.result.requests, strict=True) if row["arrived"] < 9.9]
    assert set(due) == {"ok", "in_flight"}
    assert stats.binomtest(due.count("in_flight"), len(due), 0.1).pvalue > 0.001


# -- answers that never come, further down


def test_what_waits_for_ever_holds_its_worker_whatever_python_collects(write):
    """The link to the bank is cut for good. The one worker of the API waits for an answer long after its caller has
    given up, and two more requests wait behind it: nothing of that is garbage.
    """
    scenario = write(
        """
        duration: 10s
        clients: {user: {traffic: {replay: user.csv}, to: api, timeout: 1s}}
        components:
          api: {kind: service, workers: 1, steps: [{call: {to: bank}}]}
          bank: {kind: service, work: 10ms}
        events: [{at: 0s, partition: {between: [api, bank]}}]
        """,
        user=[0, 2, 4],
    )

    def collect(now: float, _: int) -> None:
        if 3.0 < now < 3.1:
            gc.collect()

    api = run(scenario, progress=collect).components["api"]
    assert api["utilization"] == 1.0
    assert api["queue_mean"] == pytest.approx((8.0 + 6.0) / 10.0)
