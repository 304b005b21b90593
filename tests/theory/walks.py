"""Walks: how long requests wait for one server, from their arrivals and service times alone (Lindley's recursion).

A figure that takes more requests than there is time to simulate is judged in two steps. Every request of some simulated
runs has to wait exactly as long as the recursion says. Then the figure is read off walks, which are that recursion over
the traffic and the service times of the same scenario, and which make millions of requests a second.

Source: D. V. Lindley, "The theory of queues with a single server", Proc. Cambridge Philosophical Society 48(2), 1952.
"""

from collections.abc import Iterable

import numpy as np

from sim.components.traffic import arrival_times
from sim.kernel import Streams
from sim.metrics.recorder import IN_FLIGHT
from sim.request import Outcome
from tests.theory.protocol import SEEDS, Run, Study

SETTLING = 20_000
"""How many requests of a walk, which begins with an empty queue, are left out."""
ROUNDING = 1e-9
"""How closely a run has to follow the recursion, s."""
ROW = np.dtype([("arrived", "f8"), ("queue", "f4"), ("service", "f4"), ("latency", "f4"), ("outcome", "u1")])


def waits(arrived, service):
    """How long each request waits, first come first served, s: how far a random walk is above its lowest point."""
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - np.diff(arrived))])
    return walk - np.minimum.accumulate(walk)


class Walk(Run):
    """Stands for one run.

    Args:
        arrived: When requests arrive, s.
        service: How long each keeps the server busy, s.
    """

    seconds = 0.0

    def __init__(self, arrived, service):
        self.rows = np.zeros(len(arrived) - SETTLING, dtype=ROW)
        self.rows["arrived"] = arrived[SETTLING:]
        self.rows["queue"] = waits(arrived, service)[SETTLING:]
        self.rows["service"] = service[SETTLING:]
        self.rows["latency"] = self.rows["queue"] + self.rows["service"]
        self.rows["outcome"] = Outcome.OK
        self.seconds = float(arrived[-1] - arrived[SETTLING])


class Walks(Study):
    """Walks in place of runs.

    Args:
        study: Runs of a scenario with one client, `user`, and one service, `server`, of one worker.
        seconds: How long each walk is.
    """

    def __init__(self, study: Study, seconds: float) -> None:
        self.study, self.seconds = study, seconds
        self.scenario, self.seeds, self.surplus = study.scenario, SEEDS, study.surplus

    def _run(self, seeds: Iterable[int]) -> list[Run]:
        for run in self.study.runs:
            follows(run)
        return [self._walk(Streams(seed)) for seed in seeds]

    def _walk(self, streams: Streams) -> Walk:
        document = self.scenario.document
        traffic, work = document.clients["user"].traffic, document.components["server"].work
        rate = traffic.rate_function(self.seconds, ())
        arrived = np.concatenate(list(arrival_times(traffic, rate, streams, "user", self.seconds)))
        return Walk(arrived, work.draw(streams.rng("server"), len(arrived)))


def follows(run: Run) -> None:
    """Fails unless each request of a run, from its first one on, waited as the recursion says."""
    rows = run.result.requests
    expected = waits(rows["arrived"], rows["service"])
    ended = rows["outcome"] != IN_FLIGHT
    assert ended.sum() > 1000
    assert np.abs(rows["queue"] - expected)[ended].max() < ROUNDING
    assert np.abs(rows["latency"] - expected - rows["service"])[ended].max() < ROUNDING
