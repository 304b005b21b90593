"""Explanations of the shipped scenarios: every one can be told, in plain figures, and the main point is there."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiment import run
from sim.metrics import IN_FLIGHT, Result, components_timeline, summarize, timeline
from sim.report.explain import Finding, explain
from sim.scenario import load, shipped_scenarios

NAMES = [path.stem for path in shipped_scenarios()]
UNSURE = re.compile(r"\b([Mm]ay|[Mm]ight|[Cc]ould|[Pp]robably|[Pp]erhaps|nan|None|inf)\b")

Told = tuple[Result, dict[str, Any], list[Finding]]


@pytest.fixture(scope="module")
def told(shipped: Callable[[str], Result]) -> Callable[[str], Told]:
    """A run of a shipped scenario, its summary, and what is found in it."""

    @lru_cache(maxsize=8)
    def told_(name: str) -> Told:
        result = shipped(name)
        summary = summarize(result)
        return result, summary, explain(summary, timeline(result), components_timeline(result), load(name))

    return told_


@pytest.fixture(scope="module")
def text(told: Callable[[str], Told]) -> Callable[[str], str]:
    """All that is said about a scenario."""
    return lambda name: "\n".join(f"{finding.title}: {finding.text}" for finding in told(name)[2])


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_is_explained_without_a_may(name, told):
    """There are findings, each has both parts, none hedges, and all are plain data."""
    findings = told(name)[2]
    assert len(findings) >= 2
    for finding in findings:
        assert finding.title
        assert finding.text.endswith(".")
        assert not UNSURE.search(f"{finding.title} {finding.text}")
        assert json.loads(json.dumps(finding.figures, allow_nan=False)) is not None


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "quickstart",
            [
                r"50% of the difference is waiting in queues",
                r"search was saturated",
                r"The health check noticed it after \d\.\d+s\. All of them ended as refused",
                r"retries kept all but \d+ requests from failing",
                r"It recovered by itself, \d+ms after the spike",
            ],
        ),
        ("retry_storm", [r"It never recovered: 1m after", r"retries, which made 4\.0\d attempts of each request"]),
        ("retry_storm_backoff", [r"It never recovered: 1m after"]),
        (
            "retry_storm_budget",
            [r"It recovered by itself, \d\d[.\d]*s after", r"The budget of app allows one retry for every 5"],
        ),
        (
            "black_hole",
            [r"That is the timeout of app", r"Nothing noticed it: api has neither health check nor outlier"],
        ),
        ("cache_stampede", [r"page_cache sets off stampedes: 1\d\d fetches for each expiry", r"requests waited at db"]),
        (
            "email_queue",
            [
                r"emails fell up to 1\d\ds behind",
                r"mailer can do 83\.7/s and 50/s come, 200/s at the busiest moment",
                r"Messages waited for it, up to 10,\d+ messages in emails",
                r"shop works longest on a request",
            ],
        ),
        (
            "poison_message",
            [r"endless was never as far behind as at the end", r"1\d\d messages became dead letters after 4"],
        ),
        ("unbounded_queue", [r"open was never as far behind as at the end", r"work_open can do 50/s and 55/s come"]),
        ("hot_key", [r"shards\[4\] was saturated from \ds to the end", r"shards\[4\] got 2\.\d times its share"]),
        ("tail_at_scale", [r"GET /hundred waits for the slowest of 100 calls to leaf: its median is 1s"]),
        (
            "slow_start",
            [r"api\[0\] was saturated for \d\ds", r"the restart at 25s, after which an instance is up to 8 times"],
        ),
        ("open_vs_closed_loop", [r"load_test left out 3\d\d requests", r"come from crowd"]),
        ("retry_layers", [r"orders_db answered [\d,]+ calls with an error, 64 for each of the \d+ failed requests"]),
        ("instance_crash", [r"While it was down api\[2\] drew 5\d% of the requests, where 20% is the equal share"]),
        ("load_balancing_gray", [r"api\[3\] got an equal share, more than it can do"]),
        ("load_balancing_mixed", [r"api\[4\.\.7\] got an equal share, more than they can do"]),
        ("nat_skew", [r"web\[4\] got 2\.\d times its share"]),
        ("shadowed_route", [r"No request reached exports"]),
        ("cdn_offload", [r"The flush of edge took 2\d% of the answers off the cache"]),
        ("health_checks_slow", [r"Objective missed: app availability >= 99%, actual 9\d\.\d+%"]),
        ("waf_attack", [r"7\d% of the requests failed, all as blocked: They were \d+ of users and 19,\d+ of attacker"]),
        ("bursty_traffic", [r"api was saturated \d\d times"]),
        ("load_balancing_homogeneous", [r"Nothing was saturated: the busiest is api, at 8\d%"]),
    ],
)
def test_the_point_of_a_scenario_is_told(name, sentences, text):
    """What the scenario is there to show is among the findings; figures that are chance are in other tests."""
    for sentence in sentences:
        assert re.search(sentence, text(name))


class TestFigures:
    """Figures in sentences, counted again from the requests themselves."""

    def test_whose_the_slowest_requests_are(self, told, text):
        """At least so many of the slowest hundredth are of the crowd: in truth more."""
        result, summary, _ = told("open_vs_closed_loop")
        (stated,) = re.findall(r"At least (\d+)% of the slowest 1% come from crowd", text("open_vs_closed_loop"))
        rows = result.requests[(result.requests["arrived"] >= result.warmup) & (result.requests["outcome"] < IN_FLIGHT)]
        slowest = rows[rows["latency"] >= summary["latency_s"]["all"]["p99"]]
        share = np.mean(slowest["client"] == result.clients.index("crowd"))
        assert float(stated) / 100.0 <= share <= 1.0

    def test_what_a_dead_instance_drew(self, told, text):
        """More than half of what was sent while it was down was refused."""
        rows = told("instance_crash")[0].requests
        sent = rows[(rows["arrived"] >= 20.0) & (rows["arrived"] < 40.0)]
        refused = np.mean([each == "refused" for each in _words(sent)])
        assert f"drew {100.0 * refused:.0f}% of the requests" in text("instance_crash")

    def test_what_a_closed_loop_did_not_send(self, told, text):
        """22 requests in the two seconds of the stall."""
        result = told("open_vs_closed_loop")[0]
        arrived = result.requests["arrived"][result.requests["client"] == result.clients.index("load_test")]
        sent = np.count_nonzero((arrived >= 30.0) & (arrived < 32.0))
        assert f"in 2s, from 30s on, it sent {sent} requests" in text("open_vs_closed_loop")

    def test_attempts_after_a_spike(self, told, text):
        """Attempts per request in the minute after the spike of the retry storm."""
        result = told("retry_storm")[0]
        starts, arrived = result.attempt_starts[0], result.requests["arrived"]
        ratio = np.count_nonzero(starts >= 30.0) / np.count_nonzero(arrived >= 30.0)
        assert f"which made {ratio:.3g} attempts of each request" in text("retry_storm")

    def test_how_long_an_instance_was_full(self, told, text):
        """Seconds in which the cold instance was at least 95% busy."""
        seconds = components_timeline(told("slow_start")[0])
        full = seconds[(seconds.component == "api") & (seconds.instance == 0) & (seconds.utilization >= 0.95)].t_s
        assert list(full) == list(range(full.min(), full.max() + 1))
        assert f"api[0] was saturated for {len(full)}s, from {full.min()}s on" in text("slow_start")


def _words(rows):
    from sim.request import Outcome

    return [Outcome(number).word for number in rows["outcome"]]


def test_a_run_that_has_hardly_begun_is_explained(tmp_path: Path):
    """Half a second, one request in flight, no second to look at: there is no p99, and nothing breaks."""
    path = tmp_path / "short.yaml"
    path.write_text(
        "scenario: Short\nduration: 500ms\nclients: {a: {traffic: {rate: 2/s, arrivals: constant}, to: b}}\n"
        "components: {b: {kind: service, work: 10s}}\nevents: [{at: 100ms, crash: b}]\n"
    )
    scenario = load(path)
    result = run(scenario)
    findings = explain(summarize(result), timeline(result), components_timeline(result), scenario)
    assert all(finding.title and finding.text for finding in findings)


def test_a_scenario_without_workers_is_explained(tmp_path: Path):
    """A gateway before something external has no queue and nothing to saturate."""
    path = tmp_path / "free.yaml"
    path.write_text(
        "scenario: Free\nduration: 5s\nclients: {a: {traffic: {rate: 50/s}, to: b}}\n"
        'components: {b: {kind: gateway, latency: 1ms, routes: [{match: "/**", to: c}]},\n'
        "  c: {kind: external, latency: 9ms}}\n"
    )
    scenario = load(path)
    result = run(scenario)
    findings = explain(summarize(result), timeline(result), components_timeline(result), scenario)
    assert [finding.title for finding in findings] == [
        "p99 is 10ms, hardly more than the median of 10ms: 90% of it is service"
    ]
