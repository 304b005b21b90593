"""All that is wrong with a file is said at once: names and subjects beside values, and nothing that follows from both."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.components import ClientConfig, NetworkConfig
from sim.faults import VERBS
from sim.scenario.document import Document

Complain = Callable[..., list[str]]


def test_mistakes_of_all_kinds_are_said_at_once(complaints: Complain) -> None:
    """Wrong units and keys beside wrong names of every kind, in the order of the lines."""
    text = """\
scenario: A shop
duration: 60
network: {between: {gateway/apo: 2ms}}
clients:
  app: {traffic: 50/s, requests: [{send: GET /items, wieght: 9}], to: gatewy}
components:
  app: {kind: external, latency: 1ms}
  edge: {kind: cdn, hit_ratio: 130%, to: shield}
  shield: {kind: waf, to: app}
  gateway:
    kind: gateway
    routes: [{match: "/**", to: items}]
  api:
    kind: service
    steps:
      - work: 5
      - read_through: {cache: db, origin: dbb}
      - parallel: [{call: bnk}]
  items: {kind: cache, size: 0}
  db: {kind: database, work: 5ms}
events:
  - {at: 20, crash: [api, ap]}
  - {at: 20s, spike: api, factor: 2}
  - {at: 20s, partition: {between: [api, dbb]}}
  - {at: 20s, flush: db}
  - {at: 20s, slow: gateway, factor: 2}
  - {at: 20s, outage: 'api[1]'}
objectives:
  - app p98 < 5ms
  - GET /item p99 < 5ms
  - hang lost < 5
  - app p99 < 5
answer: it is {ap p99} and {GET /item p99}
"""
    assert complaints(text=text) == [
        "duration: 60 needs a unit; a duration is written like 60ms, 60s, 60m  :2:11",
        "network.between.\"gateway/apo\": there is no component or client 'apo'; did you mean 'app'?  :3:21",
        "clients.app.requests[0].wieght: 'wieght' is not known here; did you mean 'weight'?  :5:54",
        "clients.app.to: there is no component 'gatewy'; did you mean 'gateway'?  :5:71",
        "components.app: 'app' is also the name of a client  :7:3",
        "components.edge.hit_ratio: 130% is more than the whole; one is written like 20% or 0.2  :8:32",
        "components.gateway.routes[0].to: 'items' is a cache: a read_through step reads it, requests do not go there  :12:33",
        "components.api.steps[0].work: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :16:15",
        "components.api.steps[1].read_through.cache: 'db' is a database, not a cache  :17:31",
        "components.api.steps[1].read_through.origin: there is no component 'dbb'; did you mean 'db'?  :17:43",
        "components.api.steps[2].parallel[0].call: there is no component 'bnk'; known: app, edge, shield, gateway, api, items, db  :18:27",
        "components.items.size: must be at least 1, not 0  :19:30",
        "events[0].at: 20 needs a unit; a duration is written like 20ms, 20s, 20m  :22:10",
        "events[0].crash[1]: there is no component 'ap'; did you mean 'app'?  :22:27",
        "events[1].spike: 'api' is a service; spike is for clients; known: app  :23:22",
        "events[2].partition.between[1]: there is no component 'dbb'; did you mean 'db'?  :24:42",
        "events[3].flush: 'db' is a database; flush is for caches and CDNs  :25:22",
        "events[4].slow: 'gateway' is a gateway without instances; use outage, latency or loss  :26:21",
        "events[5].outage: outage is for all of 'api', not for single instances; write api  :27:23",
        "objectives[0]: 'p98' is not a metric; did you mean 'p99'?  :29:5",
        "objectives[1]: 'GET /item' is not a client or a route; did you mean 'GET /items'?  :30:5",
        "objectives[2]: 'hang' is not an event; known: crash, spike, partition, flush, slow, outage  :31:5",
        "objectives[3]: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :32:5",
        "answer: {ap p99}: 'ap' is not a client or a route; did you mean 'app'?  :33:9",
        "answer: {GET /item p99}: 'GET /item' is not a client or a route; did you mean 'GET /items'?  :33:9",
    ]


# fmt: off
CAUSES = [
    ("{kind: external, latency: {exponential: 40ms}}", "{kind: external, latency: 40}", "components.bank.latency"),
    ("{kind: external, latency: {exponential: 40ms}}", "external", "components.bank"),
    ("{kind: external, latency: {exponential: 40ms}}", "", "components.bank"),
    ("{kind: external, latency: {exponential: 40ms}}", "{kind: extrenal}", "components.bank.kind"),
    ("{kind: database, connections: 10, work: 5ms}", "{connections: 10, work: 5ms}", "components.db"),
    ("{kind: cache, size: 50, ttl: 10s}", "{kind: cahce}", "components.items.kind"),
    ("{kind: cache, size: 50, ttl: 10s}", "[]", "components.items"),
    ("    kind: gateway\n", "    kind: proxy\n", "components.gateway.kind"),
    ("instances: 3", "instances: 0", "components.api.instances"),
    ("  api:\n", "  my api:\n", 'components."my api"'),
    ("  api:\n", "  api: {kind: waf, to: db}\n  api:\n", "components.api"),
    ("components:\n", "componets:\n", "componets"),
    ("clients:\n", "cleints:\n", "cleints"),
    ("  app:\n", "  my.app:\n", 'clients."my.app"'),
    ("    traffic: {rate: 50/s}\n", "    traffic: 50\n", "clients.app.traffic"),
    ("    requests:\n", "    request:\n", "clients.app.request"),
    ("send: GET /items", "send: GTE /items", "clients.app.requests[0].send"),
    ("send: GET /items", "sned: GET /items", "clients.app.requests[0].sned"),
    ("events:\n", "evnets:\n", "evnets"),
    ("{at: 20s, crash: api, instances: 1, restart_after: 10s}", "{at: 20s, crsh: api}", "events[0].crsh"),
    ("{at: 20s, crash: api, instances: 1, restart_after: 10s}", "crash", "events[0]"),
    ("{at: 20s, crash: api, instances: 1, restart_after: 10s}", "{crash: api}", "events[0]"),
    ("seed: 3\n", "parts: {api2: {kind: service}}\n", "parts"),
]
# fmt: on
SPEAKERS = """\
  - GET /items p99 < 1s
  - crash recovery < 1m
  - bank queue_max < 50
  - items hit_ratio > 1%
  - hit_ratio > 1%
answer: "{app p99}, {GET /items p99}, {crash lost}, {db utilization}, {gateway refused}"
"""


SPIKE = {"at": "5s", "spike": "crowd", "factor": 2}
ALONE = {
    "scenario": "a",
    "clients": {"app": {"traffic": "5/s", "to": "nowhere"}},
    "components": {"db": {"kind": "service", "steps": [{"read_through": {"cache": "x", "origin": "y"}}]}},
    "events": [SPIKE],
    "objectives": ["nobody p99 < 1s"],
}


@pytest.mark.parametrize(("old", "new", "path"), CAUSES, ids=[f"{path} {new.strip()}" for _, new, path in CAUSES])
def test_who_names_something_broken_is_not_to_blame(
    complaints: Complain, folder: Path, old: str, new: str, path: str
) -> None:
    """Calls, events, objectives and the answer speak of the broken part, and one complaint is made: its own."""
    text = (folder / "shop.yaml").read_text() + SPEAKERS
    assert text.count(old) == 1
    first, *more = complaints(text=text.replace(old, new))
    assert not more
    assert first.startswith(f"{path}: ")


def test_a_misspelt_name_is_no_reason_to_doubt_others(complaints: Complain, folder: Path) -> None:
    """A client whose name is wrong may be any client, but components are still known."""
    shop = (folder / "shop.yaml").read_text()
    text = shop.replace("  app:\n", "  my.app:\n").replace("to: bank", "to: bnk").replace("[{match", "[{mtach")
    assert complaints(text=text) == [
        'clients."my.app": a name is made of letters, digits, - and _, a hundred at most  :7:3',
        "components.gateway.routes[0].mtach: 'mtach' is not known here; did you mean 'match'?  :19:15",
        "components.api.steps[2].call.to: there is no component 'bnk'; did you mean 'bank'?  :29:20",
    ]


def test_routes_of_a_log_are_judged_when_it_can_be_read(complaints: Complain) -> None:
    """A replay's routes are in its log: while the file has other faults they are left alone."""
    head = (
        "scenario: a\nclients: {app: {traffic: {replay: access.log}, to: db}}\ncomponents: {db: {kind: database, work: "
    )
    objective = "objectives: [GET /b p99 < 1s, ap p99 < 1s]\n"
    subject = "objectives[1]: 'ap' is not a client or a route; did you mean 'app'?  :4:31"
    assert complaints(text=f"{head}5}}}}\n{objective}") == [
        "components.db.work: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :3:41",
        subject,
    ]
    route, other = complaints(text=f"{head}5ms}}}}\n{objective}")
    assert route == "objectives[0]: 'GET /b' is not a client or a route; did you mean 'GET /a'?  :4:14"
    assert other == subject


def test_names_are_not_judged_without_a_scenario_around_them() -> None:
    """In Python a config is built by itself, and speaks of components that nobody has declared."""
    assert ClientConfig.model_validate({"traffic": "5/s", "to": "nowhere"}).to == "nowhere"
    assert list(NetworkConfig.model_validate({"between": {"here/there": "5ms"}}).between) == ["here/there"]
    assert [str(target) for target in VERBS["spike"].model_validate(SPIKE).targets] == ["crowd"]
    document = Document.model_validate(ALONE)
    assert document.objectives == ["nobody p99 < 1s"]
