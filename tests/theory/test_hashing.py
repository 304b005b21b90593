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
from tests.theory.protocol import accept

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
    ("nodes", "virtual_nodes", "rings", "largest"),
    [
        pytest.param(10, 1, 1500, 2.94619, id="A14-ring-10-1"),
        pytest.param(10, 100, 300, 1.16003, id="A14-ring-10-100"),
        pytest.param(100, 100, 40, 1.26833, id="A14-ring-100-100"),
        pytest.param(100, 1000, 8, 1.08235, id="A14-ring-100-1000"),
    ],
)
def test_shares_of_a_ring(nodes, virtual_nodes, rings, largest):
    """A node's share of the key space is Beta(v, v(n-1)) distributed, as with v points thrown uniformly.

    Its coefficient of variation is sqrt((n-1) / (nv+1)); the largest share is a simulated expectation.
    """
    found = np.array([shares(*built(seed, nodes, virtual_nodes), nodes) for seed in range(rings)])
    law = stats.beta(virtual_nodes, virtual_nodes * (nodes - 1))
    spread = np.sqrt((nodes - 1) / (nodes * virtual_nodes + 1))
    assert np.allclose(found.sum(axis=1), nodes)
    accept(np.mean((found - 1.0) ** 2, axis=1), spread**2, 0.1)
    accept(found.max(axis=1), largest, 0.05)
    if virtual_nodes > 1:
        assert np.quantile(found, [0.005, 0.995]) == pytest.approx(law.ppf([0.005, 0.995]) * nodes, rel=0.05)
    if rings >= 300:
        assert stats.kstest(found[:, 0] / nodes, law.cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("nodes", "virtual_nodes", "rings"),
    [
        pytest.param(10, 100, 60, id="A14-ring-10-100"),
        pytest.param(100, 100, 60, id="A14-ring-100-100"),
        pytest.param(100, 1000, 6, id="A14-ring-100-1000"),
    ],
)
def test_keys_moved_by_a_newcomer(nodes, virtual_nodes, rings):
    """The (n+1)th node takes 1/(n+1) of the keys, and no other key moves."""
    keys = Streams(1).rng("keys").integers(0, WHOLE, 50_000, dtype=np.uint64)

    def owners_of(names):
        points, owners = ring(names, (virtual_nodes,) * len(names))
        where = np.searchsorted(np.array(points, dtype=np.uint64), keys, side="right") % len(points)
        return np.array(owners)[where]

    moved = []
    for seed in range(rings):
        names = tuple(f"s{seed}[{node}]" for node in range(nodes + 1))
        before, after = owners_of(names[:-1]), owners_of(names)
        assert set(after[before != after]) == {nodes}
        moved.append(np.mean(before != after))
    accept(moved, 1 / (nodes + 1), 0.05)


def endpoints(count):
    return [Endpoint(index, f"app[{index}]") for index in range(count)]


def test_keys_moved_by_modulo():
    """A14-modulo: from 10 to 11 instances 10/11 of the callers move."""
    callers = [Request(0, RequestKind(), "web", 0.0, caller) for caller in range(20_000)]
    balancer = IpHash(Streams(1).uniform("unused"))
    balancer.update(endpoints(10), 0.0)
    before = [balancer.pick(request, 0.0).index for request in callers]
    balancer.update(endpoints(11), 1.0)
    after = [balancer.pick(request, 1.0).index for request in callers]
    assert np.mean(np.not_equal(before, after)) == pytest.approx(10 / 11, rel=0.02)


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
    ("largest", "requests", "repeats", "expected"),
    [
        pytest.param(largest_of_random, 100, 2000, 4.2326, id="A14-balls-100-100"),
        pytest.param(largest_of_hashed, 100, 1000, 4.2326, id="A14-balls-100-100-hashed"),
        pytest.param(largest_of_random, 1_000, 500, 18.7617, id="A14-balls-1000-100"),
        pytest.param(largest_of_hashed, 1_000, 150, 18.7617, id="A14-balls-1000-100-hashed"),
        pytest.param(largest_of_random, 10_000, 150, 125.959, id="A14-balls-10000-100"),
        pytest.param(largest_of_random, 100_000, 20, 1080.17, id="A14-balls-100000-100"),
    ],
)
def test_balls_into_bins(largest, requests, repeats, expected):
    """What the unluckiest of 100 servers gets when nothing departs (exact, multinomial occupancy)."""
    accept([largest(requests, 100, seed) for seed in range(repeats)], expected, 0.01)


@pytest.mark.parametrize(("servers", "busiest"), [(12, 104), (13, 97)])
def test_a_thousand_requests_for_servers_of_a_hundred_places(servers, busiest):
    """A14-evanjones: ten servers could hold a thousand requests, but at random thirteen are needed (99% of the time).

    E. Jones, "Random Load Balancing is Unevenly Distributed", 2023: a server's share is binomial.
    """
    assert stats.binom(1000, 1 / servers).ppf(0.99) == busiest
    balancer, request = Random(Streams(1).uniform("balancer")), Request(0, RequestKind(), "web", 0.0)
    balancer.update(endpoints(servers), 0.0)
    loads = [
        np.bincount([balancer.pick(request, 0.0).index for _ in range(1000)], minlength=servers) for _ in range(300)
    ]
    assert np.quantile(loads, 0.99) == pytest.approx(busiest, rel=0.02)
