"""Results made by hand: a few requests whose every figure can be computed on paper."""

import numpy as np
import pytest

from sim.metrics import IN_FLIGHT, ROW_TYPE, SAMPLE_TYPE, Result
from sim.request import LEDGER, Outcome


def build_run(requests, duration=10.0, clients=("web",), routes=("GET /",), **parts):
    """A run of requests in the order of arrival.

    Args:
        requests: Mappings with `arrived` and, unless still in flight, `latency`; by default an `ok` of the first client
            and route, one attempt sent on arrival, with all its time in service.
        duration: Of the run, s.
        clients: Their names.
        routes: Their labels.
        parts: Other attributes of the result.
    """
    rows = np.zeros(len(requests), ROW_TYPE)
    starts, latencies = [[] for _ in clients], [[] for _ in clients]
    for row, request in zip(rows, requests, strict=True):
        ended = "latency" in request
        row["arrived"] = request["arrived"]
        row["latency"] = request.get("latency", 0.0)
        row["outcome"] = Outcome[request.get("outcome", "ok").upper()] if ended else IN_FLIGHT
        row["client"] = client = clients.index(request.get("client", clients[0]))
        row["route"] = routes.index(request.get("route", routes[0]))
        row["attempts"] = request.get("attempts", 1)
        ledger = request.get("ledger", {"service": row["latency"]})
        for part in LEDGER:
            row[part] = ledger.get(part, 0.0)
        starts[client] += [request["arrived"]] * request.get("attempts", 1)
        if ended and request["arrived"] >= parts.get("warmup", 0.0):
            latencies[client].append(row["latency"])
    defaults = {
        "name": "made_up",
        "title": "Made up",
        "about": "",
        "watch_for": [],
        "document": {},
        "seed": 1,
        "warmup": 0.0,
        "attempt_starts": [np.array(times) for times in starts],
        "attempt_latencies": [np.array(times, np.float32) for times in latencies],
        "places": [],
        "samples": np.zeros(0, SAMPLE_TYPE),
        "components": {},
        "events": [],
        "wasted": [0.0] * len(clients),
        "useful": [0.0] * len(clients),
    }
    return Result(requests=rows, duration=duration, clients=list(clients), routes=list(routes), **{**defaults, **parts})


@pytest.fixture(scope="session")
def run():
    """Builds a result from requests written by hand."""
    return build_run
