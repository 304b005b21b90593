"""A parallel step makes several calls at once and waits for all: as slow as the slowest of them.

The ledger follows the branch that decided. Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from sim.components.server import Server
from sim.components.steps.call import DEGRADED, Call, CallConfig
from sim.kernel import Flow
from sim.policies.timeout import leave
from sim.request import Request
from sim.values import Config, Count

if TYPE_CHECKING:
    from sim.components.world import World


class BranchConfig(Config):
    """One call of a parallel step, or several alike."""

    call: CallConfig = Field(description="The call.")
    times: Count = Field(1, ge=1, le=10_000, description="How many of these calls are made.")


class ParallelConfig(Config):
    """Calls that are made at once."""

    shorthand: ClassVar[str | None] = "calls"

    calls: list[BranchConfig] = Field(min_length=1, description="The calls; the step ends when all have ended.")


class Parallel:
    """Makes the calls.

    Args:
        config: Which.
        caller: The component that calls.
        world: Where everything lives.
        name: Of the step, unique in the world.
    """

    hop = None

    def __init__(self, config: ParallelConfig, caller: str, world: "World", name: str) -> None:
        self.env = world.env
        self.recorder = world.recorder
        self.branches = [
            (Call(branch.call, caller, world, f"{name}.{number}"), branch.times)
            for number, branch in enumerate(config.calls)
        ]

    def run(self, request: Request, server: Server) -> Any:
        """Waits for all answers; see `Step.run`."""
        yield from request.settle()
        started = self.env.now
        flights: list[tuple[Flow, Request]] = []
        for call, times in self.branches:
            for number in range(times):
                child = request.branch(started, again=number > 0)
                flights.append((Flow(self.env, self._fly(call, child, server), child), child))
        failure, degraded = None, False
        decisive, last, work = flights[0][1], started, 0.0
        try:
            for flow, child in flights:
                request.child = child
                response, ended = yield flow
                work += child.work
                if ended > last:
                    decisive, last = child, ended
                if not response.success:
                    failure = failure or response
                elif response is DEGRADED:
                    degraded = True
        except BaseException:
            for flow, child in flights:
                leave(self.recorder, flow, child)
            raise
        request.child = None
        decisive.work = work
        request.absorb(decisive)
        return failure or (DEGRADED if degraded else None)

    def _fly(self, call: Call, child: Request, server: Server) -> Any:
        response = yield from call.run(child, server)
        return response, self.env.now
