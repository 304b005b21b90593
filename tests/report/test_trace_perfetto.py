"""`trace.json` is what the Trace Event Format says: checked by hand-written rules.

A viewer needs complete events that nest within their track, and arrows whose ends lie within a slice.
"""

import json
from collections import defaultdict

import pytest

from sim.report.trace.perfetto import to_perfetto
from tests.report.trace_examples import SCENARIOS, by_hand, refused, traces_of


def slices(data):
    """The complete events by track, in the order in which they begin, the longer one first."""
    tracks = defaultdict(list)
    for event in data["traceEvents"]:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append(event)
    return tracks


def check(data):
    """What the format demands, and what the viewers need to draw it."""
    assert data["displayTimeUnit"] == "ms"
    named = defaultdict(set)
    arrows = defaultdict(dict)
    for event in data["traceEvents"]:
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event["ts"] >= 0
        if event["ph"] == "M":
            named[event["name"]].add((event["pid"], event["tid"]))
            assert event["args"]
        elif event["ph"] == "X":
            assert {"name", "cat", "ts", "dur", "args"} <= set(event)
            assert event["dur"] >= 0
            assert event["name"]
        else:
            assert event["ph"] in "sf"
            assert event["ph"] == "s" or event["bp"] == "e"
            assert event["ph"] not in arrows[event["id"]], "an arrow has two beginnings"
            arrows[event["id"]][event["ph"]] = event
    tracks = slices(data)
    assert named["thread_name"] == set(tracks), "every track has a name and something to show"
    assert {process for process, _ in named["process_name"]} == {process for process, _ in tracks}
    assert len({track for _, track in tracks}) == len(tracks), "two processes share the number of a track"
    for found in tracks.values():
        check_nesting(found)
    for arrow in arrows.values():
        start, end = arrow["s"], arrow["f"]
        assert start["ts"] <= end["ts"]
        for event in (start, end):
            within = tracks[event["pid"], event["tid"]]
            assert any(s["ts"] <= event["ts"] <= s["ts"] + s["dur"] for s in within), "an arrow hangs in the air"


def check_nesting(events):
    """Events of one track lie within each other or apart."""
    open_until = []
    for event in events:
        start, end = event["ts"], event["ts"] + event["dur"]
        while open_until and open_until[-1] <= start + 1e-6:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + 1e-6, f"{event['name']} overlaps what is above it"
        open_until.append(end)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_format_is_kept(name):
    """Of real traces, with retries, crashes and calls at the same time."""
    data = to_perfetto(traces_of(name), name, 1)
    check(data)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_place_is_left_out(name):
    """Whatever was visited for a request is in its process, from beginning to end."""
    traces = traces_of(name)
    data = to_perfetto(traces, name, 1)
    drawn = sorted(
        (event["name"].partition(" (")[0], event["dur"])
        for events in slices(data).values()
        for event in events
        if event["cat"] == "place"
    )
    visited = sorted(
        (span.name, (span.end - span.start) * 1e6)
        for trace in traces
        for span in trace.root.walk()
        if span.kind == "place"
    )
    assert [name for name, _ in drawn] == [name for name, _ in visited]
    for (_, drawn_for), (_, lasted) in zip(drawn, visited, strict=True):
        assert drawn_for == pytest.approx(lasted, abs=0.002)


def test_a_request_is_a_process_and_reads_from_top_to_bottom():
    """The main track is what the user waited for; what nobody waits for, and the faster call, stand beside it."""
    data = to_perfetto([by_hand()], "shop", 7)
    check(data)
    titles = [e["args"]["name"] for e in data["traceEvents"] if e["name"] == "process_name"]
    assert titles == ["slow #17 GET /search 240ms"]
    names = {e["tid"]: e["args"]["name"] for e in data["traceEvents"] if e["name"] == "thread_name"}
    shown = {
        names[track]: [(e["name"], e["ts"] / 1000, e["dur"] / 1000) for e in events]
        for (_, track), events in slices(data).items()
    }
    assert shown == {
        "request": [
            ("GET /search", 0, 240),
            ("attempt 1 (timeout)", 0, 100),
            ("network: user → api", 0, 10),
            ("backoff: pause", 100, 40),
            ("attempt 2", 140, 100),
            ("network: user → api", 140, 10),
            ("api[1]", 150, 90),
            ("service: work", 150, 20),
            ("cache", 170, 10),
            ("service: look-up", 170, 10),
            ("parallel", 180, 60),
            ("call b", 180, 60),
            ("b", 180, 60),
            ("queue: wait for a connection", 180, 40),
            ("service: query", 220, 20),
        ],
        "outlives its caller": [("api[0]", 10, 140), ("service: work", 10, 140)],
        "at the same time": [("call a", 180, 20), ("a", 180, 20), ("service: query", 180, 20)],
    }


def test_processes_are_in_the_order_slow_failed_random():
    data = to_perfetto([refused(), by_hand()], "shop", 7)
    check(data)
    titles = {e["pid"]: e["args"]["name"] for e in data["traceEvents"] if e["name"] == "process_name"}
    assert titles[1].startswith("slow #17 ")
    assert titles[2] == "failed #3 GET / refused"
