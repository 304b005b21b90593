"""Simulated time: SimPy's environment, run in slices, and time-outs of equal length kept in one line.

`run_until` is SimPy's `run(until=…)` with its loop unrolled: what is due before `end` happens, what is due at `end`
or later does not, and the clock stops at `end` exactly. SimPy's own processes, events and `run` work beside it.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

from simpy import Environment as SimPyEnvironment
from simpy.core import EmptySchedule
from simpy.events import NORMAL, Event, EventPriority

from sim.kernel.flow import Flow

BEFORE_ALL: Final = EventPriority(-1)
"""The priority of the end of a run: what is due at the same time does not happen any more."""


class Timer:
    """Time-outs of one length, in the order they were set: one pending SimPy event for all of them.

    Args:
        env: The environment.
        seconds: How long each lasts.

    Attributes:
        watched: For each flow when its time-out rings, s, and what is called then; in the order of time.
        armed: Whether the pending event is there; as long as it is, what `watch` does is to add to `watched`.
    """

    __slots__ = ("_gaps", "armed", "env", "seconds", "watched")

    def __init__(self, env: SimPyEnvironment, seconds: float) -> None:
        self.env = env
        self.seconds = seconds
        self.watched: dict[Flow, tuple[float, Callable[[Any], None] | None, Any]] = {}
        self.armed = False
        self._gaps = 0  # how many have been taken from the front of `watched`, each of which makes the next one slower

    def watch(self, flow: Flow, late: Callable[[Any], None] | None = None, about: Any = None) -> None:
        """Lets whoever waits for `flow` give up on it if it has not ended in time.

        Args:
            flow: What may take too long.
            late: Called with `about` when it does; by default the Flow that waits for `flow` gets `TIMED_OUT`.
            about: What `late` wants to know.
        """
        due = self.env._now + self.seconds
        self.watched[flow] = due, late, about
        if not self.armed:
            self.armed = True
            self._wake_at(due)

    def forget(self, flow: Flow) -> None:
        """Stops the time-out of a flow that has ended, if it is still watched."""
        self.watched.pop(flow, None)

    def _wake_at(self, due: float) -> None:
        env = self.env
        event = Event(env)
        event._ok, event._value = True, None
        event.callbacks.append(self._due)
        heappush(env._queue, (due, NORMAL, next(env._eid), event))

    def _due(self, _: Event) -> None:
        if 10 * self._gaps > len(self.watched):
            self.watched, self._gaps = dict(self.watched), 0
        now, watched = self.env.now, self.watched
        while watched:
            flow, (due, late, about) = next(iter(watched.items()))
            if due > now and not flow.ended:
                self._wake_at(due)
                return
            del watched[flow]
            self._gaps += 1
            if flow.ended:
                continue
            if late is None:
                flow.give_up()
            else:
                late(about)
        self.armed = False


class Environment(SimPyEnvironment):
    """SimPy's environment with a fast bounded run and shared timers; it starts at 0 s."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._timers: dict[float, Timer] = {}
        self._never: list[Event] = []
        self.events = 0

    def timer(self, seconds: float) -> Timer:
        """The timer of all time-outs that last `seconds`."""
        timer = self._timers.get(seconds)
        if timer is None:
            timer = self._timers[seconds] = Timer(self, seconds)
        return timer

    def never(self) -> Event:
        """An event that never happens: who waits for it goes on holding what it holds, to the end of the run.

        An event that nothing refers to would not do: Python may collect it as garbage, and close whoever waits for it.
        """
        event = Event(self)
        self._never.append(event)
        return event

    def run_until(self, end: float) -> None:
        """Makes everything happen that is due before `end`, s; the clock then shows `end`.

        Raises:
            ValueError: It has passed already.
        """
        if not end >= self._now:
            raise ValueError(f"the clock shows {self._now} s and cannot go back to {end} s")
        queue, pop, push, number_of_next, events = self._queue, heappop, heappush, self._eid.__next__, 0
        normal, flow = NORMAL, Flow
        stop = Event(self)
        push(queue, (end, BEFORE_ALL, number_of_next(), stop))
        try:
            while True:
                now, _, number, event = pop(queue)
                self._now = now
                if event.__class__ is flow:
                    events += 1
                    if event.alarm == number:
                        try:
                            wait = event.send(None)
                        except StopIteration as done:
                            event.end(True, done.value)
                        except BaseException as error:
                            event.break_off(error)
                        else:
                            if wait.__class__ is float and wait >= 0.0:
                                event.alarm = number = number_of_next()
                                push(queue, (now + wait, normal, number, event))
                            else:
                                event.wait_for(wait)
                    elif event.announces:
                        self._process(event)
                elif event is stop:
                    return
                else:
                    events += 1
                    self._process(event)
        finally:
            self.events += events

    def step(self) -> None:
        """SimPy's single step, which its own `run` is made of; it wakes flows too."""
        if not self._queue:
            raise EmptySchedule
        number, event = self._queue[0][2:]
        self._now = heappop(self._queue)[0]
        if event.__class__ is not Flow or (event.alarm != number and event.announces):
            self._process(event)
        elif event.alarm == number:
            event.run_on()

    @staticmethod
    def _process(event: Event) -> None:
        callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
        for callback in callbacks:
            callback(event)
        if not event._ok and not hasattr(event, "_defused"):
            raise event._value
