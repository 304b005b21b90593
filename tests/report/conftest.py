"""A made-up run of a shop: 300 requests/s for three minutes, a crash at 60 s, five times the traffic at 120 s."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.metrics.recorder import IN_FLIGHT, ROW_TYPE
from sim.metrics.result import SAMPLE_TYPE, Event, Result
from sim.metrics.summary import summarize
from sim.report.save import write_report
from sim.request import Outcome

CRASH = (60.0, 90.0)
SPIKE = (120.0, 150.0)
SEARCH_INSTANCES = 4


def build_shop(rate: float = 300.0, duration: float = 180.0, seed: int = 7) -> Result:
    """A shop's run, drawn from a few distributions instead of a simulation; plausible in every column."""
    rng = np.random.default_rng(seed)
    requests = _requests(rng, rate, duration)
    starts = requests["arrived"]
    again = starts[requests["attempts"] > 1] + 0.3
    places = [("gateway", -1), *(("search", number) for number in range(SEARCH_INSTANCES)), ("orders_db", -1)]
    return Result(
        name="shop",
        title="A shop through its first bad hour",
        about="One search instance dies, then a flash sale brings five times the traffic.",
        watch_for=["The dead instance looks idle until the health check ejects it."],
        document={"scenario": "A shop", "seed": seed, "components": {"search": {"kind": "service", "instances": 4}}},
        seed=seed,
        duration=duration,
        warmup=duration / 9,
        clients=["browser"],
        routes=["GET /search", "POST /checkout"],
        requests=requests,
        attempt_starts=[np.sort(np.concatenate([starts, again]))],
        attempt_latencies=[requests["latency"][requests["outcome"] <= Outcome.DEGRADED].astype(np.float32)],
        places=places,
        samples=_samples(rng, duration, places),
        components=_components(len(requests)),
        events=[
            Event("crash", "search", CRASH[0], CRASH[1], detected=64.2, lost=31),
            Event("spike", "browser", SPIKE[0], SPIKE[1]),
        ],
        wasted=[41.5],
        useful=[812.0],
        objectives=["browser p99 < 2500ms", "browser availability >= 90%", "crash recovery < 15s"],
        engine={"events": 1_200_000.0, "cpu_s": 2.1, "wall_s": 2.2},
    )


def _requests(rng: np.random.Generator, rate: float, duration: float) -> NDArray[Any]:
    steady = rng.uniform(0.0, duration, int(rate * duration))
    sale = rng.uniform(*SPIKE, int(4 * rate * (SPIKE[1] - SPIKE[0]))) if duration > SPIKE[1] else np.zeros(0)
    arrived = np.sort(np.concatenate([steady, sale]))
    rows = np.zeros(len(arrived), dtype=ROW_TYPE)
    crashed = (arrived > CRASH[0]) & (arrived < CRASH[0] + 4.2)
    swamped = (arrived > SPIKE[0]) & (arrived < SPIKE[1] + 5.0)
    rows["arrived"] = arrived
    rows["network"] = 0.04 * rng.lognormal(0.0, 0.4, len(arrived))
    rows["service"] = 0.012 * rng.lognormal(0.0, 0.6, len(arrived))
    rows["policy"] = 0.0008
    rows["queue"] = rng.exponential(np.where(swamped, 0.45, 0.002))
    rows["backoff"] = np.where(crashed & (rng.random(len(arrived)) < 0.3), rng.uniform(0.0, 0.1, len(arrived)), 0.0)
    rows["attempts"] = np.where(rows["backoff"] > 0.0, 2, np.where(swamped & (rows["queue"] > 0.8), 2, 1))
    rows["route"] = rng.random(len(arrived)) < 0.05
    rows["latency"] = rows["network"] + rows["service"] + rows["policy"] + rows["queue"] + rows["backoff"]
    draw = rng.random(len(arrived))
    outcome = np.full(len(arrived), int(Outcome.OK))
    outcome[draw < 0.15] = Outcome.CACHED
    outcome[draw > 0.99] = Outcome.BLOCKED
    outcome[crashed & (draw > 0.75)] = Outcome.RESET
    outcome[swamped & (draw > 0.72)] = Outcome.RATE_LIMITED
    outcome[swamped & (draw > 0.90)] = Outcome.QUEUE_FULL
    outcome[swamped & (rows["latency"] > 2.0)] = Outcome.TIMEOUT
    outcome[arrived + rows["latency"] > duration] = IN_FLIGHT
    rows["outcome"] = outcome
    rows["latency"][outcome == IN_FLIGHT] = 0.0
    return rows


def _samples(rng: np.random.Generator, duration: float, places: list[tuple[str, int]]) -> NDArray[Any]:
    seconds = np.arange(1.0, np.floor(duration) + 1.0)
    blocks = []
    for number, (component, instance) in enumerate(places):
        block = np.zeros(len(seconds), dtype=SAMPLE_TYPE)
        swamped = (seconds > SPIKE[0]) & (seconds <= SPIKE[1] + 5.0)
        down = (component == "search") & (instance == 1) & (seconds > CRASH[0]) & (seconds <= CRASH[1])
        base = {"gateway": 0.0, "search": 0.35, "orders_db": 0.12}[component]
        block["t"] = seconds
        block["place"] = number
        block["up"] = ~down
        block["utilization"] = (
            np.clip(base * rng.normal(1.0, 0.08, len(seconds)) * (1 + 2.6 * swamped), 0.0, 1.0) * ~down
        )
        block["queue"] = np.where(swamped & (component == "search"), rng.uniform(60, 200, len(seconds)), 0.05) * ~down
        block["outstanding"] = block["queue"] + 2 * block["utilization"]
        blocks.append(block)
    return np.sort(np.concatenate(blocks), order=["t", "place"])


def _components(offered: int) -> dict[str, dict[str, Any]]:
    common = {"offered": offered, "served": offered - 900, "refused": 900}
    idle = {"utilization": 0.0, "queue_mean": 0.0, "queue_max": 0, "instances": {}}
    instances = {
        f"search[{number}]": {"served": offered // 4, "utilization": 0.4 + number / 50, "outstanding_max": 201}
        for number in range(SEARCH_INSTANCES)
    }
    queues = {"utilization": 0.43, "queue_mean": 91.2, "queue_max": 800}
    return {
        "gateway": {"kind": "gateway", **common, **idle},
        "search": {"kind": "service", **common, **queues, "instances": instances},
        "search_cache": {"kind": "cache", **common, **idle, "hits": 60_000, "misses": 20_000, "stale": 0},
        "orders_db": {"kind": "database", **common, **idle, "utilization": 0.15, "queue_max": 4, "queue_mean": 0.1},
    }


@pytest.fixture(scope="session")
def make_shop() -> Callable[..., Result]:
    """Makes such a run: `make_shop(rate=300.0, duration=180.0, seed=7)`."""
    return build_shop


@pytest.fixture(scope="session")
def shop() -> Result:
    """The shop's run at full size."""
    return build_shop()


@pytest.fixture(scope="session")
def shop_report(shop: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the shop's page and all its figures, written once; the command is a long one."""
    folder = tmp_path_factory.mktemp("shop")
    manifest = {"command": "sim run " + 40 * "long_", "seed": 7, "versions": {"numpy": "2.4"}}
    write_report(shop, summarize(shop), manifest, folder)
    return folder


@pytest.fixture(scope="session")
def mails() -> dict[str, Any]:
    """What a queue for e-mails has counted."""
    group = {
        "published": 1000,
        "delivered": 1005,
        "acknowledged": 980,
        "redelivered": 5,
        "duplicates": 2,
        "dead_letters": 3,
        "lost": 1,
        "shed": 4,
        "carried_over": 0,
        "depth": 9,
        "in_flight": 3,
        "depth_max": 450,
        "lag_max_s": 12.5,
        "oldest_s": 8.0,
        "end_to_end_s": {"mean": 1.0, "p50": 0.8, "p90": 2.0, "p95": 3.0, "p99": 9.0, "p999": 12.0, "max": 12.5},
    }
    return {"kind": "queue", "offered": 1000, "served": 1000, "refused": 0} | group | {"groups": {"mailer": group}}
