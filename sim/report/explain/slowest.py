"""Who the slowest requests are, as far as the percentiles of clients, routes and successes prove it.

A group of which even the maximum is below p99 has no part in the slowest hundredth, one of which the p99 is below has a
hundredth of its requests there at the most. What the others cannot fill must be the group that is left.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sim.metrics.latency import PERCENTILES
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.wording import percent

CLOSE: Final = 0.999
"""Latencies that differ by less than this factor are the same: time-outs are equal but for rounding."""

_MOSTLY: Final = 0.5
_MORE_THAN_ITS_SHARE: Final = 1.5

Latency = Mapping[str, float]


def patience(evidence: Evidence, p99: float) -> Iterator[str]:
    """Says that p99 is a client's patience, where it is.

    Args:
        evidence: Of the run.
        p99: Of all requests, s.
    """
    for name, block in evidence.summary["clients"].items():
        config, own = evidence.scenario.document.clients[name], block["latency_s"]["all"]["p99"]
        late = block["requests"]["by_outcome"].get("timeout", 0)
        if config.timeout is None or own is None or late < 0.01 * block["requests"]["completed"]:
            continue
        attempts = round(own / config.timeout)
        if abs(own - p99) > (1.0 - CLOSE) * p99 or abs(own - attempts * config.timeout) > (1.0 - CLOSE) * own:
            continue
        each = units.duration(config.timeout)
        whole = f"the timeout of {name}" if attempts == 1 else f"{attempts} attempts of {name}, {each} each"
        share = late / block["requests"]["completed"]
        yield f"That is {whole}: {percent(share)} of its requests ended as a timeout."


def whose(evidence: Evidence, p99: float) -> Iterator[str]:
    """Says which requests the slowest ones are: failures, those of a client, those of a route.

    Args:
        evidence: Of the run.
        p99: Of all requests, s.
    """
    summary, threshold = evidence.summary, CLOSE * p99
    slow = _at_least(summary["latency_s"]["all"], threshold)
    slowest = slow * summary["requests"]["completed"]
    if failures_are_slowest(evidence):
        alone = units.duration(summary["latency_s"]["ok"]["p99"])
        good = _at_most(summary["latency_s"]["ok"], threshold) * summary["requests"]["ok"]
        yield f"{_sure(1.0 - good / slowest)} of the slowest {percent(slow)} failed; of successes alone p99 is {alone}."
    for section, word in (("clients", "come from"), ("routes", "are")):
        blocks = {name: block for name, block in summary[section].items() if block["requests"]["completed"]}
        able = {
            name: _at_most(block["latency_s"]["all"], threshold) * block["requests"]["completed"]
            for name, block in blocks.items()
        }
        for name, block in blocks.items():
            sure = 1.0 - (sum(able.values()) - able[name]) / slowest
            share = block["requests"]["completed"] / summary["requests"]["completed"]
            if sure >= _MOSTLY and sure > _MORE_THAN_ITS_SHARE * share:
                yield (
                    f"{_sure(sure)} of the slowest {percent(slow)} {word} {name}, "
                    f"which has {percent(share)} of all requests."
                )
                return


def failures_are_slowest(evidence: Evidence) -> bool:
    """Whether most of the slowest requests are surely failures, and more of them than of all requests."""
    summary = evidence.summary
    threshold = CLOSE * summary["latency_s"]["all"]["p99"]
    completed, good = summary["requests"]["completed"], summary["requests"]["ok"]
    if not 0 < good < completed:
        return False
    slow = _at_least(summary["latency_s"]["all"], threshold) * completed
    sure = 1.0 - _at_most(summary["latency_s"]["ok"], threshold) * good / slow
    return bool(sure >= _MOSTLY and sure > _MORE_THAN_ITS_SHARE * (completed - good) / completed)


def _at_least(block: Latency, threshold: float) -> float:
    """The share of requests that surely take as long as a threshold: 1% for the p99."""
    return max((1.0 - share for figure, share in PERCENTILES.items() if block[figure] >= threshold), default=0.0)


def _at_most(block: Latency, threshold: float) -> float:
    """The largest share of requests that can take as long as a threshold."""
    if block["max"] < threshold:
        return 0.0
    return min((1.0 - share for figure, share in PERCENTILES.items() if block[figure] < threshold), default=1.0)


def _sure(share: float) -> str:
    return "All" if share >= 1.0 else f"At least {percent(share)}"
