"""Hashing against theory: arcs of a ring, keys that move, balls into bins (cases A14)."""

import numpy as np
import pytest
from scipy import stats

from sim.balancing import Endpoint
from sim.balancing.consistent_hash import ring
from sim.balancing.ip_hash import IpHash
from sim.balancing.random import Random
from sim.kernel import Streams
from sim.request import Request, RequestKind
from tests.theory.protocol import Trials

WHOLE = 2**64


def built(seed, nodes, virtual_nodes):
    """A ring of one of many services."""
    return ring(tuple(f"s{seed}[{node}]" for node in range(nodes)), (virtual_nodes,) * nodes)


def shares(points, owners, nodes):
    """Each node's share of the key space, relative to the mean: the arcs that end at its points."""
    points = np.array(points, dtype=np.uint64)
    arcs = (points - np.roll(points, 1)).astype(float)
    return np.bincount(owners, weights=arcs, minlength=nodes) / WHOLE * nodes


@pytest.mark.parametrize(
    ("nodes", "virtual_nodes", "rings"), [(10, 1, 1500), (10, 100, 300), (100, 100, 60), (100, 1000, 14)]
)
def test_shares_of_a_ring(theory, nodes, virtual_nodes, rings):
    """A node's share of the key space is Beta(v, v(n-1)) distributed, as with v points thrown uniformly.

    Its squared coefficient of variation, the spread, is (n-1) / (nv+1). The largest share, over the mean, is a
    simulated expectation.

    Source: uniform spacings; D. Gryski, "Consistent Hashing: Algorithmic Tradeoffs", 2018.
    """
    trials = Trials(lambda seed: shares(*built(seed, nodes, virtual_nodes), nodes), rings)
    case, given = f"A14-ring-{nodes}-{virtual_nodes}", f"{nodes} nodes of {virtual_nodes} virtual nodes"
    spread = (nodes - 1) / (nodes * virtual_nodes + 1)
    theory.agrees(case, "spread", trials, lambda found: ((found - 1.0) ** 2).mean(), spread, given)
    theory.agrees(case, "largest", trials, lambda found: found.max(), given=given)
    found, law = np.array(trials.runs), stats.beta(virtual_nodes, virtual_nodes * (nodes - 1))
    assert np.allclose(found.sum(axis=1), nodes)
    if virtual_nodes > 1:
        assert np.quantile(found, [0.005, 0.995]) == pytest.approx(law.ppf([0.005, 0.995]) * nodes, rel=0.05)
    if rings >= 300:
        assert stats.kstest(found[:, 0] / nodes, law.cdf).pvalue > 0.001


@pytest.mark.parametrize(("nodes", "virtual_nodes", "rings"), [(10, 100, 60), (100, 100, 60), (100, 1000, 6)])
def test_keys_moved_by_a_newcomer(theory, nodes, virtual_nodes, rings):
    """The (n+1)th node takes 1/(n+1) of the keys, and no other key moves.

    Source: D. Karger et al., "Consistent Hashing and Random Trees", STOC 1997.
    """
    keys = Streams(1).rng("keys").integers(0, WHOLE, 50_000, dtype=np.uint64)

    def owners_of(names):
        points, owners = ring(names, (virtual_nodes,) * len(names))
        where = np.searchsorted(np.array(points, dtype=np.uint64), keys, side="right") % len(points)
        return np.array(owners)[where]

    def moved(seed):
        names = tuple(f"s{seed}[{node}]" for node in range(nodes + 1))
        before, after = owners_of(names[:-1]), owners_of(names)
        assert set(after[before != after]) == {nodes}
        return np.mean(before != after)

    case, given = f"A14-ring-{nodes}-{virtual_nodes}", f"{nodes} nodes of {virtual_nodes} virtual nodes, and one more"
    theory.agrees(case, "moved", Trials(moved, rings), float, 1 / (nodes + 1), given)


def endpoints(count):
    return [Endpoint(index, f"app[{index}]") for index in range(count)]


def test_keys_moved_by_modulo(theory):
    """From 10 to 11 instances 10/11 of the callers move where a hash modulo the number of instances decides.

    Source: P(h mod 10 = h mod 11) = 1/11.
    """

    def moved(seed):
        callers = [Request(0, RequestKind(), f"web{seed}", 0.0, caller) for caller in range(2_000)]
        balancer = IpHash(Streams(1).uniform("unused"))
        balancer.update(endpoints(10), 0.0)
        before = [balancer.pick(request, 0.0).index for request in callers]
        balancer.update(endpoints(11), 1.0)
        after = [balancer.pick(request, 1.0).index for request in callers]
        return np.mean(np.not_equal(before, after))

    theory.agrees("A14-modulo", "moved", Trials(moved), float, 10 / 11, "from 10 to 11 instances")


def largest_of_random(requests, servers, seed):
    """How many requests the unluckiest server gets at random."""
    balancer = Random(Streams(seed).uniform("balancer"))
    balancer.update(endpoints(servers), 0.0)
    request = Request(0, RequestKind(), "web", 0.0)
    return np.bincount([balancer.pick(request, 0.0).index for _ in range(requests)]).max()


def largest_of_hashed(requests, servers, seed):
    """The same, if each request comes from a caller of its own and goes by the caller's hash."""
    balancer = IpHash(Streams(seed).uniform("unused"))
    balancer.update(endpoints(servers), 0.0)
    kind = RequestKind()
    return np.bincount(
        [balancer.pick(Request(0, kind, f"{seed}", 0.0, caller), 0.0).index for caller in range(requests)]
    ).max()


@pytest.mark.parametrize(
    ("largest", "how", "requests", "repeats"),
    [
        (largest_of_random, "at random", 100, 2000),
        (largest_of_hashed, "by a hash", 100, 1000),
        (largest_of_random, "at random", 1_000, 500),
        (largest_of_hashed, "by a hash", 1_000, 150),
        (largest_of_random, "at random", 10_000, 150),
        (largest_of_random, "at random", 100_000, 20),
    ],
)
def test_balls_into_bins(theory, largest, how, requests, repeats):
    """What the unluckiest of 100 servers gets when nothing departs.

    Exact, by multinomial occupancy, but for the last, which is a simulation.

    Source: M. Brooker, "Balls Into Bins In Distributed Systems", 2018.
    """
    trials = Trials(lambda seed: largest(requests, 100, seed), repeats)
    given = f"{requests} requests spread over 100 servers {how}"
    theory.agrees(f"A14-balls-{requests}-100", "largest", trials, float, given=given)


@pytest.mark.parametrize(("servers", "busiest"), [(12, 104), (13, 97)])
def test_a_thousand_requests_for_servers_of_a_hundred_places(theory, servers, busiest):
    """Ten servers could hold a thousand requests, but at random thirteen are needed (99% of the time).

    Source: E. Jones, "Random Load Balancing is Unevenly Distributed", 2023: a server's share is binomial.
    """
    assert stats.binom(1000, 1 / servers).ppf(0.99) == busiest

    def slowest(seed):
        balancer, request = Random(Streams(seed).uniform("balancer")), Request(0, RequestKind(), "web", 0.0)
        balancer.update(endpoints(servers), 0.0)
        loads = [
            np.bincount([balancer.pick(request, 0.0).index for _ in range(1000)], minlength=servers) for _ in range(50)
        ]
        return np.quantile(loads, 0.99)

    given = f"1000 requests spread over {servers} servers at random"
    theory.agrees("A14-evanjones", f"p99 of {servers}", Trials(slowest), float, busiest, given)
