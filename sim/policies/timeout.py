"""A time-out stops the caller, not the server: the attempt goes on by itself, and its work is counted as wasted.

Each attempt is a flow of its own. The caller goes on when its answer is back or when the timer rings, whichever is
first; the timers of all attempts with the same time-out share one line.
"""

from collections.abc import Callable, Generator
from typing import Any, Final, Protocol

from sim.kernel import TIMED_OUT, Environment, Flow
from sim.metrics import Recorder
from sim.request import ANSWERS, Outcome, Request, Response

GAVE_UP: Final = ANSWERS[Outcome.TIMEOUT]


class Inner(Protocol):
    """What a policy wraps."""

    def handle(self, request: Request) -> Generator[Any, Any, Response]:
        """Serves one request."""
        ...


class Attempt:
    """Sends a request on as a flow of its own and waits for it, for a time or for as long as it takes.

    Args:
        env: The environment.
        recorder: Told of wasted work.
        inner: What answers; it settles its delays before it returns.
        timeout: How long to wait, s; None waits for as long as it takes.
        answered: Called with the request and the latency of each answer that came in time, s.
        sent: Called with the request and the time of each attempt, s.
        gave_up: Called with each attempt whose answer has not come in time.
    """

    def __init__(
        self,
        env: Environment,
        recorder: Recorder,
        inner: Inner,
        timeout: float | None = None,
        answered: Callable[[Request, float], None] | None = None,
        sent: Callable[[Request, float], None] | None = None,
        gave_up: Callable[[Request], None] | None = None,
    ) -> None:
        self.env = env
        self.recorder = recorder
        self.inner = inner
        self.timeout = timeout
        self.answered = answered
        self.sent = sent
        self.gave_up = gave_up
        self.timer = None if timeout is None else env.timer(timeout)

    def handle(self, request: Request, again: bool = False) -> Generator[Any, Any, Response]:
        """Waits for one attempt; `again` says that an earlier one was made, whose work is done anew."""
        env = self.env
        yield from request.settle()
        started = env._now
        if self.sent is not None:
            self.sent(request, started)
        child = request.branch(started, again)
        if self.timeout is not None and started + self.timeout < child.deadline:
            child.deadline = started + self.timeout
        request.child = child
        flow = Flow(env, self.inner.handle(child), child)
        if self.timer is not None and not flow.ended:
            self.timer.watch(flow)
        try:
            response = yield flow
        except BaseException:
            leave(self.recorder, flow, child)
            raise
        request.child = None
        if response is TIMED_OUT:
            request.absorb_until(child, env._now)
            leave(self.recorder, flow, child)
            if self.gave_up is not None:
                self.gave_up(child)
            return GAVE_UP
        if self.timer is not None:
            self.timer.forget(flow)
        request.absorb(child)
        if self.answered is not None:
            self.answered(request, env._now - started)
        answer: Response = response
        return answer


def leave(recorder: Recorder, flow: Flow, child: Request) -> None:
    """Nobody waits for an attempt any more: what it has cost is known when it ends."""
    child.given_up = True
    if flow.ended:
        recorder.waste(child)
    else:
        flow.callbacks.append(lambda _: recorder.waste(child))
