"""A shop in two regions, one thing at a time broken, and the exact complaints."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

from sim.scenario import load

Complain = Callable[..., list[str]]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

SHOP = """\
scenario: A shop in two regions
duration: 1m
regions: {us: {zones: [a, b]}, eu: {role: standby}}
network: {between: {us/eu: 40ms}}
clients:
  app: {region: us, traffic: {rate: 50/s}, to: dns}
components:
  dns: {kind: dns, to: lb, steering: failover, ttl: 10s}
  lb: {kind: balancer, regions: [us, eu], to: api, nodes: 2}
  api:
    kind: service
    regions: [us, eu]
    instances: 4
    steps:
      - session: {store: sessions}
      - work: 5ms
  sessions: {kind: cache, regions: [us, eu]}
events:
  - {at: 20s, for: 5s, region_down: us}
objectives:
  - app p99 < 300ms
"""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "{us: {zones: [a, b]}, eu: {role: standby}}": [
        ("[us, eu]", ["regions: needs a mapping, got a list  :3:10"]),
        ("{us: {zones: [a, a]}, eu: {}}", ["regions.us.zones: names 'a' twice  :3:16"]),
        ("{us: {zones: [a.b]}, eu: {}}", ["regions.us.zones[0]: a zone's name is made of letters, digits, - and _  :3:24"]),
        ("{us: {zones: [a], zone_latency: 1ms}, eu: {}}", ["regions.us.zone_latency: means nothing with fewer than two 'zones'  :3:28"]),
        ("{us: {role: standby, zones: [a, b]}, eu: {role: standby}}", ["regions: each of them stands by until another one fails; one has to be active  :3:1"]),
        ("{us: {zone: a}, eu: {}}", ["regions.us.zone: 'zone' is not known here; did you mean 'zones'?  :3:16"]),
        ("{us: {warm_up: 5s}, eu: {}}", ["regions.us.warm_up: is for a region whose 'role' is standby  :3:16"]),
        ("{us: {}, eu: {role: standby, provision: 5s}}", ["regions.eu.provision: means nothing to a hot standby; it belongs to cold  :3:39"]),
        ("{us: {}, eu: {role: standby, standby: warn}}", ["regions.eu.standby: 'warn' is not known; did you mean 'warm'?  :3:48"]),
        ("{us: {}, eu: {role: standby, standby: cold, capacity: 50%}}", ["regions.eu.capacity: means nothing to a cold standby; it belongs to warm  :3:54"]),
        ("{us: {}, eu: {role: passive}}", ["regions.eu.role: 'passive' is not known; known: active, standby  :3:30"]),
        ("{us: {}, eu: {}, ap: {}}", ["network.between: the latency between regions is missing: us/ap, eu/ap  :4:11"]),
        ("{us: {}, e u: {}}", ['regions."e u": a name is made of letters, digits, - and _, a hundred at most  :3:19']),
        ("{us: {}, eu: null}", ["regions.eu: needs a mapping, got null  :3:23"]),
        ("{us: {}}", ['network.between."us/eu": there is no region, component or client \'eu\'; known: us, dns, lb, api, sessions, app  :4:21', "components.lb.regions[1]: there is no region 'eu'; known: us  :9:38", "components.api.regions[1]: there is no region 'eu'; known: us  :12:19", "components.sessions.regions[1]: there is no region 'eu'; known: us  :17:41"]),
    ],
    "regions: {us: {zones: [a, b]}, eu: {role: standby}}\n": [
        ("regons: {us: {}, eu: {}}\n", ["regons: 'regons' is not known here; did you mean 'regions'?  :3:1"]),
        ("sites: {us: {}, eu: {}}\n", ["sites: 'sites' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :3:1"]),
    ],
    "network: {between: {us/eu: 40ms}}\n": [
        ("", ["regions: the latency between regions is missing: us/eu  :3:1"]),
        ("network: {between: {us/api: 40ms}}\n", ["network.between: the latency between regions is missing: us/eu  :4:11"]),
        ("network: {between: {us/ue: 40ms}}\n", ['network.between."us/ue": there is no region, component or client \'ue\'; known: us, eu, dns, lb, api, sessions, app  :4:21']),
        ("network: {between: {us/eu: 40ms, eu/us: 30ms}}\n", ['network.between."eu/us": these two stand here already, as \'us/eu\'  :4:34']),
        ("network: {between: {us/eu: 40}}\n", ['network.between."us/eu": 40 needs a unit; a duration is written like 40ms, 40s, 40m  :4:28']),
    ],
    "{region: us, ": [
        ("{", ["clients.app: 'region' is missing: near which of us and eu are its users?  :6:3"]),
        ("{region: uss, ", ["clients.app.region: there is no region 'uss'; did you mean 'us'?  :6:17"]),
        ("{region: [us], ", ["clients.app.region: needs a text, got a list  :6:17"]),
        ("{region: us, home: e, ", ["clients.app.home: there is no region 'e'; did you mean 'eu'?  :6:27"]),
    ],
    "{kind: dns, to: lb, steering: failover, ttl: 10s}": [
        ("{kind: dns}", ["components.dns: 'to' is missing  :8:3"]),
        ("{kind: dns, to: lbb}", ["components.dns.to: there is no component 'lbb'; did you mean 'lb'?  :8:24"]),
        ("{kind: dns, to: dns}", ["components.dns.to: a request would go round for ever: dns → dns  :8:24"]),
        ("{kind: dns, to: sessions}", ["components.dns.to: 'sessions' is a cache: a read_through step reads it, requests do not go there  :8:24"]),
        ("{kind: dns, region: us, to: lb}", ["components.dns.region: 'region' is not known here; known: to, steering, weights, health_check, failback, kind, ttl, ignore_ttl, …  :8:20"]),
        ("{kind: dns, to: lb, steering: nearest}", ["components.dns.steering: 'nearest' is not known; known: geo, latency, weighted, round_robin, failover  :8:38"]),
        ("{kind: dns, to: lb, weights: {us: 2}}", ["components.dns.weights: means nothing to geo steering; it belongs to weighted  :8:28"]),
        ("{kind: dns, to: lb, steering: weighted, weights: {uss: 2}}", ["components.dns.weights.uss: there is no region 'uss'; did you mean 'us'?  :8:58"]),
        ("{kind: dns, to: lb, steering: weighted, weights: {us: -2}}", ["components.dns.weights: a weight is 0 or more  :8:48"]),
        ("{kind: dns, to: lb, steering: weighted, weights: {us: 0, eu: 0}}", ["components.dns.weights: with a weight of 0 for us and eu nothing could go anywhere  :8:48"]),
        ("{kind: traffic_manager, to: lb, capacity: {us: 0/s}}", ["components.dns.capacity.us: must be above 0, not 0/s  :8:55"]),
        ("{kind: dns, to: lb, failback: slow}", ["components.dns.failback: 'slow' is not known; known: at_once, gradual, manual  :8:38"]),
        ("{kind: dns, to: lb, ttl: 60}", ["components.dns.ttl: 60 needs a unit; a duration is written like 60ms, 60s, 60m  :8:33"]),
        ("{kind: dns, to: lb, ignore_ttl: 30}", ["components.dns.ignore_ttl: 30 is more than the whole; did you mean 30%?  :8:40"]),
        ("{kind: dns, to: lb, resolvers: 0}", ["components.dns.resolvers: must be at least 1, not 0  :8:39"]),
        ("{kind: traffic_manager, to: lb, ttl: 5s}", ["components.dns.ttl: 'ttl' is not known here; known: to, steering, weights, health_check, failback, kind, capacity  :8:40"]),
    ],
    "nodes: 2": [
        ("nodes: 0", ["components.lb.nodes: must be at least 1, not 0  :9:59"]),
        ("node: 2", ["components.lb.node: 'node' is not known here; did you mean 'nodes'?  :9:52"]),
    ],
    "    regions: [us, eu]\n": [
        ("", ["components.api: 'region' or 'regions' is missing: in which of us and eu does it stand?  :10:3"]),
        ("    regions: []\n", ["components.api.regions: needs at least 1 item  :12:14"]),
        ("    regions: us\n", ["components.api.regions: needs a list, got the text 'us'  :12:14"]),
        ("    regions: [us, ue]\n", ["components.api.regions[1]: there is no region 'ue'; known: us, eu  :12:19"]),
        ("    regions: [us, us]\n", ["components.api.regions: names 'us' twice  :12:5"]),
        ("    region: us\n    regions: [us, eu]\n", ["components.api.region: is for a component in one region: give either 'region' or 'regions'  :12:5"]),
        ("    region: us\n    resident: client\n", ["components.api.resident: is for what stands in several regions: give 'regions'  :13:5"]),
        ("    regions: [us, eu]\n    resident: user\n", ["components.api.resident: 'user' is not known; known: client, key  :13:15"]),
    ],
    "    instances: 4\n": [
        ("    instances: 4\n    balancer: {affinity: cookies}\n", ["components.api.balancer.affinity: 'cookies' is nothing that sessions stick to; write cookie, source or header:NAME  :14:26"]),
        ("    instances: 4\n    balancer: {affinity: 5}\n", ["components.api.balancer.affinity: needs a text, got the number 5  :14:26"]),
    ],
    "{store: sessions}": [
        ("{store: api}", ["components.api.steps[0].session.store: 'api' is a service, not a cache  :15:26", "components.sessions: nobody reads this cache  :17:3"]),
        ("{store: session}", ["components.api.steps[0].session.store: there is no component 'session'; did you mean 'sessions'?  :15:26"]),
        ("{store: sessions, size: 5}", ["components.api.steps[0].session.size: 'size' is not known here; known: by, store, rebuild  :15:36"]),
    ],
    "region_down: us": [
        ("region_down: u", ["events[0].region_down: there is no region 'u'; did you mean 'us'?  :19:37"]),
        ("region_down: api", ["events[0].region_down: there is no region 'api'; known: us, eu  :19:37"]),
        ("region_down: [us, ap]", ["events[0].region_down[1]: there is no region 'ap'; known: us, eu  :19:42"]),
        ("region_down: us@eu", ["events[0].region_down: region_down is for all of 'us', not for a part of it; write us  :19:37"]),
        ("zone_down: us", ["events[0].zone_down: 'us' is not a zone; write region/zone, such as us-east/a  :19:35"]),
        ("zone_down: us/c", ["events[0].zone_down: 'us' has no zone 'c'; known: a, b  :19:35"]),
        ("zone_down: eu/a", ["events[0].zone_down: 'eu' has no zone 'a'; it has no zones  :19:35"]),
        ("zone_down: ue/a", ["events[0].zone_down: there is no region 'ue'; known: us, eu  :19:35"]),
        ("crash: api@ap", ["events[0].crash: there is no region 'ap'; known: us, eu  :19:31"]),
        ("crash: dns@us", ["events[0].crash: 'dns' does not stand in 'us'; it stands in no region  :19:31"]),
        ("crash: 'api[4]@us'", ["events[0].crash: 'api[4]@us' does not exist: the last instance is api[3]  :19:31"]),
        ("crash: api@us@eu", ["events[0].crash: 'api@us@eu' is not a target; write a name such as search, search[1] or search[0..2]  :19:31"]),
        ("partition: us/ue", ["events[0].partition: there is no region, component or client 'ue'; known: us, eu, dns, lb, api, sessions, app  :19:35"]),
        ("partition: us, one_way: true", ["events[0].one_way: needs two ends: from where, and to where?  :19:39"]),
        ("degrade: us", ["events[0]: 'factor' is missing  :19:5"]),
        ("drain: uss", ["events[0].drain: there is no region 'uss'; did you mean 'us'?  :19:31"]),
        ("promote: api@us", ["events[0].for: a promote is over at once; leave it out  :19:15", "events[0].promote: 'api' is a service; promote is for databases with replicas  :19:33"]),
        ("failback: eu", ["events[0].for: a failback is over at once; leave it out  :19:15"]),
    ],
}
# fmt: on


@pytest.mark.parametrize(("old", "new", "lines"), [(old, *row) for old, rows in CHANGES.items() for row in rows])
def test_what_is_wrong_with_regions(complaints: Complain, old: str, new: str, lines: list[str]) -> None:
    """What is wrong is said once, where it stands."""
    assert SHOP.count(old) == 1
    assert complaints(text=SHOP.replace(old, new)) == lines


def test_the_shop_is_right_as_it_is(folder: object) -> None:
    """So each complaint comes from its change."""
    assert load(text=SHOP).warnings == ()


def test_whoever_declares_regions_says_where_all_stand(complaints: Complain) -> None:
    """A shop that knew of no regions gets one: every part of it is told, but what stands everywhere."""
    question = "'region' or 'regions' is missing: in which of us does it stand?"
    assert complaints("seed: 3\n", "regions: {us: {}}\n") == [
        "clients.app: 'region' is missing: near which of us are its users?  :7:3",
        f"components.gateway: {question}  :16:3",
        f"components.api: {question}  :20:3",
        f"components.items: {question}  :30:3",
        f"components.db: {question}  :31:3",
    ]


def test_regions_that_are_not_declared(complaints: Complain) -> None:
    """Whether the section is empty or not there, whoever stands in one is told, and each just once."""
    regions = "regions: {us: {zones: [a, b]}, eu: {role: standby}}\n"
    for written in ("", "regions: {}\n"):
        found = complaints(text=SHOP.replace(regions, written))
        assert len(found) == 9
        assert all("'us'" in line or "'eu'" in line for line in found)
        assert sum("the scenario declares none under 'regions'" in line for line in found) == 8


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("dns, steering: weighted, weights: {us: 2, asia: 1}", "weights.asia: {}  :8:65"),
        ("traffic_manager, capacity: {us: 50/s, asia: 9/s}", "capacity.asia: {}  :8:61"),
    ],
)
def test_steering_speaks_of_regions_in_which_its_target_stands(complaints: Complain, kind: str, complaint: str) -> None:
    """There is a region asia, but no balancer in it."""
    text = SHOP.replace("eu: {role: standby}}", "eu: {role: standby}, asia: {}}")
    text = text.replace("{us/eu: 40ms}", "{us/eu: 40ms, us/asia: 60ms, eu/asia: 90ms}")
    text = text.replace("{kind: dns, to: lb, steering: failover, ttl: 10s}", f"{{to: lb, kind: {kind}}}")
    nowhere = "'lb' does not stand in 'asia'; it stands in us and eu"
    assert complaints(text=text) == [f"components.dns.{complaint.format(nowhere)}"]


@pytest.mark.parametrize(
    ("home", "complaint"),
    [
        ("home: asia, ", "clients.app.home: {}, not in 'asia'  :6:27"),
        ("", "clients.app: 'home' is missing: {}, not in 'asia'  :6:3"),
    ],
)
def test_data_that_is_to_be_where_nothing_holds_it(complaints: Complain, home: str, complaint: str) -> None:
    """The users are in asia, or say so of their data; who does not reach the api may be where they like."""
    text = SHOP.replace("eu: {role: standby}}", "eu: {role: standby}, asia: {}}")
    text = text.replace("{us/eu: 40ms}", "{us/eu: 40ms, us/asia: 60ms, eu/asia: 90ms}")
    text = text.replace("    instances: 4\n", "    instances: 4\n    resident: client\n")
    text = text.replace("{region: us, ", f"{{region: {'us' if home else 'asia'}, {home}")
    text = text.replace("  sessions:", "  beside: {kind: service, region: us, work: 1ms}\n  sessions:")
    text = text.replace("components:", "  kim: {region: asia, traffic: {rate: 1/s}, to: beside}\ncomponents:")
    where = "its data is resident in 'api', which stands in us and eu"
    assert complaints(text=text) == [complaint.format(where)]


def test_many_missing_distances_are_listed_and_the_rest_counted(complaints: Complain) -> None:
    """Nine regions have 36 pairs, of which one is told."""
    regions = ", ".join(f"r{number}: {{}}" for number in range(7))
    text = SHOP.replace("eu: {role: standby}}", f"eu: {{role: standby}}, {regions}}}")
    (line,) = complaints(text=text)
    assert line.startswith("network.between: the latency between regions is missing: us/r0, us/r1, ")
    assert line.endswith(" and 5 more  :4:11")
    assert line.count("/") == 30


def test_more_regions_than_a_simulation_has(complaints: Complain) -> None:
    """A request keeps the number of its region in one byte."""
    regions = ", ".join(f"r{number}: {{}}" for number in range(99))
    text = SHOP.replace("eu: {role: standby}}", f"eu: {{role: standby}}, {regions}}}")
    assert "regions: may hold at most 100 items  :3:10" in complaints(text=text)


@pytest.mark.parametrize("event", ["drain", "failback"])
def test_who_drains_a_region_that_nothing_steers_to(folder: object, event: str) -> None:
    """It would change nothing."""
    text = SHOP.replace("eu: {role: standby}}", "eu: {role: standby}, asia: {}}")
    text = text.replace("{us/eu: 40ms}", "{us/eu: 40ms, us/asia: 60ms, eu/asia: 90ms}")
    text = text.replace("at: 20s, for: 5s, region_down: us", f"at: 20s, {event}: asia")
    found = [str(warning) for warning in load(text=text).warnings]
    assert [line.partition("  ")[0] for line in found] == [
        f"events[0].{event}: nothing steers requests to 'asia', so there is nothing to {event}"
    ]
