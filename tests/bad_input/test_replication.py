"""A database with replicas in three regions, one thing at a time broken, and the exact complaints."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

from sim.scenario import load

Complain = Callable[..., list[str]]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

LEDGER = """\
scenario: A ledger
duration: 1m
regions: {us: {}, eu: {}, ap: {}}
network: {between: {us/eu: 40ms, us/ap: 30ms, eu/ap: 70ms}}
clients:
  app: {region: us, traffic: {rate: 50/s}, to: ledger}
components:
  ledger:
    kind: database
    work: 5ms
    primary: us
    replicas: [eu, ap]
    replication: {mode: semi_sync}
    failover: {detect: 10s, election: 5s}
  audit: {kind: database, region: us, work: 5ms}
events:
  - {at: 20s, promote: ledger@eu}
objectives:
  - ledger stale_reads == 0
"""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "    primary: us\n": [
        ("", ["components.ledger.replicas: means nothing without a 'primary'  :11:5"]),
        ("    primary: uss\n", ["components.ledger.primary: there is no region 'uss'; did you mean 'us'?  :11:14"]),
        ("    primary: [us]\n", ["components.ledger.primary: needs a text, got a list  :11:14"]),
        ("    primary: us\n    region: us\n", ["components.ledger.region: does not go with a 'primary': it and its 'replicas' say where the database stands  :12:5"]),
        ("    primary: us\n    resident: key\n", ["components.ledger.resident: does not go with a 'primary': it and its 'replicas' say where the database stands  :12:5"]),
    ],
    "    replicas: [eu, ap]\n": [
        ("", ["components.ledger.primary: needs 'replicas' beside it; a database in one place has a 'region'  :11:5", "events[0].promote: 'ledger' does not stand in 'eu'; it stands in us  :16:24"]),
        ("    replicas: []\n", ["components.ledger.replicas: needs at least 1 item  :12:15", "events[0].promote: 'ledger' does not stand in 'eu'; it stands in us  :17:24"]),
        ("    replicas: [eu, eu]\n", ["components.ledger.replicas: 'eu' has more than one copy; a region has one  :12:5"]),
        ("    replicas: [eu, us]\n", ["components.ledger.replicas: 'us' has more than one copy; a region has one  :12:5"]),
        ("    replicas: [eu, pa]\n", ["components.ledger.replicas[1]: there is no region 'pa'; known: us, eu, ap  :12:20"]),
        ("    replicas: 2\n", ["components.ledger.replicas: needs a list, got the number 2  :12:15", "events[0].promote: 'ledger' does not stand in 'eu'; it stands in us  :17:24"]),
    ],
    "{mode: semi_sync}": [
        ("{mode: semisync}", ["components.ledger.replication.mode: 'semisync' is not known; did you mean 'semi_sync'?  :13:25"]),
        ("{mode: async, quorum: 1}", ["components.ledger.replication.quorum: means nothing to async replication; it belongs to semi_sync and sync  :13:32"]),
        ("{quorum: 1}", ["components.ledger.replication.quorum: means nothing to async replication; it belongs to semi_sync and sync  :13:19"]),
        ("{mode: sync, quorum: 3}", ["components.ledger.replication.quorum: 3 cannot acknowledge a write where there are 2  :13:39"]),
        ("{mode: sync, quorum: 0}", ["components.ledger.replication.quorum: must be at least 1, not 0  :13:39"]),
        ("{lag: 80}", ["components.ledger.replication.lag: 80 needs a unit; a duration is written like 80ms, 80s, 80m  :13:24"]),
        ("{appliers: 0}", ["components.ledger.replication.appliers: must be at least 1, not 0  :13:29"]),
        ("{aply: 1ms}", ["components.ledger.replication.aply: 'aply' is not known here; did you mean 'apply'?  :13:19"]),
        ("5s", ["components.ledger.replication: '5s' is not known; known: async, semi_sync, sync  :13:18"]),
    ],
    "{detect: 10s, election: 5s}": [
        ("{detect: 0s}", ["components.ledger.failover.detect: must be above 0, not 0s  :14:24"]),
        ("{detect: 10}", ["components.ledger.failover.detect: 10 needs a unit; a duration is written like 10ms, 10s, 10m  :14:24"]),
        ("{promote_to: us}", ["components.ledger.failover.promote_to: there is no replica in 'us', but in eu and ap  :14:28"]),
        ("{promote_to: ue}", ["components.ledger.failover.promote_to: there is no region 'ue'; known: us, eu, ap  :14:28"]),
        ("{fencing: 1}", ["components.ledger.failover.fencing: needs true or false, got the number 1  :14:25"]),
        ("{detect: 10s, quorum: 2}", ["components.ledger.failover.quorum: 'quorum' is not known here; known: detect, election, promote_to, discovery, fencing  :14:29"]),
    ],
    "    work: 5ms\n": [
        ("    work: 5ms\n    read_from: replica\n", ["components.ledger.read_from: 'replica' is not known; did you mean 'replicas'?  :11:16"]),
        ("    work: 5ms\n    read_your_writes: yes\n", ["components.ledger.read_your_writes: 'yes' is read as a truth value by some YAML readers; write true or quote it  :11:23"]),
    ],
    "region: us, work: 5ms": [
        ("region: us, read_from: primary, work: 5ms", ["components.audit.read_from: means nothing without a 'primary'  :15:39"]),
        ("region: us, failover: {}, work: 5ms", ["components.audit.failover: means nothing without a 'primary'  :15:39"]),
        ("work: 5ms", ["components.audit: 'region' or 'regions' is missing: in which of us and eu and ap does it stand?  :15:3"]),
    ],
    "promote: ledger@eu": [
        ("promote: ledger", ["events[0].promote: which replica of 'ledger'? Write ledger@region  :17:24"]),
        ("promote: ledger@ue", ["events[0].promote: there is no region 'ue'; known: us, eu, ap  :17:24"]),
        ("promote: legder@eu", ["events[0].promote: there is no component 'legder'; did you mean 'ledger'?  :17:24"]),
        ("promote: audit@us", ["events[0].promote: 'audit' has no replicas, of which one could be promoted  :17:24"]),
        ("promote: app@us", ["events[0].promote: 'app' is a client; promote is for components  :17:24"]),
        ('promote: "ledger[0]@eu"', ["events[0].promote: promote is for all of 'ledger', not for single instances; write ledger  :17:24"]),
        ("promote: ledger@eu, for: 5s", ["events[0].for: a promote is over at once; leave it out  :17:35"]),
    ],
    "ledger stale_reads == 0": [
        ("audit stale_reads == 0", ["objectives[0]: 'audit' is a database, which has no stale_reads; ledger has one  :19:5"]),
        ("promote rpo < 2", ["objectives[0]: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :19:5"]),
        ("ledger rpo < 2s", ["objectives[0]: rpo is a figure of an event; 'ledger' is a component  :19:5"]),
        ("promote stale_reads == 0", ["objectives[0]: stale_reads is a figure of a component; 'promote' is an event  :19:5"]),
    ],
}
# fmt: on


@pytest.mark.parametrize(("old", "new", "expected"), [(old, *row) for old, rows in CHANGES.items() for row in rows])
def test_a_change_for_the_worse(complaints: Complain, old: str, new: str, expected: list[str]) -> None:
    """What is wrong is said once, where it stands."""
    assert LEDGER.count(old) == 1
    assert complaints(text=LEDGER.replace(old, new)) == expected


def test_without_replicas_nothing_counts_what_failovers_cost(complaints: Complain) -> None:
    """A figure of events that needs a database with a primary."""
    text = LEDGER.replace("{at: 20s, promote: ledger@eu}", "{at: 20s, crash: audit}").replace(
        "    primary: us\n    replicas: [eu, ap]\n    replication: {mode: semi_sync}\n", "    region: us\n"
    )
    text = text.replace("    failover: {detect: 10s, election: 5s}\n", "")
    expected = "objectives[0]: nothing in the scenario counts {}{}  :16:5"
    why = ": it needs a database with a 'primary'"
    for objective, metric, more in (
        ("crash rpo < 2s", "rpo", why),
        ("writes_lost == 0", "writes_lost", why),
        ("ledger stale_reads == 0", "stale_reads", ""),
    ):
        found = complaints(text=text.replace("ledger stale_reads == 0", objective))
        assert found == [expected.format(metric, more)]


def test_a_partition_between_regions_is_no_reason_to_warn(complaints: Complain, folder: object) -> None:
    """Requests, heartbeats or replication go between them."""
    with open("shop.yaml", "w") as file:
        file.write(LEDGER.replace("promote: ledger@eu", "for: 5s, partition: us/eu"))
    assert [warning.message for warning in load("shop.yaml").warnings] == ["no client's requests ever reach it"]


def test_another_mode_leaves_out_what_only_the_old_one_reads(folder: object) -> None:
    """Whoever compares modes varies the word alone."""
    with open("shop.yaml", "w") as file:
        file.write(LEDGER.replace("{mode: semi_sync}", "{mode: semi_sync, quorum: 2}"))
    scenario = load("shop.yaml", {"components.ledger.replication.mode": "async"})
    assert scenario.document.components["ledger"].replication.quorum is None
