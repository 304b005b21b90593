"""A Flow is a request-light process: one generator on SimPy's own schedule.

The generator yields a `float` (sleep so many seconds), another Flow, or any SimPy event (wait for it; its value is
what `yield` returns). A SimPy process or condition can wait for a Flow too. A sleep costs one heap entry and no new
object; a Flow that waits for a Flow costs nothing but the call.

A wait can be cut short from outside: `interrupt` raises an exception in the generator, `cancel` closes it (its
`finally` blocks run), `give_up` lets the waiter go on without the Flow. What the old wait was for can then no longer
resume the generator: a sleeping Flow gets a new alarm and the old one rings in an empty room.
"""

from collections.abc import Callable, Generator
from heapq import heappush
from typing import Any, Final

from simpy import Environment
from simpy.events import NORMAL, Event

Steps = Generator[Any, Any, Any]


class TimedOut:
    """The value that `yield flow` returns when the time-out was faster."""

    def __repr__(self) -> str:
        return "TIMED_OUT"


TIMED_OUT: Final = TimedOut()


class Cancelled(Exception):
    """The value of a Flow that was cancelled."""


class _Alarm:
    """What a sleeping Flow leaves on SimPy's schedule; looks like an event to the loop that rings it."""

    __slots__ = ("_ok", "_value", "callbacks")

    def __init__(self) -> None:
        self._ok = True
        self._value = None
        self.callbacks: Any = None


class Flow(Event):
    """Drives one generator; is itself the event of its end.

    It starts at once, inside the constructor, and runs up to its first wait.

    Args:
        env: The environment whose clock it lives on.
        generator: What it drives. Its return value becomes the Flow's value.
        start: False leaves the start to `start()`, for a generator that has to know its Flow.
    """

    __slots__ = ("_alarm", "_defused", "_generator", "_ok", "_send", "_sleeper", "_target", "_value", "_waiter", "callbacks", "env")

    def __init__(self, env: Environment, generator: Steps, start: bool = True) -> None:
        self.env = env
        self.callbacks = []
        self._value = None
        self._ok = True
        self._generator: Steps | None = generator
        self._send = generator.send
        self._sleeper: list[Callable[[Any], None]] = [self._wake]
        self._alarm = _Alarm()
        self._waiter: Flow | None = None
        self._target: Any = None
        if start:
            self._advance(self._send, None)

    def start(self) -> None:
        """Runs a Flow that was made with `start=False` up to its first wait."""
        self._advance(self._send, None)

    @property
    def ended(self) -> bool:
        """Whether the generator has returned, failed or been cancelled."""
        return self._generator is None

    @property
    def triggered(self) -> bool:
        """SimPy's word for `ended`."""
        return self._generator is None

    def interrupt(self, exception: BaseException) -> None:
        """Raises `exception` in the generator, at the wait it is in.

        Raises:
            RuntimeError: The Flow has ended.
        """
        if self._generator is None:
            raise RuntimeError(f"{self!r} has ended and cannot be interrupted")
        self._detach()
        self._advance(self._generator.throw, exception)

    def cancel(self) -> None:
        """Closes the generator: its `finally` blocks run, and may not wait. Whoever waits for it gets `Cancelled`."""
        generator = self._generator
        if generator is None:
            return
        self._detach()
        generator.close()
        self._end(False, Cancelled())

    def give_up(self) -> None:
        """Lets the Flow that waits for this one go on with `TIMED_OUT`; this one goes on too, and nobody cares."""
        waiter = self._waiter
        if waiter is not None and self._generator is not None:
            self._waiter = None
            waiter._target = None
            waiter._advance(waiter._send, TIMED_OUT)

    def _detach(self) -> None:
        target, self._target = self._target, None
        if target is None:
            alarm = self._alarm
            if alarm.callbacks is not None:
                alarm.callbacks = ()
                self._alarm = _Alarm()
        elif target.__class__ is Flow and target._waiter is self:
            target._waiter = None
        elif target.callbacks is not None and self._resume in target.callbacks:
            target.callbacks.remove(self._resume)

    def _wake(self, _: Any) -> None:
        self._advance(self._send, None)

    def _resume(self, event: Event) -> None:
        self._target = None
        if event._ok:
            self._advance(self._send, event._value)
        else:
            event._defused = True
            assert self._generator is not None
            self._advance(self._generator.throw, event._value)

    def _advance(self, step: Callable[[Any], Any], value: Any) -> None:
        try:
            while True:
                wait = step(value)
                if wait.__class__ is float:
                    if wait < 0.0:
                        raise ValueError(f"a flow cannot sleep for {wait} s")
                    env, alarm = self.env, self._alarm
                    alarm.callbacks = self._sleeper
                    heappush(env._queue, (env._now + wait, NORMAL, next(env._eid), alarm))
                    return
                if wait.__class__ is Flow:
                    if wait._generator is None:
                        step, value = self._next_step(wait)
                        continue
                    self._target = wait
                    if wait._waiter is None:
                        wait._waiter = self
                    else:
                        wait.callbacks.append(self._resume)
                    return
                if wait.callbacks is None:
                    step, value = self._next_step(wait)
                    continue
                self._target = wait
                wait.callbacks.append(self._resume)
                return
        except StopIteration as stop:
            self._end(True, stop.value)
        except BaseException as error:
            if self._waiter is None and not self.callbacks:
                self._generator = None
                raise
            self._end(False, error)

    def _next_step(self, done: Event) -> tuple[Callable[[Any], Any], Any]:
        assert self._generator is not None
        if done._ok:
            return self._send, done._value
        done._defused = True
        return self._generator.throw, done._value

    def _end(self, ok: bool, value: Any) -> None:
        self._generator = None
        self._ok, self._value = ok, value
        waiter, self._waiter = self._waiter, None
        if self.callbacks:
            self.env.schedule(self)
        else:
            self.callbacks = None  # type: ignore[assignment]
        if waiter is not None:
            waiter._target = None
            if ok:
                waiter._advance(waiter._send, value)
            else:
                self._defused = True
                assert waiter._generator is not None
                waiter._advance(waiter._generator.throw, value)
