"""The network between two components: latency, jitter, loss, and bandwidth that transfers queue on.

Latency is one way and paid on every crossing. A lost packet is sent again by TCP after a retransmission time-out that
doubles (RFC 6298, with Linux's minimum of 200 ms), so loss shows as a long tail, and a cut link as silence until it
heals. Who gives up closes the connection, and what has not got there by then is not sent again. With a bandwidth, each
direction transmits one message after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from math import fsum, inf, prod
from typing import Any

from simpy.events import Event

from sim.components.component import Handler, Steps
from sim.components.network_config import LinkConfig
from sim.kernel import Environment, Streams, Uniform
from sim.metrics import Recorder
from sim.request import ANSWERS, NETWORK, Outcome, Request
from sim.values import Constant

FIRST_RETRANSMISSION = 0.2
LONGEST_RETRANSMISSION = 120.0
NEVER_SENT = ANSWERS[Outcome.TIMEOUT]
"""What comes of a request that has not got there when its caller gives up; nobody waits for it any more."""


class Pipe:
    """What transmits one message after the other.

    Args:
        bandwidth: Bytes a second.
    """

    __slots__ = ("_bandwidth", "_free_at")

    def __init__(self, bandwidth: float) -> None:
        self._bandwidth = bandwidth
        self._free_at = 0.0

    def transmit(self, size: float, now: float) -> float:
        """How long it takes until a message of so many bytes, given to it now, is through, s."""
        self._free_at = max(now, self._free_at) + size / self._bandwidth
        return self._free_at - now


class Direction:
    """One direction of a link.

    Args:
        env: The environment.
        legs: What it is like.
        streams: The run's random streams.
        name: Of the stream, unique to the direction.
        pipes: What messages are transmitted through, in this order: none, one or two.

    Attributes:
        last: The second of two pipes; messages queue for it when they get there.
    """

    def __init__(
        self, env: Environment, legs: Sequence[LinkConfig], streams: Streams, name: str, pipes: Sequence[Pipe] = ()
    ) -> None:
        self.env = env
        self.pipe = pipes[0] if pipes else None
        self.last = pipes[1] if len(pipes) > 1 else None
        self.loss = 1.0 - prod(1.0 - leg.loss for leg in legs)
        self.extra: list[Callable[[], float]] = []
        self.losses: list[tuple[float, float]] = []
        self.cut_until = 0.0
        self._coin: Uniform = streams.uniform(f"{name}.loss")
        self.latency: Callable[[], float] = _sampler(legs, streams, name)

    @property
    def steady(self) -> bool:
        """Whether a crossing is a pure delay that does not depend on when it begins."""
        return self.pipe is None and not self.loss

    def crossing(self, size: float) -> float:
        """How long a message that leaves now takes, s; `inf` if it never arrives.

        Args:
            size: Bytes.
        """
        silences = self.silences()
        return self.transit(size) + (inf if silences is None else fsum(silences))

    def transit(self, size: float) -> float:
        """How long a message that leaves now takes if no packet of it is lost, s.

        Args:
            size: Bytes.
        """
        seconds = self.latency()
        for extra in self.extra:
            seconds += extra()
        if self.pipe is not None and size:
            seconds += self.pipe.transmit(size, self.env.now)
        return seconds

    @property
    def dead_until(self) -> float:
        """Until when nothing at all gets through, as far as is known, s."""
        ends = [until for share, until in self.losses if share >= 1.0]
        return max(self.cut_until, inf if self.loss >= 1.0 else 0.0, *ends)

    def silences(self) -> list[float] | None:
        """How long a packet sent now lies lost each time before it is sent again, s; None if it never gets through."""
        waited, silences = 0.0, []
        for timer in retransmissions():
            if not self._loses(self.env.now + waited):
                break
            if self.dead_until == inf:
                return None
            waited += timer
            silences.append(timer)
        return silences

    def _loses(self, now: float) -> bool:
        """Whether a packet sent at `now` is lost."""
        if now < self.cut_until:
            return True
        arrives = (1.0 - self.loss) * prod(1.0 - share for share, until in self.losses if now < until)
        return arrives < 1.0 and self._coin.next() >= arrives


def retransmissions() -> Iterator[float]:
    """How long TCP waits each time before it sends a packet again, s."""
    timer = FIRST_RETRANSMISSION
    while True:
        yield timer
        timer = min(timer * 2.0, LONGEST_RETRANSMISSION)


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
        one, other = (Direction(env, (), Streams(0), "free") for _ in range(2))
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
            response = NEVER_SENT
            if (yield from cross(link.out, request, request.size)):
                response = yield from self.target.handle(request)
                yield from cross(link.back, request, request.response_size if response.success else 0.0)
        if salt:
            request.call -= salt
        return response


def cross(direction: Direction, request: Request, size: float) -> Any:
    """Takes a request, or its answer, over one direction of a link, exactly when it gets there.

    Returns:
        Whether it got there. It does not if its caller gives up while it has to be sent again, unless a server is at
        work on it: that goes on.
    """
    yield from request.settle()
    env = direction.env
    seconds, silences = direction.transit(size), direction.silences()
    if silences is None:
        request.doing = NETWORK
    else:
        request.network += seconds + fsum(silences)
    for silence in retransmissions() if silences is None else silences:
        yield silence
        if request.given_up and not request.accepted:
            request.cut_short(env.now)
            return False
    yield seconds
    if direction.last is not None and size:
        seconds = direction.last.transmit(size, env.now)
        request.network += seconds
        yield seconds
    return True


class LossyAccess:
    """Loses a share of the answers on their last metres: the work is done and the client never hears of it.

    Nobody tells it: it waits until its time-out, or without one for ever.

    Args:
        env: The environment.
        recorder: Told of the work that was in vain.
        inner: What answers.
        share: Of answers lost.
        coin: Decides which.
    """

    def __init__(self, env: Environment, recorder: Recorder, inner: Handler, share: float, coin: Uniform) -> None:
        self.env = env
        self.recorder = recorder
        self.inner = inner
        self.share = share
        self.coin = coin

    def handle(self, request: Request) -> Steps:
        """Answers, or is silent."""
        response = yield from self.inner.handle(request)
        if self.coin.next() < self.share:
            self.recorder.waste(request)
            request.doing = NETWORK
            yield Event(self.env)
        return response


def _sampler(legs: Sequence[LinkConfig], streams: Streams, name: str) -> Callable[[], float]:
    """Draws the latency of all legs together, each leg from a stream of its own."""
    varying = [leg for leg in legs if leg.jitter or not isinstance(leg.one_way, Constant)]
    constant = sum((leg.one_way.mean for leg in legs if leg not in varying), 0.0)
    if not varying:
        return repeat(constant).__next__
    draws = [_drawn(leg, streams, f"{name}.{number}" if number else name) for number, leg in enumerate(varying)]
    if len(draws) == 1 and not constant:
        return draws[0]
    return lambda: constant + sum(draw() for draw in draws)


def _drawn(leg: LinkConfig, streams: Streams, name: str) -> Callable[[], float]:
    latency, jitter = leg.one_way, leg.jitter
    if not jitter:
        return streams.drawn(name, latency.draw).next
    return streams.drawn(name, lambda rng, n: latency.draw(rng, n) * (1.0 + jitter * (2.0 * rng.random(n) - 1.0))).next
