"""Backoff and jitter against the published contention model of AWS (B1-aws-jitter)."""

from heapq import heapify, heappop, heappush

import numpy as np
import pytest

from sim.kernel import Streams
from sim.policies.backoff import DecorrelatedJitter, EqualJitter, Exponential, FullJitter
from tests.theory.protocol import Trials

GROWING = Exponential(base=0.010, cap=2.0, factor=2.0)
BACKOFFS = {
    "none": Exponential(base=0.0, cap=0.0),
    "exponential": GROWING,
    "equal": EqualJitter(GROWING),
    "full": FullJitter(GROWING),
    "decorrelated": DecorrelatedJitter(base=0.005, cap=2.0),
}
READ = -1  # what arrives at the server is a read, or a write that is based on a version


def contend(backoff, clients, seed):
    """Clients that all want to update one row at once, with optimistic concurrency control.

    A client reads the row's version and writes; the write fails if somebody else wrote in between, and then the client
    pauses and reads again. Every hop takes |Normal(10, 2)| ms, the server no time.

    Returns:
        The number of writes, and the time of the last answer, s.
    """
    streams = Streams(seed)
    hop = streams.drawn("hop", lambda rng, n: np.abs(rng.normal(0.010, 0.002, n))).next
    uniform = streams.uniform("jitter")
    arrivals = [(hop(), client, READ) for client in range(clients)]
    heapify(arrivals)
    failures, pauses = [0] * clients, [0.0] * clients
    version = writes = 0
    completion = 0.0
    while arrivals:
        now, client, based_on = heappop(arrivals)
        if based_on == READ:
            heappush(arrivals, (now + hop() + hop(), client, version))
            continue
        writes += 1
        answered = now + hop()
        if based_on == version:
            version += 1
            completion = max(completion, answered)
            continue
        failures[client] += 1
        pauses[client] = backoff.pause(failures[client], pauses[client], uniform)
        heappush(arrivals, (answered + pauses[client] + hop(), client, READ))
    assert version == clients
    return writes, completion


@pytest.mark.parametrize(
    ("clients", "jitter", "repetitions"),
    [
        (20, "none", 80),
        (20, "exponential", 180),
        (20, "equal", 320),
        (20, "full", 340),
        (20, "decorrelated", 200),
        (100, "none", 10),
        (100, "exponential", 20),
        (100, "equal", 40),
        (100, "full", 50),
        (100, "decorrelated", 60),
    ],
)
def test_clients_that_contend_for_a_row_call_and_finish_as_published(theory, clients, jitter, repetitions):
    """Among a hundred clients, full jitter halves the calls of plain exponential backoff, in a tenth of its time.

    Base 5 ms, cap 2 s and v = min(cap, base x 2^n) from n = 1 on, which is a first pause of 10 ms; decorrelated jitter
    starts from its base. The simulation beside it is a queue of messages around the simulator's own pauses.

    Source: M. Brooker, "Exponential Backoff And Jitter", 2015, with the simulator published beside it.
    """
    trials = Trials(lambda seed: contend(BACKOFFS[jitter], clients, seed), repetitions)
    case, given = "B1-aws-jitter", f"{clients} clients, backoff {jitter}"
    theory.agrees(case, f"calls {jitter} {clients}", trials, lambda trial: trial[0], given=given)
    theory.agrees(case, f"completion {jitter} {clients}, s", trials, lambda trial: trial[1], given=given)
