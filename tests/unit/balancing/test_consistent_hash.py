"""Balancing by hash: the ring with and without bounds, Maglev's table, and plain modulo."""

from collections import Counter
from math import ceil
from subprocess import run
from sys import executable

import numpy as np
import pytest

from sim.balancing.consistent_hash import ConsistentHash, ring
from sim.balancing.hashing import selector, stable_hash
from sim.balancing.ip_hash import IpHash
from sim.balancing.maglev import Maglev, table

KEYS = range(20_000)
BY_KEY = [ConsistentHash, Maglev]


@pytest.fixture
def homes(request_for):
    """Where each key goes."""

    def look_up(balancer, keys=KEYS):
        return np.array([balancer.pick(request_for(key=key, caller=key), 0.0).index for key in keys])

    return look_up


def started(balancer, endpoints):
    balancer.update(endpoints, 0.0)
    return balancer


def test_the_hash_is_the_same_in_every_process():
    """Python's own hash is salted anew in each process; this one has fixed values."""
    program = "from sim.balancing.hashing import stable_hash; print(stable_hash('/cart', 17))"
    printed = {run([executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert printed == {f"{stable_hash('/cart', 17)}\n"}


def test_the_hash_tells_numbers_from_texts_that_look_alike_only_by_their_text():
    """1 and "1" are the same key; 1, 1.0 and True are three, in whatever order they are first seen."""
    assert stable_hash(1) == stable_hash("1")
    assert len({stable_hash(1), stable_hash(1.0), stable_hash(True)}) == 3


@pytest.mark.parametrize(
    ("part", "same", "other"),
    [
        ("key", {"key": 1, "caller": 8}, {"key": 2}),
        ("key", {"key": 1, "caller": 8}, {"key": 1, "path": "/cart"}),
        ("path", {"key": 5, "caller": 8}, {"key": 1, "path": "/cart"}),
        ("caller", {"key": 5, "caller": 7, "path": "/cart"}, {"key": 1, "caller": 8}),
        ("caller", {"key": 5, "caller": 7}, {"caller": 7, "client": "app"}),
        ("header:X-Tenant", {"headers": {"x-tenant": "blue"}, "key": 9}, {"headers": {"x-tenant": "red"}}),
    ],
)
def test_only_the_chosen_part_of_a_request_is_hashed(part, same, other, request_for):
    """What differs elsewhere does not matter, what differs there does."""
    chosen = selector(part)
    request = request_for(key=1, caller=7, headers={"x-tenant": "blue"})
    assert chosen(request) == chosen(request_for(**{"key": 1, "caller": 7} | same))
    assert chosen(request) != chosen(request_for(**{"key": 1, "caller": 7} | other))


@pytest.mark.parametrize("algorithm", BY_KEY)
def test_requests_without_the_hashed_header_go_anywhere(algorithm, uniform, service, names, is_even):
    """As in Envoy: what has no hash is spread at random."""
    drawn = names(started(algorithm(uniform, key="header:x-tenant"), service(4)), 8_000)
    assert is_even(drawn, dict.fromkeys("abcd", 1.0))


@pytest.mark.parametrize("algorithm", [*BY_KEY, IpHash])
def test_every_caller_sends_a_key_to_the_same_instance(algorithm, uniform, zeros, service, homes):
    """Neither the stream nor the past of a balancer matters."""
    first, second = started(algorithm(uniform), service(7)), started(algorithm(zeros), service(7))
    homes(first, range(100))
    assert (homes(first) == homes(second)).all()


@pytest.mark.parametrize("leaver", [0, 4, 9])
def test_only_the_keys_of_the_leaver_move(leaver, uniform, service, homes):
    """One of ten leaves the ring: about a tenth of the keys move, all of them were its own; back again, all return."""
    endpoints = service(10)
    balancer = started(ConsistentHash(uniform), endpoints)
    before = homes(balancer)
    balancer.update([endpoint for endpoint in endpoints if endpoint.index != leaver], 1.0)
    after = homes(balancer)
    assert set(before[before != after]) == {leaver}
    assert leaver not in after
    assert np.mean(before != after) == pytest.approx(0.1, abs=0.03)
    balancer.update(endpoints, 2.0)
    assert (homes(balancer) == before).all()


def test_the_keys_of_the_leaver_are_spread_over_the_others(uniform, service, homes):
    """Virtual nodes: not one neighbour inherits all, everybody gets some."""
    endpoints = service(10)
    balancer = started(ConsistentHash(uniform), endpoints)
    before = homes(balancer)
    balancer.update(endpoints[1:], 1.0)
    assert set(homes(balancer)[before == 0]) == set(range(1, 10))


def test_a_newcomer_takes_keys_and_moves_no_others(uniform, service, homes):
    """An eleventh instance: each key stays or goes to the newcomer."""
    endpoints = service(11)
    balancer = started(ConsistentHash(uniform), endpoints[:10])
    before = homes(balancer)
    balancer.update(endpoints, 1.0)
    after = homes(balancer)
    assert set(after[before != after]) == {10}
    assert np.mean(before != after) == pytest.approx(1 / 11, abs=0.03)


@pytest.mark.parametrize("algorithm", BY_KEY)
def test_a_heavier_instance_owns_more_keys(algorithm, uniform, service, homes):
    """Weights 3, 1, 1, 1: half of the keys."""
    shares = np.bincount(homes(started(algorithm(uniform), service([3.0, 1.0, 1.0, 1.0])))) / len(KEYS)
    assert shares[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
def test_a_ring_has_the_points_that_were_asked_for(count):
    """Whatever the number; points are hashed eight at a time."""
    points, owners = ring(("a", "b"), (count, 2 * count))
    assert Counter(owners) == {0: count, 1: 2 * count}
    assert points == sorted(set(points))


@pytest.mark.parametrize("bound", [1.01, 1.25, 2.0])
def test_no_instance_takes_more_than_the_bound(bound, uniform, service, request_for):
    """All requests are for one key: each goes where there is room, never above ceil(bound x average)."""
    endpoints = service(10)
    balancer = started(ConsistentHash(uniform, bound=bound), endpoints)
    for sent in range(1, 201):
        endpoint = balancer.pick(request_for(key="hot"), 0.0)
        endpoint.outstanding += 1
        assert endpoint.outstanding <= ceil(bound * sent / 10)
    assert sum(endpoint.outstanding for endpoint in endpoints) == 200


def test_the_bound_follows_the_weights(uniform, service, request_for):
    """An instance of twice the weight takes twice as much of a hot key's overflow."""
    endpoints = service([2.0, 1.0, 1.0])
    balancer = started(ConsistentHash(uniform, bound=1.01), endpoints)
    for _ in range(400):
        balancer.pick(request_for(key="hot"), 0.0).outstanding += 1
    assert [endpoint.outstanding for endpoint in endpoints] == pytest.approx([200, 100, 100], abs=6)


def test_a_key_stays_at_home_while_there_is_room(uniform, service, homes):
    """With nothing outstanding the bound changes nothing."""
    plain = started(ConsistentHash(uniform), service(10))
    bounded = started(ConsistentHash(uniform, bound=1.25), service(10))
    assert (homes(plain) == homes(bounded)).all()


def test_maglev_rows_are_shared_out_evenly():
    """Equal weights: no instance has two rows more than another; so loads are even within 1% at 100 rows each."""
    for count in (3, 10, 97):
        rows = Counter(table(tuple(f"app[{i}]" for i in range(count)), (1.0,) * count, 65537))
        assert len(rows) == count
        assert max(rows.values()) - min(rows.values()) <= 1


def test_maglev_keys_are_shared_out_evenly(uniform, service, homes, is_even):
    """20,000 keys on ten instances deviate from 2,000 each only by chance; a ring's arcs deviate more than that."""
    letters = np.array(list("abcdefghij"))
    assert is_even(letters[homes(started(Maglev(uniform), service(10)))], dict.fromkeys(letters, 1.0))
    assert not is_even(letters[homes(started(ConsistentHash(uniform), service(10)))], dict.fromkeys(letters, 1.0))


def test_maglev_rows_follow_the_weights():
    """Weights 5, 1, 1 and 0.5, in rows, within 1%."""
    rows = Counter(table(("a", "b", "c", "d"), (5.0, 1.0, 1.0, 0.5), 65537))
    assert [rows[owner] / 65537 for owner in range(4)] == pytest.approx(
        [5 / 7.5, 1 / 7.5, 1 / 7.5, 0.5 / 7.5], rel=0.01
    )


def test_maglev_disrupts_few_other_keys(uniform, service, homes):
    """One of ten leaves: its tenth of the keys moves, and of the others no more than a few percent."""
    endpoints = service(10)
    balancer = started(Maglev(uniform), endpoints)
    before = homes(balancer)
    balancer.update(endpoints[1:], 1.0)
    after = homes(balancer)
    others = before != 0
    assert 0.0 < np.mean(before[others] != after[others]) < 0.05
    assert 0 not in after


def test_ip_hash_is_sticky_by_caller_whatever_it_asks_for(uniform, service, request_for):
    """The same address on different paths and keys; other addresses go elsewhere too."""
    balancer = started(IpHash(uniform), service(5))
    assert len({balancer.pick(request_for(key=k, caller="10.0.0.7", path=f"/{k}"), 0.0).name for k in range(50)}) == 1
    assert len({balancer.pick(request_for(caller=caller), 0.0).name for caller in range(50)}) == 5


def test_ip_hash_spreads_callers_evenly(uniform, service, homes, is_even):
    """Hash modulo n is uniform over callers."""
    assert is_even(list(homes(started(IpHash(uniform), service(6)))))


def test_ip_hash_keeps_everybody_else_while_an_instance_is_out(uniform, service, homes):
    """Only the callers of the failed instance are hashed again, over all the others; they return when it does."""
    endpoints = service(5)
    balancer = started(IpHash(uniform), endpoints)
    before = homes(balancer)
    balancer.update([endpoints[0], endpoints[1], endpoints[3], endpoints[4]], 1.0)
    during = homes(balancer)
    assert set(before[before != during]) == {2}
    assert set(during[before == 2]) == {0, 1, 3, 4}
    balancer.update(endpoints, 2.0)
    assert (homes(balancer) == before).all()


def test_ip_hash_still_answers_when_nearly_all_are_out(uniform, service, homes):
    """One of fifty is left and takes all."""
    endpoints = service(50)
    balancer = started(IpHash(uniform), endpoints)
    balancer.update(endpoints[31:32], 1.0)
    assert set(homes(balancer, range(500))) == {31}
