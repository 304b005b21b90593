"""Small random systems obey the laws: clients, perhaps a CDN, a gateway, services, a database, and faults."""

from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.experiment import run
from sim.metrics import summarize
from sim.metrics.recorder import IN_FLIGHT
from sim.request import LEDGER, Request, RequestKind
from sim.scenario import assemble, load


def milliseconds(low: int, high: int) -> st.SearchStrategy[str]:
    """A duration in milliseconds, as YAML."""
    return st.integers(low, high).map(lambda number: f"{number}ms")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """None, or one of these."""
    return st.none() | strategy


def mapping(**entries: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping without the entries that are None."""
    return st.fixed_dictionaries(entries).map(
        lambda drawn: {key.rstrip("_"): value for key, value in drawn.items() if value is not None}
    )


works = milliseconds(0, 30) | milliseconds(1, 20).map(lambda mean: {"exponential": mean})

retries = mapping(
    attempts=st.integers(2, 4),
    backoff=maybe(milliseconds(1, 30) | milliseconds(1, 30).map(lambda base: {"base": base, "jitter": "full"})),
    on=maybe(st.lists(st.sampled_from(["timeout", "5xx", "reset", "connect_failure"]), min_size=1, unique=True)),
    budget=maybe(st.just("20%")),
)

links = mapping(
    latency=maybe(milliseconds(0, 15) | milliseconds(1, 10).map(lambda mean: {"exponential": mean})),
    jitter=maybe(st.just("20%")),
    loss=maybe(st.just("5%")),
    bandwidth=maybe(st.just("10Mbit/s")),
)

traffics = st.one_of(
    mapping(rate=st.sampled_from(["5/s", "50/s", "150/s"]), arrivals=st.sampled_from(["poisson", "constant"])),
    mapping(users=st.integers(1, 6), think=maybe(milliseconds(0, 20))),
)

requests = st.lists(
    mapping(
        send=st.sampled_from(["GET /a", "GET /b", "POST /a"]),
        weight=st.integers(1, 3),
        key=maybe(st.just({"uniform": {"items": 5}})),
        response_size=maybe(st.just("5KB")),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda request: request["send"],
)

clients = mapping(
    traffic=traffics,
    requests=maybe(requests),
    timeout=maybe(milliseconds(5, 120)),
    retry=maybe(retries),
    network=maybe(links),
)

balancers = st.sampled_from(
    [
        "round_robin",
        "random",
        "weighted_round_robin",
        "least_connections",
        {"algorithm": "least_request", "choices": 2},
        {"algorithm": "least_request", "panic_threshold": "0%"},
        "least_response_time",
        {"algorithm": "consistent_hash", "key": "caller"},
        {"algorithm": "prequal"},
    ]
)

fleets = {
    "instances": st.integers(1, 3),
    "workers": st.integers(1, 3),
    "queue": st.sampled_from([0, 1, 4, "unbounded"]),
    "order": st.sampled_from(["fifo", "lifo"]),
    "balancer": balancers,
    "deadline_propagation": st.booleans(),
    "startup": maybe(milliseconds(1, 100)),
    "warm_up": maybe(st.just({"for": "200ms", "factor": 3})),
    "health_check": maybe(
        st.just({"interval": "100ms", "timeout": "20ms", "unhealthy_after": 2, "healthy_after": 1, "work": "2ms"})
    ),
    "outlier_ejection": maybe(st.just({"consecutive_failures": 2, "base_ejection_time": "100ms"})),
}

calls = mapping(
    to=st.sampled_from(["db", "back", "far"]),
    timeout=maybe(milliseconds(3, 60)),
    retry=maybe(retries),
    optional=maybe(st.booleans()),
    fallback=maybe(milliseconds(1, 5)),
)

steps = st.lists(
    st.one_of(
        st.builds(dict, work=works),
        st.builds(dict, call=calls),
        st.builds(dict, parallel=st.lists(mapping(call=calls, times=maybe(st.integers(1, 3))), min_size=1, max_size=3)),
        st.just({"read_through": {"cache": "cache", "origin": "db"}}),
    ),
    min_size=1,
    max_size=3,
)

caches = mapping(
    size=maybe(st.integers(1, 10)),
    ttl=milliseconds(10, 200),
    coalesce=maybe(st.booleans()),
    stale_while_revalidate=maybe(milliseconds(10, 200)),
    stale_if_error=maybe(milliseconds(10, 200)),
)

events = st.lists(
    st.tuples(
        st.integers(0, 700),
        maybe(st.integers(1, 400)),
        st.sampled_from(
            [
                {"crash": "api"},
                {"crash": "api", "instances": 1},
                {"crash": "back"},
                {"crash": "db"},
                {"hang": "api[0]"},
                {"hang": "back"},
                {"hang": "far"},
                {"slow": "api", "factor": 3},
                {"slow": "db", "factor": 0.5},
                {"errors": "back", "rate": "50%"},
                {"errors": "api"},
                {"outage": "far"},
                {"outage": "api"},
                {"outage": "gateway"},
                {"outage": "cache"},
                {"partition": {"between": ["api", "db"]}},
                {"partition": {"between": ["one", "gateway"]}},
                {"latency": "db", "add": "5ms"},
                {"loss": "api", "rate": "30%"},
                {"spike": "one", "factor": 3},
                {"flush": "cache"},
            ]
        ),
    ).map(
        lambda event: (
            {"at": f"{event[0]}ms"}
            | ({"for": f"{event[1]}ms"} if event[1] and "flush" not in event[2] else {})
            | event[2]
        )
    ),
    max_size=3,
)


@st.composite
def systems(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario as data: one client or two, a gateway with or without a CDN, and what is behind it."""
    entrance = draw(st.sampled_from(["gateway", "cdn"]))
    callers = {"one": draw(clients) | {"to": entrance}}
    if draw(st.booleans()):
        callers["two"] = draw(clients) | {"to": draw(st.sampled_from([entrance, "api"]))}
    route = {"match": "/**", "to": "api"} | draw(mapping(timeout=maybe(milliseconds(5, 100)), retry=maybe(retries)))
    policies = draw(
        st.lists(
            st.sampled_from(
                [
                    {"authenticate": {"latency": "1ms", "reject": "5%"}},
                    {"authenticate": {"latency": {"exponential": "2ms"}}},
                    {"rate_limit": {"rate": "60/s", "burst": 5}},
                ]
            ),
            max_size=2,
        )
    )
    api = draw(mapping(**fleets)) | {"kind": "service", "steps": draw(steps)}
    return {
        "scenario": "A random system",
        "duration": draw(milliseconds(100, 900)),
        "warmup": draw(st.sampled_from(["0s", "50ms"])),
        "network": draw(links),
        "clients": callers,
        "components": {
            "cdn": {"kind": "cdn", "to": "gateway", "cache": draw(caches)},
            "gateway": {"kind": "gateway", "policies": policies, "routes": [route]},
            "api": api,
            "back": draw(mapping(**fleets)) | {"kind": "service", "work": draw(works)},
            "db": {"kind": "database", "connections": draw(st.integers(1, 4)), "work": draw(works)},
            "far": {"kind": "external", "latency": draw(works), "error_rate": draw(st.sampled_from(["0%", "20%"]))},
            "cache": draw(caches) | {"kind": "cache", "latency": "1ms"},
            "reader": {"kind": "service", "steps": [{"read_through": {"cache": "cache", "origin": "db"}}]},
        },
        "events": draw(events),
    }


@pytest.fixture(scope="module")
def load_system(tmp_path_factory):
    """Loads a system from the file that it would stand in."""
    path = tmp_path_factory.mktemp("systems") / "system.yaml"

    def load_(system):
        path.write_text(yaml.safe_dump(system, sort_keys=False))
        return load(path)

    return load_


class Watch:
    """Looks at every server of a world: what must hold between any two events.

    Args:
        world: The world.
    """

    def __init__(self, world):
        self.servers = [server for component in world.components.values() for server in component.servers]
        self.now = world.env.now

    def look(self, env):
        """Checks all servers as they stand now."""
        assert env.now >= self.now, "time runs backwards"
        self.now = env.now
        for server in self.servers:
            where = f"{server.name} at {env.now} s"
            assert 0 <= server.busy <= server.workers, f"{where}: {server.busy} of {server.workers} workers are busy"
            assert 0 <= server.waiting <= server.limit, f"{where}: {server.waiting} wait in {server.limit} places"
            assert not server.waiting or server.busy == server.workers, f"{where}: a worker idles beside a queue"
            assert server.up or server.outstanding == 0, f"{where}: down, but not empty"


class Queries:
    """The queries that a database has under way, told by when they begin and how long they take.

    Args:
        env: The environment.
        database: The database.
    """

    def __init__(self, env, database):
        self.env = env
        self.until = []
        self.most = 0
        (work,) = database.server.program.steps(Request(0, RequestKind(), "", 0.0))
        self.server, self.at = database.server, work.at
        work.at = self.begin

    def begin(self, index, call=0):
        """Takes note of a query, and says how long it takes."""
        seconds = self.at(index, call)
        now = self.env.now
        self.until = [until for until in self.until if until > now + 1e-9]
        self.until.append(now + seconds * self.server.pace)
        self.most = max(self.most, len(self.until))
        return seconds


@settings(max_examples=120)
@given(systems(), st.integers(0, 3))
def test_every_world_obeys_the_laws(load_system, system, seed):
    """Whatever the system: it ends, its books balance, and no time, latency or part of a ledger is negative."""
    result = run(load_system(system), seed)
    rows, duration = result.requests, result.duration
    assert duration == load_system(system).duration
    ended = rows[rows["outcome"] != IN_FLIGHT]
    assert (np.diff(rows["arrived"]) >= 0.0).all()
    assert ((rows["arrived"] >= 0.0) & (rows["arrived"] < duration)).all()
    assert (ended["latency"] >= 0.0).all()
    assert (ended["arrived"] + ended["latency"] <= duration + 1e-9).all()
    for part in LEDGER:
        assert (rows[part] >= -1e-12).all(), part
    assert sum(ended[part] for part in LEDGER) == pytest.approx(ended["latency"], abs=1e-9)
    assert (rows["attempts"] >= 1).all()
    starts = np.concatenate(result.attempt_starts)
    assert len(starts) == rows["attempts"].sum()
    assert ((starts >= 0.0) & (starts < duration)).all()
    for latencies in result.attempt_latencies:
        assert (latencies >= 0.0).all()
    assert result.wasted_work >= -1e-9
    assert result.useful_work >= -1e-9
    summary = summarize(result)
    requests = summary["requests"]
    assert requests["offered"] == requests["completed"] + requests["in_flight"]
    assert requests["completed"] == sum(requests["by_outcome"].values())
    for name, client in summary["clients"].items():
        assert client["requests"]["offered"] >= 0, name
    for name, counters in result.components.items():
        for counter, value in counters.items():
            if isinstance(value, int | float):
                assert value >= 0, f"{name} {counter} is {value}"
        if counters.get("utilization") is not None:
            assert counters["utilization"] <= 1.0 + 1e-9, name


@settings(max_examples=100)
@given(systems())
def test_between_any_two_events_the_servers_are_in_order(load_system, system):
    """Event by event: no more busy than workers, no idle worker beside a queue; and the same bits as in one go."""
    scenario = load_system({**system, "warmup": "0s"})
    assembly = assemble(scenario, 1)
    world = assembly.world
    env, watch = world.env, Watch(world)
    queries = Queries(env, world.components["db"])
    steady = not any("db" in (event.get("crash"), event.get("slow")) for event in system["events"])
    while env.peek() < scenario.duration:
        env.step()
        watch.look(env)
    assert not steady or queries.most <= system["components"]["db"]["connections"]
    assert world.recorder.rows().tobytes() == run(scenario, 1).requests.tobytes()


@settings(max_examples=40)
@given(systems(), st.integers(0, 2**63 - 1))
def test_the_same_seed_gives_the_same_bits(load_system, system, seed):
    scenario = load_system(system)
    one, other = run(scenario, seed), run(scenario, seed)
    assert one.requests.tobytes() == other.requests.tobytes()
    assert one.samples.tobytes() == other.samples.tobytes()
    assert [starts.tobytes() for starts in one.attempt_starts] == [starts.tobytes() for starts in other.attempt_starts]
    assert (one.components, one.events, one.wasted_work) == (other.components, other.events, other.wasted_work)


@settings(max_examples=40)
@given(systems())
def test_the_warm_up_changes_nothing_but_what_is_counted(load_system, system):
    cold, warm = (run(load_system({**system, "warmup": warmup}), 1) for warmup in ("0s", "50ms"))
    assert warm.requests.tobytes() == cold.requests.tobytes()


@settings(max_examples=40)
@given(systems())
def test_a_longer_run_begins_like_a_shorter_one(load_system, system):
    """What happens until a moment does not depend on how long the run goes on after it."""
    short = run(load_system(system), 1)
    long = run(load_system({**system, "duration": "1s"}), 1)
    ended = short.requests["outcome"] != IN_FLIGHT
    assert long.requests[: len(ended)][ended].tobytes() == short.requests[ended].tobytes()
