"""The environment runs in slices that end exactly, and SimPy's own way of running works beside them."""

import pytest
from simpy import Environment as SimPyEnvironment
from simpy.core import EmptySchedule

from sim.kernel import Environment, Flow


def ticker(note, seconds):
    while True:
        note("tick")
        yield seconds


def process_ticker(env, note, seconds):
    while True:
        note("tock")
        yield env.timeout(seconds)


def test_it_is_simpys_environment_and_starts_at_zero(env):
    assert isinstance(env, SimPyEnvironment)
    assert env.now == 0.0


def test_a_slice_ends_exactly_and_what_is_due_at_its_end_belongs_to_the_next(env, log, note):
    Flow(env, ticker(note, 1.0))
    env.run_until(3.0)
    assert env.now == 3.0
    assert [time for time, _ in log] == [0.0, 1.0, 2.0]
    env.run_until(3.5)
    assert env.now == 3.5
    assert [time for time, _ in log] == [0.0, 1.0, 2.0, 3.0]


def test_the_clock_reaches_the_end_of_a_slice_in_which_nothing_happens(env):
    env.run_until(7.25)
    assert env.now == 7.25


@pytest.mark.parametrize("end", [1.5, float("nan")])
def test_the_clock_does_not_go_back(env, end):
    env.run_until(2.0)
    with pytest.raises(ValueError, match=f"shows 2.0 s and cannot go back to {end} s"):
        env.run_until(end)
    assert env.now == 2.0


def test_slices_and_one_long_run_give_the_same_history():
    def history(ends):
        env, log = Environment(), []
        Flow(env, ticker(lambda what: log.append((env.now, what)), 0.3))
        env.process(process_ticker(env, lambda what: log.append((env.now, what)), 0.7))
        for end in ends:
            env.run_until(end)
        return log

    assert history([10.0]) == history([n * 0.1 for n in range(1, 101)])


@pytest.mark.parametrize(
    "run",
    [
        lambda env: env.run_until(2.0),
        lambda env: env.run(until=2.0),
        lambda env: env.run(until=env.timeout(2.0)),
    ],
    ids=["run_until", "run", "run until an event"],
)
def test_every_way_of_running_wakes_flows_and_processes_alike(env, log, note, run):
    Flow(env, ticker(note, 0.75))
    env.process(process_ticker(env, note, 0.5))
    run(env)
    assert env.now == 2.0
    expected = [
        (0.0, "tick"),
        (0.0, "tock"),
        (0.5, "tock"),
        (0.75, "tick"),
        (1.0, "tock"),
        (1.5, "tick"),
        (1.5, "tock"),
    ]
    assert sorted(log) == expected


def test_stepping_goes_from_event_to_event(env, log, note):
    Flow(env, ticker(note, 2.0))
    env.step()
    assert log == [(0.0, "tick"), (2.0, "tick")]
    env.step()
    assert env.now == 4.0


def test_stepping_ends_when_nothing_is_left(env):
    def steps():
        yield 1.0

    Flow(env, steps())
    env.run()
    assert env.now == 1.0
    with pytest.raises(EmptySchedule):
        env.step()


def test_a_timeout_at_the_end_of_a_slice_is_not_lost(env, log, note):
    env.timeout(2.0).callbacks.append(lambda _: note("due"))
    env.run_until(2.0)
    assert log == []
    env.run_until(2.5)
    assert log == [(2.0, "due")]


def test_events_are_counted(env, note):
    Flow(env, ticker(note, 1.0))
    env.run_until(10.5)
    assert env.events == 10


def test_a_failed_event_that_nobody_handles_stops_the_run(env):
    env.event().fail(KeyError("lost"))
    with pytest.raises(KeyError, match="lost"):
        env.run_until(1.0)
