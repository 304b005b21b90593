"""Fan-out makes the rare common: a request that waits for many calls is as slow as the slowest of them.

With n calls of which a share p is slow, 1 - (1 - p)^n of the requests are (J. Dean, L. A. Barroso, "The Tail at Scale",
CACM 56(2), 2013).
"""

from collections.abc import Mapping
from typing import Any, Final

from sim.experiment.flow_network import FlowNetwork
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, listed

_SLOWER: Final = 1.5


def fan_out(evidence: Evidence) -> list[Finding]:
    """Sets routes side by side that make different numbers of calls at once, where more calls make a slower median."""
    routes = evidence.summary["routes"]
    calls = {
        name: each
        for name, each in _calls(evidence).items()
        if name in routes and routes[name]["requests"]["completed"]
    }
    latency = {name: routes[name]["latency_s"]["all"] for name in calls}
    order = sorted(calls, key=lambda name: len(calls[name]))
    if not order:
        return []
    narrowest, widest = order[0], order[-1]
    slower = latency[widest]["p50"] >= _SLOWER * latency[narrowest]["p50"]
    if len(calls[widest]) == len(calls[narrowest]) or not slower:
        return []
    rows = [f"{name} makes {counted(len(calls[name]), 'call')} at once: {_latency(latency[name])}" for name in order]
    called = listed(list(dict.fromkeys(calls[widest])))
    title = (
        f"{widest} waits for the slowest of {len(calls[widest])} calls to {called}: its median is "
        f"{units.duration(latency[widest]['p50'])}"
    )
    figures = {
        name: {"calls": len(calls[name]), "p50_s": latency[name]["p50"], "p99_s": latency[name]["p99"]}
        for name in order
    }
    return [Finding(title, f"{'; '.join(rows)}.", figures, Weight.CAUSE)]


def _latency(latency: Mapping[str, float]) -> str:
    return ", ".join(f"{figure} {units.duration(latency[figure])}" for figure in ("p50", "p95", "p99"))


def _calls(evidence: Evidence) -> dict[str, list[str]]:
    """What the requests of each route call at once: the widest step that is there for them."""
    network = FlowNetwork(evidence.scenario)
    calls: dict[str, list[str]] = {}
    for name, config in network.document.components.items():
        if config.kind != "service":
            continue
        for steps, mask in network.paths.programs(name):
            widest = max((_at_once(step) for word, step in steps if word == "parallel"), key=len, default=[])
            for flow, concerned in zip(network.flows, mask, strict=True):
                if concerned and len(widest) > len(calls.get(flow.kind.label, [])):
                    calls[flow.kind.label] = widest
    return calls


def _at_once(step: Any) -> list[str]:
    return [branch.call.to for branch in step.calls for _ in range(branch.times)]
