"""A Flow is a request-light process: one generator on SimPy's own schedule.

The generator yields a `float` (sleep so many seconds), another Flow, or any SimPy event (wait for it; its value is
what `yield` returns). A SimPy process or condition can wait for a Flow too. A sleep costs one heap entry and no new
object; a Flow that waits for a Flow costs nothing but the call.

A wait can be cut short from outside: `interrupt` raises an exception in the generator, `cancel` closes it (its
`finally` blocks run), `give_up` lets the waiter go on without the Flow. What the old wait was for can then no longer
resume the generator: a sleeping Flow remembers the number of the heap entry that may wake it, and an entry with another
number is stale.
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


class Flow(Event):
    """Drives one generator; is itself the event of its end.

    It starts at once, inside the constructor, and runs up to its first wait.

    Args:
        env: The environment whose clock it lives on.
        generator: What it drives. Its return value becomes the Flow's value.
        owner: Gets the Flow as its attribute `flow` before the generator starts.
        then: Called with the owner and the value as soon as the generator has returned.
    """

    __slots__ = (
        "_callbacks",
        "_defused",
        "_generator",
        "_ok",
        "_owner",
        "_target",
        "_then",
        "_value",
        "_waiter",
        "alarm",
        "env",
        "send",
    )

    _generator: Steps | None

    def __init__(
        self, env: Environment, generator: Steps, owner: Any = None, then: Callable[[Any, Any], None] | None = None
    ) -> None:
        self.env = env
        self.send = generator.send
        self._generator = generator
        self._ok = True
        self._value: Any = None
        self._target: Any = None
        self._waiter: Flow | None = None
        self._callbacks: Any = None
        self.alarm = -1  # the number of the schedule's entry that may wake it
        self._owner = owner
        self._then = then
        if owner is not None:
            owner.flow = self
        self.run_on()

    def run_on(self) -> None:
        """Runs the generator to its next wait: at the start, or when an alarm has rung."""
        try:
            wait = self.send(None)
        except StopIteration as stop:
            self.end(True, stop.value)
        except BaseException as error:
            self.break_off(error)
        else:
            if wait.__class__ is float and wait >= 0.0:
                env = self.env
                self.alarm = number = next(env._eid)
                heappush(env._queue, (env._now + wait, NORMAL, number, self))
            else:
                self.wait_for(wait)

    @property
    def callbacks(self) -> Any:
        """SimPy's: whom to call when it has ended; None once they have been called."""
        callbacks = self._callbacks
        if self._generator is None:
            return callbacks or None
        if callbacks is None:
            callbacks = self._callbacks = []
        return callbacks

    @callbacks.setter
    def callbacks(self, callbacks: Any) -> None:
        self._callbacks = callbacks

    @property
    def announces(self) -> bool:
        """Whether it has ended and SimPy's events and processes have to be told."""
        return self._generator is None and bool(self._callbacks)

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
        self.advance(self._generator.throw, exception)

    def cancel(self) -> None:
        """Closes the generator: its `finally` blocks run, and may not wait. Whoever waits for it gets `Cancelled`."""
        generator = self._generator
        if generator is None:
            return
        self._detach()
        generator.close()
        self._defused = True
        self.end(False, Cancelled())

    def give_up(self) -> None:
        """Lets the Flow that waits for this one go on with `TIMED_OUT`; this one goes on too, and nobody cares."""
        waiter = self._waiter
        if waiter is not None and self._generator is not None:
            self._waiter = None
            waiter._target = None
            waiter.advance(waiter.send, TIMED_OUT)

    def _detach(self) -> None:
        target, self._target = self._target, None
        if target is None:
            self.alarm = -1
        elif target.__class__ is Flow and target._waiter is self:
            target._waiter = None
        elif target.callbacks is not None and self._resume in target.callbacks:
            target.callbacks.remove(self._resume)

    def _resume(self, event: Event) -> None:
        self._target = None
        if event._ok:
            self.advance(self.send, event._value)
        else:
            self.advance(*self._outcome(event))

    def advance(self, step: Callable[[Any], Any], value: Any) -> None:
        """Runs the generator to its next wait, beginning with `step(value)` (its `send` or `throw`)."""
        while True:
            try:
                wait = step(value)
            except StopIteration as stop:
                self.end(True, stop.value)
                return
            except BaseException as error:
                self.break_off(error)
                return
            if self._begins(wait):
                return
            step, value = self._outcome(wait)

    def wait_for(self, wait: Any) -> None:
        """Begins to wait for what the generator has yielded; goes on at once if that is over, or can never come."""
        if not self._begins(wait):
            self.advance(*self._outcome(wait))

    def _begins(self, wait: Any) -> bool:
        """Begins a wait, if there is anything to wait for."""
        if wait.__class__ is float and wait >= 0.0:
            env = self.env
            self.alarm = number = next(env._eid)
            heappush(env._queue, (env._now + wait, NORMAL, number, self))
            return True
        if wait.__class__ is Flow:
            if wait._generator is None:
                return False
            self._target = wait
            if wait._waiter is None:
                wait._waiter = self
            else:
                wait.callbacks.append(self._resume)
            return True
        if isinstance(wait, Event) and wait.callbacks is not None:
            self._target = wait
            wait.callbacks.append(self._resume)
            return True
        return False

    def _outcome(self, wait: Any) -> tuple[Callable[[Any], Any], Any]:
        """How the generator goes on after an event that is over, or something that is no wait: the step, its value."""
        if isinstance(wait, Event):
            if wait._ok:
                return self.send, wait._value
            wait._defused = True
            error = wait._value
        else:
            error = ValueError(f"a flow waits for an event or for seconds (a float from 0.0), not for {wait!r}")
        assert self._generator is not None
        return self._generator.throw, error

    def break_off(self, error: BaseException) -> None:
        """Ends with an exception: whoever waits gets it, or else the run does."""
        if self._waiter is None and not self._callbacks:
            self._generator = None
            raise error
        self.end(False, error)

    def end(self, ok: bool, value: Any) -> None:
        """Ends with a value, and lets whoever waits go on."""
        self._generator = self.send = None  # type: ignore[assignment]
        self.alarm = -1
        self._ok, self._value = ok, value
        if self._callbacks:
            self.env.schedule(self)
        owner, self._owner = self._owner, None
        if self._then is not None and ok:
            self._then(owner, value)
        waiter = self._waiter
        if waiter is not None:
            self._waiter = waiter._target = None
            if ok:
                waiter.advance(waiter.send, value)
            else:
                self._defused = True
                assert waiter._generator is not None
                waiter.advance(waiter._generator.throw, value)
