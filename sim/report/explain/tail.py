"""Where p99 went: which part of the time ledger makes the slowest requests slow, whose they are, and where they wait.

The ledger of the requests around the p99 is set against that of the requests around the median. The component behind
waiting is the one where most requests waited while requests were under way that took as long as p99.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from sim.experiment.flow_network import REPLICATES
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.slowest import CLOSE, failures_are_slowest, patience, whose
from sim.report.explain.wording import instances, listed, number, percent, some, times
from sim.request import LEDGER

PARTS: Final = {
    "network": "the network",
    "queue": "waiting in queues",
    "service": "service",
    "backoff": "pauses between attempts",
    "policy": "checks on the way",
}
"""What the parts of the time ledger are called in sentences."""

_APART: Final = 1.5
_JUMP: Final = 0.1
_WORTH_NAMING: Final = 0.1
_CONCENTRATED: Final = 0.8
_HARDLY_EVER: Final = 0.1

Ledger = Mapping[str, float]


def tail(evidence: Evidence) -> list[Finding]:
    """Says where p99 went."""
    latency = evidence.summary["latency_s"]["all"]
    high, low = (evidence.summary["time_ledger"][cohort] for cohort in ("p99", "p50"))
    if latency["p99"] is None or high["total"] <= 0.0:
        return []
    difference = high["total"] - low["total"]
    apart = latency["p99"] >= _APART * latency["p50"] and difference > 0.0
    cost = {part: high[part] - low[part] if apart else high[part] for part in LEDGER}
    biggest = max(cost, key=lambda part: cost[part])
    share = cost[biggest] / sum(each for each in cost.values() if each > 0.0)
    given_up = list(patience(evidence, latency["p99"]))
    sentences = [
        _parts(cost, low, high, latency["p99"]),
        *given_up,
        *whose(evidence, latency["p99"]),
        *_where(evidence, biggest, bool(given_up) or failures_are_slowest(evidence)),
    ]
    figures = {"p50_s": latency["p50"], "p99_s": latency["p99"], "part": biggest, "share": share, "cost_s": cost}
    whole = "the difference" if apart else "it"
    title = (
        f"p99 is {units.duration(latency['p99'])}, {_against(latency['p99'], latency['p50'], apart)}: "
        f"{percent(share)} of {whole} is {PARTS[biggest]}"
    )
    return [Finding(title, " ".join(sentences), figures, Weight.CAUSE)]


def _against(p99: float, p50: float, apart: bool) -> str:
    if not apart:
        return f"hardly more than the median of {units.duration(p50)}"
    return f"{times(p99 / p50)} times the median" if p50 else "the median is 0"


def _parts(cost: Ledger, low: Ledger, high: Ledger, p99: float) -> str:
    whole = sum(cost.values())
    named = sorted((part for part in cost if cost[part] >= _WORTH_NAMING * whole), key=lambda part: -cost[part])
    first, *rest = named
    words = [f"{units.duration(high[first])} goes into {PARTS[first]} (around the median {units.duration(low[first])})"]
    words += [f"{units.duration(high[part])} into {PARTS[part]} ({units.duration(low[part])})" for part in rest]
    jumps = abs(high["total"] - p99) > _JUMP * p99
    around = f"Around p99, where requests took {units.duration(high['total'])} on average," if jumps else "Around p99"
    return f"{around} {listed(words)}."


def _where(evidence: Evidence, part: str, given_up: bool) -> Iterator[str]:
    dark = [event["target"] for event in evidence.summary["events"] if event["kind"] in ("region_down", "partition")]
    if part == "network" and dark:
        yield f"What is sent to {listed(dark)} while nothing comes through is waited for on the network."
    elif part == "network":
        yield from _far_call(evidence)
    hung = [event["target"] for event in evidence.summary["events"] if event["kind"] == "hang"]
    if part == "queue":
        yield from _queue(evidence)
    elif part == "service" and hung:
        yield f"What {listed(hung)} held while it hung counts as service."
    elif part == "service" and not given_up:
        yield from _service(evidence)


def _far_call(evidence: Evidence) -> Iterator[str]:
    """The call between two regions that most of the network's time goes into."""
    distances, region = evidence.document.network.distances, evidence.placement.region
    far = {
        edge: edge.base * distances.get(frozenset((region(edge.caller), region(edge.callee))), 0.0)
        for edge in evidence.load.edges
        if edge.label != REPLICATES
    }
    edge = max(far, key=lambda each: far[each], default=None)
    if edge is not None and far[edge]:
        way = 2.0 * distances[frozenset((region(edge.caller), region(edge.callee)))]
        yield (
            f"{edge.caller} calls {edge.callee} {units.rate(edge.base)} on paper, and each call is "
            f"{units.duration(way)} on the way between {region(edge.caller)} and {region(edge.callee)}."
        )


def _queue(evidence: Evidence) -> Iterator[str]:
    """The queue in which most requests waited while p99 was high."""
    slow, rest = _under_way(evidence)
    waiting = {
        name: _mean(evidence.together(name), "queue", slow)
        for name in dict.fromkeys(component for component, _ in evidence.places)
        if evidence.is_awaited(name)
    }
    name = max(waiting, key=lambda each: waiting[each], default=None)
    if name is None or not waiting[name] > 0.0:
        return
    crowded = _crowded(evidence, name, slow, waiting[name])
    place = instances(name, crowded) if crowded else name
    rows = evidence.together(name, crowded)
    words = (
        f"{some(_mean(rows, 'queue', slow), 'request')} waited at {place} on average, which "
        f"{'were' if len(crowded) > 1 else 'was'} {percent(_mean(rows, 'utilization', slow))} busy"
    )
    if len(rest) <= _HARDLY_EVER * len(slow):
        yield f"{words}."
        return
    others = f"{number(_mean(rows, 'queue', rest))} and {percent(_mean(rows, 'utilization', rest))}"
    yield f"In the {len(slow)}s in which such requests were under way, {words} (in the other {len(rest)}s {others})."


def _under_way(evidence: Evidence) -> "tuple[pd.Index[int], pd.Index[int]]":
    """The seconds after warm-up in which requests were under way that took as long as p99, and all others."""
    p99 = evidence.seconds["p99"].loc[evidence.first :]
    late = p99[p99 >= CLOSE * evidence.summary["latency_s"]["all"]["p99"]]
    ends = zip(late.index.to_numpy(), late.to_numpy(), strict=True)
    chosen = sorted({second for end, wait in ends for second in range(int(end - wait), end + 1)})
    return p99.index.intersection(chosen), p99.index.difference(chosen)


def _crowded(evidence: Evidence, name: str, seconds: "pd.Index[int]", waiting: float) -> list[int]:
    """The fewest instances that held most of a component's queue; none where that are more than half of them."""
    queues = {each: _mean(rows, "queue", seconds) for each, rows in evidence.of(name).items()}
    chosen: list[int] = []
    for each in sorted(queues, key=lambda each: -queues[each]):
        if sum(queues[known] for known in chosen) >= _CONCENTRATED * waiting:
            break
        chosen.append(each)
    return chosen if len(chosen) <= len(queues) / 2.0 else []


def _mean(rows: pd.DataFrame, column: str, seconds: "pd.Index[int]") -> float:
    return float(rows[column].reindex(seconds).mean())


def _service(evidence: Evidence) -> Iterator[str]:
    """The component whose own work on a request is longest, if more than one works."""
    works: dict[str, Any] = {
        name: load.work
        for name, block in evidence.blocks()
        if evidence.is_awaited(name)
        and (load := evidence.on_paper(name)) is not None
        and load.work is not None
        and block.get("offered")
    }
    if len(works) > 1:
        name = max(works, key=lambda each: works[each])
        yield f"{name} works longest on a request: {units.duration(works[name])} on average, as configured."
