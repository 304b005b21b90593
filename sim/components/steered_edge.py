"""What a caller holds of something that chooses a region for it: the way to each region, and who chooses."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from sim.components.component import Component, Handler, Steps
from sim.components.fleet import all_who_mind
from sim.components.steering import Region, Steering
from sim.request import ANSWERS, Outcome, Request

if TYPE_CHECKING:
    from sim.components.world import World

REFUSED = ANSWERS[Outcome.REFUSED]


class Chooser(Protocol):
    """Chooses a region for each request of one caller; None where it cannot say any."""

    def __call__(self, request: Request) -> Region | None:
        """The region."""
        ...


class SteeredEdge:
    """Sends each request to the region chosen for it. It adds no hop: who chooses is not on the way.

    Args:
        owner: The component that steers.
        steering: Its control plane.
        caller: Who sends the requests.
        choose: Chooses.
        settle: Whether the caller has to know when the answer is back.
    """

    def __init__(self, owner: Component, steering: Steering, caller: str, choose: Chooser, settle: bool) -> None:
        world: World = owner.world
        self.env = owner.env
        self.owner = owner
        self.choose = choose
        self.home = world.placement.region(caller)
        self.measured = steering.measured if steering.config.steering == "latency" else None
        settle = settle or self.measured is not None
        self.ways: Mapping[str, Handler] = {
            region.name: world.entrance(region.front, caller, settle) for region in steering.regions
        }
        self.gave_up = all_who_mind(self.ways.values())
        self.trail = world.trail_of(caller)

    def handle(self, request: Request) -> Steps:
        """Sends a request where it is steered to."""
        owner = self.owner
        owner.offered += 1
        region = self.choose(request)
        if region is None:
            owner.refused += 1
            return REFUSED
        region.sent += 1
        if self.trail is not None:
            self.trail.note((request.root or request).row, region.name)
        begun = self.env.now + request.owed
        response = yield from self.ways[region.name].handle(request)
        if self.measured is not None:
            self.measured(self.home, region, self.env.now - begun)
        return response
