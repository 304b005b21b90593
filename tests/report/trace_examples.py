"""Traces for the tests of what is made of them: of shipped scenarios, cut short, and one made by hand."""

from functools import cache

from sim.experiment import run
from sim.experiment.tracing import trace
from sim.metrics.trace import ATTEMPT, BRANCH, FAILED, PARALLEL, PLACE, REQUEST, SLOW, Span, Trace
from sim.scenario import load

SCENARIOS = {
    "quickstart": {
        "duration": "45s",
        "warmup": "30s",
        "components.card_processor.latency": "{p50: 500ms, p99: 1200ms}",
    },
    "retry_storm": {"duration": "30s"},
    "tail_at_scale": {"duration": "5s"},
    "cdn_offload": {"duration": "5s", "warmup": "1s"},
    "retry_layers": {},
}


@cache
def traces_of(name: str) -> list[Trace]:
    """Forty traces of a shipped scenario."""
    scenario = load(name).with_(SCENARIOS[name])
    result = run(scenario)
    return trace(scenario, result.seed, result, 40)


def by_hand() -> Trace:
    """Two attempts of 100 ms each, the second after a pause; the server of the first works on until 150 ms.

    The second server asks a cache, in vain, and two databases at the same time, for one of which it has to wait.
    """

    def leaf(part: str, name: str, where: str, start: float, end: float) -> Span:
        return Span(part, name, where, start, end)

    def place(role: str, where: str, start: float, end: float, outcome: str, *children: Span) -> Span:
        return Span(PLACE, where, where, start, end, role, outcome=outcome, children=children)

    def call(kind: str, to: str, where: str, start: float, end: float, outcome: str, *children: Span) -> Span:
        return Span(kind, f"call {to}", where, start, end, to=to, outcome=outcome, children=children)

    first = Span(
        ATTEMPT, "attempt 1", "user", 10.0, 10.1, to="api", outcome="timeout", number=1,
        children=(
            leaf("network", "user → api", "user", 10.0, 10.01),
            place("service", "api[0]", 10.01, 10.15, "ok", leaf("service", "work", "api[0]", 10.01, 10.15)),
            leaf("network", "api → user", "user", 10.15, 10.16),
        ),
    )  # fmt: skip
    a = call(
        BRANCH, "a", "api[1]", 10.18, 10.2, "ok",
        place("database", "a", 10.18, 10.2, "ok", leaf("service", "query", "a", 10.18, 10.2)),
    )  # fmt: skip
    b = call(
        BRANCH, "b", "api[1]", 10.18, 10.24, "ok",
        place(
            "database", "b", 10.18, 10.24, "ok",
            leaf("queue", "wait for a connection", "b", 10.18, 10.22),
            leaf("service", "query", "b", 10.22, 10.24),
        ),
    )  # fmt: skip
    second = Span(
        ATTEMPT, "attempt 2", "user", 10.14, 10.24, to="api", outcome="ok", number=2,
        children=(
            leaf("network", "user → api", "user", 10.14, 10.15),
            place(
                "service", "api[1]", 10.15, 10.24, "ok",
                leaf("service", "work", "api[1]", 10.15, 10.17),
                place("cache", "cache", 10.17, 10.18, "not_found", leaf("service", "look-up", "cache", 10.17, 10.18)),
                Span(PARALLEL, "parallel", "api[1]", 10.18, 10.24, children=(a, b)),
            ),
        ),
    )  # fmt: skip
    pause = leaf("backoff", "pause", "user", 10.1, 10.14)
    root = Span(REQUEST, "GET /search", "user", 10.0, 10.24, outcome="ok", children=(first, pause, second))
    return Trace(17, SLOW, root)


def refused() -> Trace:
    """A request that is refused in no time at all."""
    door = Span(PLACE, "api", "api", 1.0, 1.0, "service", outcome="refused")
    attempt = Span(ATTEMPT, "attempt 1", "user", 1.0, 1.0, to="api", outcome="refused", number=1, children=(door,))
    return Trace(3, FAILED, Span(REQUEST, "GET /", "user", 1.0, 1.0, outcome="refused", children=(attempt,)))
