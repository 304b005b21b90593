"""Time-outs of one length stand in one line, with one pending wake-up for all of them."""

import pytest

from sim.kernel import TIMED_OUT, Flow


def work(seconds):
    yield seconds
    return "answer"


def call(env, note, name, seconds, timeout):
    """Waits for work that takes so long, for no longer than the time-out."""
    flow = Flow(env, work(seconds))
    env.timer(timeout).watch(flow)
    note((name, (yield flow)))


@pytest.mark.parametrize(
    ("seconds", "end", "answer"), [(1.0, 1.0, "answer"), (1.999, 1.999, "answer"), (2.001, 2.0, TIMED_OUT)]
)
def test_whichever_is_first_ends_the_wait(env, log, note, seconds, end, answer):
    Flow(env, call(env, note, "a", seconds, 2.0))
    env.run_until(10.0)
    assert log == [(end, ("a", answer))]


def test_time_outs_ring_in_the_order_in_which_they_were_set(env, log, note):
    def source():
        for name in "abcde":
            Flow(env, call(env, note, name, 60.0, 10.0))
            yield 1.0

    Flow(env, source())
    env.run_until(30.0)
    assert log == [(10.0 + n, (name, TIMED_OUT)) for n, name in enumerate("abcde")]


def test_time_outs_set_at_the_same_time_ring_together_and_in_order(env, log, note):
    for name in "abc":
        Flow(env, call(env, note, name, 60.0, 10.0))
    env.run_until(30.0)
    assert log == [(10.0, (name, TIMED_OUT)) for name in "abc"]


def test_answers_between_time_outs_do_not_shift_them(env, log, note):
    """Of calls at 0, 1, 2, 3 the second and the fourth are answered in time."""

    def source():
        for name, seconds in [("a", 60.0), ("b", 3.0), ("c", 60.0), ("d", 8.5)]:
            Flow(env, call(env, note, name, seconds, 10.0))
            yield 1.0

    Flow(env, source())
    env.run_until(30.0)
    assert log == [
        (4.0, ("b", "answer")),
        (10.0, ("a", TIMED_OUT)),
        (11.5, ("d", "answer")),
        (12.0, ("c", TIMED_OUT)),
    ]


def test_a_thousand_waiting_time_outs_are_one_entry_in_the_schedule(env, note):
    def source():
        for _ in range(1000):
            Flow(env, call(env, note, "a", 60.0, 10.0))
            yield 0.001

    Flow(env, source())
    env.run_until(1.001)
    sleeping = 1000
    assert len(env._queue) - sleeping <= 2  # the source's sleep may be one


def test_a_timer_that_has_rung_can_be_set_again(env, log, note):
    for start in (0.0, 50.0):
        env.run_until(start)
        Flow(env, call(env, note, "a", 60.0, 10.0))
        env.run_until(start + 49.0)
    assert log == [(10.0, ("a", TIMED_OUT)), (60.0, ("a", TIMED_OUT))]


def test_a_caller_that_tries_again_when_its_time_is_up_is_timed_again(env, log, note):
    """The new time-out is set while the timer is ringing."""

    def caller():
        for attempt in range(3):
            yield from call(env, note, attempt, 60.0, 10.0)

    Flow(env, caller())
    env.run_until(100.0)
    assert log == [(10.0, (0, TIMED_OUT)), (20.0, (1, TIMED_OUT)), (30.0, (2, TIMED_OUT))]


def test_timers_of_different_lengths_are_apart_and_equal_ones_shared(env, log, note):
    Flow(env, call(env, note, "long", 60.0, 10.0))
    Flow(env, call(env, note, "short", 60.0, 5.0))
    env.run_until(30.0)
    assert log == [(5.0, ("short", TIMED_OUT)), (10.0, ("long", TIMED_OUT))]
    assert env.timer(5.0) is env.timer(5.0)
    assert env.timer(5.0) is not env.timer(10.0)


@pytest.mark.parametrize("timeout", [0.1, 0.3, 1.0 / 3.0, 1e-3])
def test_a_time_out_rings_to_the_bit_when_it_is_due_however_often_the_wake_up_was_set_again(env, log, note, timeout):
    starts = []

    def source():
        for n in range(500):
            starts.append(env.now)
            Flow(env, call(env, note, n, 1e9, timeout))
            yield 0.07

    Flow(env, source())
    env.run_until(100.0)
    assert log == [(start + timeout, (n, TIMED_OUT)) for n, start in enumerate(starts)]
