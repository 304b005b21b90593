"""Whatever a file holds, loading it ends in a scenario or in a `ScenarioError`, and what loads also runs."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.experiment import run
from sim.metrics import summarize
from sim.scenario import Scenario, ScenarioError, load
from sim.scenario.paths import format_path, parse_path
from sim.scenario.yaml import parse_yaml

SHOP = """\
scenario: A shop
about: With one of everything.
seed: 3
duration: 1m
warmup: 5s
network: {latency: 1ms, jitter: 10%, loss: 1%, bandwidth: 1Gbit/s, between: {gateway/api: 2ms}}
clients:
  app:
    population: {size: 50, zipf: 1}
    network: {latency: {p50: 20ms, p99: 80ms}, lose_response: 1%}
    traffic: {rate: 200/s, arrivals: {bursty: {factor: 3, on: 1s, off: 4s}}}
    requests:
      - {send: GET /items, weight: 9, key: {zipf: {items: 100, s: 1.1}}, size: 1kB, response_size: {exponential: 20kB}}
      - {send: POST /orders, weight: 1, idempotency_key: true, host: shop.example, headers: {accept: json}}
      - {send: GET /static/app.js, key: {uniform: 20}, attack: true}
    timeout: 2s
    retry: {attempts: 3, backoff: {base: 50ms, max: 1s, jitter: full}, on: [timeout, 5xx], budget: 20%}
    to: edge
  crawler: {traffic: {users: 5, think: {erlang: 40ms, k: 2}}, to: gateway, timeout: 1s, retry: 2}
  visitors: {traffic: {shape: [{at: 5s, rate: 50/s}, {at: 9s, rate: 90/s, ramp: step}], arrivals: constant}, to: edge}
components:
  edge: {kind: cdn, cache: {match: /static/**, size: 15, ttl: 20s, hit: 1ms, stale_if_error: 5s}, to: waf}
  waf: {kind: waf, latency: 0.3ms, block: 1%, detection: 90%, false_positives: 0.1%, to: gateway}
  gateway:
    kind: gateway
    latency: 0.2ms
    policies:
      - authenticate: {latency: 0.5ms, reject: 1%}
      - rate_limit: {rate: 1200/s, burst: 300, per: client}
      - validate: {schema: {reject: 1%}}
    routes:
      - {match: {path: /static/**, method: GET}, to: static, timeout: 500ms}
      - {match: "/**", to: api, timeout: 1s, retry: {attempts: 2, on: [connect_failure], methods: [GET]}}
  static: {kind: service, instances: 2, workers: 8, work: 2ms, balancer: {algorithm: consistent_hash, bound: 1.5}}
  api:
    kind: service
    instances: 3
    workers: 4
    queue: 50
    order: lifo
    speed: [1, 1, 0.5]
    weight: 2
    balancer: {algorithm: least_request, choices: 2}
    health_check: {interval: 100ms, timeout: 50ms, unhealthy_after: 2, healthy_after: 2}
    outlier_ejection: {consecutive_failures: 3, base_ejection_time: 1s}
    slow_start: 2s
    startup: 10ms
    warm_up: {for: 1s, factor: 2}
    deadline_propagation: true
    endpoints:
      - {match: POST /**, steps: [{work: 5ms}, {call: {to: bank, timeout: 1s, optional: true, fallback: 5ms}}]}
      - match: "/**"
        steps:
          - work: {p50: 4ms, p99: 20ms}
          - read_through: {cache: items, origin: {to: db, retry: 2}}
          - parallel: [{call: bank, times: 2}, {call: db}]
  items: {kind: cache, size: 50, ttl: 10s, coalesce: true, policy: lfu, latency: 0.5ms, stale_while_revalidate: 1s}
  db: {kind: database, connections: 10, work: {mixture: [{weight: 9, of: 3ms}, {weight: 10%, of: {gamma: 9ms, cv: 2}}]}}
  bank: {kind: external, latency: {pareto: 5ms, alpha: 1.5, max: 1s}, error_rate: 1%}
events:
  - {at: 5ms, crash: api, instances: 1, restart_after: 20ms}
  - {at: 10ms, for: 10ms, hang: "api[0..1]"}
  - {at: 10ms, for: 10ms, slow: [db, bank], factor: 4}
  - {at: 15ms, for: 20ms, errors: db, rate: 50%}
  - {at: 20ms, for: 10ms, outage: gateway}
  - {at: 20ms, for: 10ms, latency: db, add: {uniform: [1ms, 5ms]}}
  - {at: 20ms, for: 10ms, loss: waf, rate: 20%}
  - {at: 25ms, for: 10ms, partition: {between: [api, db]}}
  - {at: 30ms, for: 10ms, spike: app, factor: 2}
  - {at: 40ms, flush: [items, edge]}
objectives:
  - app p99 < 300ms
  - GET /items availability >= 90%
  - crash recovery < 15s
  - api utilization < 80%
"""

QUEUE = """\
scenario: M/M/c
duration: 10s
clients: {all: {traffic: 90/s, to: server}}
components: {server: {kind: service, workers: 2, queue: unbounded, work: {exponential: 20ms}}}
"""

DOCUMENTS = [parse_yaml(text, "shop.yaml").data for text in (SHOP, QUEUE)]

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 2.5, 1e300, 10**30, "", " ", "x", "on", "null", "1e3", "é\n", "\0", "a" * 5000),
    *("0s", "5ms", "1us", "366d", "9/s", "0/s", "20%", "200%", "64KiB", "20k", "1G", "unbounded", "none", "5xx"),
    *("app", "api", "items", "gateway", "api[0]", "api[7]", "api@eu", "api/db", "GET /", "/**", "p99 < 1s", "429"),
    *([], {}, [[]], [{}], {"": ""}, ["app"], ["api", "api"], {"to": "api"}, {"base": "1s"}, {"zipf": 5}),
    *({"exponential": "5ms"}, {"p50": "1ms", "p99": "1h"}, {"mixture": []}, {"empirical": "."}, {"users": 3}),
]


def alike(value: Any) -> list[Any]:
    """Extreme values of the same kind."""
    match value:
        case bool():
            return [True, False]
        case int() | float():
            return [0, 1, 2, 3, 0.001, 1000, 10**6]
        case str() if value.endswith("s") and value[0].isdigit():
            return ["0s", "1us", "1ms", "20ms", "3h", "366d", "9/s", "1k/s"]
        case str() if value.endswith("%"):
            return ["0%", "0.001%", "50%", "99%", "100%"]
        case _:
            return []


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values inside some data."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield (*path, step)
        yield from places(value, (*path, step))


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A scenario's data with some values deleted, replaced, renamed, doubled or swapped."""
    data = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(data))
        if not paths:
            break
        *above, step = draw(st.sampled_from(paths))
        parent = at(data, tuple(above))
        match draw(st.sampled_from(["delete", "replace", "replace", "replace", "break", "rename", "double", "swap"])):
            case "delete":
                del parent[step]
            case "replace":
                parent[step] = copy.deepcopy(draw(st.sampled_from(alike(parent[step]) or ODD)))
            case "break":
                parent[step] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "rename" if isinstance(parent, dict):
                keys = ["kind", "to", "work", "rate", "x", "", "a.b", "items", *parent]
                parent[draw(st.sampled_from(keys))] = parent.pop(step)
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[step]))
            case "swap":
                other = draw(st.sampled_from(paths))
                try:
                    value = copy.deepcopy(at(data, other))
                except (KeyError, IndexError, TypeError):
                    continue
                parent[step] = value
    return data


@pytest.fixture
def complained(tmp_path: Path) -> Callable[[Any], list[str]]:
    """What is wrong with some data, one line a problem."""

    def attempt(data: Any) -> list[str]:
        (tmp_path / "shop.yaml").write_text(json.dumps(data))
        try:
            load(tmp_path / "shop.yaml")
        except ScenarioError as error:
            return [str(problem) for problem in error.problems]
        return []

    return attempt


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scenario | None]:
    """Loads a text; None if it is refused, one line a problem."""
    file = tmp_path_factory.mktemp("fuzz") / "shop.yaml"

    def attempt(text: str) -> Scenario | None:
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            return load(file)
        except ScenarioError as error:
            problems = error.problems
        assert problems
        for problem in problems:
            assert len(str(problem).splitlines()) == 1
            assert len(str(problem)) < 1200
            assert "pydantic" not in str(problem)
            assert "Input should" not in str(problem)
            assert problem.path == "" or format_path(parse_path(problem.path)) == problem.path
        return None

    return attempt


def is_small(scenario: Scenario) -> bool:
    """Whether 50 ms of it are a matter of milliseconds."""
    document = scenario.document
    for client in document.clients.values():
        traffic = client.traffic
        factor = max((event.factor for event in document.events if event.verb == "spike"), default=1)
        if factor * traffic.highest_rate > 10_000 or factor * (traffic.users or 0) > 1000:
            return False
        if client.population is not None and client.population.size > 100_000:
            return False
        if any(request.key is not None and request.key.items > 100_000 for request in client.requests):
            return False
    instances = [getattr(component, "instances", 1) for component in document.components.values()]
    return sum(instances) <= 200


@settings(max_examples=500)
@given(mutated())
def test_what_loads_runs(loaded: Callable[[str], Scenario | None], data: Any) -> None:
    """A scenario that passes all checks can be assembled, run and summed up."""
    scenario = loaded(json.dumps(data))
    if scenario is not None and is_small(scenario):
        summarize(run(scenario.with_({"duration": "50ms", "warmup": "0s"})))


@pytest.mark.parametrize("value", ["x", [], None], ids=repr)
def test_one_wrong_value_is_one_complaint(complained: Callable[[Any], list[str]], value: Any) -> None:
    """Wherever it stands, nothing else is blamed: not what uses it, and not what would be wrong without it."""
    for path in places(DOCUMENTS[0]):
        data = copy.deepcopy(DOCUMENTS[0])
        at(data, path[:-1])[path[-1]] = value
        assert len(complained(data)) <= 1, (path, complained(data))


def test_one_misspelt_key_is_one_complaint(complained: Callable[[Any], list[str]]) -> None:
    """What it means is not known, and so is nothing that follows from it; all but names are keys."""
    for *above, key in places(DOCUMENTS[0]):
        data = copy.deepcopy(DOCUMENTS[0])
        parent = at(data, tuple(above))
        if isinstance(parent, dict) and above not in (["clients"], ["components"]):
            parent[f"{key}{key[-1]}"] = parent.pop(key)
            assert len(complained(data)) <= 1, (above, key, complained(data))


@settings(max_examples=300)
@given(st.sampled_from([SHOP, QUEUE]), st.data())
def test_no_text_breaks_the_loading(loaded: Callable[[str], Scenario | None], text: str, data: st.DataObject) -> None:
    """Cut off anywhere, with any characters put in or taken out."""
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        inserted = data.draw(st.text(max_size=3) | st.sampled_from(list(" \t\n:-[]{}&*!|>'\"%@`#,?~")))
        removed = data.draw(st.sampled_from([0, 0, 1, 2, 10, len(text)]))
        text = text[:place] + inserted + text[place + removed :]
    loaded(text)


@settings(max_examples=100)
@given(st.text(max_size=200))
@example("\ud800")
def test_no_garbage_breaks_the_loading(loaded: Callable[[str], Scenario | None], text: str) -> None:
    """Random characters are no scenario."""
    assert loaded(text) is None
