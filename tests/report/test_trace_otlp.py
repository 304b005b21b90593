"""`trace.otlp.json` is what the OpenTelemetry Protocol says: checked by hand-written rules, and read back.

The rules are those of the specification's "JSON Protobuf Encoding" and of `trace.proto`.
"""

import json
import re

import pytest

from sim.metrics.trace import Span, Trace
from sim.report.trace import read_traces, write_traces
from sim.report.trace.otlp import from_otlp, to_otlp
from tests.report.trace_examples import SCENARIOS, by_hand, refused, traces_of

EPOCH = 1_700_000_000.25


def spans_of(data):
    """Every span of a message, with its resource's attributes."""
    for resource in data["resourceSpans"]:
        about = plain(resource["resource"]["attributes"])
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield about, span


def plain(attributes):
    """Attributes as a mapping; each has one value, of the JSON type that its kind has."""
    found = {}
    for attribute in attributes:
        assert set(attribute) == {"key", "value"}
        ((kind, value),) = attribute["value"].items()
        expected = {"stringValue": str, "boolValue": bool, "doubleValue": float, "intValue": str}[kind]
        assert type(value) is expected, f"a {kind} is written as {value!r}"
        assert kind != "intValue" or re.fullmatch(r"-?\d+", value)
        found[attribute["key"]] = int(value) if kind == "intValue" else value
    assert len(found) == len(attributes), "a key is there twice"
    return found


def check(data):
    """What the protocol demands."""
    assert set(data) == {"resourceSpans"}
    seen, parents, names = {}, {}, []
    for resource in data["resourceSpans"]:
        assert set(resource) == {"resource", "scopeSpans"}
        about = plain(resource["resource"]["attributes"])
        names.append(about["service.instance.id"])
        assert about["service.name"] == about["service.instance.id"].partition("[")[0]
        for scope in resource["scopeSpans"]:
            assert scope["scope"]["name"] == "tailsim"
            assert scope["spans"], "an envelope is empty"
    assert len(set(names)) == len(names), "a resource is there twice"
    for _, span in spans_of(data):
        assert set(span) <= {
            "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes",
            "status",
        }  # fmt: skip
        assert re.fullmatch(r"[0-9a-f]{32}", span["traceId"])
        assert set(span["traceId"]) != {"0"}
        assert re.fullmatch(r"[0-9a-f]{16}", span["spanId"])
        assert span["name"]
        assert span["kind"] in (1, 2, 3)
        for key in ("startTimeUnixNano", "endTimeUnixNano"):
            assert re.fullmatch(r"\d{19}", span[key]), "64-bit integers are strings"
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["status"] == {} or (span["status"]["code"] == 2 and span["status"]["message"])
        plain(span["attributes"])
        identity = span["traceId"], span["spanId"]
        assert identity not in seen, "a span has the identifier of another one"
        seen[identity] = span
        parents.setdefault(span["traceId"], []).append(span.get("parentSpanId"))
    for trace_id, above in parents.items():
        assert above.count(None) == 1, "a trace has one root"
        for parent in above:
            assert parent is None or (trace_id, parent) in seen, "a parent is missing"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_protocol_is_kept(name):
    """Of real traces, with retries, crashes and calls at the same time."""
    traces = traces_of(name)
    data = to_otlp(traces, name, 1, "0.1.0", EPOCH)
    check(data)
    assert len({span["traceId"] for _, span in spans_of(data)}) == len(traces)
    json.dumps(data, allow_nan=False)


def test_spans_carry_the_names_of_the_semantic_conventions():
    data = to_otlp([by_hand()], "shop", 7, "0.1.0", EPOCH)
    by_name = {
        (about["service.instance.id"], span["name"]): (span["kind"], plain(span["attributes"]), span["status"])
        for about, span in spans_of(data)
    }
    kind, attributes, status = by_name["user", "attempt 2"]
    assert kind == 3
    assert attributes["http.request.method"] == "GET"
    assert attributes["url.path"] == "/search"
    assert attributes["http.request.resend_count"] == 1
    assert attributes["server.address"] == "api"
    assert status == {}
    kind, attributes, status = by_name["user", "attempt 1"]
    assert attributes["error.type"] == "timeout"
    assert status == {"code": 2, "message": "timeout"}
    kind, attributes, status = by_name["api[0]", "GET /search"]
    assert kind == 2
    assert attributes["sim.abandoned"] is True
    assert by_name["api[1]", "GET /search"][1].get("sim.abandoned") is None
    kind, attributes, status = by_name["cache", "cache"]
    assert (kind, status) == (2, {}), "a miss is no error"
    assert by_name["b", "wait for a connection"][:1] == (1,)
    (root,) = [plain(span["attributes"]) for _, span in spans_of(data) if "parentSpanId" not in span]
    assert (root["sim.request"], root["sim.reason"]) == (17, "slow")


def test_time_0_is_when_the_run_was_started():
    data = to_otlp([by_hand()], "shop", 7, "0.1.0", EPOCH)
    (root,) = [span for _, span in spans_of(data) if "parentSpanId" not in span]
    assert root["startTimeUnixNano"] == "1700000010250000000"
    assert root["endTimeUnixNano"] == "1700000010490000000"


def test_the_same_run_has_the_same_identifiers():
    one, same = (to_otlp([by_hand()], "shop", 7, "0.1.0", EPOCH) for _ in range(2))
    other = to_otlp([by_hand()], "shop", 8, "0.1.0", EPOCH)
    identifiers = [{span["traceId"] for _, span in spans_of(data)} for data in (one, same, other)]
    assert identifiers[0] == identifiers[1]
    assert identifiers[0] != identifiers[2]


def rounded(span: Span):
    return (
        span.kind, span.name, span.where, round(span.start, 9), round(span.end, 9), span.role, span.to, span.outcome,
        span.number, span.unfinished, tuple(map(rounded, span.children)),
    )  # fmt: skip


def told(trace: Trace):
    return trace.request, trace.reason, rounded(trace.root)


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_was_written_is_read_back(name, tmp_path):
    """Every trace and every span, to the nanosecond; the file is one line."""
    traces = traces_of(name)
    write_traces(traces, name, 1, tmp_path, "0.1.0", EPOCH)
    assert (tmp_path / "trace.otlp.json").read_text().count("\n") == 1
    assert sorted(map(told, read_traces(tmp_path))) == sorted(map(told, traces))


def test_traces_are_read_in_the_order_slow_failed_random():
    slow, failed = by_hand(), refused()
    assert [trace.request for trace in from_otlp(to_otlp([failed, slow], "shop", 1, "0.1.0", 0.0))] == [17, 3]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", r"trace.otlp.json:1:2 is damaged: expecting property name"),
        ("[]", r"is damaged: it is no trace of a run \(TypeError"),
        ("{}", r"is damaged: it is no trace of a run \(KeyError: 'resourceSpans'\)"),
        ('{"resourceSpans": [{"resource": {"attributes": []}}]}', r"KeyError: 'service.instance.id'"),
    ],
)
def test_a_damaged_file_is_named(text, complaint, tmp_path):
    (tmp_path / "trace.otlp.json").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_traces(tmp_path)
