"""Second by second: who sent what, what ended, what the components did."""

import numpy as np
import pytest

from sim.metrics import SAMPLE_TYPE, components_timeline, timeline
from sim.request import Outcome

REQUESTS = [
    {"arrived": 0.2, "latency": 0.1},
    {"arrived": 0.9, "latency": 0.4, "outcome": "timeout", "client": "app"},
    {"arrived": 1.0, "latency": 0.2},
    {"arrived": 1.1, "latency": 0.6, "attempts": 2},
    {"arrived": 2.3, "client": "app"},
]


@pytest.fixture
def rows(run):
    """Five requests of two clients in two and a half seconds, warm-up included."""
    return timeline(run(REQUESTS, duration=2.5, warmup=1.0, clients=("web", "app")))


def test_there_is_a_row_for_each_second_and_client(rows):
    """The last, partial second has its rows too."""
    assert list(zip(rows["t_s"], rows["client"], strict=True)) == [
        (0, "web"),
        (0, "app"),
        (1, "web"),
        (1, "app"),
        (2, "web"),
        (2, "app"),
    ]
    assert list(rows.columns) == [
        *("t_s", "client", "offered", "ended"),
        *(outcome.word for outcome in Outcome),
        *("p50", "p95", "p99", "attempts"),
    ]


def test_requests_count_when_they_arrive_and_again_when_they_end(rows):
    """The app's time-out was offered in second 0 and ended in second 1; its last request has not ended."""
    assert list(rows["offered"]) == [1, 1, 2, 0, 0, 1]
    assert list(rows["ended"]) == [1, 0, 2, 1, 0, 0]
    assert list(rows["ok"]) == [1, 0, 2, 0, 0, 0]
    assert list(rows["timeout"]) == [0, 0, 0, 1, 0, 0]
    assert list(rows["attempts"]) == [1, 1, 3, 0, 0, 1]


def test_percentiles_are_of_what_ended_in_the_second(rows):
    """Of 0.2 s and 0.6 s the median is 0.4 s; a second in which nothing ended has none."""
    assert rows["p50"].tolist() == pytest.approx([0.1, np.nan, 0.4, 0.4, np.nan, np.nan], nan_ok=True)
    assert rows["p99"].tolist() == pytest.approx([0.1, np.nan, 0.596, 0.4, np.nan, np.nan], nan_ok=True)


def test_percentiles_are_those_of_the_summary(run):
    """Many random latencies in one second: the same percentiles as numpy's."""
    latencies = np.random.default_rng(1).exponential(0.1, 500)
    rows = timeline(run([{"arrived": 0.0, "latency": float(latency)} for latency in latencies], duration=10.0))
    first = latencies[latencies < 1.0]
    assert rows.loc[0, ["p50", "p95", "p99"]].tolist() == pytest.approx(np.quantile(first, [0.5, 0.95, 0.99]).tolist())


def test_an_end_at_the_runs_end_belongs_to_the_last_second(run):
    """Rounding may put an end exactly on the border."""
    rows = timeline(run([{"arrived": 1.5, "latency": 0.5}], duration=2.0))
    assert rows["ended"].tolist() == [0, 1]


def test_a_run_without_requests_has_empty_seconds(run):
    """Nobody came for three seconds."""
    rows = timeline(run([], duration=3.0))
    assert rows["offered"].tolist() == [0, 0, 0]
    assert rows["p99"].isna().all()


def test_samples_are_dated_by_the_start_of_their_second(run):
    """The samples at 1 s and 1.5 s speak of the seconds that began at 0 s and 1 s."""
    samples = np.array(
        [
            (1.0, 0, 1, 0.5, 2.0, 3.0),
            (1.0, 1, 1, 0.25, 0.0, 1.0),
            (1.5, 0, 0, 0.0, 0.0, 0.0),
            (1.5, 1, 1, 1.0, 4.0, 6.0),
        ],
        dtype=SAMPLE_TYPE,
    )
    rows = components_timeline(run([], duration=1.5, places=[("api", 0), ("db", -1)], samples=samples))
    assert [tuple(row) for row in rows.itertuples(index=False)] == [
        (0, "api", 0, 1, 0.5, 2.0, 3.0),
        (0, "db", -1, 1, 0.25, 0.0, 1.0),
        (1, "api", 0, 0, 0.0, 0.0, 0.0),
        (1, "db", -1, 1, 1.0, 4.0, 6.0),
    ]
    assert list(rows.columns) == ["t_s", "component", "instance", "up", "utilization", "queue", "outstanding"]


def test_a_run_without_components_has_no_samples(run):
    """A table without rows keeps its columns."""
    assert components_timeline(run([])).shape == (0, 7)
