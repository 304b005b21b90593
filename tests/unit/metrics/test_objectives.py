"""Objectives: what they may say, what they are measured against, and what a mistake is told."""

import numpy as np
import pytest

from sim.metrics import METRICS, Event, Regions, parse_objective, summarize

LIKE = "an objective is written like p99 < 300ms or browser availability >= 99.9%"
SUBJECTS = {
    "browser": "client",
    "GET /search": "route",
    "api": "component",
    "search_cache": "component",
    "crash": "event",
}


@pytest.mark.parametrize(
    ("text", "subject", "metric", "operator", "target"),
    [
        ("p99 < 300ms", None, "p99", "<", 0.3),
        ("p999<=2s", None, "p999", "<=", 2.0),
        ("browser availability >= 99.9%", "browser", "availability", ">=", 0.999),
        ("GET /search p50 < 20ms", "GET /search", "p50", "<", 0.02),
        ("crash recovery < 15s", "crash", "recovery", "<", 15.0),
        ("duplicate_effects == 0", None, "duplicate_effects", "==", 0),
        ("api utilization < 80%", "api", "utilization", "<", 0.8),
        ("goodput > 400/s", None, "goodput", ">", 400.0),
        ("search_cache hit_ratio > 0.6", "search_cache", "hit_ratio", ">", 0.6),
        ("attempts < 1.5", None, "attempts", "<", 1.5),
        ("browser in_flight != 20k", "browser", "in_flight", "!=", 20_000),
        ("wasted_work < 10%", None, "wasted_work", "<", 0.1),
    ],
)
def test_an_objective_is_read(text, subject, metric, operator, target):
    """Subject, metric, comparison and a target in the metric's own unit."""
    objective = parse_objective(text, SUBJECTS)
    assert objective.text == text
    assert (objective.subject, objective.metric, objective.operator) == (subject, metric, operator)
    assert objective.target == pytest.approx(target)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99 300ms", f"'p99 300ms' is not an objective; {LIKE}"),
        ("< 300ms", f"'< 300ms' is not an objective; {LIKE}"),
        ("p99 =< 3s", "'=<' is not a comparison; those are < <= > >= == !="),
        ("p99 = 3s", "'=' is not a comparison; those are < <= > >= == !="),
        ("browser avalability > 99%", "'avalability' is not a metric; did you mean 'availability'?"),
        ("brwser p99 < 1s", "'brwser' is not a client or a route; did you mean 'browser'?"),
        ("GET /serch p99 < 1s", "'GET /serch' is not a client or a route; did you mean 'GET /search'?"),
        ("crsh recovery < 1s", "'crsh' is not an event; did you mean 'crash'?"),
        ("api p99 < 1s", "p99 is a figure of a client or a route; 'api' is a component"),
        ("browser wasted_work < 1%", "wasted_work is a figure of the whole run; 'browser' is a client"),
        ("attempts < 2x", "'2x' is not a plain number; one is written like 2 or 1.5"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_right_word(text, message):
    """Every message says what is wrong and what would have been right."""
    with pytest.raises(ValueError) as error:  # noqa: PT011
        parse_objective(text, SUBJECTS)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99 < 300", "300 needs a unit"),
        ("goodput > 300ms", "300ms is a duration, not a rate"),
        ("availability > 99.9", "more than the whole"),
        ("queue_max < 1.5", "not a whole number"),
    ],
)
def test_a_target_has_the_unit_of_its_metric(text, message):
    """Latencies are durations, goodput is a rate, availability a share, a queue's length a count."""
    with pytest.raises(ValueError, match=message):
        parse_objective(text)


def test_a_figure_of_events_needs_an_event():
    """A recovery cannot be measured where nothing happens."""
    with pytest.raises(ValueError, match=r"^recovery is a figure of an event, and the scenario has none$"):
        parse_objective("recovery < 15s", {"browser": "client"})


def _summary(**parts):
    rates = {"success_ratio": 0.95, "drop_ratio": 0.05, "goodput_rps": 95.0, "throughput_rps": 97.0}
    traffic = {
        "latency_s": {"all": {"p99": 0.25, "max": 1.2}, "ok": {"p99": 0.1}},
        "rates": rates,
        "requests": {"in_flight": 3},
        "attempts": {"per_request": 1.25, "wasted_work_s": 1.0, "useful_work_s": 3.0},
    }
    blocks = {
        "clients": {"browser": {**traffic, "rates": {**rates, "success_ratio": 1.0}}},
        "routes": {"GET /search": {**traffic, "latency_s": {"all": {"p99": None}}}},
        "components": {
            "api": {"utilization": 0.7, "queue_max": 12, "refused": 5, "duplicate_effects": 2},
            "db": {"utilization": 0.9, "queue_max": 3, "refused": 1},
            "search_cache": {"hit_ratio": 0.6},
            "edge": {"hit_ratio": 0.8},
            "emails": {
                "lag_max_s": 12.0,
                "depth": 3,
                "depth_max": 900,
                "dead_letters": 2,
                "redelivered": 6,
                "duplicates": 1,
                "lost": 0,
                "end_to_end_s": {"p50": 0.2, "p99": 11.0},
            },
            "orders": {"lag_max_s": 1.0, "depth": 0, "depth_max": 4, "dead_letters": 1, "end_to_end_s": {"p99": None}},
            "posts@us": {"queue_mean": 1.0, "stale_reads": 3, "writes_refused": 0},
            "posts@eu": {"queue_mean": 2.5, "stale_reads": 4, "writes_refused": 0},
        },
        "events": [
            {"kind": "crash", "detection_s": 3.0, "failover_s": 3.25, "recovery_s": 0.0, "lost": 4},
            {"kind": "crash", "detection_s": 1.0, "failover_s": 2.0, "recovery_s": 9.0, "lost": 2},
            {"kind": "spike", "detection_s": None, "failover_s": None, "recovery_s": None, "lost": 0},
            {"kind": "region_down", "lost": 0, "rto_s": 22.5, "rpo_s": 0.1, "writes_lost": 4},
            {"kind": "partition", "lost": 0, "rto_s": None, "rpo_s": 61.0, "writes_lost": 905},
        ],
    }
    return {**traffic, **blocks, **parts}


@pytest.mark.parametrize(
    ("text", "actual", "met", "shown"),
    [
        ("p99 < 300ms", 0.25, True, "250ms"),
        ("max < 1.2s", 1.2, False, "1.2s"),
        ("availability >= 95%", 0.95, True, "95%"),
        ("browser success_ratio == 100%", 1.0, True, "100%"),
        ("drop_ratio <= 1%", 0.05, False, "5%"),
        ("goodput > 95/s", 95.0, False, "95/s"),
        ("throughput >= 97/s", 97.0, True, "97/s"),
        ("in_flight == 0", 3.0, False, "3"),
        ("browser attempts < 1.5", 1.25, True, "1.25"),
        ("wasted_work < 20%", 0.25, False, "25%"),
        ("GET /search p99 < 1s", None, False, "no data"),
        ("tablet p99 < 1s", None, False, "no data"),
        ("api utilization < 80%", 0.7, True, "70%"),
        ("utilization < 80%", 0.9, False, "90%"),
        ("queue_max <= 12", 12.0, True, "12"),
        ("hit_ratio > 70%", 0.6, False, "60%"),
        ("edge hit_ratio > 70%", 0.8, True, "80%"),
        ("refused < 6", 6.0, False, "6"),
        ("duplicate_effects == 0", 2.0, False, "2"),
        ("crash recovery < 15s", 9.0, True, "9s"),
        ("crash failover < 3s", 3.25, False, "3.25s"),
        ("crash detection < 5s", 3.0, True, "3s"),
        ("crash lost < 6", 6.0, False, "6"),
        ("posts queue_mean < 3", 2.5, True, "2.5"),
        ("emails lag < 30s", 12.0, True, "12s"),
        ("lag < 10s", 12.0, False, "12s"),
        ("emails depth_max < 10k", 900.0, True, "900"),
        ("depth == 0", 3.0, False, "3"),
        ("dead_letters == 0", 3.0, False, "3"),
        ("emails messages_lost == 0", 0.0, True, "0"),
        ("emails end_to_end_p50 < 1s", 0.2, True, "200ms"),
        ("emails end_to_end_p99 < 10s", 11.0, False, "11s"),
        ("orders end_to_end_p99 < 10s", None, False, "no data"),
        ("emails redelivered < 10", 6.0, True, "6"),
        ("emails duplicates == 0", 1.0, False, "1"),
        ("posts stale_reads == 0", 7.0, False, "7"),
        ("writes_refused == 0", 0.0, True, "0"),
        ("region_down rto < 30s", 22.5, True, "22.5s"),
        ("partition rto < 30s", None, False, "never"),
        ("region_down rpo < 2s", 0.1, True, "100ms"),
        ("partition writes_lost == 0", 905.0, False, "905"),
        ("spike recovery < 30s", None, False, "never"),
        ("recovery < 30s", None, False, "never"),
        ("hang recovery < 30s", None, False, "never"),
    ],
)
def test_an_objective_is_judged_by_the_summary(text, actual, met, shown):
    """Without a subject the worst component or event counts; counters are added up; never and no data are not met."""
    objective = parse_objective(text)
    assert objective.evaluate(_summary()) == (actual if actual is None else pytest.approx(actual), met)
    assert objective.format_actual(actual) == shown


def test_what_is_overdue_counts_as_failed(run):
    """A hundred requests end in 10 ms; of fifty more one was sent just before the end, and the others long before."""
    ended = [{"arrived": 0.05 * number, "latency": 0.01} for number in range(100)]
    flying = [{"arrived": 5.0 + 0.05 * number} for number in range(49)]
    texts = ["availability >= 99.9%", "drop_ratio < 50%", "web success_ratio > 0%", "in_flight == 0"]
    summary = summarize(run([*ended, *flying, {"arrived": 9.995}], objectives=texts))
    assert summary["rates"]["success_ratio"] == 1.0
    assert [(row["actual"], row["met"], row.get("overdue")) for row in summary["objectives"]] == [
        (pytest.approx(100 / 149), False, 49),
        (pytest.approx(49 / 149), True, 49),
        (pytest.approx(100 / 149), True, 49),
        (50, False, None),
    ]


def test_the_worst_for_equality_is_what_lies_farthest_from_the_target():
    """Queues of 12 and 3 where 10 is asked for: 3 is farther off."""
    assert parse_objective("queue_max == 10").evaluate(_summary())[0] == 3.0


def test_every_metric_finds_its_figure_in_a_real_summary(run):
    """The names of the summary's keys and those that metrics read are the same."""
    components = {
        "cache": {
            "utilization": 0.5,
            "queue_mean": 0.1,
            "queue_max": 2,
            "refused": 0,
            "duplicate_effects": 0,
            "hits": 1,
            "misses": 1,
            "stale_reads": 0,
            "split_brain_writes": 0,
            "writes_refused": 0,
            "lag_max_s": 1.0,
            "depth": 0,
            "depth_max": 0,
            "dead_letters": 0,
            "redelivered": 0,
            "duplicates": 0,
            "lost": 0,
            "end_to_end_s": {"p50": 1.0, "p99": 1.0},
        }
    }
    steered = np.repeat(np.array([1, 2], dtype=np.uint8), 500)
    summary = summarize(
        run(
            [{"arrived": number / 100, "latency": 0.01} for number in range(1000)],
            components=components,
            events=[
                Event("crash", "cache", 5.0, 9.0, 5.5, rto=1.0, rpo=0.0, writes_lost=0, ways=((None, "us"),)),
            ],
            useful=[1.0],
            regions=Regions(["us", "eu"], [None, None], np.array([1]), steered, steered),
        )
    )
    spelled = {"duration": "1s", "share": "1%", "rate": "1/s"}
    for name, metric in METRICS.items():
        unit = metric.unit.parse.__name__.removeprefix("parse_")
        actual, _ = parse_objective(f"{name} < {spelled.get(unit, '1')}").evaluate(summary)
        assert actual is not None, name
