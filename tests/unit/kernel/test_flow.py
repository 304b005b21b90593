"""A flow drives one generator through sleeps and waits, beside SimPy's own processes and events."""

import gc
from contextlib import suppress
from types import SimpleNamespace
from weakref import ref

import pytest
import simpy

from sim.kernel import TIMED_OUT, Cancelled, Flow


class Oops(Exception):
    """What goes wrong in these tests."""


def sleeper(env, seconds, value=None):
    yield seconds
    return value


def failing(env, seconds):
    yield seconds
    raise Oops("broken")


def waiter(env, note, event):
    """Waits for an event, and notes its value or what it raised."""
    try:
        note((yield event))
    except Exception as error:
        note(type(error).__name__)


# -- sleeping


def test_a_flow_starts_at_once_and_sleeps_for_as_long_as_it_says(env, log, note):
    def steps():
        note("start")
        yield 1.5
        note("awake")
        yield 0.0
        note("same time")
        yield 0.5
        return "done"

    flow = Flow(env, steps())
    assert log == [(0.0, "start")]
    env.run_until(10.0)
    assert log == [(0.0, "start"), (1.5, "awake"), (1.5, "same time")]
    assert flow.ended
    assert flow.value == "done"


def test_the_owner_of_a_flow_knows_it_before_it_starts(env, log, note):
    owner = SimpleNamespace()

    def steps():
        note(owner.flow.ended)
        yield 1.0

    flow = Flow(env, steps(), owner)
    assert owner.flow is flow
    assert log == [(0.0, False)]


def test_whom_a_flow_tells_of_its_end_hears_of_a_value_only(env, log, note):
    """Not of a flow that was cancelled or has failed."""

    def flow(name, generator):
        return Flow(env, generator, SimpleNamespace(name=name), lambda owner, value: note((owner.name, value)))

    flow("answered", sleeper(env, 1.0, "value"))
    cancelled, failed = flow("cancelled", sleeper(env, 2.0)), flow("failed", failing(env, 2.0))
    Flow(env, waiter(env, note, failed))
    env.run_until(1.5)
    cancelled.cancel()
    env.run_until(5.0)
    assert log == [(1.0, ("answered", "value")), (2.0, "Oops")]


def test_an_ended_flow_does_not_keep_its_owner(env):
    class Owner:
        flow = None

    owner = Owner()
    flow, seen = Flow(env, sleeper(env, 1.0), owner), ref(owner)
    env.run_until(2.0)
    del owner
    assert flow.ended
    assert seen() is None


def test_a_flow_that_never_waits_ends_in_its_constructor(env):
    def steps():
        return 7
        yield

    flow = Flow(env, steps())
    assert flow.ended
    assert flow.triggered
    assert flow.value == 7


def test_flows_that_wake_at_the_same_time_run_in_the_order_in_which_they_went_to_sleep(env, log, note):
    def steps(name, first, second):
        yield first
        yield second
        note(name)

    Flow(env, steps("a", 0.5, 0.5))
    Flow(env, steps("b", 0.25, 0.75))
    Flow(env, steps("c", 0.0, 1.0))
    env.run_until(2.0)
    assert log == [(1.0, "c"), (1.0, "b"), (1.0, "a")]


@pytest.mark.parametrize("wait", [-1.0, -1e-12, float("nan"), 1, None, "1s"], ids=repr)
def test_what_is_neither_a_sleep_nor_an_event_is_an_error_inside_the_flow(env, log, note, wait):
    def steps():
        yield 1.0
        try:
            yield wait
        except ValueError as error:
            note(str(error))
        yield 1.0
        note("goes on")

    Flow(env, steps())
    env.run_until(5.0)
    message = f"a flow waits for an event or for seconds (a float from 0.0), not for {wait!r}"
    assert log == [(1.0, message), (2.0, "goes on")]


def test_a_sleep_leaves_one_entry_in_the_schedule_and_nothing_else(env):
    flows = [Flow(env, sleeper(env, 1.0)) for _ in range(100)]
    assert len(env._queue) == len(flows)


# -- a flow waits


def test_a_flow_waits_for_a_flow_and_gets_its_value(env, log, note):
    Flow(env, waiter(env, note, Flow(env, sleeper(env, 2.0, "value"))))
    env.run_until(5.0)
    assert log == [(2.0, "value")]


def test_waiting_for_a_flow_that_has_ended_goes_on_at_once(env, log, note):
    flow = Flow(env, sleeper(env, 1.0, "value"))
    env.run_until(3.0)
    Flow(env, waiter(env, note, flow))
    assert log == [(3.0, "value")]


@pytest.mark.parametrize("over", ["flows", "events", "wrong waits"])
def test_a_flow_takes_ten_thousand_things_that_are_over_in_one_instant(env, log, note, over):
    """Whoever collects the answers of a wide call finds all but the slowest there already."""
    waits = {
        "flows": lambda: [Flow(env, sleeper(env, 0.5, "value")) for _ in range(10_000)],
        "events": lambda: [env.timeout(0.5, "value") for _ in range(10_000)],
        "wrong waits": lambda: [-1.0] * 10_000,
    }[over]()

    def steps():
        yield 1.0
        for wait in waits:
            with suppress(ValueError):
                assert (yield wait) == "value"
        note("all")

    Flow(env, steps())
    env.run_until(5.0)
    assert log == [(1.0, "all")]


def test_several_flows_can_wait_for_one(env, log, note):
    flow = Flow(env, sleeper(env, 1.0, "value"))
    for _ in range(3):
        Flow(env, waiter(env, note, flow))
    env.run_until(5.0)
    assert log == [(1.0, "value")] * 3


@pytest.mark.parametrize("kind", ["timeout", "event", "process", "all_of", "any_of"])
def test_a_flow_waits_for_any_simpy_event(env, log, note, kind):
    """Time-outs, plain events, processes and conditions all resume the flow when they happen."""

    def process():
        yield env.timeout(2.0)
        return "value"

    event = env.event()
    env.timeout(2.0).callbacks.append(lambda _: event.succeed("value"))
    waited = {
        "timeout": lambda: env.timeout(2.0, "value"),
        "event": lambda: event,
        "process": lambda: env.process(process()),
        "all_of": lambda: env.all_of([env.timeout(1.0, "first"), env.timeout(2.0, "second")]),
        "any_of": lambda: env.any_of([env.timeout(2.0, "first"), env.timeout(3.0, "second")]),
    }[kind]()

    def steps():
        value = yield waited
        note(value if isinstance(value, str) else list(value.todict().values()))

    Flow(env, steps())
    env.run_until(5.0)
    values = {"all_of": ["first", "second"], "any_of": ["first"]}
    assert log == [(2.0, values.get(kind, "value"))]


def test_a_flow_that_waits_for_a_processed_event_goes_on_at_once(env, log, note):
    timeout = env.timeout(1.0, "value")
    env.run_until(2.0)
    Flow(env, waiter(env, note, timeout))
    assert log == [(2.0, "value")]


# -- SimPy waits for a flow


def test_a_process_waits_for_a_flow(env, log, note):
    env.process(waiter(env, note, Flow(env, sleeper(env, 2.0, "value"))))
    env.run_until(5.0)
    assert log == [(2.0, "value")]


def test_a_process_waits_for_a_flow_that_has_ended(env, log, note):
    flow = Flow(env, sleeper(env, 1.0, "value"))
    env.run_until(2.0)
    env.process(waiter(env, note, flow))
    env.run_until(3.0)
    assert log == [(2.0, "value")]


def test_a_process_that_was_interrupted_can_come_back_to_a_flow_that_has_ended_meanwhile(env, log, note):
    """Waits for a flow from 0, is interrupted at 1, and asks again at 6 for what the flow said at 2."""
    flow = Flow(env, sleeper(env, 2.0, "value"))

    def steps():
        try:
            yield flow
        except simpy.Interrupt:
            note("interrupted")
        yield env.timeout(5.0)
        note((yield flow))

    process = env.process(steps())
    env.run_until(1.0)
    process.interrupt()
    env.run_until(10.0)
    assert log == [(1.0, "interrupted"), (6.0, "value")]


def test_conditions_take_flows_and_events_alike(env, log, note):
    def steps(condition):
        done = yield condition
        note(sorted(done.todict().values()))

    def flow(seconds):
        return Flow(env, sleeper(env, seconds, f"{seconds}"))

    env.process(steps(flow(1.0) & env.timeout(2.0, "2.0") & flow(3.0)))
    env.process(steps(env.any_of([flow(4.0), flow(5.0)])))
    env.process(steps(env.all_of([flow(0.0), env.timeout(0.0, "0.0")])))
    env.run_until(10.0)
    assert log == [(0.0, ["0.0", "0.0"]), (3.0, ["1.0", "2.0", "3.0"]), (4.0, ["4.0"])]


def test_a_condition_of_ended_flows_is_met(env, log, note):
    flows = [Flow(env, sleeper(env, 1.0, name)) for name in "ab"]
    env.run_until(2.0)
    Flow(env, waiter(env, lambda done: note(list(done.todict().values())), env.all_of(flows)))
    env.run_until(3.0)
    assert log == [(2.0, ["a", "b"])]


def test_run_stops_when_a_flow_ends(env):
    assert env.run(until=Flow(env, sleeper(env, 2.0, "value"))) == "value"
    assert env.now == 2.0


# -- failures


def test_a_failing_flow_fails_in_the_flow_that_waits(env, log, note):
    Flow(env, waiter(env, note, Flow(env, failing(env, 1.0))))
    env.run_until(5.0)
    assert log == [(1.0, "Oops")]


def test_a_failing_flow_fails_in_the_process_that_waits(env, log, note):
    env.process(waiter(env, note, Flow(env, failing(env, 1.0))))
    env.run_until(5.0)
    assert log == [(1.0, "Oops")]


def test_a_failing_flow_fails_in_the_condition_that_waits(env, log, note):
    Flow(env, waiter(env, note, Flow(env, failing(env, 1.0)) & env.timeout(3.0)))
    env.run_until(5.0)
    assert log == [(1.0, "Oops")]


def test_a_failing_process_and_a_failing_event_fail_in_the_flow_that_waits(env, log, note):
    def process():
        yield env.timeout(1.0)
        raise Oops

    event = env.event()
    env.timeout(2.0).callbacks.append(lambda _: event.fail(Oops()))
    Flow(env, waiter(env, note, env.process(process())))
    Flow(env, waiter(env, note, event))
    env.run_until(5.0)
    assert log == [(1.0, "Oops"), (2.0, "Oops")]


@pytest.mark.parametrize("run", [lambda env: env.run_until(5.0), lambda env: env.run(until=5.0)])
def test_a_flow_that_fails_while_nobody_waits_stops_the_run(env, run):
    Flow(env, failing(env, 1.0))
    with pytest.raises(Oops):
        run(env)
    assert env.now == 1.0


def test_a_flow_that_fails_at_its_start_fails_where_it_was_made(env):
    def steps():
        raise Oops
        yield

    with pytest.raises(Oops):
        Flow(env, steps())


def test_a_failure_that_only_a_callback_hears_of_stops_the_run_too(env, log, note):
    flow = Flow(env, failing(env, 1.0))
    flow.callbacks.append(lambda _: note("heard"))
    with pytest.raises(Oops):
        env.run_until(5.0)
    assert log == [(1.0, "heard")]


def test_a_failure_that_a_waiter_handles_does_not_stop_the_run_for_a_callback(env, log, note):
    flow = Flow(env, failing(env, 1.0))
    flow.callbacks.append(lambda _: note("heard"))
    Flow(env, waiter(env, note, flow))
    env.run_until(5.0)
    assert log == [(1.0, "Oops"), (1.0, "heard")]


def test_a_failure_passes_up_a_chain_of_flows_in_one_instant(env, log, note):
    def chain(depth):
        yield Flow(env, chain(depth - 1) if depth else failing(env, 1.0))

    Flow(env, waiter(env, note, Flow(env, chain(20))))
    env.run_until(5.0)
    assert log == [(1.0, "Oops")]


# -- interrupt


def test_an_interrupt_raises_in_a_sleeping_flow_at_once(env, log, note):
    def steps():
        try:
            yield 10.0
        except Oops:
            note("interrupted")
        return "survived"

    flow = Flow(env, steps())
    env.run_until(3.0)
    flow.interrupt(Oops())
    assert log == [(3.0, "interrupted")]
    assert flow.value == "survived"


def test_the_alarm_of_an_interrupted_sleep_does_not_end_the_next_sleep(env, log, note):
    """Asleep until 10, interrupted at 3, asleep again until 15: the old alarm at 10 means nothing."""

    def steps():
        try:
            yield 10.0
        except Oops:
            note("interrupted")
        yield 12.0
        note("awake")

    flow = Flow(env, steps())
    env.run_until(3.0)
    flow.interrupt(Oops())
    env.run_until(20.0)
    assert log == [(3.0, "interrupted"), (15.0, "awake")]


def test_the_alarm_of_an_interrupted_sleep_does_not_end_a_wait(env, log, note):
    """The old alarm at 10 rings while the flow waits for an event of time 20."""

    def steps():
        try:
            yield 10.0
        except Oops:
            note((yield env.timeout(17.0, "event")))

    flow = Flow(env, steps())
    env.run_until(3.0)
    flow.interrupt(Oops())
    env.run_until(30.0)
    assert log == [(20.0, "event")]


@pytest.mark.parametrize("waited_for", ["flow", "event"])
def test_what_an_interrupted_flow_waited_for_does_not_wake_it_later(env, log, note, waited_for):
    """It waits for something of time 10, is interrupted at 3 and sleeps until 15."""
    old = Flow(env, sleeper(env, 10.0, "old")) if waited_for == "flow" else env.timeout(10.0, "old")

    def steps():
        try:
            note((yield old))
        except Oops:
            note("interrupted")
        yield 12.0
        note("awake")

    flow = Flow(env, steps())
    env.run_until(3.0)
    flow.interrupt(Oops())
    env.run_until(20.0)
    assert log == [(3.0, "interrupted"), (15.0, "awake")]


def test_an_interrupt_leaves_the_other_waiters_alone(env, log, note):
    target = Flow(env, sleeper(env, 10.0, "value"))

    def steps(name):
        try:
            note((name, (yield target)))
        except Oops:
            note((name, "interrupted"))

    flows = [Flow(env, steps(name)) for name in "abc"]
    env.run_until(1.0)
    flows[0].interrupt(Oops())
    flows[1].interrupt(Oops())
    env.run_until(20.0)
    assert log == [(1.0, ("a", "interrupted")), (1.0, ("b", "interrupted")), (10.0, ("c", "value"))]


def test_an_interrupt_between_an_event_and_its_callbacks_wins(env, log, note):
    """An event that has happened but not been processed must not resume a flow that was interrupted meanwhile."""
    event = env.event()

    def steps():
        try:
            note((yield event))
        except Oops:
            note("interrupted")
        yield 1.0
        note("awake")

    flow = Flow(env, steps())
    event.succeed("value")
    flow.interrupt(Oops())
    env.run_until(5.0)
    assert log == [(0.0, "interrupted"), (1.0, "awake")]


def test_an_interrupt_that_is_not_caught_fails_the_flow(env, log, note):
    flow = Flow(env, sleeper(env, 10.0))
    Flow(env, waiter(env, note, flow))
    flow.interrupt(Oops())
    assert log == [(0.0, "Oops")]
    assert flow.ended


@pytest.mark.parametrize("run", [lambda env: env.run_until(20.0), lambda env: env.run(until=20.0)])
def test_the_alarm_of_a_flow_that_an_interrupt_has_ended_rings_in_vain(env, run):
    def steps():
        try:
            yield 10.0
        except Oops:
            return

    Flow(env, steps()).interrupt(Oops())
    run(env)
    assert env.now == 20.0


def test_an_ended_flow_cannot_be_interrupted(env):
    flow = Flow(env, sleeper(env, 0.0))
    env.run_until(1.0)
    with pytest.raises(RuntimeError, match="has ended"):
        flow.interrupt(Oops())


# -- cancel


@pytest.mark.parametrize("run", [lambda env: env.run_until(20.0), lambda env: env.run(until=20.0)])
def test_cancel_runs_finally_and_nothing_after_it(env, log, note, run):
    def steps():
        try:
            yield 10.0
            note("too late")
        finally:
            note("finally")

    flow = Flow(env, steps())
    env.run_until(2.0)
    flow.cancel()
    assert flow.ended
    run(env)
    assert log == [(2.0, "finally")]


def test_whoever_waits_for_a_cancelled_flow_hears_of_it_at_once(env, log, note):
    flow = Flow(env, sleeper(env, 10.0))
    Flow(env, waiter(env, note, flow))
    env.process(waiter(env, note, flow))
    env.run_until(1.0)
    flow.cancel()
    env.run_until(20.0)
    assert log == [(1.0, "Cancelled"), (1.0, "Cancelled")]
    assert isinstance(flow.value, Cancelled)


def test_a_cancelled_flow_that_only_a_callback_hears_of_does_not_stop_the_run(env, log, note):
    flow = Flow(env, sleeper(env, 10.0))
    flow.callbacks.append(lambda event: note(type(event.value).__name__))
    flow.cancel()
    env.run_until(20.0)
    assert log == [(0.0, "Cancelled")]
    assert env.now == 20.0


def test_cancelling_one_of_two_that_wait_resumes_the_other_alone(env, log, note):
    target = Flow(env, sleeper(env, 10.0, "value"))
    first, _second = Flow(env, waiter(env, note, target)), Flow(env, waiter(env, note, target))
    env.run_until(1.0)
    first.cancel()
    env.run_until(20.0)
    assert log == [(10.0, "value")]


def test_an_event_that_a_cancelled_flow_waited_for_resumes_nobody(env, log, note):
    event = env.timeout(10.0, "value")
    Flow(env, waiter(env, note, event)).cancel()
    env.run_until(20.0)
    assert log == []


def test_cancelling_an_ended_flow_does_nothing(env):
    flow = Flow(env, sleeper(env, 1.0, "value"))
    env.run_until(2.0)
    flow.cancel()
    assert flow.value == "value"


def test_a_cancelled_flow_that_waits_for_another_leaves_it_running(env, log, note):
    def inner():
        yield 10.0
        note("inner goes on")

    def outer():
        yield Flow(env, inner())

    Flow(env, outer()).cancel()
    env.run_until(20.0)
    assert log == [(10.0, "inner goes on")]


# -- give up


def test_giving_up_lets_the_waiter_go_on_and_the_flow_too(env, log, note):
    def steps():
        yield 10.0
        note("served anyway")

    flow = Flow(env, steps())
    Flow(env, waiter(env, note, flow))
    env.run_until(4.0)
    flow.give_up()
    env.run_until(20.0)
    assert log == [(4.0, TIMED_OUT), (10.0, "served anyway")]


def test_a_flow_that_was_given_up_does_not_wake_its_waiter_when_it_ends(env, log, note):
    flow = Flow(env, sleeper(env, 10.0, "late"))

    def steps():
        note((yield flow))
        yield 8.0
        note("awake")

    Flow(env, steps())
    env.run_until(4.0)
    flow.give_up()
    env.run_until(20.0)
    assert log == [(4.0, TIMED_OUT), (12.0, "awake")]


def test_whoever_was_given_its_time_out_can_be_interrupted_like_any_other(env, log, note):
    """Given up at 4, asleep until 14, interrupted at 6, waits for an event of 18: the alarm at 14 means nothing."""
    flow = Flow(env, sleeper(env, 100.0))

    def steps():
        note((yield flow))
        try:
            yield 10.0
        except Oops:
            note("interrupted")
        note((yield env.timeout(12.0, "event")))

    waiting = Flow(env, steps())
    env.run_until(4.0)
    flow.give_up()
    env.run_until(6.0)
    waiting.interrupt(Oops())
    env.run_until(50.0)
    assert log == [(4.0, TIMED_OUT), (6.0, "interrupted"), (18.0, "event")]


def test_giving_up_a_flow_that_nobody_waits_for_or_that_has_ended_does_nothing(env, log, note):
    flow = Flow(env, sleeper(env, 1.0, "value"))
    flow.give_up()
    Flow(env, waiter(env, note, flow))
    env.run_until(2.0)
    flow.give_up()
    assert log == [(1.0, "value")]


# -- in the whole


def test_a_flow_uses_simpys_resources(env, log, note):
    """Requests for a resource are events like any other: first come, first served."""
    desk = simpy.Resource(env, capacity=1)

    def steps(name):
        with desk.request() as turn:
            yield turn
            yield 1.0
            note(name)

    for name in "abc":
        Flow(env, steps(name))
    env.run_until(10.0)
    assert log == [(1.0, "a"), (2.0, "b"), (3.0, "c")]


def test_ended_flows_are_not_kept(env):
    """A hundred thousand flows that came and went leave nothing behind."""

    def kept():
        gc.collect()
        return sum(type(each) is Flow for each in gc.get_objects())

    def source():
        for _ in range(100_000):
            Flow(env, sleeper(env, 0.5))
            yield 0.01

    before = kept()
    Flow(env, source())
    env.run_until(2000.0)
    assert kept() <= before
    assert env._queue == []
