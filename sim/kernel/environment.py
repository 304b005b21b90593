"""Simulated time: SimPy's environment, run in slices, and time-outs of equal length kept in one line.

`run_until` is SimPy's `run(until=…)` with its loop unrolled: what is due before `end` happens, what is due at `end`
or later does not, and the clock stops at `end` exactly. SimPy's own processes, events and `run` work beside it.
"""

from collections import deque
from heapq import heappop

from simpy import Environment as SimPyEnvironment
from simpy.events import Event, Timeout

from sim.kernel.flow import Flow


class Timer:
    """Time-outs of one length, in the order they were set: one pending SimPy event for all of them.

    Args:
        env: The environment.
        seconds: How long each lasts.
    """

    def __init__(self, env: SimPyEnvironment, seconds: float) -> None:
        self.env = env
        self.seconds = seconds
        self._waiting: deque[tuple[float, Flow]] = deque()
        self._armed = False

    def watch(self, flow: Flow) -> None:
        """Lets whoever waits for `flow` give up on it (`TIMED_OUT`) if it has not ended in time."""
        env = self.env
        self._waiting.append((env._now + self.seconds, flow))
        if not self._armed:
            self._armed = True
            Timeout(env, self.seconds).callbacks.append(self._due)

    def _due(self, _: Event) -> None:
        now, waiting = self.env.now, self._waiting
        while waiting and (waiting[0][1].ended or waiting[0][0] <= now):
            waiting.popleft()[1].give_up()
        self._armed = bool(waiting)
        if waiting:
            due = waiting[0][0]
            event = Event(self.env)
            event._ok, event._value = True, None
            event.callbacks.append(self._due)
            self.env.schedule(event, delay=due - now)


class Environment(SimPyEnvironment):
    """SimPy's environment with a fast bounded run and shared timers; it starts at 0 s."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._timers: dict[float, Timer] = {}
        self.events = 0

    def timer(self, seconds: float) -> Timer:
        """The timer of all time-outs that last `seconds`."""
        timer = self._timers.get(seconds)
        if timer is None:
            timer = self._timers[seconds] = Timer(self, seconds)
        return timer

    def run_until(self, end: float) -> None:
        """Makes everything happen that is due before `end`, s; the clock then shows `end`."""
        queue, pop, events = self._queue, heappop, 0
        try:
            while queue and queue[0][0] < end:
                self._now, _, _, event = pop(queue)
                events += 1
                callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
                for callback in callbacks:
                    callback(event)
                if not event._ok and not hasattr(event, "_defused"):
                    raise event._value
        finally:
            self.events += events
        self._now = end
