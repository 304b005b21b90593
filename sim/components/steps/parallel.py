"""A parallel step makes several calls at once and waits for all: as slow as the slowest of them.

The ledger follows the branch that decided. Source: J. Dean, L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from sim.components.component import Handler
from sim.components.server import Server
from sim.components.steps.call import DEGRADED, CallConfig, caller_of
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
        self.branches: list[tuple[Handler, bool, int]] = []
        for number, branch in enumerate(config.calls):
            handler = caller_of(branch.call, caller, world, f"{name}.{number}.retry")
            optional = branch.call.optional or branch.call.fallback is not None
            self.branches.append((handler, optional, branch.times))

    def run(self, request: Request, server: Server) -> Any:
        """Waits for all answers; see `Step.run`."""
        yield from request.settle()
        started = self.env.now
        flights: list[tuple[Flow, Request, bool]] = []
        for handler, optional, times in self.branches:
            for number in range(times):
                child = request.branch(started, again=number > 0)
                flights.append((Flow(self.env, self._fly(handler, child), child), child, optional))
        failure, degraded = None, False
        decisive, last, work = flights[0][1], started, 0.0
        try:
            for flow, child, optional in flights:
                request.child = child
                response, ended = yield flow
                work += child.work
                if ended > last:
                    decisive, last = child, ended
                if not response.success and not optional:
                    failure = failure or response.relay
                elif not response.success or response is DEGRADED:
                    degraded = True
        except BaseException:
            for flow, child, _ in flights:
                leave(self.recorder, flow, child)
            raise
        request.child = None
        decisive.work = work
        request.absorb(decisive)
        return failure or (DEGRADED if degraded else None)

    def _fly(self, handler: Handler, child: Request) -> Any:
        response = yield from handler.handle(child)
        return response, self.env.now
