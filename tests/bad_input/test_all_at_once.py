"""All that is wrong with a file is said at once: names and subjects beside values, and nothing that follows from both."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.components import ClientConfig, NetworkConfig
from sim.faults import VERBS
from sim.scenario import ScenarioError, load
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
        "events[2].partition.between[1]: there is no component or client 'dbb'; did you mean 'db'?  :24:42",
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
    ("{at: 20s, crash: api, instances: 1, restart_after: 10s}", "{at: 20s, for: 5s}", "events[0]"),
    ("instances: 3", "instnaces: 1", "components.api.instnaces"),
    ("instances: 3", "instances: 017", "components.api.instances"),
    ("duration: 1m", "duraton: 1s", "duraton"),
    ("duration: 1m", "duration: 1", "duration"),
    ("{cache: items, origin: db}", "{origin: db}", "components.api.steps[1].read_through"),
    ("{cache: items, origin: db}", "{cache: {too: items}, origin: db}", "components.api.steps[1].read_through.cache.too"),
    ("{cache: items, origin: db}", "{cache: itms, origin: db}", "components.api.steps[1].read_through.cache"),
    ("- read_through: {cache: items, origin: db}", "- idempotency: {store: items}", "components.api.steps[1].idempotency"),
    ("- read_through: {cache", "- read_thruogh: {cache", "components.api.steps[1].read_thruogh"),
    ("    steps:\n", "    stpes:\n", "components.api.stpes"),
    ("    kind: service\n", "    kind: servce\n", "components.api.kind"),
    ("send: GET /items, weight: 9", "weight: 9", "clients.app.requests[0]"),
    ("seed: 3\n", "seed: 3\nevents: []\n", "events"),
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


def test_every_check_goes_as_far_as_things_are_known(folder: Path) -> None:
    """A file with every kind of mistake in it: none waits until another has been mended."""
    text = """\
scenario: A shop
seed: on
duration: 1h
warmup: 2h
sites: {us-east: {}, eu-west: {}}
network: {latency: 1, between: {gateway/api: 2ms, api/gateway: 3ms, us-east/eu-west: 4ms}}
clients:
  app:
    traffic: 50
    requests: [{send: GTE /items}, {send: POST /orders}]
    to: gatewy
  old: {traffic: {replay: notes.log}, to: gateway}
  gone: {traffic: {replay: acess.log}, to: gateway, timeout: 2}
  fast: {traffic: 900k/s, to: nowhere, timeout: 0s}
  sun: {traffic: {diurnal: {low: 1/s, high: 2/s, period: 1s}}, to: api, retry: 0}
  odd.one: {traffic: 5/s, to: api}
components:
  gateway:
    kind: gateway
    routes: [{match: "/**", to: api, timeout: 1}]
  api:
    kind: service
    instances: 3
    speed: [1, 2]
    queue: -3
    work: 5ms
    steps:
      - work: 5
      - read_through: {cache: itms, origin: db}
      - call: gateway
      - sleep: 5ms
  items: {kind: cache, size: 50}
  sessions: {kind: cache, size: 0, region: asia}
  db: {kind: databse, work: 5ms}
  bank: {kind: external}
events:
  - {at: 20, crash: 'api[9]'}
  - {at: 20s, crash: api, instances: 7, restart_after: 5}
  - {at: 20s, crsh: api}
  - {at: 20s, spike: old, factor: x}
  - {at: 20, spike: fast, factor: 3}
  - {at: 20s, hang: [serch, bank]}
objectives:
  - ap p99 < 5
  - GET /items p99 < 1s
  - slow recovery < 5s
  - duplicate_effects == 0
  - bank utilization < 80%
  - gateway queue_max
answer: "{p98} and {ap p99} and {gateway queue_max}"
"""
    (folder / "shop.yaml").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load("shop.yaml")
    assert [str(problem).replace("  shop.yaml", "  ") for problem in caught.value.problems] == [
        "seed: 'on' is read as a truth value by some YAML readers; write true or quote it  :2:7",
        "warmup: a warm-up of 2h leaves nothing of 1h  :4:9",
        "sites: 'sites' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :5:1",
        "network.latency: 1 needs a unit; a duration is written like 1ms, 1s, 1m  :6:20",
        "network.between.\"api/gateway\": these two stand here already, as 'gateway/api'  :6:51",
        "clients.app.traffic: 50 needs a unit; a rate is written like 50/s, 50/m, 50/h  :9:14",
        "clients.app.requests[0].send: unknown method 'GTE'; did you mean 'GET'?  :10:23",
        "clients.app.to: there is no component 'gatewy'; did you mean 'gateway'?  :11:9",
        "clients.old.traffic.replay: notes.log is not an access log that can be read (tried common, combined, json, csv); its first line is 'not a log'  :12:27",
        "clients.gone.traffic.replay: there is no file acess.log; did you mean 'access.log'?  :13:28",
        "clients.gone.timeout: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :13:62",
        "clients.fast.to: there is no component 'nowhere'; known: gateway, api, items, sessions, db, bank  :14:31",
        "clients.fast.timeout: must be above 0, not 0s  :14:49",
        "clients.sun.traffic.diurnal.period: a run of 1h has more than 1000 such days  :15:58",
        "clients.sun.retry: must be at least 1, not 0  :15:80",
        'clients."odd.one": a name is made of letters, digits, - and _, a hundred at most  :16:3',
        "components.gateway.routes[0].timeout: 1 needs a unit; a duration is written like 1ms, 1s, 1m  :20:47",
        "components.api.speed: has 2 numbers for 3 instances; give one for each, or one for all  :24:5",
        "components.api.queue: -3 is negative; a count cannot be; or write 'unbounded'  :25:12",
        "components.api.work: is short for one step: give either 'work' or 'steps'  :26:5",
        "components.api.steps[0].work: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :28:15",
        "components.api.steps[1].read_through.cache: there is no component 'itms'; did you mean 'items'?  :29:31",
        "components.api.steps[2].call: a request would go round for ever: gateway → api → gateway  :30:15",
        "components.api.steps[3].sleep: 'sleep' is not known here; known: work, call, parallel, read_through, publish, session  :31:9",
        "components.sessions: nobody reads this cache  :33:3",
        "components.sessions.size: must be at least 1, not 0  :33:33",
        "components.sessions.region: there is no region 'asia'; the scenario declares none under 'regions'  :33:44",
        "components.db.kind: 'databse' is not known; did you mean 'database'?  :34:14",
        "components.bank: 'latency' is missing  :35:3",
        "events[0].at: 20 needs a unit; a duration is written like 20ms, 20s, 20m  :37:10",
        "events[0].crash: 'api[9]' does not exist: the last instance is api[2]  :37:21",
        "events[1].instances: 'api' has only 3 instances  :38:38",
        "events[1].restart_after: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :38:56",
        "events[2].crsh: 'crsh' is not an event; did you mean 'crash'?  :39:15",
        "events[3].spike: 'old' replays a log, and sends what is in it; to have more of it, set its 'speed'  :40:22",
        "events[3].factor: 'x' is not a plain number; one is written like 2 or 1.5  :40:35",
        "events[4].at: 20 needs a unit; a duration is written like 20ms, 20s, 20m  :41:10",
        "events[4].factor: 2.7M/s is more than this simulator can run, which is 1M/s  :41:35",
        "events[5].hang[0]: there is no component 'serch'; known: gateway, api, items, sessions, db, bank  :42:22",
        "objectives[0]: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :44:5",
        "objectives[0]: 'ap' is not a client or a route; did you mean 'app'?  :44:5",
        "objectives[2]: 'slow' is not an event; known: crash, spike, hang  :46:5",
        "objectives[3]: nothing in the scenario counts duplicate_effects  :47:5",
        "objectives[4]: 'bank' is an external, which has no utilization; api has one  :48:5",
        "objectives[5]: 'gateway queue_max' is not an objective; an objective is written like p99 < 300ms or browser availability >= 99.9%  :49:5",
        "objectives[5]: 'gateway' is a gateway, which has no queue_max; api and items and sessions have one  :49:5",
        "answer: {p98}: 'p98' is not a metric; did you mean 'p99'?  :50:9",
        "answer: {ap p99}: 'ap' is not a client or a route; did you mean 'app'?  :50:9",
        "answer: {gateway queue_max}: 'gateway' is a gateway, which has no queue_max; api and items and sessions have one  :50:9",
    ]


def test_a_strange_section_suspends_no_judging(complaints: Complain, folder: Path) -> None:
    """What stands in it may be a name that others use; whoever uses another is still wrong."""
    strange = "sites: {us-east: {zones: [us-east-1]}}\nseed: 3"
    shop = (folder / "shop.yaml").read_text().replace("seed: 3", strange)
    text = (
        shop.replace("to: bank", "to: nowhere")
        .replace("crash: api", "crash: us-east")
        .replace("api: 2ms", "us-east-1: 2ms")
    )
    unknown = "sites: 'sites' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :2:1"
    assert complaints(text=text) == [
        unknown,
        "components.api.steps[2].call.to: there is no component 'nowhere'; known: gateway, api, items, db, bank  :30:20",
    ]
    assert complaints(text=shop.replace("spike: app", "spike: ap")) == [
        unknown,
        "events[1].spike: there is no client 'ap'; did you mean 'app'?  :36:31",
    ]


def test_a_misspelt_section_declares_its_names(complaints: Complain, folder: Path) -> None:
    """Whoever names one of them is right, and whoever mistypes one is not."""
    shop = (folder / "shop.yaml").read_text()
    text = shop.replace("components:\n", "componets:\n").replace("to: gateway", "to: gatewy")
    assert complaints(text=text) == [
        "clients.app.to: there is no component 'gatewy'; did you mean 'gateway'?  :14:9",
        "componets: 'componets' is not known here; did you mean 'components'?  :15:1",
    ]


def test_what_does_not_fit_together_is_said_beside_wrong_values(complaints: Complain) -> None:
    """Strict reading looks at a whole config only where each value is right; all that is wrong is said all the same."""
    text = "    speed: [1, 2]\n    slow_start: 5s\n    work: 1ms\n    queue: -1\n"
    assert complaints("    queue: 50\n    balancer: least_request\n", text) == [
        "components.api.speed: has 2 numbers for 3 instances; give one for each, or one for all  :24:5",
        "components.api.slow_start: needs a balancer that looks at weights, which round_robin does not  :25:5",
        "components.api.work: is short for one step: give either 'work' or 'steps'  :26:5",
        "components.api.queue: -1 is negative; a count cannot be; or write 'unbounded'  :27:12",
    ]


def test_what_is_written_twice_is_still_read(complaints: Complain) -> None:
    """The first of two blocks is judged by itself; what else is said of its name may be meant for the second."""
    assert complaints("  api:\n", "  api: {kind: service, workers: 0, work: 5ms}\n  api:\n") == [
        "components.api.workers: must be at least 1, not 0  :20:33",
        "components.api: 'api' is written twice; the first is on line 20  :21:3",
    ]


def test_a_misspelt_name_is_no_reason_to_doubt_others(complaints: Complain, folder: Path) -> None:
    """A client whose name is wrong may be any client, but components are still known."""
    shop = (folder / "shop.yaml").read_text()
    text = shop.replace("  app:\n", "  my.app:\n").replace("to: bank", "to: bnk").replace("[{match", "[{mtach")
    assert complaints(text=text) == [
        'clients."my.app": a name is made of letters, digits, - and _, a hundred at most  :7:3',
        "components.gateway.routes[0].mtach: 'mtach' is not known here; did you mean 'match'?  :19:15",
        "components.api.steps[2].call.to: there is no component 'bnk'; did you mean 'bank'?  :29:20",
    ]


def test_routes_of_a_log_are_judged_where_it_can_be_read(complaints: Complain) -> None:
    """A replay's routes are in its log: beside other faults too, but not where the log is what is wrong."""
    text = """\
scenario: a
clients: {app: {traffic: {replay: access.log}, to: db}}
components: {db: {kind: database, work: 5}}
objectives: [GET /b p99 < 1s, ap p99 < 1s]
"""
    work = "components.db.work: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :3:41"
    subject = "objectives[1]: 'ap' is not a client or a route; did you mean 'app'?  :4:31"
    assert complaints(text=text) == [
        work,
        "objectives[0]: 'GET /b' is not a client or a route; did you mean 'GET /a'?  :4:14",
        subject,
    ]
    assert complaints(text=text.replace("access.log", "empty.log")) == [
        "clients.app.traffic.replay: empty.log is empty  :2:35",
        work,
        subject,
    ]


def test_names_are_not_judged_without_a_scenario_around_them() -> None:
    """In Python a config is built by itself, and speaks of components that nobody has declared."""
    assert ClientConfig.model_validate({"traffic": "5/s", "to": "nowhere"}).to == "nowhere"
    assert list(NetworkConfig.model_validate({"between": {"here/there": "5ms"}}).between) == ["here/there"]
    assert [str(target) for target in VERBS["spike"].model_validate(SPIKE).targets] == ["crowd"]
    document = Document.model_validate(ALONE)
    assert document.objectives == ["nobody p99 < 1s"]
