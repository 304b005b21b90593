"""A program is what a server does for a request, step by step; the plainest step keeps a worker busy for a while."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sim.kernel import Demand, FixedDemand
from sim.request import QUEUE, SERVICE, Request, RequestKind


class Step(Protocol):
    """One thing that a server does for a request.

    Attributes:
        hop: For a step that is nothing but a call over one link that has to succeed: the edge, which the server then
            walks by itself. Otherwise None.
    """

    hop: Any

    def run(self, request: Request, server: Any) -> Any:
        """A generator that returns None or a success to go on, or the failure that the request ends with.

        After a degraded success the whole answer is degraded.
        """
        ...


class Work:
    """Keeps a worker busy for the service time that the request needs at this step.

    Args:
        demand: Service time at speed 1 by user request and call, s.
    """

    __slots__ = ("at",)

    hop = None

    def __init__(self, demand: Demand | FixedDemand) -> None:
        self.at = demand.at

    def run(self, request: Request, server: Any) -> Any:
        """Works; see `Step.run`."""
        seconds: float = self.at(request.id, request.call) * server.pace
        request.service += seconds
        request.work += seconds
        request.doing = SERVICE
        yield seconds
        request.doing = QUEUE


class Errands:
    """Does first what came up beside the requests while all workers were busy."""

    __slots__ = ()

    hop = None

    def run(self, request: Request, server: Any) -> Any:
        """Keeps the worker busy for as long as that takes; see `Step.run`."""
        seconds, server.errands = server.errands, 0.0
        if seconds:
            request.service += seconds
            request.work += seconds
            request.doing = SERVICE
            yield seconds
            request.doing = QUEUE


class Program:
    """Which steps a server takes for which kind of request.

    Args:
        default: The steps for every kind that `choose` has no others for.
        choose: Finds the steps of a kind that has not been seen before.

    Attributes:
        always: The steps, where they are the same for every request.
    """

    __slots__ = ("_choose", "_default", "_known", "always")

    def __init__(self, default: Sequence[Step], choose: Callable[[Request], list[Step]] | None = None) -> None:
        self._default = list(default)
        self._choose = choose
        self._known: dict[RequestKind, list[Step]] = {}
        self.always = None if choose is not None else self._default

    def steps(self, request: Request) -> list[Step]:
        """The steps for a request."""
        steps = self._known.get(request.kind)
        if steps is None:
            steps = self._choose(request) if self._choose is not None else self._default
            self._known[request.kind] = steps
        return steps

    def add(self, kind: RequestKind, steps: list[Step]) -> None:
        """Says what to do for one kind of request."""
        self._known[kind] = steps
        self.always = None
