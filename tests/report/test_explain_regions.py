"""What `sim explain` says of regions, replicas and queues, against what the run itself counts."""

from pathlib import Path
from typing import Any

import pytest

from sim.experiment import run
from sim.experiment.save import series_table
from sim.metrics import components_timeline, summarize, timeline
from sim.report import units
from sim.report.explain import Finding, explain
from sim.scenario import load

OUTAGE = """\
scenario: A region dies
duration: 100s
warmup: 5s
regions: {us: {}, eu: {role: standby, standby: warm, warm_up: 10s, capacity: 50%}}
network: {latency: 1ms, between: {us/eu: 40ms}}
clients:
  app:
    region: us
    traffic: {rate: 100/s, arrivals: constant}
    requests: [{send: GET /feed, weight: 3}, {send: POST /posts}]
    timeout: 500ms
    to: entry
components:
  entry: {kind: traffic_manager, to: api, health_check: {interval: 2s, timeout: 1s, unhealthy_after: 2}}
  api: {kind: service, regions: [us, eu], instances: 4, workers: 20, steps: [{work: 5ms}, {call: db}]}
  db:
    kind: database
    primary: us
    replicas: [eu, us2]
    connections: 20
    work: 2ms
    replication: {mode: async, lag: 200ms}
    failover: {detect: 4s, election: 2s, promote_to: eu}
events:
  - {at: 30s, for: 30s, region_down: us}
"""
OUTAGE = OUTAGE.replace("regions: {us: {},", "regions: {us: {}, us2: {},", 1).replace(
    "between: {us/eu: 40ms}", "between: {us/eu: 40ms, us/us2: 5ms, us2/eu: 42ms}"
)

QUEUE = """\
scenario: A burst and a backlog
duration: 60s
clients:
  app: {traffic: {rate: 20/s, arrivals: constant}, to: shop}
components:
  shop: {kind: service, workers: 50, steps: [{work: 1ms}, {publish: mails}]}
  mails: {kind: queue, consumers: mailer}
  mailer: {kind: service, workers: 4, work: 100ms}
events:
  - {at: 10s, for: 10s, spike: app, factor: 4}
"""


def told(text: str, folder: Path) -> tuple[dict[str, Any], list[Finding]]:
    """A summary, and what is said about its run."""
    (folder / "scenario.yaml").write_text(text)
    scenario = load(folder / "scenario.yaml")
    result = run(scenario)
    summary = summarize(result)
    return summary, explain(summary, timeline(result), components_timeline(result), scenario, series_table(result))


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Finding]]:
    """The region that dies."""
    return told(OUTAGE, tmp_path_factory.mktemp("outage"))


def one(findings: list[Finding], begins: str) -> Finding:
    """The only finding whose headline begins so."""
    found = [finding for finding in findings if finding.title.startswith(begins)]
    assert len(found) == 1, [finding.title for finding in findings]
    return found[0]


def test_the_outage_step_by_step(outage: tuple[dict[str, Any], list[Finding]]) -> None:
    """Who noticed it, what was promoted and made ready, in the order of time; and what it cost."""
    summary, findings = outage
    event = summary["events"][0]
    finding = one(findings, "The region_down of us")
    assert finding.title == f"The region_down of us at 30s cost {event['requests_lost']:,} requests"
    steps = [
        "the replicas of db missed their primary, db@us",
        "entry took api@us out",
        "db@eu was promoted",
        "standby eu was ready",
        "db@us followed the new primary",
    ]
    places = [finding.text.lower().find(step) for step in steps]
    assert -1 not in places
    after = {each["what"]: each["after_s"] for each in reversed(event["reactions"])}
    assert f"after {units.lapse(after['promoted'])} db@eu was promoted" in finding.text
    assert f"accepted writes again {units.duration(event['rto_s'])} after its start" in finding.text
    assert event["writes_lost"] > 0
    assert f"{event['writes_lost']} acknowledged writes were lost" in finding.text


def test_where_traffic_went(outage: tuple[dict[str, Any], list[Finding]]) -> None:
    """All of it from us to eu, at the times of the summary."""
    summary, findings = outage
    finding = one(findings, "entry moved traffic from us to eu")
    event = summary["events"][0]
    assert finding.title.endswith(f"half of it after {units.lapse(event['moved_50_s'])}")
    assert "100% of all went to eu" in finding.text


def test_what_stood_idle(outage: tuple[dict[str, Any], list[Finding]]) -> None:
    """Half of its instances ran, from the end of warm-up until the first request came, and it was ready 10 s after."""
    _, findings = outage
    finding = one(findings, "eu stood by warm: 2 of 4 instances of api ran there")
    ready, until = int(finding.figures["ready_s"]), finding.figures["until_s"]
    assert finding.figures["idle_instance_s"] == pytest.approx(2.0 * (ready - 5.0) + 4.0 * (until - ready), abs=2.0)
    assert "it was ready 10s later" in finding.text
    assert not [each for each in findings if each.title.startswith("No request reached")]


def test_stale_reads(outage: tuple[dict[str, Any], list[Finding]]) -> None:
    """As many as the replica has counted."""
    summary, findings = outage
    finding = next(each for each in findings if "of the reads at" in each.title)
    block = summary["components"][finding.figures["part"]]
    assert block["stale_reads"] > 0
    assert f"{block['stale_reads']:,} reads of {block['reads']:,}" in finding.text


def test_a_backlog_drains_as_on_paper(tmp_path: Path) -> None:
    """80/s come for ten seconds where 40/s can be done: 400 wait, and 20/s to spare need 20 s for them."""
    _, findings = told(QUEUE, tmp_path)
    finding = one(findings, "mails fell up to")
    assert "it took 20s to drain" in finding.text
    assert "20/s to spare" in finding.text


def test_a_hang_that_swallows_requests_fails_them(tmp_path: Path) -> None:
    """Nobody has a time-out, so they never end; a quarter of all requests, from 10 s to the end, have no answer."""
    summary, findings = told(
        "scenario: A hole\nduration: 30s\nclients: {app: {traffic: {rate: 100/s, arrivals: constant}, to: api}}\n"
        "components: {api: {kind: service, instances: 4, workers: 4, work: 5ms, balancer: round_robin}}\n"
        "events: [{at: 10s, hang: 'api[0]'}]\n",
        tmp_path,
    )
    finding = one(findings, "The hang of api[0] at 10s cost")
    assert summary["events"][0]["requests_lost"] == pytest.approx(500, abs=3)
    assert f"{summary['events'][0]['requests_lost']:,} had got no answer when the run ended" in finding.text


def test_a_failover_of_which_too_little_is_known_is_not_said_never_to_have_come(tmp_path: Path) -> None:
    """Two seconds are left after the crash: neither the headline nor the sentence says never."""
    _, findings = told(
        "scenario: Late\nduration: 30s\nclients: {app: {traffic: {rate: 100/s}, to: api}}\n"
        "components: {api: {kind: service, instances: 2, workers: 4, work: 5ms}}\n"
        "events: [{at: 20s, for: 8s, crash: 'api[0]'}]\nobjectives: [crash failover < 5s]\n",
        tmp_path,
    )
    finding = one(findings, "Objective missed: crash failover < 5s, actual too little data")
    assert finding.text == "Too little came after it to say whether it did."


@pytest.mark.parametrize(
    ("store", "event", "lost", "why"),
    [
        ("", "crash: 'api[0]', restart_after: 1s", 5, "in the memory of an instance that died"),
        ("store: kept, ", "flush: kept", 10, "was not found in kept"),
    ],
)
def test_lost_sessions(tmp_path: Path, store: str, event: str, lost: int, why: str) -> None:
    """Ten callers on two instances: a crash loses the five of one, a flush of the store all ten; 50 ms each."""
    text = (
        "scenario: Sessions\nduration: 20s\nwarmup: 5s\n"
        "clients: {app: {traffic: {rate: 50/s, arrivals: constant}, population: 10, to: api}}\n"
        "components:\n"
        "  api: {kind: service, instances: 2, workers: 9, balancer: {affinity: cookie},\n"
        f"        steps: [session: {{{store}rebuild: 50ms}}, work: 1ms]}}\n"
        f"{'  kept: {kind: cache, latency: 1ms}' if store else ''}\n"
        f"events: [{{at: 10s, {event}}}]\n"
    )
    _, findings = told(text, tmp_path)
    finding = one(findings, f"api lost {lost} sessions")
    assert why in finding.text
    assert f"50ms of work on average: {lost * 50}ms in all" in finding.text
