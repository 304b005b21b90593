"""Explanations of made-up runs: each time line is simple enough to tell the sentence that it must give."""

from typing import Any

import pandas as pd
import pytest

from sim.experiment.tipping import Tipping, Trial, find_trigger
from sim.report.explain import Finding, Weight, explain
from sim.report.explain.tipping import tipping_point
from sim.report.explain.wording import counted, from_to, instances, listed, number, percent, times
from sim.request import LEDGER, Outcome
from sim.scenario import load

SECONDS = 60
RATE = 100
SCENARIO = """\
scenario: A made-up system
duration: 60s
clients:
  app: {traffic: {rate: 100/s}, timeout: 1s, to: api}
components:
  api: {kind: service, instances: 2, workers: 2, work: {exponential: 20ms}}
"""
FIGURES = {"mean": 0.02, "p50": 0.02, "p90": 0.04, "p95": 0.06, "p99": 0.1, "p999": 0.15, "max": 0.2}


def parts(total: float, **ledger: float) -> dict[str, float]:
    """A cohort of the time ledger: what is not named is service."""
    named = dict.fromkeys(LEDGER, 0.0) | ledger
    return named | {"service": total - sum(ledger.values()), "total": total}


class Story:
    """A minute in which 100 requests/s go to two instances that are half busy, until a test says otherwise.

    Args:
        path: Where the scenario can be written.
        scenario: Its text.
    """

    def __init__(self, path, scenario: str = SCENARIO) -> None:
        path.write_text(scenario)
        self.scenario = load(path)
        document = self.scenario.document
        self.timeline = pd.DataFrame(
            [
                {"t_s": second, "client": client, "offered": RATE, "ended": RATE}
                | {outcome.word: RATE if outcome is Outcome.OK else 0 for outcome in Outcome}
                | {"p50": 0.02, "p95": 0.06, "p99": 0.1, "attempts": RATE}
                for second in range(SECONDS)
                for client in document.clients
            ]
        )
        places = [
            (name, number if count > 1 else -1)
            for name, config in document.components.items()
            if config.kind in ("service", "database", "external")
            for count in [getattr(config, "instances", 1)]
            for number in range(count)
        ]
        self.components = pd.DataFrame(
            [
                {"t_s": second, "component": name, "instance": number, "up": 1}
                | {"utilization": 0.5, "queue": 0.0, "outstanding": 1.0}
                for second in range(SECONDS)
                for name, number in places
            ]
        )
        self.latency = {name: dict(FIGURES) for name in ("all", "ok", "attempt")}
        self.ledger = {"mean": parts(0.02), "p50": parts(0.02), "p99": parts(0.1)}
        self.counters: dict[str, dict[str, Any]] = {
            name: self._counters(name, [number for component, number in places if component == name], config)
            for name, config in document.components.items()
        }
        self.routes: dict[str, Any] = {}
        self.clients: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.objectives: list[dict[str, Any]] = []
        self.work = {"wasted_work_s": 0.0, "useful_work_s": 100.0}
        self.in_flight, self.oldest, self.warmup = 0, None, 0.0

    @staticmethod
    def _counters(name: str, numbers: list[int], config: Any) -> dict[str, Any]:
        served = SECONDS * RATE // max(len(numbers), 1)
        limited = config.kind in ("service", "database")
        counters: dict[str, Any] = {"kind": config.kind, "offered": SECONDS * RATE, "refused": 0}
        if numbers:
            block = {"served": served, "utilization": 0.5 if limited else None, "outstanding_max": 4}
            counters |= {"utilization": block["utilization"], "queue_max": 0, "served": served * len(numbers)}
            counters["instances"] = {instances(name, [number]): dict(block) for number in numbers}
        return counters

    def users(self, start: int, end: int, client: str = "app", **values: Any) -> None:
        """What users see from one second to another; what fails does not succeed."""
        rows = self.timeline["t_s"].between(start, end - 1) & (self.timeline["client"] == client)
        for name, value in values.items():
            self.timeline.loc[rows, name] = value
        failed = self.timeline[[outcome.word for outcome in Outcome if outcome is not Outcome.OK]].sum(axis=1)
        self.timeline.loc[rows, "ok"] = (self.timeline["ended"] - failed)[rows]

    def place(self, name: str, number: int, start: int, end: int, **values: Any) -> None:
        """What a place does from one second to another."""
        rows = self.components["t_s"].between(start, end - 1)
        rows &= (self.components["component"] == name) & (self.components["instance"] == number)
        for column, value in values.items():
            self.components.loc[rows, column] = value

    def event(self, kind: str, target: str, start: float, end: float | None, **figures: Any) -> None:
        """Something happens."""
        times_ = {"detection_s": None, "failover_s": 0.0, "recovery_s": 0.0, "lost": 0}
        self.events.append({"kind": kind, "target": target, "start_s": start, "end_s": end} | times_ | figures)

    def findings(self) -> list[Finding]:
        """What is found."""
        whole = self._block(self.timeline) | {"latency_s": self.latency, "time_ledger": self.ledger}
        attempts = int(self.timeline["attempts"].sum())
        offered = whole["requests"]["offered"]
        clients = {
            str(name): self._block(rows)
            | {"latency_s": self.latency, "time_ledger": self.ledger, "attempts": {"per_request": attempts / offered}}
            | self.clients.get(str(name), {})
            for name, rows in self.timeline.groupby("client")
        }
        summary = {
            "scenario": "story",
            "seed": 1,
            "duration_s": float(SECONDS),
            "warmup_s": self.warmup,
            **whole,
            "attempts": {"total": attempts, "per_request": attempts / offered} | self.work,
            "clients": clients,
            "routes": self.routes,
            "components": self.counters,
            "events": self.events,
            "objectives": self.objectives,
        }
        return explain(summary, self.timeline, self.components, self.scenario)

    def finding(self, words: str) -> tuple[str, str]:
        """Title and text of the one finding whose title has these words in it."""
        (found,) = [each for each in self.findings() if words in each.title]
        return found.title, found.text

    def _block(self, rows: pd.DataFrame) -> dict[str, Any]:
        by_outcome = {outcome.word: int(rows[outcome.word].sum()) for outcome in Outcome}
        completed = int(rows["ended"].sum())
        good = sum(by_outcome[outcome.word] for outcome in Outcome if outcome.is_success)
        return {
            "requests": {
                "offered": int(rows["offered"].sum()),
                "completed": completed,
                "ok": good,
                "in_flight": self.in_flight,
                "oldest_in_flight_s": self.oldest,
                "by_outcome": {word: count for word, count in by_outcome.items() if count},
            },
            "rates": {"success_ratio": good / completed},
        }


@pytest.fixture
def story(tmp_path):
    """Makes a story of a scenario's text."""

    def make(scenario: str = SCENARIO) -> Story:
        return Story(tmp_path / "story.yaml", scenario)

    return make


class TestTail:
    """Where p99 went."""

    def test_it_went_into_the_queue_that_was_long_at_the_time(self, story):
        """Ten seconds of waiting make the p99: the queue then is compared with that of the other fifty."""
        run = story()
        run.ledger["p99"] = parts(1.0, queue=0.9)
        run.latency["all"] |= {"p99": 1.0, "p999": 1.1, "max": 1.2}
        run.users(20, 30, p99=1.0)
        run.place("api", 0, 19, 30, queue=40.0, utilization=0.9)
        run.place("api", 1, 19, 30, queue=38.0, utilization=0.9)
        assert run.finding("p99 is") == (
            "p99 is 1s, 50 times the median: 92% of the difference is waiting in queues",
            "Around p99 900ms goes into waiting in queues (around the median 0s). In the 11s in which such requests "
            "were under way, 78 requests waited at api on average, which was 90% busy (in the other 49s 0 and 50%).",
        )

    def test_one_instance_held_the_queue(self, story):
        """Where nearly all waited at one instance, it is named."""
        run = story()
        run.ledger["p99"] = parts(1.0, queue=0.9)
        run.latency["all"] |= {"p99": 1.0, "p999": 1.1, "max": 1.2}
        run.users(20, 30, p99=1.0)
        run.place("api", 1, 0, 60, queue=9.0, utilization=0.96)
        assert "9 requests waited at api[1] on average, which was 96% busy" in run.finding("p99 is")[1]

    def test_it_is_the_patience_of_the_client(self, story):
        """A p99 of exactly the timeout, in a run with timeouts, is the timeout; all that slow have failed."""
        run = story()
        run.ledger["p99"] = parts(1.0, queue=1.0)
        run.latency["all"] |= {"p95": 1.0, "p99": 1.0, "p999": 1.0, "max": 1.0}
        run.users(0, 60, timeout=6)
        assert run.finding("p99 is") == (
            "p99 is 1s, 50 times the median: 100% of the difference is waiting in queues",
            "Around p99 1s goes into waiting in queues (around the median 0s). That is the timeout of app: 6% of its "
            "requests ended as a timeout. All of the slowest 5% failed; of successes alone p99 is 100ms.",
        )

    def test_the_route_is_named_when_the_percentiles_prove_it(self, story):
        """Nobody else is as slow as the p99: at least 90% of the slowest must be checkouts."""
        run = story()
        route = {"requests": {"completed": 300}, "latency_s": {"all": FIGURES | {"p90": 0.3, "p95": 0.5, "p99": 0.7}}}
        other = {"requests": {"completed": 5700}, "latency_s": {"all": FIGURES | {"p99": 0.05, "p999": 0.09}}}
        run.routes = {"POST /checkout": route, "GET /search": other}
        title, text = run.finding("p99 is")
        assert title == "p99 is 100ms, 5 times the median: 100% of the difference is service"
        assert text == (
            "Around p99 100ms goes into service (around the median 20ms). "
            "At least 90% of the slowest 1% are POST /checkout, which has 5% of all requests."
        )

    def test_all_are_slow(self, story):
        """Where the median is as slow, it is said of the whole and not of the difference."""
        run = story()
        run.ledger = dict.fromkeys(("mean", "p50", "p99"), parts(1.2, queue=1.2))
        run.latency["all"] = dict.fromkeys(FIGURES, 1.2)
        title, _ = run.finding("p99 is")
        assert title == "p99 is 1.2s, hardly more than the median of 1.2s: 100% of it is waiting in queues"


class TestSaturation:
    """Which component ran out of workers first."""

    def test_nothing_was(self, story):
        """Then the busiest is named, with its busiest second."""
        run = story()
        run.place("api", 0, 7, 8, utilization=0.8)
        assert run.finding("saturated") == (
            "Nothing was saturated: the busiest is api, at 50%",
            "In its busiest second it was 65% busy; nobody waited there.",
        )

    def test_an_instance_was(self, story):
        """One of two is full for six seconds: it is named, with what the other did meanwhile and what is on paper."""
        run = story()
        run.place("api", 1, 10, 16, utilization=0.97, queue=30.0)
        run.place("api", 1, 12, 13, queue=45.0)
        assert run.finding("saturated") == (
            "api[1] was saturated for 6s, from 10s on",
            "Up to 45 requests waited there. On paper api as a whole has 50% of its capacity to do on average. "
            "Meanwhile api[0] was 50% busy.",
        )

    def test_the_whole_component_was_to_the_end(self, story):
        """All instances at once are the component; what it turned away is told, and that it is broken."""
        run = story()
        for number_ in (0, 1):
            run.place("api", number_, 40, 60, utilization=1.0, queue=10.0)
        run.counters["api"]["refused"] = 1234
        title, text = run.finding("saturated")
        assert title == "api was saturated from 40s to the end"
        assert text.startswith("Up to 20 requests waited there; api turned 1,234 requests away.")
        assert run.findings()[0].weight is Weight.BROKEN

    def test_retries_and_faults_come_on_top(self, story):
        """What the load on paper leaves out is named: a slow instance, and twice as many attempts as requests."""
        run = story(SCENARIO + "events: [{at: 40s, for: 5s, slow: 'api[0]', factor: 3}]\n")
        run.event("slow", "api[0]", 40.0, 45.0)
        for number_ in (0, 1):
            run.place("api", number_, 41, 45, utilization=1.0)
        run.users(40, 45, attempts=200)
        assert run.finding("saturated")[1] == (
            "Nobody waited there. On paper it has 50% of its capacity to do on average; on top came the slow of api[0] "
            "and retries (2 attempts per request)."
        )

    def test_it_was_full_again_and_again(self, story):
        """Two spells and a single second: how often, the longest, and all seconds together."""
        run = story()
        for start, end in ((10, 14), (20, 29), (40, 41)):
            for number_ in (0, 1):
                run.place("api", number_, start, end, utilization=1.0, queue=3.0)
        title, text = run.finding("saturated")
        assert title == "api was saturated twice, first at 10s, for 9s at the longest"
        assert text.startswith("Up to 6 requests waited there; in all it was at least 95% busy for 14s.")

    def test_single_seconds_are_no_saturation(self, story):
        """Three seconds in a row are; fewer are told as what they are."""
        run = story()
        for start in (10, 20, 30):
            for number_ in (0, 1):
                run.place("api", number_, start, start + 2, utilization=1.0, queue=3.0)
        assert run.finding("was full") == (
            "api is 50% busy on average, but was full in 6 seconds",
            "It was at least 95% busy in them, the first at 10s, never for 3 seconds in a row; up to 6 requests waited "
            "there.",
        )


class TestFaults:
    """What events cost."""

    CRASH = SCENARIO + "events: [{at: 20s, for: 10s, crash: 'api[0]'}]\n"

    def test_requests_failed_until_the_health_check_noticed(self, story):
        """A third fails for three seconds, then it is noticed; ten calls of retries saved the rest."""
        run = story(self.CRASH.replace("workers: 2,", "workers: 2, health_check: {interval: 1s},"))
        run.event("crash", "api[0]", 20.0, 30.0, detection_s=2.8, failover_s=3.0, lost=120)
        run.users(20, 23, refused=30, attempts=110)
        assert run.finding("The crash of") == (
            "The crash of api[0] at 20s cost 90 requests",
            "The health check noticed it after 2.8s. All of them ended as refused. It killed or refused 120 calls; "
            "retries kept all but 90 requests from failing. The success ratio was back 3s after its start. It made 30 "
            "extra attempts: 1.03 per request.",
        )

    @pytest.mark.parametrize(
        ("figures", "said"),
        [
            (
                {"rto_s": 22.5, "rpo_s": 0.1, "writes_lost": 4},
                "The database accepted writes again 22.5s after its start. 4 acknowledged writes were lost, the work "
                "of 100ms.",
            ),
            ({"rto_s": None, "rpo_s": 0.0, "writes_lost": 0}, "The database never accepted a write again."),
        ],
    )
    def test_what_it_did_to_a_replicated_database(self, story, figures, said):
        run = story(self.CRASH)
        run.event("crash", "api[0]", 20.0, 30.0, failover_s=10.0, lost=80, **figures)
        run.users(20, 30, refused=8)
        assert f"All of them ended as refused. {said} The success" in run.finding("The crash of")[1]

    def test_nothing_noticed_it_and_it_drew_the_traffic(self, story):
        """The dead instance is down for ten seconds and gets eight of ten requests."""
        run = story(self.CRASH.replace("workers: 2,", "workers: 2, balancer: least_request,"))
        run.event("crash", "api[0]", 20.0, 30.0, failover_s=10.0, lost=800)
        run.users(20, 30, refused=80)
        run.place("api", 0, 20, 30, up=0)
        assert run.finding("The crash of") == (
            "The crash of api[0] at 20s cost 800 requests",
            "Nothing noticed it: api has neither health check nor outlier ejection. All of them ended as refused. "
            "While it was down api[0] drew 80% of the requests, where 50% is the equal share: who refuses at once "
            "looks idle. The success ratio was down for as long as it lasted.",
        )

    def test_it_only_slowed(self, story):
        """Nobody fails, p99 is ten times as long, and it lasts to the end."""
        run = story(SCENARIO + "events: [{at: 20s, slow: 'api[0]', factor: 10}]\n")
        run.event("slow", "api[0]", 20.0, None, recovery_s=None)
        run.users(20, 60, p99=1.0)
        assert run.finding("The slow of") == (
            "The slow of api[0] at 20s failed no request, but made p99 10 times as long",
            "Nothing noticed it: api has neither health check nor outlier ejection. The worst second of app had a p99 "
            "of 1s, before the event 100ms. It lasts to the end of the run.",
        )

    def test_failures_that_are_usual_are_not_its_cost(self, story):
        """One in a hundred is blocked before and during a spike that fails nobody."""
        run = story(SCENARIO + "events: [{at: 20s, for: 10s, spike: app, factor: 2}]\n")
        run.event("spike", "app", 20.0, 30.0)
        run.users(0, 60, blocked=1)
        run.users(20, 30, blocked=2)
        assert run.finding("The spike of") == (
            "The spike of app at 20s failed no request and hardly slowed any",
            "The worst second of app had a p99 of 100ms, before the event 100ms.",
        )

    def test_an_event_at_the_very_end(self, story):
        """Two seconds are too few to say that it was over."""
        run = story(SCENARIO + "events: [{at: 50s, for: 8s, slow: api, factor: 3}]\n")
        run.event("slow", "api", 50.0, 58.0, recovery_s=None, unknown=["recovery_s"])
        run.users(50, 60, p99=0.5)
        assert run.finding("The slow of")[1].endswith("Too little came after it to say when all was as before.")

    def test_an_event_without_a_time_before_it(self, story):
        """What is usual cannot be known from two seconds."""
        run = story(SCENARIO + "events: [{at: 2s, for: 10s, spike: app, factor: 2}]\n")
        run.event("spike", "app", 2.0, 12.0)
        assert run.finding("The spike of") == (
            "The spike of app at 2s: what it cost cannot be said",
            "Too little came before it to say what is usual.",
        )


class TestRecovery:
    """The verdict, and what kept the system down."""

    SPIKE = SCENARIO.replace("timeout: 1s,", "timeout: 1s, retry: 4,") + (
        "events: [{at: 10s, for: 10s, spike: app, factor: 3}]\n"
    )

    def test_never(self, story):
        """After the spike no request succeeds, each is sent four times, and the queue grows by 200 a second."""
        run = story(self.SPIKE)
        run.event("spike", "app", 10.0, 20.0, failover_s=None, recovery_s=None)
        run.users(10, 60, timeout=100, attempts=400, p99=4.0)
        for number_ in (0, 1):
            for second in range(10, 60):
                run.place("api", number_, second, second + 1, utilization=1.0, queue=100.0 * (second - 10))
        run.work = {"wasted_work_s": 90.0, "useful_work_s": 10.0}
        assert run.finding("recovered") == (
            "It never recovered: 40s after the spike of app had ended it was still down",
            "In the last 10s goodput was 0/s and the p99 of a typical second 4s; before the first event it was 100/s "
            "and 100ms. What kept it down: retries, which made 4 attempts of each request (400/s in all, where api can "
            "do 200/s) and a queue at api so long that it worked for callers who had gone (90% of all work in the run "
            "was for nobody). At the end 9,800 requests waited, 200 more every second.",
        )

    def test_by_itself(self, story):
        """It is well within a second: there is nothing more to say."""
        run = story(self.SPIKE)
        run.event("spike", "app", 10.0, 20.0, recovery_s=0.75)
        assert run.finding("recovered") == (
            "It recovered by itself, 750ms after the spike of app had ended",
            "In the last 10s goodput was 100/s and the p99 of a typical second 100ms; before the first event it was "
            "100/s and 100ms.",
        )

    def test_after_load_was_shed(self, story):
        """Down until the traffic falls to a fifth at 40 s; then all is well."""
        run = story(self.SPIKE)
        run.event("spike", "app", 10.0, 20.0, failover_s=None, recovery_s=None)
        run.users(10, 45, timeout=100)
        run.users(40, 45, timeout=20)
        run.users(40, 60, offered=20, ended=20, attempts=20)
        title, text = run.finding("recovered")
        assert title == "It recovered after load was shed, 25s after the spike of app had ended"
        assert "Before it was back, the traffic fell to 20/s, from 100/s before." in text

    def test_it_was_on_its_way(self, story):
        """The queue has shrunk to a quarter when the run ends, by 10 a second: neither never nor recovered."""
        run = story(self.SPIKE)
        run.event("spike", "app", 10.0, 20.0, failover_s=None, recovery_s=None)
        run.users(10, 60, timeout=50, p99=1.0)
        for second in range(20, 60):
            run.place("api", 0, second, second + 1, queue=10.0 * (73 - second))
        assert run.finding("recovering") == (
            "It was still recovering when the run ended, 40s after the spike of app had ended",
            "In the last 10s goodput was 50/s and the p99 of a typical second 1s; before the first event it was 100/s "
            "and 100ms. There is no verdict: its queues were still draining when the run ended, and a longer run "
            "tells how that ends.",
        )

    def test_no_verdict(self, story):
        """A fault that is not over leaves nothing to recover from."""
        run = story(SCENARIO + "events: [{at: 20s, crash: 'api[0]'}]\n")
        run.event("crash", "api[0]", 20.0, None)
        assert run.finding("recovers") == (
            "Whether it recovers by itself cannot be said",
            "The crash of api[0] lasts to the end of the run.",
        )


class TestLoad:
    """Retries, balancing, what was left over, closed loops, warm-up."""

    def test_retries(self, story):
        """Every request is sent twice for ten seconds, and a fifth of the work is for nobody."""
        run = story()
        run.users(20, 30, attempts=200)
        run.work = {"wasted_work_s": 20.0, "useful_work_s": 80.0}
        assert run.finding("Retries sent") == (
            "Retries sent each request 1.17 times, and 20% of all work was for nobody",
            "Of 7,000 attempts 6,000 ended in a success; in the worst five seconds, from 20s on, there were 2 attempts "
            "per request. Servers spent 20s of 100s on attempts whose answer nobody used.",
        )

    def test_layers_of_retries(self, story):
        """Sixteen errors for each failed request are more than one layer makes."""
        run = story()
        run.users(20, 30, upstream_error=10)
        run.counters["api"]["errors"] = 1600
        assert run.finding("layer to layer")[1] == (
            "api answered 1,600 calls with an error, 16 for each of the 100 failed requests: all of them attempts of "
            "the layers below."
        )

    def test_an_instance_got_more_than_its_share(self, story):
        """One instance served three of four requests."""
        run = story()
        served = run.counters["api"]["instances"]
        served["api[0]"] |= {"served": 4500, "utilization": 0.97, "outstanding_max": 80}
        served["api[1]"] |= {"served": 1500, "utilization": 0.32}
        assert run.finding("its share") == (
            "api[0] got 1.5 times its share of the requests to api",
            "round_robin gave it 75%, where 50% is its share. It was 97% busy with up to 80 requests inside, api[1] "
            "32%.",
        )

    def test_a_share_in_proportion_to_the_weight_is_fair(self, story):
        """Three quarters for a weight of three, by an algorithm that reads weights."""
        run = story(SCENARIO.replace("workers: 2,", "workers: 2, balancer: weighted_round_robin, weight: [3, 1],"))
        run.counters["api"]["instances"]["api[0]"]["served"] = 4500
        run.counters["api"]["instances"]["api[1]"]["served"] = 1500
        assert not [each for each in run.findings() if "share" in each.title]

    def test_an_equal_share_was_too_much(self, story):
        """What an instance was given is what it served and what is left in it: it got half, more than it can do."""
        run = story()
        run.counters["api"]["instances"]["api[1]"] |= {"served": 1000, "outstanding_max": 2000}
        run.place("api", 1, 0, 60, utilization=1.0)
        run.place("api", 1, 59, 60, outstanding=2001.0)
        assert run.finding("more than it can do") == (
            "api[1] got an equal share, more than it can do",
            "round_robin gave 50% of the requests to api[1], 100% busy in the last quarter with up to 2,000 requests "
            "inside, while api[0] was 50% busy.",
        )

    def test_requests_that_had_not_ended(self, story):
        """A twentieth is left, older than p99, and the queue grows by 10 a second."""
        run = story()
        run.in_flight, run.oldest = 300, 12.0
        for second in range(60):
            run.place("api", 0, second, second + 1, queue=10.0 * second)
        assert run.finding("p99 is flattering") == (
            "p99 is flattering: 5% of the requests had not ended",
            "p99 is of those that ended; 300 were still in flight, the oldest for 12s, longer than the p99 of 100ms. "
            "In the last quarter queues grew by 10 requests a second at api: a longer run has a longer p99.",
        )

    def test_coordinated_omission(self, story):
        """For three seconds users who wait send 5 requests a second instead of 100."""
        run = story(
            SCENARIO.replace("components:", "  test: {traffic: {users: 10, think: 80ms}, to: api}\ncomponents:")
        )
        run.users(20, 23, client="test", offered=5, ended=5, attempts=5)
        run.clients["app"] = {"latency_s": {"all": FIGURES | {"p99": 2.0}}}
        assert run.finding("omission") == (
            "test left out 285 requests while the system was slow (coordinated omission)",
            "test waits for its answers: in 3s, from 20s on, it sent 15 requests, where its usual 100/s make 300. Its "
            "p99 is 100ms; that of app, which does not wait, is 2s, 20 times as long.",
        )

    def test_the_warm_up_was_too_short(self, story):
        """Five seconds of an empty system are in what was measured."""
        run = story()
        run.place("api", 0, 0, 5, outstanding=0.0)
        run.place("api", 1, 0, 5, outstanding=0.0)
        assert run.finding("warm-up") == (
            "The warm-up of 0s was too short: it takes 5s",
            "From 0s to 5s 0 requests were inside the components on average, later 2; what was measured mixes both.",
        )
        run.warmup = 5.0
        assert not [each for each in run.findings() if "warm-up" in each.title]

    def test_failures_without_events(self, story):
        """A tenth is invalid, and the service says so."""
        run = story()
        run.users(0, 60, invalid=10)
        run.counters["api"]["refused"] = 600
        assert run.finding("of the requests failed") == (
            "10% of the requests failed, all as invalid",
            "They were 600 of app; api turned 600 calls away.",
        )

    def test_a_component_that_nobody_reaches(self, story):
        """It is told whether that is so on paper as well."""
        run = story(SCENARIO + "  spare: {kind: service, work: 5ms}\n")
        run.counters["spare"]["offered"] = 0
        assert run.finding("No request") == (
            "No request reached spare",
            "On paper none does: no route, call or miss of this traffic leads there.",
        )


class TestFanOut:
    """Requests that wait for the slowest of several calls."""

    PAGES = """\
scenario: Pages
duration: 60s
clients:
  app: {traffic: {rate: 100/s}, requests: [{send: GET /one}, {send: GET /ten}], to: page}
components:
  page:
    kind: service
    workers: 100
    endpoints:
      - {match: "/one", steps: [{parallel: [{call: leaf}]}]}
      - {match: "/ten", steps: [{parallel: [{call: leaf, times: 10}]}]}
  leaf: {kind: external, latency: 10ms}
"""

    @staticmethod
    def route(p50: float) -> dict[str, Any]:
        """A route's block in the summary."""
        return {"requests": {"completed": 3000}, "latency_s": {"all": FIGURES | {"p50": p50}}}

    def test_more_calls_make_a_slower_median(self, story):
        """The routes stand side by side."""
        run = story(self.PAGES)
        run.routes = {"GET /one": self.route(0.01), "GET /ten": self.route(0.04)}
        assert run.finding("waits for the slowest") == (
            "GET /ten waits for the slowest of 10 calls to leaf: its median is 40ms",
            "GET /one makes 1 call at once: p50 10ms, p95 60ms, p99 100ms; GET /ten makes 10 calls at once: p50 40ms, "
            "p95 60ms, p99 100ms.",
        )

    def test_where_they_do_not_nothing_is_said(self, story):
        """As fast with ten calls as with one; or everybody makes as many."""
        run = story(self.PAGES)
        run.routes = {"GET /one": self.route(0.01), "GET /ten": self.route(0.011)}
        assert not [each for each in run.findings() if "waits for the slowest" in each.title]
        run = story(self.PAGES.replace(", times: 10", ""))
        run.routes = {"GET /one": self.route(0.0), "GET /ten": self.route(0.0)}
        assert not [each for each in run.findings() if "waits for the slowest" in each.title]


class TestCaches:
    """Stampedes and hit ratios."""

    CACHED = """\
scenario: A cache
duration: 60s
clients:
  app: {traffic: {rate: 100/s}, to: web}
components:
  web: {kind: service, workers: 100, steps: [{read_through: {cache: cache, origin: db}}]}
  cache: {kind: cache, ttl: 10s}
  db: {kind: database, connections: 10, work: 5ms}
"""

    def test_a_stampede(self, story):
        """Five expiries of one item, and forty equal fetches each."""
        run = story(self.CACHED)
        run.counters["cache"] |= {"hits": 5800, "misses": 200, "stale": 0, "hit_ratio": 0.967}
        run.counters["cache"] |= {"expirations": 5, "evictions": 0, "items": 1}
        run.counters["db"]["queue_max"] = 30
        run.counters["db"]["instances"]["db"]["outstanding_max"] = 40
        assert run.finding("stampede") == (
            "cache sets off stampedes: 40 fetches for each expiry",
            "It missed 200 times while 5 items expired: nobody waits for a fetch that is under way (coalesce is off). "
            "Up to 40 fetches were at db at once; the longest queue of all was at db, with 30.",
        )

    def test_a_cache_that_works(self, story):
        """As many misses as items came and went are no stampede."""
        run = story(self.CACHED)
        run.counters["cache"] |= {"hits": 5900, "misses": 100, "stale": 0, "hit_ratio": 0.9833}
        run.counters["cache"] |= {"expirations": 50, "evictions": 0, "items": 50}
        assert run.finding("look-ups") == (
            "Share of look-ups that caches answered: 98% at cache",
            "Of 6,000 look-ups cache answered 98% (99.9% on paper).",
        )

    def test_a_flush_of_a_cdn(self, story):
        """Nine of ten answers come from the CDN, after the flush none for five seconds."""
        run = story(
            """\
scenario: A CDN
duration: 60s
clients:
  app: {traffic: {rate: 100/s}, to: edge}
components:
  edge: {kind: cdn, cache: {ttl: 1h}, to: web}
  web: {kind: service, workers: 100, work: 5ms}
events: [{at: 30s, flush: edge}]
"""
        )
        run.event("flush", "edge", 30.0, 30.0)
        run.users(0, 60, cached=90)
        run.timeline["ok"] = 10
        run.users(30, 35, cached=0)
        assert run.finding("off the cache") == (
            "The flush of edge took 90% of the answers off the cache",
            "In the five seconds before 30s 90% of all answers came from it, in the five after 0%, in the worst second "
            "0%.",
        )


class TestObjectives:
    """What was missed, and by how much."""

    @pytest.mark.parametrize(
        ("objective", "actual", "met", "sentences"),
        [
            (
                "app p99 < 50ms",
                0.1,
                False,
                (
                    "Objective missed: app p99 < 50ms, actual 100ms",
                    "That is 2 times the target of 50ms. Of the time of such requests 100% is service.",
                ),
            ),
            (
                "availability >= 99%",
                0.95,
                False,
                (
                    "Objective missed: availability >= 99%, actual 95%",
                    "That is 4 percentage points below 99%. Of 300 failed requests 300 ended as invalid.",
                ),
            ),
            (
                "crash recovery < 5s",
                None,
                False,
                ("Objective missed: crash recovery < 5s, actual never", "It never came about within the run."),
            ),
            ("p99 < 200ms", 0.1, True, ("The objective was met", "p99 < 200ms (actual 100ms).")),
        ],
    )
    def test_each(self, story, objective, actual, met, sentences):
        """One sentence on the distance, one on what makes it."""
        run = story()
        run.users(0, 60, invalid=5)
        run.objectives = [{"objective": objective, "actual": actual, "met": met}]
        assert run.finding("bjective") == sentences


@pytest.mark.parametrize(
    ("trials", "title", "text"),
    [
        (
            [(2.0, 5), (4.0, 5), (5.0, 3), (6.0, 0)],
            "It tips between 4s and 6s of the spike of app",
            "It recovers in 5 of 5 runs at 4s; in 3 of 5 at 5s; never in 5 of 5 at 6s. In the scenario it lasts 10s.",
        ),
        (
            [(0.31, 0), (10.0, 0)],
            "Even 310ms of the spike of app tips it",
            "Never in 5 of 5 at 310ms. In the scenario it lasts 10s.",
        ),
        (
            [(0.31, 4), (0.62, 1), (1.2, 0)],
            "Even 310ms of the spike of app tips it in some runs",
            "It recovers in 4 of 5 at 310ms and in 1 of 5 at 620ms; never in 5 of 5 at 1.2s. In the scenario it lasts "
            "10s.",
        ),
        (
            [(10.0, 5), (320.0, 5)],
            "It recovers even from 320s of the spike of app",
            "It recovers in 5 of 5 runs at 320s. In the scenario it lasts 10s.",
        ),
        (
            [(10.0, 5), (320.0, 1)],
            "Up to 320s of the spike of app chance decides whether it recovers",
            "It recovers in 5 of 5 runs at 10s; in 1 of 5 at 320s. In the scenario it lasts 10s.",
        ),
    ],
)
def test_the_tipping_point(story, trials, title, text):
    """Both sides of it, and what lies between, if the search found them."""
    trigger = find_trigger(story(TestRecovery.SPIKE).scenario)
    found = tipping_point(Tipping(trigger, [Trial(size, recovered, 5) for size, recovered in trials]))
    assert (found.title, found.text) == (title, text)


def test_the_heaviest_comes_first(story):
    """What is broken stands before what costs, and that before what is well."""
    run = story()
    run.objectives = [{"objective": "p99 < 50ms", "actual": 0.1, "met": False}]
    run.users(20, 30, attempts=200)
    weights = [each.weight for each in run.findings()]
    assert weights == sorted(weights)
    assert {Weight.BROKEN, Weight.COST, Weight.NOTE} <= set(weights)


def test_wording():
    """Numbers as sentences have them."""
    assert [percent(ratio) for ratio in (0.0, 0.0042, 0.125, 0.65, 0.994, 0.9999, 1.0)] == [
        "0%", "0.42%", "12.5%", "65%", "99%", "99.9%", "100%",
    ]  # fmt: skip
    assert [times(ratio) for ratio in (1.04, 4.44, 2912.0)] == ["1", "4.4", "2,900"]
    assert [number(value) for value in (7.0, 41.31, 14_491.4)] == ["7", "41.3", "14,491"]
    assert [counted(1, "request"), counted(2, "fetch"), counted(1500, "call")] == [
        "1 request",
        "2 fetches",
        "1,500 calls",
    ]
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert instances("api", [4, 0, 5, 6]) == "api[0] and api[4..6]"
    assert instances("db", [-1]) == "db"
    assert [from_to([0.5, 0.2, 0.6]), from_to([0.5])] == ["20% to 60%", "50%"]
