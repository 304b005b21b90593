"""A run summed up: every figure of these small runs can be checked on paper."""

import json
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.metrics import ConservationError, Event, summarize
from sim.request import LEDGER, Outcome

DAY = [
    {"arrived": 1.0, "latency": 9.0, "outcome": "timeout"},  # during warm-up
    {"arrived": 2.0, "latency": 0.1},
    {"arrived": 3.0, "latency": 0.2, "outcome": "cached", "client": "app", "route": "POST /pay"},
    {"arrived": 4.0, "latency": 0.3, "outcome": "degraded", "attempts": 2},
    {"arrived": 5.0, "latency": 1.0, "outcome": "timeout", "attempts": 3},
    {"arrived": 6.0, "latency": 0.4, "outcome": "shed", "client": "app", "route": "POST /pay"},
    {"arrived": 7.0, "client": "app", "route": "POST /pay"},
    {"arrived": 9.5},
]


@pytest.fixture
def day(run):
    """Seven requests after a warm-up of two seconds, two of them still in flight at the end."""
    return run(
        DAY,
        duration=12.0,
        warmup=2.0,
        clients=("web", "app"),
        routes=("GET /", "POST /pay"),
        wasted=[1.0, 0.5],
        useful=[3.0, 1.5],
    )


def test_every_request_after_warm_up_is_counted_once(day):
    """Five of the seven ended, three of them well; the oldest of the other two was sent five seconds before the end."""
    assert summarize(day)["requests"] == {
        "offered": 7,
        "completed": 5,
        "ok": 3,
        "in_flight": 2,
        "oldest_in_flight_s": 5.0,
        "overdue": 2,
        "by_outcome": {"ok": 1, "cached": 1, "degraded": 1, "timeout": 1, "shed": 1},
    }


def test_rates_are_over_the_time_after_warm_up(day):
    """In ten seconds seven were offered, four answered (a time-out is no answer) and three succeeded."""
    assert summarize(day)["rates"] == {
        "offered_rps": 0.7,
        "throughput_rps": 0.4,
        "goodput_rps": 0.3,
        "success_ratio": 0.6,
        "drop_ratio": 0.4,
    }


def test_latencies_are_of_everything_that_ended_and_of_successes_apart(day):
    """The time-out and the shed request are in `all` only."""
    latency = summarize(day)["latency_s"]
    assert latency["all"]["mean"] == pytest.approx(0.4)
    assert (latency["all"]["p50"], latency["all"]["max"]) == (0.3, 1.0)
    assert latency["ok"]["mean"] == pytest.approx(0.2)
    assert (latency["ok"]["p50"], latency["ok"]["max"]) == (0.2, 0.3)


def test_percentiles_are_interpolated_between_neighbours(run):
    """Of latencies 0, 1, … 100 s the p99 is 99 s, and p999 lies nine tenths of the way from 99 s to 100 s."""
    latency = summarize(run([{"arrived": 0.0, "latency": float(number)} for number in range(101)]))["latency_s"]["all"]
    assert list(latency.values()) == pytest.approx([50.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0])


def test_attempts_are_those_of_the_requests_that_count(day):
    """One, one, two, three, one, one and one attempts for seven requests, and the work of the servers."""
    assert summarize(day)["attempts"] == {
        "total": 10,
        "per_request": pytest.approx(10 / 7),
        "wasted_work_s": 1.5,
        "useful_work_s": 4.5,
    }


def test_a_retry_after_warm_up_of_a_request_before_it_does_not_count(run):
    """Warm-up is cut by arrival: the first request's second attempt is sent after it, and is not the second's."""
    early, late = {"arrived": 1.0, "latency": 2.5, "attempts": 2}, {"arrived": 3.0, "latency": 0.1}
    result = run([early, late], warmup=2.0, attempt_starts=[np.array([1.0, 3.0, 3.2])])
    assert summarize(result)["attempts"]["total"] == 1
    assert summarize(result)["clients"]["web"]["attempts"]["total"] == 1


def test_clients_and_routes_have_the_same_blocks(day):
    """The app sent all payments, so its figures and those of the route agree."""
    summary = summarize(day)
    app, pay = summary["clients"]["app"], summary["routes"]["POST /pay"]
    assert app["requests"]["by_outcome"] == {"cached": 1, "shed": 1}
    assert app["attempts"] == {"total": 3, "per_request": 1.0, "wasted_work_s": 0.5, "useful_work_s": 1.5}
    assert app["latency_s"]["attempt"]["max"] == pytest.approx(0.4)
    for block in ("requests", "rates", "time_ledger"):
        assert pay[block] == app[block]
    assert pay["attempts"] == {"total": 3, "per_request": 1.0}
    assert summary["clients"]["web"]["requests"]["offered"] == summary["routes"]["GET /"]["requests"]["offered"] == 4


def test_the_keys_are_those_of_summary_json(day):
    """A report may rely on every key, in this order, and on json being able to write it."""
    summary = summarize(day)
    assert list(json.loads(json.dumps(summary, allow_nan=False))) == [
        "scenario",
        "seed",
        "duration_s",
        "warmup_s",
        "requests",
        "latency_s",
        "rates",
        "attempts",
        "time_ledger",
        "clients",
        "routes",
        "components",
        "events",
        "regions",
        "objectives",
        "engine",
    ]


def test_no_data_is_none(run):
    """A run in which nobody came has no latency, no ratio and no ledger, and no figure is NaN."""
    summary = summarize(run([]))
    assert summary["requests"]["offered"] == 0
    assert summary["requests"]["oldest_in_flight_s"] is None
    assert set(summary["latency_s"]["all"].values()) == {None}
    assert set(summary["time_ledger"]["p99"].values()) == {None}
    assert summary["rates"]["offered_rps"] == 0.0
    assert summary["rates"]["success_ratio"] is None
    assert summary["attempts"]["per_request"] is None
    assert summary["engine"] == {"events": None, "requests_per_cpu_s": None, "cpu_s": None, "wall_s": None}


def test_a_request_without_a_known_end_breaks_the_books(run):
    """An outcome that does not exist means that a request was lost."""
    result = run([{"arrived": 1.0, "latency": 0.1}, {"arrived": 2.0, "latency": 0.1}])
    result.requests["outcome"][1] = 99
    with pytest.raises(ConservationError, match="2 requests offered, but 1 ended and 0 are in flight"):
        summarize(result)


def test_a_request_of_nobody_breaks_the_books(run):
    """Requests of clients that do not exist must not vanish from the figures by client."""
    result = run([{"arrived": 1.0, "latency": 0.1}])
    result.requests["client"][0] = 7
    with pytest.raises(ConservationError, match="1 requests belong to no client"):
        summarize(result)


def test_a_cohort_is_as_large_as_it_says_where_latencies_are_equal(run):
    """Of 201 requests 198 take 10 ms in service and three 1 s in a queue: one and two are ranks 197 to 199."""
    quick = [{"arrived": 0.04 * number, "latency": 0.01} for number in range(198)]
    slow = [{"arrived": 8.0 + 0.1 * number, "latency": 1.0, "ledger": {"queue": 1.0}} for number in range(3)]
    ledgers = summarize(run([*quick, *slow]))["time_ledger"]
    assert ledgers["p99"]["queue"] == pytest.approx(2 / 3)
    assert ledgers["p99"]["service"] == pytest.approx(0.01 / 3)
    assert ledgers["p99"]["total"] == pytest.approx(2.01 / 3)
    assert ledgers["p50"] == {
        "network": 0.0,
        "queue": 0.0,
        "service": pytest.approx(0.01),
        "backoff": 0.0,
        "policy": 0.0,
        "total": pytest.approx(0.01),
    }


def test_cohorts_of_the_ledger_lie_around_their_percentile(run):
    """Requests take 1 … 1000 ms: those around the median wait for a worker, the slowest back off, others are served."""

    def ledger(number):
        if 450 <= number <= 551:
            return {"queue": number / 1000}
        if number > 980:
            return {"network": 0.1, "backoff": number / 1000 - 0.1}
        return {"service": number / 1000}

    requests = [{"arrived": 0.0, "latency": number / 1000, "ledger": ledger(number)} for number in range(1, 1001)]
    ledgers = summarize(run(requests))["time_ledger"]
    assert ledgers["p50"]["queue"] == pytest.approx(0.5, abs=0.002)
    assert ledgers["p50"]["total"] == pytest.approx(0.5, abs=0.002)
    assert ledgers["p99"] == {
        "network": pytest.approx(0.1),
        "queue": 0.0,
        "service": 0.0,
        "backoff": pytest.approx(0.89, abs=0.001),
        "policy": 0.0,
        "total": pytest.approx(0.99, abs=0.001),
    }
    assert ledgers["mean"]["total"] == pytest.approx(0.5005)


def test_a_cache_has_a_hit_ratio(run):
    """Stale answers are answers: seven of ten look-ups did not go to the origin; an idle cache has no ratio."""
    components = {
        "cache": {"kind": "cache", "hits": np.int64(5), "stale": 2, "misses": 3},
        "idle": {"kind": "cache", "hits": 0, "misses": 0},
        "api": {"kind": "service", "utilization": nan, "instances": {"api[0]": {"utilization": np.float32(0.5)}}},
    }
    summary = summarize(run([], components=components))["components"]
    counters = {key: summary["cache"][key] for key in ("hits", "stale", "misses", "hit_ratio")}
    assert counters == {"hits": 5, "stale": 2, "misses": 3, "hit_ratio": 0.7}
    assert summary["idle"]["hit_ratio"] is None
    assert summary["api"]["utilization"] is None
    assert summary["api"]["instances"] == {"api[0]": {"utilization": 0.5}}


def test_every_component_has_the_same_figures(run):
    """A firewall has no workers and no queue, and says so; a reader of summary.json need not know its kind."""
    counters = {"kind": "waf", "offered": 9, "refused": 2, "blocked": 2}
    assert summarize(run([], components={"waf": counters}))["components"]["waf"] == {
        "kind": "waf",
        "utilization": None,
        "queue_mean": None,
        "queue_max": None,
        "offered": 9,
        "served": None,
        "refused": 2,
        "blocked": 2,
        "instances": {},
    }


def test_events_tell_when_somebody_noticed(run):
    """A crash at 5 s was noticed at 8 s; nobody noticed the deploy, which was not over at the end."""
    events = [Event("crash", "api", 5.0, 9.0, detected=8.0, lost=3), Event("deploy", "api", 6.0, None)]
    requests = [{"arrived": number / 100, "latency": 0.01} for number in range(1000)]
    crash, deploy = summarize(run(requests, events=events))["events"]
    assert crash == {
        "kind": "crash",
        "target": "api",
        "start_s": 5.0,
        "end_s": 9.0,
        "detection_s": 3.0,
        "failover_s": 0.0,
        "recovery_s": 0.0,
        "moved_of": None,
        "moved_10_s": None,
        "moved_50_s": None,
        "moved_99_s": None,
        "unknown": [],
        "lost": 3,
        "requests_lost": 0,
        "reactions": [],
    }
    assert (deploy["end_s"], deploy["detection_s"], deploy["recovery_s"]) == (None, None, None)


def test_a_recovery_of_which_nobody_can_tell_is_neither_never_nor_at_once(run):
    """The run ends with the crash: its recovery is unknown, and an objective on it is missed for that reason."""
    requests = [{"arrived": number / 100, "latency": 0.01} for number in range(1000)]
    events = [Event("crash", "api", 5.0, 10.0), Event("hang", "api", 5.0, None)]
    summary = summarize(run(requests, events=events, objectives=["crash recovery < 5s", "hang recovery < 5s"]))
    assert [event["unknown"] for event in summary["events"]] == [["recovery_s"], []]
    assert [row.get("missing") for row in summary["objectives"]] == ["too little data", None]
    assert not any(row["met"] for row in summary["objectives"])


def test_objectives_are_judged(run):
    """One is met, one is missed, and one is about a client that sent nothing."""
    requests = [{"arrived": number / 10, "latency": 0.5} for number in range(10)]
    summary = summarize(
        run(requests, clients=("web", "app"), objectives=["p99 < 300ms", "web availability >= 99%", "app p50 < 1s"])
    )
    assert summary["objectives"] == [
        {"objective": "p99 < 300ms", "actual": 0.5, "met": False},
        {"objective": "web availability >= 99%", "actual": 1.0, "met": True},
        {"objective": "app p50 < 1s", "actual": None, "met": False},
    ]


def test_the_engine_is_measured_in_requests_per_cpu_second(run):
    """All requests were simulated, those of warm-up too."""
    result = run(
        [{"arrived": 1.0, "latency": 0.1}] * 50, warmup=5.0, engine={"events": 400, "cpu_s": 0.5, "wall_s": 0.6}
    )
    assert summarize(result)["engine"] == {"events": 400, "requests_per_cpu_s": 100.0, "cpu_s": 0.5, "wall_s": 0.6}


REQUESTS = st.lists(
    st.fixed_dictionaries(
        {
            "arrived": st.floats(0.0, 9.0),
            "ledger": st.fixed_dictionaries({part: st.floats(0.0, 5.0) for part in LEDGER}),
            "outcome": st.sampled_from([outcome.word for outcome in Outcome]),
            "client": st.sampled_from(["web", "app"]),
        },
        optional={"in_flight": st.just(True)},
    ),
    max_size=40,
)


def _sorted_run(run, requests, **parts):
    rows = []
    for request in sorted(requests, key=lambda request: request["arrived"]):
        row = {key: value for key, value in request.items() if key != "in_flight"}
        if not request.get("in_flight"):
            row["latency"] = sum(request["ledger"].values())
        rows.append(row)
    return run(rows, clients=("web", "app"), **parts)


@given(requests=REQUESTS)
def test_the_parts_of_every_ledger_add_up_to_its_total(run, requests):
    """Whatever the requests went through, each cohort's parts are its mean latency; the mean's total is the mean."""
    summary = summarize(_sorted_run(run, requests))
    for block in (summary, *summary["clients"].values(), *summary["routes"].values()):
        for ledger in block["time_ledger"].values():
            if ledger["total"] is not None:
                assert sum(ledger[part] for part in LEDGER) == pytest.approx(ledger["total"])
        assert block["time_ledger"]["mean"]["total"] == pytest.approx(block["latency_s"]["all"]["mean"])


@given(requests=REQUESTS, warmup=st.floats(0.0, 9.5))
def test_what_clients_and_outcomes_count_adds_up(run, requests, warmup):
    """Offered is the sum of all outcomes and what is in flight, for the run and for each client; clients add up."""
    summary = summarize(_sorted_run(run, requests, warmup=warmup))
    blocks = [summary, *summary["clients"].values()]
    for block in blocks:
        counts = block["requests"]
        assert counts["offered"] == sum(counts["by_outcome"].values()) + counts["in_flight"]
        assert counts["completed"] == counts["offered"] - counts["in_flight"]
    for key in ("offered", "completed", "ok", "in_flight"):
        assert summary["requests"][key] == sum(client["requests"][key] for client in blocks[1:])
