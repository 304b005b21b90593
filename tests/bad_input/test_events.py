"""Broken events and objectives, one change each, and the exact complaints."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

Complain = Callable[..., list[str]]
HideNothing = Callable[[list[tuple[str, str, list[str]]]], None]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "{at: 20s, crash: api, instances: 1, restart_after: 10s}": [
        ("{at: 20s}", ["events[0]: what happens, and to whom? An event has one of crash, hang, slow, errors, outage, latency, loss, partition, spike, flush, region_down, zone_down, degrade, drain, failback, promote, broker_down, publish_lost  :34:5"]),
        ("{at: 20s, crsh: api}", ["events[0].crsh: 'crsh' is not an event; did you mean 'crash'?  :34:15"]),
        ("{at: 20s, Crash: api}", ["events[0].Crash: 'Crash' is not an event; did you mean 'crash'?  :34:15"]),
        ("{at: 20s, kill: api}", ["events[0].kill: 'kill' is not an event; known: crash, hang, slow, errors, outage, latency, loss, partition, spike, flush, region_down, zone_down, …  :34:15"]),
        ("{at: 20s, region_down: us}", ["events[0].region_down: there is no region 'us'; the scenario declares none under 'regions'  :34:28"]),
        ("{at: 20s, crash: api, slow: api, factor: 2}", ["events[0]: crash and slow are two events; write each as an item of its own  :34:5"]),
        ("crash", ["events[0]: an event is a mapping, such as {at: 60s, crash: search}  :34:5"]),
        ("[]", ["events[0]: an event is a mapping, such as {at: 60s, crash: search}  :34:5"]),
        ("{crash: api}", ["events[0]: 'at' is missing  :34:5"]),
        ("{at: 20, crash: api}", ["events[0].at: 20 needs a unit; a duration is written like 20ms, 20s, 20m  :34:10"]),
        ("{at: 20s, for: 5, crash: api}", ["events[0].for: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :34:20"]),
        ("{at: 20s, for: 0s, slow: api, factor: 2}", ["events[0].for: must be above 0, not 0s  :34:20"]),
        ("{at: 20s, crash: ap}", ["events[0].crash: there is no component 'ap'; did you mean 'api'?  :34:22"]),
        ("{at: 20s, crash: [api, ap]}", ["events[0].crash[1]: there is no component 'ap'; did you mean 'api'?  :34:28"]),
        ("{at: 20s, crash: []}", ["events[0].crash: needs at least 1 item  :34:22"]),
        ("{at: 20s, crash: null}", ["events[0].crash: a target is a name such as search, search[1] or search[0..2], not null  :34:22"]),
        ("{at: 20s, crash: ''}", ["events[0].crash: '' is not a target; write a name such as search, search[1] or search[0..2]  :34:22"]),
        ("{at: 20s, crash: {name: api}}", ["events[0].crash: a target is a name such as search, search[1] or search[0..2], not a mapping  :34:15"]),
        ("{at: 20s, crash: [api, 5]}", ["events[0].crash[1]: a target is a name such as search, search[1] or search[0..2], not 5  :34:28"]),
        ("{at: 20s, crash: 'api[3]'}", ["events[0].crash: 'api[3]' does not exist: the last instance is api[2]  :34:22"]),
        ("{at: 20s, crash: 'api[0..5]'}", ["events[0].crash: 'api[0..5]' does not exist: the last instance is api[2]  :34:22"]),
        ("{at: 20s, crash: 'api[2..1]'}", ["events[0].crash: 'api[2..1]' ends before it begins  :34:22"]),
        ("{at: 20s, crash: 'api[x]'}", ["events[0].crash: 'api[x]' is not a target; write a name such as search, search[1] or search[0..2]  :34:22"]),
        ("{at: 20s, crash: 'api[0'}", ["events[0].crash: 'api[0' is not a target; write a name such as search, search[1] or search[0..2]  :34:22"]),
        ("{at: 20s, crash: 'db[1]'}", ["events[0].crash: 'db[1]' does not exist: the last instance is db[0]  :34:22"]),
        ("{at: 20s, crash: [api, 'api[1]']}", ["events[0].crash: 'api' and 'api[1]' overlap  :34:22"]),
        ("{at: 20s, crash: 'api@us-east'}", ["events[0].crash: there is no region 'us-east'; the scenario declares none under 'regions'  :34:22"]),
        ("{at: 20s, crash: api, instances: 4}", ["events[0].instances: 'api' has only 3 instances  :34:38"]),
        ("{at: 20s, crash: api, instances: 0}", ["events[0].instances: must be at least 1, not 0  :34:38"]),
        ("{at: 20s, crash: db, instances: 2}", ["events[0].instances: 'db' has only 1 instance  :34:37"]),
        ("{at: 20s, crash: api, instance: 1}", ["events[0].instance: 'instance' is not known here; did you mean 'instances'?  :34:27"]),
        ("{at: 20s, crash: api, restart_after: 0s}", ["events[0].restart_after: must be above 0, not 0s  :34:42"]),
        ("{at: 20s, crash: api, for: 5s, restart_after: 5s}", ["events[0].restart_after: a restart ends the crash, and so does for: give one of them  :34:36"]),
        ("{at: 20s, crash: gateway}", ["events[0].crash: 'gateway' is a gateway without instances; use outage, latency or loss  :34:22"]),
        ("{at: 20s, crash: app}", ["events[0].crash: 'app' is a client; crash is for components  :34:22"]),
        ("{at: 20s, slow: gateway, factor: 2}", ["events[0].slow: 'gateway' is a gateway without instances; use outage, latency or loss  :34:21"]),
        ("{at: 20s, slow: api}", ["events[0]: 'factor' is missing  :34:5"]),
        ("{at: 20s, slow: api, factor: 0}", ["events[0].factor: must be above 0, not 0  :34:34"]),
        ("{at: 20s, slow: api, factor: 2x}", ["events[0].factor: 2x is not a plain number; one is written like 2 or 1.5  :34:34"]),
        ("{at: 20s, errors: api, rate: 5/s}", ["events[0].rate: 5/s is not a share; one is written like 20% or 0.2  :34:34"]),
        ("{at: 20s, errors: api, rate: 50}", ["events[0].rate: 50 is more than the whole; did you mean 50%?  :34:34"]),
        ("{at: 20s, outage: 'api[0]'}", ["events[0].outage: outage is for all of 'api', not for single instances; write api  :34:23"]),
        ("{at: 20s, flush: api}", ["events[0].flush: 'api' is a service; flush is for caches and CDNs  :34:22"]),
        ("{at: 20s, flush: app}", ["events[0].flush: 'app' is a client; flush is for components  :34:22"]),
        ("{at: 20s, flush: items, for: 5s}", ["events[0].for: a flush is over at once; leave it out  :34:29"]),
        ("{at: 20s, latency: api}", ["events[0]: 'add' is missing  :34:5"]),
        ("{at: 20s, latency: api, add: 5}", ["events[0].add: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :34:34"]),
        ("{at: 20s, latency: 'api[0]', add: 5ms}", ["events[0].latency: latency is for all of 'api', not for single instances; write api  :34:24"]),
        ("{at: 20s, loss: api}", ["events[0]: 'rate' is missing  :34:5"]),
        ("{at: 20s, loss: api, rate: 200%}", ["events[0].rate: 200% is more than the whole; one is written like 20% or 0.2  :34:32"]),
        ("{at: 20s, partition: [api, db, bank]}", ["events[0].partition: may hold at most 2 items  :34:26"]),
        ("{at: 20s, partition: []}", ["events[0].partition: needs at least 1 item  :34:26"]),
        ("{at: 20s, partition: api/dbb}", ["events[0].partition: there is no component or client 'dbb'; did you mean 'db'?  :34:26"]),
        ("{at: 20s, partition: [api, api]}", ["events[0].partition: 'api' stands here twice  :34:26"]),
        ("{at: 20s, partition: {between: [api, dbb]}}", ["events[0].partition.between[1]: there is no component or client 'dbb'; did you mean 'db'?  :34:42"]),
        ("{at: 20s, partition: {betwen: [api, db]}}", ["events[0].partition: two parts are written [search, search_db], search/search_db or {between: [search, search_db]}  :34:15"]),
    ],
    "spike: app, factor: 2": [
        ("spike: app", ["events[1]: 'factor' is missing  :35:5"]),
        ("spike: api, factor: 2", ["events[1].spike: 'api' is a service; spike is for clients; known: app  :35:31"]),
        ("spike: ap, factor: 2", ["events[1].spike: there is no client 'ap'; did you mean 'app'?  :35:31"]),
        ("spike: 'app[1]', factor: 2", ["events[1].spike: spike is for all of 'app', not for single instances; write app  :35:31"]),
        ("spike: app, factor: 0", ["events[1].factor: must be above 0, not 0  :35:44"]),
        ("spike: app, factor: 20%", ["events[1].factor: 20% is not a plain number; one is written like 2 or 1.5  :35:44"]),
        ("spike: app, factor: 20000", ["events[1].factor: must be at most 10000, not 20000  :35:44"]),
    ],
    "- app p99 < 300ms": [
        ("- app p99 < 300", ["objectives[0]: 300 needs a unit; a duration is written like 300ms, 300s, 300m  :37:5"]),
        ("- app p99 300ms", ["objectives[0]: 'app p99 300ms' is not an objective; an objective is written like p99 < 300ms or browser availability >= 99.9%  :37:5"]),
        ("- app p98 < 300ms", ["objectives[0]: 'p98' is not a metric; did you mean 'p99'?  :37:5"]),
        ("- ap p99 < 300ms", ["objectives[0]: 'ap' is not a client or a route; did you mean 'app'?  :37:5"]),
        ("- p99 << 300ms", ["objectives[0]: '<<' is not a comparison; those are < <= > >= == !=  :37:5"]),
        ("- p99 = 300ms", ["objectives[0]: '=' is not a comparison; those are < <= > >= == !=  :37:5"]),
        ("- api p99 < 300ms", ["objectives[0]: p99 is a figure of a client or a route; 'api' is a component  :37:5"]),
        ("- app availability >= 5/s", ["objectives[0]: 5/s is not a share; one is written like 20% or 0.2  :37:5"]),
        ("- app availability >= 101%", ["objectives[0]: 101% is more than the whole; one is written like 20% or 0.2  :37:5"]),
        ("- app goodput > 300ms", ["objectives[0]: 300ms is a duration, not a rate; one is written like 400/s, 90/m, 10/h  :37:5"]),
        ("- availability > 99.9", ["objectives[0]: 99.9 is more than the whole; did you mean 99.9%?  :37:5"]),
        ("- hang recovery < 5s", ["objectives[0]: 'hang' is not an event; known: crash, spike  :37:5"]),
        ("- crash recovery < 5", ["objectives[0]: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :37:5"]),
        ("- api utilization < 80", ["objectives[0]: 80 is more than the whole; did you mean 80%?  :37:5"]),
        ("- duplicate_effects == 0", ["objectives[0]: nothing in the scenario counts duplicate_effects  :37:5"]),
        ("- api duplicate_effects == 0", ["objectives[0]: nothing in the scenario counts duplicate_effects  :37:5"]),
        ("- bank utilization < 80%", ["objectives[0]: 'bank' is an external, which has no utilization; api and db have one  :37:5"]),
        ("- gateway queue_max < 5", ["objectives[0]: 'gateway' is a gateway, which has no queue_max; api and items and db have one  :37:5"]),
        ("- api hit_ratio > 50%", ["objectives[0]: 'api' is a service, which has no hit_ratio; items has one  :37:5"]),
        ("- GET / p99 < 300ms", ["objectives[0]: 'GET /' is not a client or a route; did you mean 'GET /items'?  :37:5"]),
        ("- app utilization < 80%", ["objectives[0]: utilization is a figure of a component; 'app' is a client  :37:5"]),
        ("- crash lost == 1.5", ["objectives[0]: 1.5 is not a whole number; one is written like 500, 20k or 1.5M  :37:5"]),
        ("- crash rpo < 2s", ["objectives[0]: nothing in the scenario counts rpo: it needs a database with a 'primary'  :37:5"]),
        ("- region_down rpo < 2s", ["objectives[0]: 'region_down' is not an event; known: crash, spike  :37:5"]),
        ("- 'p99'", ["objectives[0]: 'p99' is not an objective; an objective is written like p99 < 300ms or browser availability >= 99.9%  :37:5"]),
        ("- ''", ["objectives[0]: '' is not an objective; an objective is written like p99 < 300ms or browser availability >= 99.9%  :37:5"]),
        ("- 5", ["objectives[0]: needs a text, got the number 5  :37:5"]),
        ("- {p99: 300ms}", ["objectives[0]: needs a text, got a mapping  :37:5"]),
    ],
    "objectives:\n  - app p99 < 300ms": [
        ("objectives: app p99 < 300ms", ["objectives: needs a list, got the text 'app p99 < 300ms'  :36:13"]),
        ("objectives:\n", ["objectives: nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none  :36:12"]),
    ],
    "events:\n": [
        ("evnets:\n", ["evnets: 'evnets' is not known here; did you mean 'events'?  :33:1"]),
        ("events: {}\nx:\n", ["events: needs a list, got a mapping  :33:9", "x: 'x' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :34:1"]),
    ],
}
# fmt: on


CASES = [
    pytest.param(old, new, lines, id=" ".join(new.split())[:60] or f"no {old.split(':')[0].strip()}")
    for old, rows in CHANGES.items()
    for new, lines in rows
]


@pytest.mark.parametrize(("old", "new", "lines"), CASES)
def test_what_is_wrong_with_an_event_or_an_objective(
    complaints: Complain, old: str, new: str, lines: list[str]
) -> None:
    """Path, what is wrong, what would be right, line and column."""
    assert complaints(old, new) == lines


def test_a_spike_of_users_has_a_limit_too(complaints: Complain) -> None:
    """20,000 users a hundred times over."""
    overrides: dict[str, object] = {"clients.app.traffic": "{users: 20k}", "events[1].factor": 100}
    assert complaints(overrides=overrides) == [
        "events[1].factor: 2M users are more than this simulator can run, 1M  --set events[1].factor"
    ]


def test_a_log_cannot_be_spiked(complaints: Complain) -> None:
    """Its requests are those that were written down."""
    overrides = {"clients.app": {"traffic": {"replay": "access.log"}, "to": "gateway"}}
    assert complaints(overrides=overrides) == [
        "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :35:31"
    ]


def test_events_hide_nothing(hide_nothing: HideNothing) -> None:
    """What is wrong here is said beside a wrong value and a wrong name elsewhere, and so are they."""
    hide_nothing([(old, new, lines) for old, rows in CHANGES.items() for new, lines in rows])
