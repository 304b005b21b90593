"""A call asks another component and waits for its answer; optionally only for a time, again, or in vain.

An optional call that fails does not fail the request: after the time its fallback takes, the answer is degraded.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, StrictBool

from sim.components.component import Handler, Steps
from sim.components.fleet import who_minds_time_outs
from sim.components.names import ComponentName
from sim.components.network import Edge
from sim.components.region import owner
from sim.components.server import Server
from sim.policies.retry import Retry, RetryConfig
from sim.policies.timeout import Attempt
from sim.request import ANSWERS, QUEUE, SERVICE, Outcome, Request, Response
from sim.values import Config, Distribution, Duration

if TYPE_CHECKING:
    from sim.components.world import World

DEGRADED = ANSWERS[Outcome.DEGRADED]


class QuestionConfig(Config):
    """A request to another component, as part of serving one."""

    shorthand: ClassVar[str | None] = "to"

    to: ComponentName = Field(description="The component that is called.")
    timeout: Duration | None = Field(None, gt=0, description="How long to wait for the answer; by default for ever.")
    retry: RetryConfig | None = Field(None, description="Whether and how a failed call is made again.")


class CallConfig(QuestionConfig):
    """A request to another component, and what to do without its answer."""

    optional: StrictBool = Field(False, description="Whether the request goes on, degraded, when the call fails.")
    fallback: Distribution | None = Field(
        None, description="How long it takes to make up an answer when the call fails; makes the call optional."
    )


Way = Callable[[bool], Handler]
"""Makes the way to a component, given whether the caller has to know when the answer is back."""


def caller_of(
    config: Any, caller: str, world: "World", stream: str, settle: bool = True, way: Way | None = None
) -> Handler:
    """What makes a call with the time-out and the retries that a config asks for.

    Args:
        config: Has `to`, `timeout` and `retry`.
        caller: The component that calls.
        world: Where both live.
        stream: Name of the random stream for jitter.
        settle: Whether the caller has to know when the answer is back.
        way: The way there, if it is not the component's entrance.
    """
    plain = config.timeout is None and config.retry is None and owner(caller) not in world.mortal
    make_way = way or partial(world.entrance, config.to, caller)
    entrance = make_way(settle or not plain)
    if plain:
        return entrance
    gave_up = who_minds_time_outs(entrance)
    attempt = Attempt(world.env, world.recorder, entrance, config.timeout, gave_up=gave_up)
    if config.retry is None:
        return attempt
    return Retry(config.retry, attempt, world.recorder, world.streams.uniform(stream))


class Call:
    """Makes the call.

    Args:
        config: What to call and how.
        caller: The component that calls.
        world: Where both live.
        name: Of the step, unique in the world.
        way: The way there, if it is not the component's entrance.
    """

    def __init__(self, config: CallConfig, caller: str, world: "World", name: str, way: Way | None = None) -> None:
        self.handler: Any = caller_of(config, caller, world, f"{name}.retry", way=way)
        self.optional = config.optional or config.fallback is not None
        plain = self.handler.__class__ is Edge and not self.handler.salt
        self.hop = self.handler if plain and not self.optional else None
        self.fallback = None if config.fallback is None else world.demand(f"{name}.fallback", config.fallback)

    def run(self, request: Request, server: Server) -> Steps:
        """Waits for the answer; see `Step.run`."""
        response: Response = yield from self.handler.handle(request)
        if response.success or not self.optional:
            return response.relay
        if self.fallback is not None:
            seconds = self.fallback.at(request.id, request.call)
            request.service += seconds
            request.work += seconds
            request.doing = SERVICE
            yield seconds
            request.doing = QUEUE
        return DEGRADED
