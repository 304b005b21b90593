"""Data that is pinned to a region: a call goes to where its data is, however far that is.

A client's data is in its home region, as the law may want it; or each key has its region, chosen by a hash of it. What
stands in several regions and says nothing of this holds everything everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sim.balancing.hashing import selector
from sim.components.component import Handler, Steps
from sim.components.fleet import all_who_mind
from sim.components.region import Residency
from sim.request import Request

if TYPE_CHECKING:
    from sim.components.world import World


class ResidentEdge:
    """Sends each request to the region of its data.

    Args:
        world: The world.
        parts: The parts of the component that holds the data.
        by: What decides: the client whose request it is, or the key that it is about.
        caller: Who sends the requests.
        settle: Whether the caller has to know when the answer is back.
    """

    def __init__(self, world: "World", parts: Sequence[str], by: Residency, caller: str, settle: bool) -> None:
        self.ways = [world.components[part].entrance(caller, settle) for part in parts]
        self.gave_up = all_who_mind(self.ways)
        regions = [world.placement.region(part) for part in parts]
        self._home: Mapping[str, Handler] = {
            client: self.ways[regions.index(region)]
            for client, region in world.placement.data_homes.items()
            if region in regions  # nobody else comes here
        }
        self._hash = selector("key")
        self._trail = world.trail_of(caller)
        self._regions = dict(zip(self.ways, regions, strict=True))
        self._way: Callable[[Request], Handler] = self._of_client if by == "client" else self._of_key

    def handle(self, request: Request) -> Steps:
        """Asks where the data is."""
        way = self._way(request)
        if self._trail is not None:
            self._trail.note((request.root or request).row, self._regions[way])
        return way.handle(request)

    def _of_client(self, request: Request) -> Handler:
        return self._home[request.client]

    def _of_key(self, request: Request) -> Handler:
        return self.ways[(self._hash(request) or 0) % len(self.ways)]
