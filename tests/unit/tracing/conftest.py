"""Traces of tiny worlds: what every request went through, with times that can be worked out by hand."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sim.experiment import run
from sim.experiment.tracing import trace
from sim.metrics import Result
from sim.metrics.trace import BACKGROUND, PARALLEL, Span, Trace
from sim.request import LEDGER
from tests.physics.conftest import write

__all__ = ["write"]

Line = tuple[str, float, float]


@dataclass(frozen=True)
class Told:
    """A run, and the traces of all its requests that ended.

    Attributes:
        result: The run.
        traces: By the number of the request.
    """

    result: Result
    traces: dict[int, Trace]

    def lines(self, number: int = 0) -> list[Line]:
        """The spans of a request, each below its parent, with their times in ms: `  work`, 5.0, 10.0."""
        return list(_lines(self.traces[number].root, ""))

    def find(self, name: str, number: int = 0) -> Span:
        """The first span of a request that has a name."""
        return next(span for span in self.traces[number].root.walk() if span.name == name)


def _lines(span: Span, indent: str):
    outcome = f" ({span.outcome})" if span.outcome else ""
    yield f"{indent}{span.name}{outcome}", round(span.start * 1000.0, 6), round(span.end * 1000.0, 6)
    for child in span.children:
        yield from _lines(child, f"{indent}  ")


def check(traced: Trace, row) -> None:
    """Checks what must be true of every trace: no gap anywhere, and the latency that was recorded."""
    root = traced.root
    assert traced.latency == row["latency"]
    assert root.start == row["arrived"]
    assert traced.attempts == row["attempts"]
    assert sum(root.ledger().values()) == pytest.approx(row["latency"], abs=1e-9)
    check_no_gap(root, root.end)


def check_no_gap(span: Span, until: float) -> None:
    """Checks that children follow each other without a gap, as long as anybody waits; branches begin together."""
    until = min(until, span.end)
    awaited = [child for child in span.children if child.kind != BACKGROUND]
    if span.is_leaf:
        assert not span.children
    elif span.kind == PARALLEL:
        assert {child.start for child in awaited} == {span.start}
        assert max(min(child.end, until) for child in awaited) == pytest.approx(until, abs=1e-12)
        for child in awaited:
            check_no_gap(child, until)
    else:
        at = span.start
        for child in awaited:
            if child.start < until:
                assert child.start == pytest.approx(at, abs=1e-12), f"a gap before {child.name} at {child.start} s"
                at = child.end
                check_no_gap(child, until)
        assert min(at, until) == pytest.approx(until, abs=1e-12), f"{span.name} ends with a gap at {at} s"


def ledger_of(row) -> dict[str, float]:
    """What the recorder says about where the time of a request went, s."""
    return {part: float(row[part]) for part in LEDGER}


@pytest.fixture
def tell(write) -> Callable[..., Told]:
    """Runs a scenario from YAML text, traces all requests, and checks what must be true of every trace."""

    def tell_(text: str, **logs) -> Told:
        scenario = write(text, **logs)
        result = run(scenario)
        traces = {each.request: each for each in trace(scenario, result.seed, result, len(result.requests))}
        for number, traced in traces.items():
            check(traced, result.requests[number])
            assert traced.root.ledger() == pytest.approx(ledger_of(result.requests[number]), abs=1e-9)
        return Told(result, traces)

    return tell_
