"""Queues without a closed form, solved as Markov chains cut off where almost nothing is left.

The stationary distribution of a chain solves pi Q = 0; that is exact up to the cut. Rates are per second.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import solve_continuous_lyapunov
from scipy.sparse.linalg import spsolve

State = tuple[int, ...]
Moves = Callable[[Any], Iterable[tuple[Hashable, float]]]
"""From a state: where to, and at which rate."""


def stationary(start: State, moves: Moves) -> dict[Any, float]:
    """The long-run share of time in each state that can be reached from `start`."""
    number, order = {start: 0}, [start]
    rows, columns, rates = [], [], []
    for state in order:
        for target, rate in moves(state):
            if target not in number:
                number[target] = len(order)
                order.append(target)
            rows += [number[state], number[state]]
            columns += [number[target], number[state]]
            rates += [rate, -rate]
    generator = sparse.csr_matrix((rates, (rows, columns)), shape=(len(order), len(order)))
    system = sparse.vstack([generator.T.tocsr()[:-1], np.ones((1, len(order)))]).tocsc()
    shares = spsolve(system, np.append(np.zeros(len(order) - 1), 1.0))
    return dict(zip(order, shares.tolist(), strict=True))


def hyperexponential_servers(arrivals: float, parts: list[tuple[float, float]], servers: int, most: int = 500) -> Any:
    """M/H2/c with one queue: state (number present, number of those in service that take the second kind of time).

    Args:
        arrivals: Rate of arrivals.
        parts: Weight and mean of the two exponential kinds of service time.
        servers: How many there are.
        most: Where the chain is cut off.

    Returns:
        Mean response and the probability to wait.
    """
    (fast_share, fast_mean), (slow_share, slow_mean) = parts

    def moves(state: State) -> Iterable[tuple[State, float]]:
        present, slow = state
        fast = min(present, servers) - slow
        if present < most:
            if present < servers:
                yield (present + 1, slow), arrivals * fast_share
                yield (present + 1, slow + 1), arrivals * slow_share
            else:
                yield (present + 1, slow), arrivals
        for busy, mean, left in ((fast, fast_mean, slow), (slow, slow_mean, slow - 1)):
            if busy and present > servers:
                yield (present - 1, left), busy / mean * fast_share
                yield (present - 1, left + 1), busy / mean * slow_share
            elif busy:
                yield (present - 1, left), busy / mean

    shares = stationary((0, 0), moves)
    mean_present = sum(present * share for (present, _), share in shares.items())
    waits = sum(share for (present, _), share in shares.items() if present >= servers)
    return mean_present / arrivals, waits


def modulated_arrivals(rates: tuple[float, float], leave: tuple[float, float], service: float, most: int = 2000) -> Any:
    """MMPP(2)/M/1: the rate of arrivals jumps between two values (M. F. Neuts, 1981).

    Returns:
        Mean response, and the share of arrivals that find the server idle.
    """

    def moves(state: State) -> Iterable[tuple[State, float]]:
        present, phase = state
        yield (present, 1 - phase), leave[phase]
        if present < most:
            yield (present + 1, phase), rates[phase]
        if present:
            yield (present - 1, phase), service

    shares = stationary((0, 0), moves)
    arrivals = sum(rates[phase] * share for (_, phase), share in shares.items())
    mean_present = sum(present * share for (present, _), share in shares.items())
    idle = sum(rates[phase] * shares[0, phase] for phase in (0, 1))
    return mean_present / arrivals, idle / arrivals


def shorter_of_two(arrivals: float, service: float, most: int = 120) -> Any:
    """Join the shorter of two queues, ties at random (L. Flatto, H. P. McKean, 1977).

    Returns:
        Mean response, and the share of arrivals that find a server idle.
    """

    def moves(state: State) -> Iterable[tuple[State, float]]:
        short, long = state  # by symmetry only the lengths count
        if short < most:
            yield tuple(sorted((short + 1, long))), arrivals
        if short:
            yield (short - 1, long), service
        if long:
            yield tuple(sorted((short, long - 1))), service

    shares = stationary((0, 0), moves)
    mean_present = sum((short + long) * share for (short, long), share in shares.items())
    idle = sum(share for (short, _), share in shares.items() if short == 0)
    return mean_present / arrivals, idle


def supermarket_lengths(load: float, choices: int, lengths: int = 40) -> np.ndarray:
    """The share of queues that hold at least 1, 2, … `lengths` where each request joins the shortest of a few.

    The limit of infinitely many servers: s_k = load^((d^k - 1) / (d - 1)). Source: N. D. Vvedenskaya, R. L. Dobrushin,
    F. I. Karpelevich, 1996; M. Mitzenmacher, 1996.
    """
    level = np.arange(1, lengths + 1)
    return np.exp(np.log(load) * (float(choices) ** level - 1.0) / (choices - 1.0))


def supermarket_limit(load: float, service: float, choices: int) -> float:
    """Mean response in that limit.

    Args:
        load: Arrivals per server over `service`.
        service: Rate of one server.
        choices: How many servers a request compares.
    """
    return float(supermarket_lengths(load, choices).sum() / load / service)


def supermarket(load: float, service: float, servers: int) -> float:
    """Mean response where each request compares two different servers out of so many and joins the shorter queue.

    The limit and its first correction in 1 / servers: N. Gast, B. Van Houdt, "A Refined Mean Field Approximation",
    POMACS 1(2), 2017, for choices without replacement, whose drift differs by (x_k (1 - x_k)) / (servers - 1) from that
    of choices with it.
    """
    share = supermarket_lengths(load, 2)
    lengths = len(share)
    before, after = np.append(1.0, share[:-1]), np.append(share[1:], 0.0)
    joins, leaves = load * (before**2 - share**2), share - after
    drift = np.diag(-2.0 * load * share - 1.0) + np.diag(2.0 * load * share[:-1], -1) + np.diag(np.ones(lengths - 1), 1)
    spread = solve_continuous_lyapunov(drift, -np.diag(joins + leaves))
    variance = np.diag(spread)
    curvature = load * (np.append(0.0, variance[:-1]) - variance)
    distinct = load * (share * (1.0 - share) - before * (1.0 - before))
    correction = np.linalg.solve(drift, -(curvature + distinct))
    return float((share.sum() + correction.sum() / servers) / load / service)
