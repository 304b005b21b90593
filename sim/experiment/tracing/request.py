"""A traced request is a request whose ledger can be listened to: every entry is told to its tape as it is made.

Only requests that are traced are of this class; they become so when the recorder opens them, and their attempts and
branches when these are sent on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from sim.experiment.tracing.tape import Tape
from sim.request import Request

if TYPE_CHECKING:
    from sim.experiment.tracing.tracer import Tracer


class Told:
    """An attribute of a request that a tape hears of.

    Args:
        name: Of the attribute.
        notice: Called with the tape, the old value and the new one.
    """

    def __init__(self, name: str, notice: Callable[[Tape, Any, Any], None]) -> None:
        self._slot: Any = getattr(Request, name)
        self._notice = notice

    def __get__(self, request: "TracedRequest", owner: type) -> Any:
        return self._slot.__get__(request, owner)

    def __set__(self, request: "TracedRequest", value: Any) -> None:
        before = self._slot.__get__(request, type(request))
        self._slot.__set__(request, value)
        tape = request.tape
        if tape.listens:
            self._notice(tape, before, value)


class TracedRequest(Request):
    """A request that somebody listens to; each tracer has a class of its own.

    Attributes:
        tracer: Whose.
    """

    __slots__ = ()

    tracer: ClassVar["Tracer"]

    owed: Any = Told("owed", Tape.owes)
    network: Any = Told("network", Tape.crosses)
    queue: Any = Told("queue", Tape.queues)
    service: Any = Told("service", Tape.works)
    backoff: Any = Told("backoff", Tape.pauses)
    child: Any = Told("child", lambda tape, before, child: tape.waits_for(child))
    given_up: Any = Told("given_up", lambda tape, before, after: tape.is_given_up())

    @property
    def tape(self) -> Tape:
        """Who listens."""
        return self.tracer.tapes[self]

    def branch(self, now: float, again: bool = False) -> Request:
        """See `Request.branch`."""
        child = super().branch(now, again)
        self.tracer.listen(child, self.tape.branches(child, again))
        return child

    def successor(self, now: float) -> Request:
        """See `Request.successor`; the story of the user request goes on with it."""
        heir = super().successor(now)
        self.tracer.go_on(self, heir)
        return heir

    def owe_policy(self, seconds: float) -> None:
        """See `Request.owe_policy`."""
        with self.tape.not_listening():
            super().owe_policy(seconds)
        self.tape.owes_a_check()

    def owe_service(self, seconds: float) -> None:
        """See `Request.owe_service`."""
        with self.tape.not_listening():
            super().owe_service(seconds)
        self.tape.owes_an_answer()

    def absorb(self, child: Request) -> None:
        """See `Request.absorb`."""
        with self.tape.not_listening():
            super().absorb(child)
        self.tape.has(child, gave_up=False)

    def absorb_until(self, child: Request, now: float) -> None:
        """See `Request.absorb_until`."""
        with self.tape.not_listening():
            super().absorb_until(child, now)
        self.tape.has(child, gave_up=True)

    def cut_short(self, now: float) -> None:
        """See `Request.cut_short`."""
        self.tape.dies(now)
        with self.tape.not_listening():
            super().cut_short(now)


def tape_of(request: Request) -> Tape | None:
    """Who listens to a request; None if nobody does."""
    return request.tape if isinstance(request, TracedRequest) else None
