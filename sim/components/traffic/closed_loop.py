"""How many users a closed loop has while spikes last, and when each of them is there."""

from collections.abc import Sequence
from math import prod

from sim.components.traffic.rate import Spike


def users_at(users: int, spikes: Sequence[Spike], time: float) -> int:
    """The number of users at `time`, s: times the factor of every spike that is on."""
    return round(users * prod(spike.factor for spike in spikes if spike.start <= time < spike.end))


def stays(users: int, spikes: Sequence[Spike], until: float) -> list[list[tuple[float, float]]]:
    """For each user, from when to when it is there, s; who comes last leaves first."""
    edges = {edge for spike in spikes for edge in (spike.start, spike.end) if 0.0 < edge < until}
    starts = [0.0, *sorted(edges)]
    counts = [users_at(users, spikes, start) for start in starts]
    spans: list[list[tuple[float, float]]] = [[] for _ in range(max(counts))]
    for start, end, count in zip(starts, [*starts[1:], until], counts, strict=True):
        for stay in spans[:count]:
            joins = bool(stay) and stay[-1][1] == start
            begin = stay.pop()[0] if joins else start
            stay.append((begin, end))
    return spans
