"""The load of a scenario on paper, against hand computations and against short runs of the same scenario."""

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from sim.experiment import run
from sim.experiment.offered_load import Certainty, Load, OfferedLoad, offered_load
from sim.metrics import summarize
from sim.scenario import Scenario, load

CLIENT = "{traffic: {rate: 100/s}, to: shop}"
SHOP = "shop: {kind: service, instances: 2, workers: 2, work: {exponential: 10ms}}"

Write = Callable[..., Scenario]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a scenario from components, clients and further lines."""

    def make(components: str, clients: str = f"people: {CLIENT}", more: str = "", duration: str = "20s") -> Scenario:
        path = tmp_path / "scenario.yaml"
        path.write_text(
            f"scenario: Test\nduration: {duration}\n{more}\n"
            f"clients:\n{indent(clients, '  ')}\ncomponents:\n{indent(components, '  ')}\n"
        )
        return load(path)

    return make


def edges(found: OfferedLoad) -> dict[tuple[str, str], float]:
    """Rates by caller and callee."""
    return {(edge.caller, edge.callee): edge.base for edge in found.edges}


# -- by hand


def test_a_service_alone(write: Write) -> None:
    """100/s of 10 ms on 4 workers: they can do 400/s and are busy a quarter of the time."""
    found = offered_load(write(SHOP)).components["shop"]
    assert (found.instances, found.workers, found.service) == (2, 2, "exponential, mean 10ms")
    assert found.base == Load(
        arriving=pytest.approx(100.0),
        certainty=Certainty.EXACT,
        hold=pytest.approx(0.01),
        capacity=pytest.approx(400.0),
        utilization=pytest.approx(0.25),
        hit_ratio=None,
    )
    assert found.peak == found.base


def test_a_worker_is_held_while_it_waits_for_a_call(write: Write) -> None:
    """10 ms of work, two links of 2 ms, 6 ms in the database: 20 ms, so half of the capacity is gone."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{work: 10ms}, {call: db}]}\n"
            "db: {kind: database, connections: 3, work: 6ms}",
            more="network: {latency: 2ms}",
        )
    )
    assert found.components["shop"].work == pytest.approx(0.010)
    assert found.components["shop"].base.hold == pytest.approx(0.020)
    assert found.components["shop"].base.utilization == pytest.approx(0.5)
    assert found.components["db"].base.utilization == pytest.approx(100.0 * 0.006 / 3)


def test_a_time_out_limits_how_long_a_call_holds(write: Write) -> None:
    """Nobody waits longer than the time-out says."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{work: 10ms}, {call: {to: away, timeout: 20ms}}]}\n"
            "away: {kind: external, latency: 500ms}"
        )
    )
    assert found.components["shop"].base.hold == pytest.approx(0.030)
    assert found.components["away"].base.utilization is None


def test_speeds_of_instances_add_up(write: Write) -> None:
    """Two instances of speed 1 and 0.5 do as much as one and a half."""
    found = offered_load(write("shop: {kind: service, instances: 2, speed: [1, 0.5], work: 10ms}"))
    assert found.components["shop"].base.capacity == pytest.approx(150.0)


def test_links_between_two_components_differ(write: Write) -> None:
    """`between` counts for its pair, in both directions."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{call: db}]}\ndb: {kind: database, work: 6ms}",
            more="network: {latency: 2ms, between: {db/shop: 7ms}}",
        )
    )
    assert found.components["shop"].base.hold == pytest.approx(0.020)


def test_a_pair_of_which_only_other_things_are_said_is_as_far_apart_as_all(write: Write) -> None:
    """2 ms each way, and 6 ms in the database."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{call: db}]}\ndb: {kind: database, work: 6ms}",
            more="network: {latency: 2ms, between: {db/shop: {loss: 1%}}}",
        )
    )
    assert found.components["shop"].base.hold == pytest.approx(0.010)


def test_what_is_refused_on_the_way_does_not_arrive(write: Write) -> None:
    """A CDN of 40%, a firewall of 10%, 5% without credentials, 20% invalid: 41% of 100/s are left."""
    found = offered_load(
        write(
            "edge: {kind: cdn, hit_ratio: 40%, to: waf}\n"
            "waf: {kind: waf, block: 10%, to: gateway}\n"
            "gateway:\n"
            "  kind: gateway\n"
            "  policies: [{authenticate: {reject: 5%}}, {validate: {schema: {reject: 20%}}}]\n"
            "  routes: [{match: '/**', to: shop}]\n" + SHOP,
            clients="people: {traffic: {rate: 100/s}, to: edge}",
        )
    )
    assert found.components["waf"].base.arriving == pytest.approx(60.0)
    assert found.components["gateway"].base.arriving == pytest.approx(54.0)
    assert found.components["shop"].base.arriving == pytest.approx(54.0 * 0.95 * 0.8)
    assert found.components["shop"].base.certainty is Certainty.EXACT
    assert found.components["edge"].base.hit_ratio == pytest.approx(0.4)


def test_a_cdn_keeps_reads_only(write: Write) -> None:
    """Half of the traffic are writes; those go to the origin, all of them."""
    found = offered_load(
        write(
            "edge: {kind: cdn, hit_ratio: 50%, to: shop}\n" + SHOP,
            clients="people: {traffic: {rate: 100/s}, to: edge, requests: [{send: GET /a}, {send: POST /a}]}",
        )
    )
    assert found.components["shop"].base.arriving == pytest.approx(75.0)


def test_a_firewall_blocks_the_attacks_it_knows(write: Write) -> None:
    """80% of the attack, 1% of honest people by mistake."""
    found = offered_load(
        write(
            "waf: {kind: waf, detection: 80%, false_positives: 1%, to: shop}\n" + SHOP,
            clients="people: {traffic: {rate: 100/s}, to: waf}\n"
            "robots: {traffic: {rate: 50/s}, to: waf, requests: [{send: GET /, attack: true}]}",
        )
    )
    assert found.components["shop"].base.arriving == pytest.approx(99.0 + 10.0)


def test_the_first_route_that_matches_is_taken(write: Write) -> None:
    """What no route matches is answered by the gateway itself."""
    found = offered_load(
        write(
            "gateway:\n"
            "  kind: gateway\n"
            "  routes: [{match: POST /a, to: writes}, {match: /a, to: reads}, {match: '/b/**', to: reads}]\n"
            "reads: {kind: service, work: 1ms}\nwrites: {kind: service, work: 1ms}",
            clients="people:\n  traffic: {rate: 100/s}\n  to: gateway\n  requests:\n"
            "    [{send: GET /a, weight: 4}, {send: POST /a, weight: 3}, {send: GET /b/c, weight: 2}, {send: GET /x}]",
        )
    )
    assert [(edge.label, edge.callee, edge.base) for edge in found.edges if edge.caller == "gateway"] == [
        ("POST /a", "writes", pytest.approx(30.0)),
        ("/a", "reads", pytest.approx(40.0)),
        ("/b/**", "reads", pytest.approx(20.0)),
    ]


def test_endpoints_have_costs_of_their_own(write: Write) -> None:
    """The mean is over what arrives: a quarter of 40 ms, three quarters of 4 ms."""
    found = offered_load(
        write(
            "shop:\n  kind: service\n  workers: 4\n  endpoints: [{match: /slow, work: 40ms}]\n  work: 4ms",
            clients="people: {traffic: {rate: 100/s}, to: shop, requests: [{send: GET /slow}, "
            "{send: GET /fast, weight: 3}]}",
        )
    ).components["shop"]
    assert found.base.hold == pytest.approx(0.013)
    assert found.service == ""


@pytest.mark.parametrize(
    ("per", "passing"),
    [("all", 60.0), ("route", 60.0 + 20.0), ("client", 40.0 + 2 * 30.0), ("key", 100.0)],
)
def test_a_rate_limit_passes_its_rate(write: Write, per: str, passing: float) -> None:
    """For all together, for each line of the mix, each caller or each item."""
    found = offered_load(
        write(
            "gateway:\n"
            "  kind: gateway\n"
            f"  policies: [{{rate_limit: {{rate: 60/s, per: {per}}}}}]\n"
            "  routes: [{match: '/**', to: shop}]\n" + SHOP,
            clients="crowd: {traffic: {rate: 80/s}, to: gateway, population: 2, requests: "
            "[{send: GET /a, weight: 3, key: {uniform: {items: 8}}}, {send: GET /b, weight: 1}]}\n"
            "one: {traffic: {rate: 20/s}, to: gateway, requests: [{send: GET /a, key: {uniform: {items: 4}}}]}",
        )
    )
    shop = found.components["shop"].base
    assert shop.arriving == pytest.approx(passing if per != "client" else 100.0)
    assert shop.certainty is (Certainty.EXACT if passing == 100.0 else Certainty.ABOUT)


def test_read_through_sends_misses_to_the_origin(write: Write) -> None:
    """With a given hit ratio that is exact, and the worker is held for the origin's time when it is needed."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{read_through: {cache: memory, origin: db}}]}\n"
            "memory: {kind: cache, hit_ratio: 75%, latency: 1ms}\n"
            "db: {kind: database, work: 8ms}"
        )
    )
    assert found.components["memory"].base.arriving == pytest.approx(100.0)
    assert found.components["memory"].base.hit_ratio == pytest.approx(0.75)
    assert found.components["db"].base.arriving == pytest.approx(25.0)
    assert found.components["db"].base.certainty is Certainty.EXACT
    assert found.components["shop"].base.hold == pytest.approx(0.001 + 0.25 * 0.008)


SORTED = """\
shop: {{kind: service, workers: 9, steps: [{{read_through: {{cache: memory, origin: db}}}}]}}
memory: {{kind: cache, match: GET /page, {kept}, latency: 1ms}}
db: {{kind: database, connections: 20, work: 8ms}}
"""
MIX = "requests: [{send: GET /page, weight: 3, key: {uniform: {items: 50}}}, {send: GET /mine}]"


@pytest.mark.parametrize(
    ("kept", "hits", "certainty"),
    [("hit_ratio: 80%", 0.8, Certainty.EXACT), ("ttl: 10s", 15.0 / 16.0, Certainty.ABOUT)],
)
def test_a_cache_is_asked_only_for_what_it_may_keep(write: Write, kept: str, hits: float, certainty: Certainty) -> None:
    """75 of 100/s match. With a ttl each of 50 items is asked for 1.5 times a second: one fetch, then 15 hits."""
    people = f"people: {{traffic: {{rate: 100/s}}, to: shop, {MIX}}}"
    found = offered_load(write(SORTED.format(kept=kept), people, duration="10000s")).components
    assert found["memory"].base.arriving == pytest.approx(75.0)
    assert found["memory"].base.hit_ratio == pytest.approx(hits, rel=2e-3)
    assert found["db"].base.arriving == pytest.approx(25.0 + 75.0 * (1.0 - hits), rel=2e-3)
    assert found["db"].base.certainty is certainty
    hold = 0.75 * (0.001 + (1.0 - hits) * 0.008) + 0.25 * 0.008
    assert found["shop"].base.hold == pytest.approx(hold, rel=2e-3)


def test_a_cache_is_asked_only_by_the_client_that_it_is_for(write: Write) -> None:
    """Nothing that comes from robots is looked up, and what is then known of it is exact."""
    found = offered_load(
        write(
            SORTED.format(kept="ttl: 10s").replace("match: GET /page", "match: {client: people}"),
            f"people: {{traffic: {{rate: 0.001/s}}, to: shop}}\nrobots: {CLIENT}",
        )
    )
    rates = edges(found)
    assert rates["shop", "memory"] == pytest.approx(0.001)
    assert rates["shop", "db"] == pytest.approx(100.0, rel=1e-4)


def test_parallel_calls_hold_for_the_slowest(write: Write) -> None:
    """Three exponential calls of 10 ms take 10 (1 + 1/2 + 1/3) ms together."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 10, steps: [{parallel: [{call: leaf, times: 3}]}]}\n"
            "leaf: {kind: database, connections: 10, work: {exponential: 10ms}}"
        )
    )
    assert found.components["leaf"].base.arriving == pytest.approx(300.0)
    assert found.components["shop"].base.hold == pytest.approx(0.010 * 11 / 6, rel=0.02)
    assert [edge.label for edge in found.edges] == ["", "×3"]


def test_poison_goes_to_the_queue_for_dead_letters(write: Write) -> None:
    """A tenth of one publish step's messages and none of the other's, once for each of the two groups that give up."""
    found = offered_load(
        write(
            "shop: {kind: service, steps: [{publish: {to: mails, poison: 10%}}, {publish: mails}]}\n"
            "mails: {kind: queue, max_deliveries: 2, dead_letter_queue: dead, consumers: [mailer, audit]}\n"
            "dead: {kind: queue, consumers: office}\n"
            "mailer: {kind: service, work: 1ms}\n"
            "audit: {kind: service, work: 1ms}\n"
            "office: {kind: service, work: 1ms}",
            clients="people: {traffic: {rate: 40/s}, to: shop}",
        )
    )
    assert found.components["mails"].base.arriving == 80.0
    assert found.components["office"].base.arriving == pytest.approx(8.0)


def test_a_message_is_published_now_and_consumed_later(write: Write) -> None:
    """The shop waits for the broker, 3 ms and two links of 2 ms, and not for the 50 ms of work of each consumer."""
    found = offered_load(
        write(
            "shop: {kind: service, workers: 4, steps: [{work: 10ms}, {publish: mails}]}\n"
            "mails: {kind: queue, latency: 3ms, consumers: [mailer, audit]}\n"
            "mailer: {kind: service, workers: 4, work: 50ms}\n"
            "audit: {kind: service, work: 2ms}",
            more="network: {between: {shop/mails: 2ms, mails/mailer: 30ms}}",
        )
    )
    assert edges(found)["shop", "mails"] == edges(found)["mails", "mailer"] == pytest.approx(100.0)
    assert found.components["shop"].base.hold == pytest.approx(0.017)
    assert found.components["mailer"].base.utilization == pytest.approx(1.25)
    assert found.components["audit"].base.utilization == pytest.approx(0.2)
    assert found.components["mails"].base.capacity is None
    assert {edge.certainty for edge in found.edges} == {Certainty.EXACT}


def test_the_worst_moment_is_where_spikes_meet(write: Write) -> None:
    """Two clients double and triple for a while; in between both do."""
    found = offered_load(
        write(
            SHOP,
            clients=f"a: {CLIENT}\nb: {CLIENT}",
            more="events: [{at: 5s, for: 5s, spike: a, factor: 2}, {at: 8s, for: 4s, spike: b, factor: 3}]",
        )
    )
    assert found.varies
    assert found.components["shop"].base.utilization == pytest.approx(0.5)
    assert found.components["shop"].peak.arriving == pytest.approx(500.0)
    assert found.components["shop"].peak.utilization == pytest.approx(1.25)
    assert found.clients["b"] == (pytest.approx(100.0), pytest.approx(300.0), Certainty.EXACT)


def test_each_component_has_a_worst_moment_of_its_own(write: Write) -> None:
    """Spikes that do not meet are not added up."""
    found = offered_load(
        write(
            SHOP,
            clients=f"a: {CLIENT}\nb: {CLIENT}",
            more="events: [{at: 2s, for: 2s, spike: a, factor: 2}, {at: 8s, for: 4s, spike: b, factor: 3}]",
        )
    )
    assert found.components["shop"].peak.arriving == pytest.approx(400.0)


def test_a_ramp_is_worst_at_its_top(write: Write) -> None:
    """From 0 to 200/s and back at once: 100/s on average."""
    shape = "{shape: [{at: 20s, rate: 200/s}]}"
    found = offered_load(write(SHOP, clients=f"a: {{traffic: {shape}, to: shop}}"))
    assert found.clients["a"][:2] == (pytest.approx(100.0), pytest.approx(200.0))


def test_a_burst_is_worst_while_it_lasts(write: Write) -> None:
    """Three times the mean rate of 100/s, now and then, on what can do 400/s."""
    bursty = "people: {traffic: {rate: 100/s, arrivals: {bursty: {factor: 3, on: 1s, off: 9s}}}, to: shop}"
    found = offered_load(write(SHOP, bursty)).components["shop"]
    assert (found.base.arriving, found.peak.arriving) == (pytest.approx(100.0), pytest.approx(300.0))
    assert found.peak.utilization == pytest.approx(0.75)


def test_users_who_wait_send_at_most_so_much(write: Write) -> None:
    """20 users, one second of thought and 10 ms of answer: N / (Z + R)."""
    found = offered_load(write(SHOP, clients="users: {traffic: {users: 20, think: {exponential: 1s}}, to: shop}"))
    shop = found.components["shop"].base
    assert shop.arriving == pytest.approx(20.0 / 1.010)
    assert shop.certainty is Certainty.AT_MOST


def test_users_who_wait_never_overload(write: Write) -> None:
    """500 users of that kind would need more than 4 workers can do: the servers are the bound."""
    found = offered_load(write(SHOP, clients="users: {traffic: {users: 500, think: {exponential: 1s}}, to: shop}"))
    assert found.components["shop"].base.arriving == pytest.approx(400.0)
    assert found.components["shop"].base.utilization == pytest.approx(1.0)


def test_what_is_never_reached_has_no_load(write: Write) -> None:
    """A spare service stands in the table all the same."""
    spare = offered_load(write(f"{SHOP}\nspare: {{kind: service, work: 3ms}}")).components["spare"]
    assert spare.base.arriving == 0.0
    assert spare.base.utilization is None
    assert spare.work == pytest.approx(0.003)


def test_a_cache_that_two_services_share(write: Write) -> None:
    """Who comes second finds what the first has fetched: equal items, unbounded, fresh for a second."""
    found = offered_load(
        write(
            "a: {kind: service, workers: 9, steps: [{read_through: {cache: memory, origin: db}}, {call: b}]}\n"
            "b: {kind: service, workers: 9, steps: [{read_through: {cache: memory, origin: db}}]}\n"
            "memory: {kind: cache, ttl: 1s}\n"
            "db: {kind: database, work: 1ms}",
            clients="people: {traffic: {rate: 100/s}, to: a, requests: [{send: GET /, key: {uniform: {items: 50}}}]}",
            duration="2000s",
        )
    )
    per_item = 2 * 100.0 / 50
    assert found.components["memory"].base.hit_ratio == pytest.approx(per_item / (1.0 + per_item), rel=1e-3)
    assert found.components["db"].base.arriving == pytest.approx(200.0 / (1.0 + per_item), rel=1e-2)
    assert found.components["db"].base.certainty is Certainty.ABOUT


# -- against runs


@pytest.mark.parametrize("name", ["reference_path", "quickstart"])
def test_shipped_scenarios_are_as_busy_as_it_says(name: str) -> None:
    """Without their faults, utilization and hit ratios of a run agree within a few per cent."""
    scenario = load(name, {"events": [], "objectives": [], "duration": "60s"})
    found, measured = offered_load(scenario), summarize(run(scenario))["components"]
    for component in found.components.values():
        expected, counted = component.base, measured[component.name]
        assert counted["offered"] / (scenario.duration - scenario.document.warmup) == pytest.approx(
            expected.arriving, rel=0.06, abs=1.0
        )
        if expected.utilization is not None:
            assert counted["utilization"] == pytest.approx(expected.utilization, rel=0.06, abs=0.005), component.name
        if expected.hit_ratio is not None:
            assert counted["hit_ratio"] == pytest.approx(expected.hit_ratio, abs=0.02), component.name


def test_a_cache_that_some_pass_by_is_as_busy_as_it_says(write: Write) -> None:
    """Look-ups, hits and what reaches the origin, on paper and in a run."""
    people = f"people: {{traffic: {{rate: 200/s}}, to: shop, {MIX}}}"
    scenario = write(SORTED.format(kept="ttl: 1s"), people, duration="60s")
    found, measured = offered_load(scenario), summarize(run(scenario))["components"]
    for name in ("memory", "db"):
        expected = found.components[name].base.arriving * scenario.duration
        assert measured[name]["offered"] == pytest.approx(expected, abs=4.0 * expected**0.5)
    assert measured["memory"]["hit_ratio"] == pytest.approx(found.components["memory"].base.hit_ratio, abs=0.02)
    assert measured["shop"]["utilization"] == pytest.approx(found.components["shop"].base.utilization, rel=0.06)


def test_a_replay_is_as_busy_as_it_says(shared: Path) -> None:
    """The keys of a real log, in a cache that holds a part of them."""
    scenario = load(shared / "examples" / "replay.yaml")
    found, measured = offered_load(scenario), summarize(run(scenario))["components"]
    assert measured["edge"]["hit_ratio"] == pytest.approx(found.components["edge"].base.hit_ratio, abs=0.02)
    assert measured["web"]["utilization"] == pytest.approx(found.components["web"].base.utilization, rel=0.1)
    assert found.clients["visitors"][1] > 1.5 * found.clients["visitors"][0]


def test_fan_out_is_as_busy_as_it_says(write: Write) -> None:
    """Workers that wait for the slowest of eight calls."""
    scenario = write(
        "page: {kind: service, workers: 60, steps: [{work: 2ms}, {parallel: [{call: leaf, times: 8}]}]}\n"
        "leaf: {kind: service, instances: 10, workers: 20, work: {p50: 5ms, p99: 50ms}}",
        clients="people: {traffic: {rate: 200/s}, to: page}",
        duration="15s",
    )
    found, measured = offered_load(scenario), summarize(run(scenario))["components"]
    for name in ("page", "leaf"):
        assert measured[name]["utilization"] == pytest.approx(found.components[name].base.utilization, rel=0.05)


def test_a_closed_loop_stays_below_its_bound(write: Write) -> None:
    """By a little where nobody waits, and never above."""
    scenario = write(SHOP, clients="users: {traffic: {users: 60, think: {exponential: 500ms}}, to: shop}")
    bound = offered_load(scenario).components["shop"].base.arriving
    sent = summarize(run(scenario))["rates"]["offered_rps"]
    assert 0.93 * bound < sent < 1.02 * bound


# -- in several regions

NEAR_AND_FAR = """\
regions: {us: {}, eu: {}, asia: {role: standby, standby: warm}}
network: {latency: 1ms, between: {us/eu: 40ms, us/asia: 60ms, eu/asia: 90ms}}
"""
PEOPLE = """\
near: {region: us, traffic: {rate: 100/s}, to: entry, requests: [{send: GET /, weight: 4}, {send: POST /}]}
far: {region: eu, traffic: {rate: 50/s}, to: entry}
"""


@pytest.mark.parametrize(
    ("entry", "shares", "certainty"),
    [
        ("{kind: dns, to: shop}", (100.0, 50.0, 0.0), Certainty.EXACT),
        ("{kind: traffic_manager, steering: failover, to: shop}", (150.0, 0.0, 0.0), Certainty.EXACT),
        ("{kind: traffic_manager, steering: round_robin, to: shop}", (75.0, 75.0, 0.0), Certainty.EXACT),
        ("{kind: dns, steering: weighted, weights: {us: 4}, to: shop}", (120.0, 30.0, 0.0), Certainty.ABOUT),
        ("{kind: traffic_manager, capacity: {us: 80/s}, to: shop}", (80.0, 70.0, 0.0), Certainty.ABOUT),
        ("{kind: traffic_manager, capacity: {us: 60/s, eu: 60/s}, to: shop}", (80.0, 70.0, 0.0), Certainty.ABOUT),
    ],
)
def test_steering_shares_requests_out(
    write: Write, entry: str, shares: tuple[float, ...], certainty: Certainty
) -> None:
    """To the nearest region, the first, in turn, by weight; what one has no room for goes to the next; none stands in.

    Where two are full, us has room half of the time and eu for six in ten: 60 = 0.5 (100 + 0.4 x 50) and
    60 = 0.6 (50 + 0.5 x 100). Whoever finds both full, one in five, goes to the nearest all the same.
    """
    shop = "shop: {kind: service, regions: [us, eu, asia], workers: 9, work: 10ms}"
    found = offered_load(write(f"entry: {entry}\n{shop}", PEOPLE, NEAR_AND_FAR))
    parts = [found.components[f"shop@{region}"] for region in ("us", "eu", "asia")]
    assert [part.base.arriving for part in parts] == pytest.approx(list(shares))
    assert found.components["entry"].base.arriving == pytest.approx(150.0)
    assert max(edge.certainty for edge in found.edges) is certainty
    assert [part.standby for part in parts] == [None, None, "warm"]
    assert parts[2].base.capacity == pytest.approx(900.0)


def test_reads_go_to_the_nearest_replica_and_writes_to_the_primary(write: Write) -> None:
    """20/s are written in us and applied in eu; a write from us waits until eu has it, two crossings of 40 ms."""
    found = offered_load(
        write(
            "entry: {kind: traffic_manager, to: shop}\n"
            "shop: {kind: service, regions: [us, eu], workers: 50, steps: [{work: 10ms}, {call: db}]}\n"
            "db: {kind: database, primary: us, replicas: [eu], connections: 20, work: 4ms, "
            "replication: {mode: semi_sync, apply: 2ms}}",
            PEOPLE,
            NEAR_AND_FAR,
        )
    )
    rates = edges(found)
    assert rates["shop@us", "db@us"] == pytest.approx(100.0)
    assert rates["shop@eu", "db@eu"] == pytest.approx(50.0)
    assert rates["db@us", "db@eu"] == pytest.approx(20.0)
    assert ("shop@us", "db@eu") not in rates
    assert found.components["db@us"].base.utilization == pytest.approx((100.0 * 0.004 + 20.0 * 0.080) / 20)
    assert found.components["db@eu"].base.utilization == pytest.approx((50.0 * 0.004 + 20.0 * 0.002) / 20)
    assert found.components["shop@us"].base.hold == pytest.approx(0.010 + 0.002 + 0.004 + 0.2 * 0.080)


def test_data_stays_at_home(write: Write) -> None:
    """A traveller in us calls home, 80 ms there and back; whoever is steered by latency goes there himself."""
    clients = (
        "local: {region: us, traffic: {rate: 30/s}, to: near}\n"
        "away: {region: us, home: eu, traffic: {rate: 10/s}, to: near}\n"
        "clever: {region: us, home: eu, traffic: {rate: 20/s}, to: fast}\n"
    )
    found = offered_load(
        write(
            "near: {kind: traffic_manager, to: app}\nfast: {kind: traffic_manager, steering: latency, to: app}\n"
            "app: {kind: service, regions: [us, eu], workers: 50, steps: [{call: data}, {call: data}]}\n"
            "data: {kind: external, regions: [us, eu], resident: client, latency: 3ms}",
            clients,
            NEAR_AND_FAR,
        )
    )
    rates = edges(found)
    assert (rates["fast", "app@us"], rates["fast", "app@eu"]) == (0.0, pytest.approx(20.0))
    assert (rates["app@us", "data@us"], rates["app@us", "data@eu"]) == (pytest.approx(60.0), pytest.approx(20.0))
    assert found.components["app@us"].base.hold == pytest.approx(2 * (0.75 * 0.005 + 0.25 * 0.083))


@pytest.mark.parametrize("name", ["global_failover", "payment_dual_region", "data_residency", "split_brain"])
def test_regions_are_as_busy_as_it_says(name: str) -> None:
    """Every part of the shipped scenarios without their faults; what a replica applies is no request."""
    calm = {"events": [], "objectives": [], "answer": "none", "duration": "40s", "warmup": "5s"}
    scenario = load(name, calm)
    found, measured = offered_load(scenario), summarize(run(scenario))["components"]
    applied: dict[str, float] = {}
    for edge in found.edges:
        if edge.label == "replicates":
            applied[edge.callee] = applied.get(edge.callee, 0.0) + edge.base
    assert found.components.keys() == measured.keys()
    for part, component in found.components.items():
        expected = component.base.arriving - applied.get(part, 0.0)
        assert measured[part]["offered"] / 35.0 == pytest.approx(expected, rel=0.08, abs=1.0), part
        if component.base.utilization is not None:
            assert measured[part]["utilization"] == pytest.approx(component.base.utilization, rel=0.08, abs=0.005), part
