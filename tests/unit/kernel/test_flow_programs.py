"""Random programs do the same at the same times, whether their actors are flows, SimPy processes or some of each.

An actor sleeps, waits for events, for children with and without a time-out, and for other actors; meanwhile it may be
interrupted or cancelled at any moment. SimPy's processes, with an `AnyOf` for each time-out, are the reference.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Interrupt

from sim.kernel import TIMED_OUT, Cancelled, Environment, Flow

ACTORS = 4
EVENTS = 2

lengths = st.integers(0, 8)
instructions = st.one_of(
    st.tuples(st.just("sleep"), lengths),
    st.tuples(st.just("timeout"), lengths),
    st.tuples(st.just("child"), lengths),
    st.tuples(st.just("call"), lengths),  # a child, with a time-out of 4.25
    st.tuples(st.just("join"), st.integers(0, ACTORS - 1)),
    st.tuples(st.just("event"), st.integers(0, EVENTS - 1)),
)
programs = st.lists(st.lists(instructions, max_size=6), min_size=ACTORS, max_size=ACTORS)
# never at the time of anything else, so that no order within an instant is asked for
disturbances = st.dictionaries(
    st.integers(0, 30), st.tuples(st.integers(0, ACTORS - 1), st.sampled_from(["interrupt", "interrupt", "cancel"]))
)
TIMEOUT = 4.25


class Disturbed(Exception):
    """What interrupts an actor."""


class Play:
    """Runs one program and keeps what each actor saw.

    Args:
        programs: What each actor does.
        disturbances: When which actor is interrupted or cancelled.
        flows: For each actor, whether it is a flow; otherwise it is a process.
    """

    def __init__(self, programs: Any, disturbances: Any, flows: Any) -> None:
        self.env = Environment()
        self.logs: list[list[Any]] = [[] for _ in programs]
        self.events = [self.env.timeout(7.0 * (number + 1), f"event {number}") for number in range(EVENTS)]
        self.flows = flows
        self.actors: list[Any] = []
        for number, program in enumerate(programs):
            steps = self.act(number, program)
            self.actors.append(Flow(self.env, steps) if flows[number] else self.env.process(steps))
        self.env.process(self.disturb(sorted(disturbances.items())))

    def act(self, number: int, program: Any) -> Any:
        env, log, is_flow = self.env, self.logs[number], self.flows[number]
        if not is_flow:
            yield env.timeout(0.125)
        else:
            yield 0.125
        try:
            for position, (what, argument) in enumerate(program):
                try:
                    value = yield from self.carry_out(what, argument, number, is_flow)
                    log.append((env.now, position, value))
                except (Disturbed, Interrupt) as disturbance:
                    if isinstance(disturbance, Interrupt) and disturbance.cause == "cancel":
                        raise Cancelled from None
                    log.append((env.now, position, "interrupted"))
                except Cancelled:
                    log.append((env.now, position, "the other was cancelled"))
        finally:
            log.append((env.now, "ends"))
        return f"actor {number}"

    def carry_out(self, what: str, argument: int, number: int, is_flow: bool) -> Any:
        env = self.env
        if what == "sleep":
            yield float(argument) if is_flow else env.timeout(argument)
            return None
        if what == "timeout":
            return (yield env.timeout(argument, "rang"))
        if what == "event":
            return (yield self.events[argument])
        if what == "join":
            return (yield self.actors[argument]) if argument < number else None
        if is_flow:
            child = Flow(env, self.child(argument, True))
            if what == "call":
                env.timer(TIMEOUT).watch(child)
            value = yield child
            return "too late" if value is TIMED_OUT else value
        child = env.process(self.child(argument, False))
        if what == "child":
            return (yield child)
        done = yield child | env.timeout(TIMEOUT)
        return done.todict().get(child, "too late")

    def child(self, seconds: int, is_flow: bool) -> Any:
        yield float(seconds) if is_flow else self.env.timeout(seconds)
        return f"after {seconds}"

    def disturb(self, disturbances: Any) -> Any:
        for time, (number, how) in disturbances:
            yield self.env.timeout(time * 1.0137 + 0.6 - self.env.now)
            actor = self.actors[number]
            if actor.triggered:
                continue
            if how == "interrupt":
                actor.interrupt(Disturbed() if self.flows[number] else "interrupt")
                continue
            actor.callbacks.append(self.nobody_minds)
            if self.flows[number]:
                actor.cancel()
            else:
                actor.interrupt("cancel")

    @staticmethod
    def nobody_minds(event: Any) -> None:
        event._defused = True


def histories(programs, disturbances, flows, run=lambda env: env.run_until(200.0)):
    play = Play(programs, disturbances, flows)
    run(play.env)
    return play.logs


@settings(max_examples=150)
@given(programs, disturbances)
def test_flows_do_what_processes_do(programs, disturbances):
    """Every wait ends at the same time and with the same value; no stale wake-up ends another wait."""
    assert histories(programs, disturbances, [True] * ACTORS) == histories(programs, disturbances, [False] * ACTORS)


@settings(max_examples=100)
@given(programs, disturbances, st.lists(st.booleans(), min_size=ACTORS, max_size=ACTORS))
def test_flows_and_processes_mix(programs, disturbances, flows):
    """Who waits for whom may cross the border in both directions."""
    assert histories(programs, disturbances, flows) == histories(programs, disturbances, [False] * ACTORS)


@settings(max_examples=100)
@given(programs, disturbances, st.lists(st.floats(0.01, 30.0), max_size=8))
def test_the_way_of_running_does_not_matter(programs, disturbances, lengths):
    """One run, many slices and SimPy's own loop give the same history."""

    def slices(env):
        for length in lengths:
            env.run_until(env.now + length)
        env.run_until(400.0)

    whole = histories(programs, disturbances, [True] * ACTORS)
    assert histories(programs, disturbances, [True] * ACTORS, slices) == whole
    assert histories(programs, disturbances, [True] * ACTORS, lambda env: env.run(until=200.0)) == whole
