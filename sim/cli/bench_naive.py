"""The reference path as SimPy's manual teaches it: a process for each request, a Resource for each pool, AnyOf.

It is the yardstick for speed: the same model as the shipped scenario `reference_path`, in plain SimPy.

    python -m sim.cli.bench_naive REQUESTS     prints its measurements as JSON
"""

import json
import random
import sys
import time
from collections.abc import Generator
from typing import Any

import simpy

RATE = 1000.0
HOP = 0.001
HIT_RATIO = 0.3
GATEWAY = 0.001
WORK = 0.008
QUERY = 0.004
TIMEOUT = 1.0
ATTEMPTS = 2

Process = Generator[simpy.Event, Any, None]


class NaivePath:
    """A CDN, a gateway, four instances and a database.

    Args:
        seed: Of all randomness.
    """

    def __init__(self, seed: int = 1) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(seed)
        self.instances = [simpy.Resource(self.env, capacity=4) for _ in range(4)]
        self.outstanding = [0] * 4
        self.database = simpy.Resource(self.env, capacity=8)
        self.latencies: list[float] = []
        self.failed = 0

    def arrivals(self, requests: int) -> Process:
        """Sends so many requests, as a Poisson process."""
        for _ in range(requests):
            yield self.env.timeout(self.rng.expovariate(RATE))
            self.env.process(self.user())

    def user(self) -> Process:
        """One request of a user, who gives up after a time and tries once more."""
        begun = self.env.now
        for _ in range(ATTEMPTS):
            answer = self.env.process(self.attempt())
            yield self.env.any_of([answer, self.env.timeout(TIMEOUT)])
            if answer.processed:
                self.latencies.append(self.env.now - begun)
                return
        self.failed += 1

    def attempt(self) -> Process:
        """The way from the CDN to the database, by the gateway and the instance with the fewest requests inside."""
        env, rng = self.env, self.rng
        yield env.timeout(HOP)
        if rng.random() >= HIT_RATIO:
            yield env.timeout(HOP)
            yield env.timeout(GATEWAY)
            chosen = min(range(4), key=self.outstanding.__getitem__)
            self.outstanding[chosen] += 1
            yield env.timeout(HOP)
            with self.instances[chosen].request() as worker:
                yield worker
                yield env.timeout(rng.expovariate(1.0 / WORK))
                yield env.timeout(HOP)
                with self.database.request() as connection:
                    yield connection
                    yield env.timeout(rng.expovariate(1.0 / QUERY))
                yield env.timeout(HOP)
            yield env.timeout(HOP)
            self.outstanding[chosen] -= 1
            yield env.timeout(HOP)
        yield env.timeout(HOP)


def measure(requests: int) -> dict[str, float]:
    """Runs so many requests to the end.

    Args:
        requests: How many users send one.

    Returns:
        `requests cpu_s p50_s p99_s`.
    """
    path = NaivePath()
    path.env.process(path.arrivals(requests))
    begun = time.process_time()
    path.env.run()
    cpu = time.process_time() - begun
    latencies = sorted(path.latencies)
    p50, p99 = (latencies[int(share * (len(latencies) - 1))] for share in (0.50, 0.99))
    return {"requests": requests, "cpu_s": cpu, "p50_s": p50, "p99_s": p99}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
