"""Steering chooses a region before a balancer chooses an instance: by geography, latency, weight or order.

It knows of a region what its own health checks have told it. A standby region takes traffic only while an active one is
out, and only when it is ready; how traffic returns to a region that is back is the `failback`.

Sources: AWS, Route 53 routing policies and Global Accelerator; Google, Cloud Load Balancing; Envoy, priority levels.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from math import exp, fsum
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from sim.balancing import HealthCheckConfig
from sim.components.component import Component
from sim.components.health_checker import Front, Prober
from sim.components.names import ComponentName, RegionName, names_in
from sim.components.network import Edge
from sim.kernel import Flow
from sim.metrics import Reaction, What
from sim.values import Config, Duration, Number, wrong_key, wrong_values

if TYPE_CHECKING:
    from sim.components.world import World

FORGETTING = 60.0
"""Time constant with which a measured latency is forgotten, s: then a region is tried again."""

FRESH = 0.1
"""Weight of the latest measurement in the moving average."""

Weight = Number


class FailbackConfig(Config):
    """How traffic returns to a region that is healthy again."""

    shorthand: ClassVar[str | None] = "how"

    how: Literal["at_once", "gradual", "manual"] = Field(
        "at_once",
        description="All at once, gradual (its share grows linearly), or manual (it waits for a failback event).",
    )
    after: Duration = Field(0.0, description="How long a region has to stay healthy before anything returns to it.")
    over: Duration = Field(60.0, gt=0, description="How long a gradual return takes.")


class Steered(Config):
    """What sends requests to one of several regions."""

    to: ComponentName = Field(description="The component, in several regions, that requests go to.")
    steering: Literal["geo", "latency", "weighted", "round_robin", "failover"] = Field(
        "geo",
        description="Which region a request goes to: the nearest (geo), the one that answers fastest (latency), one "
        "by weight, each in turn, or the first healthy one in order (failover).",
    )
    weights: dict[RegionName, Number] = Field(
        default_factory=dict, description="For weighted steering: each region's weight; 1 where none is given."
    )
    health_check: HealthCheckConfig | None = Field(
        None, description="Probes that take dead regions out; by default none, and nothing is ever taken out."
    )
    failback: FailbackConfig = Field(default_factory=FailbackConfig, description="How traffic returns to a region.")

    by_region: ClassVar[tuple[str, ...]] = ("weights",)
    """The keys that say something of regions in which `to` stands."""

    _ways: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _weights(self) -> Self:
        if self.weights and self.steering != "weighted":
            raise wrong_key("weights", f"means nothing to {self.steering} steering; it belongs to weighted")
        if any(weight < 0 for weight in self.weights.values()):
            raise wrong_key("weights", "a weight is 0 or more")
        return self

    @model_validator(mode="after")
    def _of_regions_of_the_target(self, info: ValidationInfo) -> Self:
        names = names_in(info)
        wrong: list[tuple[tuple[str, str, str], ValueError]] = []
        if names is None:
            return self
        for key in self.by_region:
            for region in getattr(self, key):
                try:
                    names.check_stands(self.to, region)
                except ValueError as error:
                    wrong.append(((key, region, "[key]"), error))
        if wrong:
            raise wrong_values(self, wrong)
        places = (names.places or {}).get(self.to, ())
        if places and all(self.weights.get(region) == 0.0 for region in places):
            raise wrong_key("weights", f"with a weight of 0 for {' and '.join(places)} nothing could go anywhere")
        return self

    @property
    def ways(self) -> Mapping[str, str]:
        """For each region the part of `to` that stands there; a nameless one where there are no regions."""
        return self._ways or {"": self.to}

    def over(self, ways: Mapping[str, str]) -> Self:
        """The same with the parts that it sends requests to, by region."""
        copy = self.model_copy()
        copy._ways = dict(ways)
        return copy


class Region:
    """What steering believes of one region.

    Args:
        name: Its name.
        front: The part there that requests are sent to.
        standby: Whether it waits for an active region to fail.

    Attributes:
        against: What speaks against sending anything there: that it is `unhealthy`, or `drained` by hand.
        out: Whether it gets no traffic, because something speaks against it or it has not been allowed back yet.
        back_since: When its gradual return began, s; None when it is not on its way back.
        sent: Requests sent there.
    """

    def __init__(self, name: str, front: str, standby: bool) -> None:
        self.name = name
        self.front = front
        self.standby = standby
        self.against: set[str] = set()
        self.out = False
        self.back_since: float | None = None
        self.sent = self.sent_before = 0
        self.returning: Flow | None = None


class Steering:
    """The control plane of what sends requests to regions.

    Args:
        owner: The component whose it is; its config is a `Steered`.
    """

    def __init__(self, owner: Component) -> None:
        self.owner = owner
        self.world: World = owner.world
        self.env = owner.env
        self.config: Steered = owner.config
        self.regions = [Region(name, front, self.world.standby.waits(name)) for name, front in self.config.ways.items()]
        self._coin = self.world.streams.uniform(f"{owner.name}.steering")
        self._turn = -1
        self._measured: dict[tuple[str | None, str], tuple[float, float]] = {}
        self.update()

    def watch(self) -> None:
        """Begins to check the regions."""
        config, world, name = self.config.health_check, self.world, f"{self.owner.name}.health_check"
        if config is None:
            return
        phases = world.streams.uniform(name)
        for region in self.regions:
            front = Front(world.components[region.front], config.work)
            way = Edge(self.env, world.link(name, region.front), front, 0, settle=True)
            Prober(self.env, config, way, phases.next(), partial(self._verdict, region))

    # -- which region

    def choose(self, home: str | None, full: Collection[Region] = ()) -> Region:
        """The region for a request.

        Args:
            home: The region that it comes from.
            full: Regions that are used only if all are full.
        """
        regions: Sequence[Region] = self.candidates
        if full:
            regions = [region for region in regions if region not in full] or regions
        if self._returning:
            regions = [region for region in regions if self._lets_in(region)] or regions
        if len(regions) == 1:
            return regions[0]
        match self.config.steering:
            case "weighted":
                return self._by_weight(regions)
            case "round_robin":
                self._turn += 1
                return regions[self._turn % len(regions)]
            case "failover":
                return regions[0]
            case "latency":
                return min(regions, key=lambda region: self._latency(home, region))
            case "geo":
                return min(regions, key=lambda region: self.world.distance(home, region.name))

    def measured(self, home: str | None, region: Region, seconds: float) -> None:
        """Notes how long a region took to answer a request from `home`, s."""
        latency = self._latency(home, region)
        self._measured[home, region.name] = latency + FRESH * (seconds - latency), self.env.now

    def _latency(self, home: str | None, region: Region) -> float:
        """The moving average of what was measured, s; with time it returns to the network's, so that all are tried."""
        least = 2.0 * self.world.distance(home, region.name)
        if (home, region.name) not in self._measured:
            return least
        latency, when = self._measured[home, region.name]
        return least + (latency - least) * exp((when - self.env.now) / FORGETTING)

    def _by_weight(self, regions: Sequence[Region]) -> Region:
        weights = [self.config.weights.get(region.name, 1.0) for region in regions]
        if not any(weights):  # what is kept for a last resort has come to that
            weights = [1.0] * len(regions)
        point = self._coin.next() * fsum(weights)
        for region, weight in zip(regions, weights, strict=True):
            point -= weight
            if point < 0.0:
                return region
        return regions[-1]

    def _lets_in(self, region: Region) -> bool:
        if region.back_since is None:
            return True
        share: float = self._coin.next()
        return share * self.config.failback.over < self.env.now - region.back_since

    # -- what it has done

    def sent(self) -> dict[str, float]:
        """Requests sent to each region so far."""
        return {f"to_{region.name}": float(region.sent) for region in self.regions if region.name}

    def counters(self) -> dict[str, Any]:
        """Requests sent to each region since `start_counting`."""
        return {f"to_{region.name}": region.sent - region.sent_before for region in self.regions if region.name}

    def start_counting(self) -> None:
        """Forgets what was counted so far."""
        for region in self.regions:
            region.sent_before = region.sent

    # -- what is believed of the regions

    def update(self) -> None:
        """Finds the regions to choose from: active ones that are not out, and standby ones that stand in for others.

        Where none is left it is more likely that the checks are wrong than that all is dead: then all active ones are
        used (fail open).
        """
        active = [region for region in self.regions if not region.standby]
        well = [region for region in active if not region.out]
        self._returning = any(region.back_since is not None for region in active)
        if len(well) < len(active) or self._returning:
            well += [
                region
                for region in self.regions
                if region.standby and not region.out and self.world.standby.ready(region.name)
            ]
        self.candidates = well or active or self.regions

    def _verdict(self, region: Region, healthy: bool) -> None:
        self._react(region, "healthy" if healthy else "unhealthy")
        if healthy:
            self.clear(region, "unhealthy")
        else:
            self.take_out(region, "unhealthy")

    def take_out(self, region: Region, why: str) -> None:
        """Sends nothing to a region any more, and makes the standby regions ready to stand in for an active one."""
        region.against.add(why)
        if why == "drained":
            self._react(region, "drained")
        region.out, region.back_since = True, None
        if region.returning is not None:
            region.returning.cancel()
        for other in self.regions:
            if other.standby and not region.standby:
                self.world.standby.activate(other.name, self.update)
        self.update()

    def clear(self, region: Region, why: str) -> None:
        """One thing less speaks against a region; if nothing does any more it is on its way back."""
        region.against.discard(why)
        if not region.against and (region.standby or self.config.failback.how != "manual"):
            region.returning = Flow(self.env, self._return(region))

    def fail_back(self, region: Region) -> None:
        """Lets traffic return to a region now, if nothing speaks against it."""
        if region.out and not region.against:
            if region.returning is not None:
                region.returning.cancel()
            self._let_back(region)

    def _return(self, region: Region) -> Any:
        failback = self.config.failback
        yield 0.0 if region.standby else failback.after
        self._let_back(region)
        if failback.how == "gradual" and not region.standby:
            region.back_since = self.env.now
            self.update()
            yield failback.over
            region.back_since = None
            self.update()

    def _let_back(self, region: Region) -> None:
        region.out = False
        self._react(region, "failback")
        self.update()

    def _react(self, region: Region, what: What) -> None:
        self.world.recorder.react(Reaction(self.env.now, region.front, -1, what))
