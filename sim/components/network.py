"""The network between two components: latency, jitter, loss, and bandwidth that transfers queue on.

Latency is one way and paid on every crossing. A lost packet is sent again by TCP after a retransmission time-out that
doubles (RFC 6298, with Linux's minimum of 200 ms), so loss shows as a long tail, and a cut link as silence until it
heals. With a bandwidth, each direction transmits one message after the other.
"""

from collections.abc import Callable, Mapping, Set
from functools import cached_property
from itertools import repeat
from math import inf, prod
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, model_validator
from simpy.events import Event

from sim.components.component import Handler, Steps
from sim.components.names import names_in
from sim.kernel import Environment, Streams, Uniform
from sim.metrics import Recorder
from sim.request import ANSWERS, NETWORK, Outcome, Request
from sim.values import Bandwidth, Config, Constant, Distribution, Share, means_distribution
from sim.values.words import quote

LOST = ANSWERS[Outcome.LOST]
FIRST_RETRANSMISSION = 0.2
LONGEST_RETRANSMISSION = 120.0


class LinkConfig(Config):
    """The network between components, or a client's access link."""

    latency: Distribution | None = Field(None, description="One-way latency of a hop, paid in each direction.")
    jitter: Share = Field(0.0, description="Varies the latency uniformly by up to this share, up or down.")
    loss: Share = Field(0.0, le=0.99, description="Share of messages lost on the way and sent again by TCP.")
    bandwidth: Bandwidth | None = Field(None, gt=0, description="What a link carries each way; transfers queue on it.")

    @property
    def one_way(self) -> Distribution:
        """Latency of a hop; none at all where none is given."""
        return Constant(0.0) if self.latency is None else self.latency


def _without_defaults(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1
    for described in schema["properties"].values():
        described.pop("default", None)


class PairConfig(LinkConfig):
    """The link between two components where it is not like the others; what is left out is as it is elsewhere."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)
    shorthand: ClassVar[str | None] = "latency"

    latency: Distribution = Field(Constant(0.0), description="One-way latency of a hop, paid in each direction.")

    @classmethod
    def is_short(cls, value: Any) -> bool:
        """Whether a value is a latency alone, which may be a mapping too."""
        return super().is_short(value) or means_distribution(value, cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _is_not_empty(cls, value: Any) -> Any:
        if value == {}:
            raise ValueError(f"is empty; give a latency, or some of {', '.join(cls.model_fields)}")
        return value


def _is_pair(pair: str, info: ValidationInfo) -> str:
    names = names_in(info)
    if names is None:
        return pair
    ends = pair.split("/")
    if len(ends) != 2:
        text = "is not a pair; write two names with a slash between them, such as gateway/search"
        raise ValueError(f"{quote(pair)} {text}")
    for end in ends:
        names.check_end(end)
    if ends[0] == ends[1]:
        raise ValueError(f"{quote(pair)} names one component twice; nothing calls itself")
    return pair


class NetworkConfig(LinkConfig):
    """The network between all components, and where it differs."""

    between: dict[Annotated[str, AfterValidator(_is_pair)], PairConfig] = Field(
        default_factory=dict,
        description="What is different between two regions or two components, written a/b; both ways are alike.",
    )

    @cached_property
    def distances(self) -> Mapping[frozenset[str | None], float]:
        """Mean one-way latency of each pair, s."""
        return {frozenset(pair.split("/")): config.one_way.mean for pair, config in self.between.items()}

    def link(
        self,
        caller: str,
        callee: str,
        access: LinkConfig | None,
        regions: Set[str | None] = frozenset(),
        across: Distribution | None = None,
    ) -> LinkConfig:
        """What the link between two parts is like.

        Args:
            caller: Name of the component or client that calls.
            callee: Name of what it calls.
            access: The caller's own link, if it has one: it takes the network's place, and its latency if it has none.
            regions: Where the two stand.
            across: The latency between their zones, where they are in two.
        """
        base = self if access is None else access
        latency = self.latency if base.latency is None else base.latency
        own: dict[str, Any] = {"latency": latency if across is None else across}
        for ends in (regions, {caller, callee}):
            for pair, config in self.between.items():
                if set(pair.split("/")) == ends:
                    own |= {key: getattr(config, key) for key in config.model_fields_set}
        return base.model_copy(update=own)


class AccessConfig(LinkConfig):
    """A client's own link."""

    lose_response: Share = Field(0.0, description="Share of answers lost for good on their way to the client.")


class Direction:
    """One direction of a link.

    Args:
        env: The environment.
        config: What it is like.
        streams: The run's random streams.
        name: Of the stream, unique to the direction.
    """

    def __init__(self, env: Environment, config: LinkConfig, streams: Streams, name: str) -> None:
        self.env = env
        self.bandwidth = config.bandwidth
        self.loss = config.loss
        self.extra: list[Callable[[], float]] = []
        self.losses: list[tuple[float, float]] = []
        self.cut_until = 0.0
        self._free_at = 0.0
        self._coin: Uniform = streams.uniform(f"{name}.loss")
        self.latency: Callable[[], float] = _sampler(config.one_way, config.jitter, streams, name)

    @property
    def steady(self) -> bool:
        """Whether a crossing is a pure delay that does not depend on when it begins."""
        return self.bandwidth is None and not self.loss

    def crossing(self, size: float) -> float:
        """How long a message that leaves now takes, s; `inf` if it never arrives.

        Args:
            size: Bytes.
        """
        now = self.env.now
        seconds = self.latency()
        for extra in self.extra:
            seconds += extra()
        if self.bandwidth is not None and size:
            begin = max(now, self._free_at)
            self._free_at = begin + size / self.bandwidth
            seconds += self._free_at - now
        waited, timer = 0.0, FIRST_RETRANSMISSION
        while self._loses(now + waited):
            if self.dead_until == inf:
                return inf
            waited += timer
            timer = min(timer * 2.0, LONGEST_RETRANSMISSION)
        return seconds + waited

    @property
    def dead_until(self) -> float:
        """Until when nothing at all gets through, as far as is known, s."""
        ends = [until for share, until in self.losses if share >= 1.0]
        return max(self.cut_until, inf if self.loss >= 1.0 else 0.0, *ends)

    def _loses(self, now: float) -> bool:
        """Whether a packet sent at `now` is lost."""
        if now < self.cut_until:
            return True
        arrives = (1.0 - self.loss) * prod(1.0 - share for share, until in self.losses if now < until)
        return arrives < 1.0 and self._coin.next() >= arrives


class Link:
    """Both directions between a caller and what it calls.

    Args:
        out: Towards the callee.
        back: Towards the caller.

    Attributes:
        steady: Whether crossings are pure delays: neither bandwidth nor loss, and no event of the scenario touches it.
    """

    __slots__ = ("back", "out", "steady")

    def __init__(self, out: Direction, back: Direction) -> None:
        self.out = out
        self.back = back
        self.steady = out.steady and back.steady

    @classmethod
    def free(cls, env: Environment) -> "Link":
        """A link that takes no time."""
        one, other = (Direction(env, LinkConfig(), Streams(0), "free") for _ in range(2))
        return cls(one, other)

    def watch(self) -> None:
        """Some event of the scenario touches this link: from now on the moment of a crossing matters."""
        self.steady = False


class Edge:
    """What a caller holds of one thing behind it: the way there, and the way back.

    Args:
        env: The environment.
        link: Between the two.
        target: What answers.
        salt: Tells the edges that lead to one target apart, so that each draws service demands of its own.
        settle: Whether the caller has to know when the answer is back.
    """

    __slots__ = ("back", "env", "link", "out", "salt", "settle", "target")

    def __init__(self, env: Environment, link: Link, target: Handler, salt: int, settle: bool) -> None:
        self.env = env
        self.link = link
        self.target = target
        self.salt = salt
        self.settle = settle
        self.out = link.out.latency
        self.back = link.back.latency

    def handle(self, request: Request) -> Steps:
        """Sends a request there and brings the answer back."""
        salt = self.salt
        if salt:
            request.call += salt
        link = self.link
        if link.steady:
            request.owed += self.out()
            response = yield from self.target.handle(request)
            delay = self.back() + request.owed
            if not self.settle:
                request.owed = delay
            elif delay:
                request.owed = 0.0
                request.network += delay
                yield delay
        else:
            yield from cross(link.out, request, request.size)
            response = yield from self.target.handle(request)
            yield from cross(link.back, request, request.response_size if response.success else 0.0)
        if salt:
            request.call -= salt
        return response


def cross(direction: Direction, request: Request, size: float) -> Any:
    """Takes a request, or its answer, over one direction of a link, exactly when it gets there."""
    yield from request.settle()
    seconds = direction.crossing(size)
    if seconds == inf:
        request.doing = NETWORK
        yield Event(direction.env)
    request.network += seconds
    yield seconds


class LossyAccess:
    """Loses a share of the answers on their last metres: the work is done and the client never hears of it.

    Args:
        env: The environment.
        recorder: Told of the work that was in vain.
        inner: What answers.
        share: Of answers lost.
        coin: Decides which.
        has_timeout: Whether the client has a time-out to notice with; if not, the request ends as `lost`.
    """

    def __init__(
        self, env: Environment, recorder: Recorder, inner: Handler, share: float, coin: Uniform, has_timeout: bool
    ) -> None:
        self.env = env
        self.recorder = recorder
        self.inner = inner
        self.share = share
        self.coin = coin
        self.has_timeout = has_timeout

    def handle(self, request: Request) -> Steps:
        """Answers, or is silent."""
        response = yield from self.inner.handle(request)
        if self.coin.next() >= self.share:
            return response
        self.recorder.waste(request)
        if self.has_timeout:
            request.doing = NETWORK
            yield Event(self.env)
        return LOST


def _sampler(latency: Distribution, jitter: float, streams: Streams, name: str) -> Callable[[], float]:
    if isinstance(latency, Constant) and not jitter:
        return repeat(latency.mean).__next__
    if not jitter:
        return streams.drawn(name, latency.draw).next
    return streams.drawn(name, lambda rng, n: latency.draw(rng, n) * (1.0 + jitter * (2.0 * rng.random(n) - 1.0))).next
