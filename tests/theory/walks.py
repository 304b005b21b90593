"""Walks: how long requests wait in one queue, from their arrivals and service times alone (Lindley's recursion).

A figure that takes more requests than there is time to simulate is judged in two steps. Every request of some simulated
runs has to wait exactly as long as the recursion says. Then the figure is read off walks, which are that recursion over
the traffic and the service times of the same scenario, and which make millions of requests a second.

Sources: D. V. Lindley, "The theory of queues with a single server", Proc. Cambridge Philosophical Society 48(2), 1952;
for several servers J. Kiefer, J. Wolfowitz, "On the theory of queues with many servers", Trans. AMS 78(1), 1955.
"""

from heapq import heapreplace

import numpy as np

from sim.components.traffic import arrival_times
from sim.kernel import Streams
from sim.metrics.recorder import IN_FLIGHT
from sim.request import Outcome
from tests.theory.protocol import Run, Study, Trials

SETTLING = 20_000
"""How many requests of a walk, which begins with an empty queue, are left out."""
ROUNDING = 1e-9
"""How closely a run has to follow the recursion, s."""
ROW = np.dtype([("arrived", "f8"), ("queue", "f4"), ("service", "f4"), ("latency", "f4"), ("outcome", "u1")])


def waits(arrived, service, workers=1):
    """How long each request waits, first come first served, s.

    For one worker: how far a random walk is above its lowest point. Of several the first to be free takes it.
    """
    if workers > 1:
        free, begun = [0.0] * workers, []
        for arrival, work in zip(arrived.tolist(), service.tolist(), strict=True):
            begin = max(arrival, free[0])
            begun.append(begin)
            heapreplace(free, begin + work)
        return np.array(begun) - arrived
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - np.diff(arrived))])
    return walk - np.minimum.accumulate(walk)


class Walk(Run):
    """Stands for one run.

    Args:
        arrived: When requests arrive, s.
        service: How long each keeps a worker busy, s.
        workers: How many there are.
    """

    seconds = 0.0

    def __init__(self, arrived, service, workers=1):
        self.rows = np.zeros(len(arrived) - SETTLING, dtype=ROW)
        self.rows["arrived"] = arrived[SETTLING:]
        self.rows["queue"] = waits(arrived, service, workers)[SETTLING:]
        self.rows["service"] = service[SETTLING:]
        self.rows["latency"] = self.rows["queue"] + self.rows["service"]
        self.rows["outcome"] = Outcome.OK
        self.seconds = float(arrived[-1] - arrived[SETTLING])


class Walks(Trials):
    """Walks in place of runs.

    Args:
        study: Runs of a scenario with one client, `user`, and one instance of a service, `server`. They have to wait as
            walks do.
        seconds: How long each walk is.
    """

    def __init__(self, study: Study, seconds: float) -> None:
        document = study.scenario.document
        self.traffic, server = document.clients["user"].traffic, document.components["server"]
        self.work, self.workers = server.work, server.workers
        for run in study.runs:
            follows(run, self.workers)
        self.seconds = seconds
        super().__init__(self.walk, surplus=study.surplus)

    def walk(self, seed: int) -> Walk:
        """The one with a seed."""
        streams, rate = Streams(seed), self.traffic.rate_function(self.seconds, ())
        arrived = np.concatenate(list(arrival_times(self.traffic, rate, streams, "user", self.seconds)))
        return Walk(arrived, self.work.draw(streams.rng("server"), len(arrived)), self.workers)


def follows(run: Run, workers: int) -> None:
    """Fails unless each request of a run, up to the oldest in flight at its end, waited as the recursion says."""
    rows = run.result.requests
    rows = rows[: np.append(rows["outcome"] == IN_FLIGHT, True).argmax()]
    assert len(rows) > 1000
    expected = waits(rows["arrived"], rows["service"], workers)
    assert np.abs(rows["queue"] - expected).max() < ROUNDING
    assert np.abs(rows["latency"] - expected - rows["service"]).max() < ROUNDING
