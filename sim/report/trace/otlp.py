"""OTLP JSON is how OpenTelemetry writes traces down; Jaeger's upload and the collector's file receiver read it.

Each client and each instance is a resource, each span a span of it. Identifiers are derived from the scenario, the seed
and the request, so that the same run has the same ones; a span's ends with its place in the story, parents first.
Simulated time 0 is the moment at which the run was started. What OpenTelemetry has no word for is kept in attributes
that begin with `sim.`, so that nothing is lost: `from_otlp` reads the same traces back, to the nanosecond.

Sources: OpenTelemetry Protocol specification 1.x, "JSON Protobuf Encoding" (identifiers as hexadecimal digits, enums as
numbers, 64-bit integers as strings); OpenTelemetry semantic conventions for HTTP spans; "OpenTelemetry Protocol File
Exporter" (one object a line).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from math import inf
from typing import Any, Final

from sim.metrics.trace import ATTEMPT, BACKGROUND, BRANCH, FAILED, PLACE, RANDOM, SLOW, Span, Trace
from sim.request import Outcome
from sim.values import METHODS

INTERNAL, SERVER, CLIENT = 1, 2, 3
ERROR: Final = 2

_KINDS: Final = {PLACE: SERVER, ATTEMPT: CLIENT, BRANCH: CLIENT}
_BY_HTTP: Final = frozenset({"cdn", "waf", "gateway", "service"})
_NANO: Final = 1_000_000_000


def to_otlp(traces: Sequence[Trace], scenario: str, seed: int, version: str, epoch: float) -> dict[str, Any]:
    """The traces as an OTLP `TracesData` message.

    Args:
        traces: Of one run.
        scenario: Short name of the scenario.
        seed: Of the run.
        version: Of the simulator.
        epoch: What simulated time 0 is, seconds since 1970.
    """
    spans: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for trace in traces:
        for resource, span in _Story(trace, scenario, seed, _nanoseconds(epoch)).spans():
            spans[resource].append(span)
    scope = {
        "name": "tailsim",
        "version": version,
        "attributes": _attributes({"sim.scenario": scenario, "sim.seed": seed}),
    }
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": _attributes(
                        {
                            "service.name": component,
                            "service.namespace": scenario,
                            "service.instance.id": where,
                        }
                    )
                },
                "scopeSpans": [{"scope": scope, "spans": found}],
            }
            for (component, where), found in spans.items()
        ]
    }


class _Story:
    """The spans of one trace.

    Args:
        trace: The trace.
        scenario: Short name of the scenario.
        seed: Of the run.
        epoch: Simulated time 0, nanoseconds since 1970.
    """

    def __init__(self, trace: Trace, scenario: str, seed: int, epoch: int) -> None:
        self.trace = trace
        self.epoch = epoch
        self.id = blake2b(f"{scenario}/{seed}/{trace.request}".encode(), digest_size=16).hexdigest()
        method, _, path = trace.root.name.partition(" ")
        self.http = {"http.request.method": method, "url.path": path} if method in METHODS else {}
        self._told = 0

    def spans(self) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
        """Every span, with the component and the instance that it belongs to."""
        root = {
            "sim.request": self.trace.request,
            "sim.reason": self.trace.reason,
            "sim.arrived": self.trace.root.start,
        }
        yield from self._tell(self.trace.root, "", self.trace.root.end, root)

    def _tell(
        self, span: Span, parent: str, waits_until: float, more: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
        self._told += 1
        number = f"{self.id[:8]}{self._told:08x}"
        error = failed(span)
        attributes = {
            **(self.http if span.kind in _KINDS and (span.kind != PLACE or span.role in _BY_HTTP) else {}),
            "server.address": span.to if span.kind in (ATTEMPT, BRANCH) else "",
            "http.request.resend_count": max(span.number - 1, 0),
            "error.type": span.outcome if error else "",
            "sim.kind": span.kind,
            "sim.component": span.role,
            "sim.outcome": span.outcome,
            "sim.to": span.to,
            "sim.abandoned": span.kind != BACKGROUND and span.end > waits_until,
            "sim.unfinished": span.unfinished,
            **more,
        }
        yield (
            (span.component, span.where),
            {
                "traceId": self.id,
                "spanId": number,
                **({"parentSpanId": parent} if parent else {}),
                "name": self._name(span),
                "kind": _KINDS.get(span.kind, INTERNAL),
                "startTimeUnixNano": self._time(span.start),
                "endTimeUnixNano": self._time(span.end),
                "attributes": _attributes(attributes),
                "status": {"code": ERROR, "message": span.outcome} if error else {},
            },
        )
        waits_until = inf if span.kind == BACKGROUND else min(waits_until, span.end)
        for child in span.children:
            yield from self._tell(child, number, waits_until, {})

    def _name(self, span: Span) -> str:
        if span.kind != PLACE:
            return span.name
        return self.trace.root.name if span.role in _BY_HTTP else span.role

    def _time(self, seconds: float) -> str:
        return str(self.epoch + round(seconds * _NANO))


def _nanoseconds(seconds: float) -> int:
    """As a whole number: so many seconds since 1970 are more digits than a float has."""
    return int(seconds) * _NANO + round(seconds % 1.0 * _NANO)


def failed(span: Span) -> bool:
    """Whether something went wrong; a cache that has not got what it is asked for is none the worse for that."""
    if not span.outcome or (span.role == "cache" and span.outcome == Outcome.NOT_FOUND.word):
        return False
    return not Outcome[span.outcome.upper()].is_success


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes; those that say nothing are left out, but for numbers of the run's own."""
    keep = ("sim.request", "sim.seed", "sim.arrived")
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value or key in keep]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def from_otlp(data: Mapping[str, Any]) -> list[Trace]:
    """Reads traces that `to_otlp` has made.

    Raises:
        ValueError: Something is missing or not what it should be.
    """
    try:
        return _read(data)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"it is no trace of a run ({type(error).__name__}: {error})") from None


def _read(data: Mapping[str, Any]) -> list[Trace]:
    stories: dict[str, list[tuple[dict[str, Any], dict[str, Any], str]]] = defaultdict(list)
    for resource in data["resourceSpans"]:
        where = _plain(resource["resource"]["attributes"])["service.instance.id"]
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                stories[span["traceId"]].append((span, _plain(span["attributes"]), where))
    return sorted(map(_trace, stories.values()), key=_order)


def _order(trace: Trace) -> Any:
    return (SLOW, FAILED, RANDOM).index(trace.reason), -trace.latency, trace.request


def _trace(spans: list[tuple[dict[str, Any], dict[str, Any], str]]) -> Trace:
    spans.sort(key=lambda told: str(told[0]["spanId"]))
    below = defaultdict(list)
    for told in spans:
        below[told[0].get("parentSpanId", "")].append(told)
    (root,) = below[""]
    attributes = root[1]
    epoch = int(root[0]["startTimeUnixNano"]) - round(attributes["sim.arrived"] * _NANO)

    def read(told: tuple[dict[str, Any], dict[str, Any], str]) -> Span:
        span, attributes, where = told
        kind = attributes["sim.kind"]
        return Span(
            kind=kind,
            name=where if kind == PLACE else span["name"],
            where=where,
            start=(int(span["startTimeUnixNano"]) - epoch) / _NANO,
            end=(int(span["endTimeUnixNano"]) - epoch) / _NANO,
            role=attributes.get("sim.component", ""),
            to=attributes.get("sim.to", ""),
            outcome=attributes.get("sim.outcome", ""),
            number=attributes.get("http.request.resend_count", 0) + 1 if kind == ATTEMPT else 0,
            unfinished=attributes.get("sim.unfinished", False),
            children=tuple(map(read, below[span["spanId"]])),
        )

    return Trace(attributes["sim.request"], attributes["sim.reason"], read(root))


def _plain(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    plain = {}
    for attribute in attributes:
        ((kind, value),) = attribute["value"].items()
        plain[attribute["key"]] = int(value) if kind == "intValue" else value
    return plain
