"""How much caches took off what stands behind them, what a flush undid, and whether an expiry set off a stampede.

A stampede is told by counting: a cache that holds what it fetches misses once for each item that it takes in, expires
or pushes out. Where there are many more misses than that, equal fetches ran side by side, because nobody waited for the
first one (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sim.experiment.offered_load import Certainty
from sim.report import units
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, listed, number, percent
from sim.values import chosen

_STAMPEDE: Final = 10.0
_FEWEST: Final = 20
_MOSTLY: Final = 0.9
_FELL: Final = 0.05


def caches(evidence: Evidence) -> list[Finding]:
    """Says what caches did."""
    known = {name: block for name, block in evidence.blocks() if block.get("hit_ratio") is not None}
    well = (evidence.summary["rates"]["success_ratio"] or 0.0) >= _MOSTLY  # a fetch that fails fills no cache
    stampedes = [name for name, block in known.items() if well and _fetches_per_item(block) >= _STAMPEDE]
    return [
        *(_stampede(evidence, name, known[name]) for name in stampedes),
        *_flushes(evidence),
        *_ratios(evidence, {name: block for name, block in known.items() if name not in stampedes}),
    ]


def _fetches_per_item(block: Mapping[str, Any]) -> float:
    """Misses for each item that was taken in, as far as the counters tell; 0 where they do not."""
    if "expirations" not in block or not block["expirations"] or block["misses"] < _FEWEST:
        return 0.0
    return float(block["misses"] / (block["expirations"] + block["evictions"] + block["items"]))


def _stampede(evidence: Evidence, name: str, block: Mapping[str, Any]) -> Finding:
    each = block["misses"] / block["expirations"]
    figures = {"cache": name, "misses": block["misses"], "expirations": block["expirations"]}
    text = (
        f"It missed {counted(block['misses'], 'time')} while {counted(block['expirations'], 'item')} expired: nobody "
        f"waits for a fetch that is under way{_without(evidence, name)}."
    )
    origin = _origin(evidence, name)
    if origin is not None:
        most = sum(part["outstanding_max"] for part in evidence.summary["components"][origin]["instances"].values())
        figures |= {"origin": origin, "origin_outstanding_max": most}
        text += f" Up to {counted(most, 'fetch')} were at {origin} at once"
        waiting = {key: each.get("queue_max") or 0 for key, each in evidence.blocks()}
        queue = max(waiting, key=lambda key: waiting[key])
        text += f"; the longest queue of all was at {queue}, with {waiting[queue]:,}." if waiting[queue] else "."
    return Finding(
        f"{name} sets off stampedes: {number(round(each))} fetches for each expiry", text, figures, Weight.CAUSE
    )


def _without(evidence: Evidence, name: str) -> str:
    config = evidence.config(name)
    rules = getattr(config, "cache", None) or config
    return "" if getattr(rules, "coalesce", False) else " (coalesce is off)"


def _origin(evidence: Evidence, name: str) -> str | None:
    """What a cache that services read through is fetched from, if it has instances that count."""
    for config in evidence.document.components.values():
        if config.kind != "service":
            continue
        for steps in [config.steps, *(endpoint.steps for endpoint in config.endpoints)]:
            for step in steps or ():
                word, rules = chosen(step)
                if word == "read_through" and rules.cache.to == name:
                    origin = str(rules.origin.to)
                    return origin if evidence.summary["components"].get(origin, {}).get("instances") else None
    return None


def _flushes(evidence: Evidence) -> Iterator[Finding]:
    """What a flush of a CDN undid: the share of answers from it before and after."""
    for event in evidence.summary["events"]:
        if event["kind"] != "flush":
            continue
        at = int(event["start_s"])
        before, after = evidence.seconds.loc[max(evidence.first, at - SPAN) : at - 1], evidence.seconds.loc[at:]
        shares = [
            float(rows["cached"].sum() / rows["ended"].sum()) if rows["ended"].sum() else 0.0
            for rows in (before, after.head(SPAN))
        ]
        if shares[0] - shares[1] < _FELL:
            continue
        lowest = after.head(SPAN)["cached"] / after.head(SPAN)["ended"].clip(lower=1)
        figures = {"event": dict(event), "cached_before": shares[0], "cached_after": shares[1]}
        yield Finding(
            f"The flush of {event['target']} took {percent(shares[0] - shares[1])} of the answers off the cache",
            f"In the five seconds before {units.moment(at)} {percent(shares[0])} of all answers came from it, in the "
            f"five after {percent(shares[1])}, in the worst second {percent(float(lowest.min()))}.",
            figures,
            Weight.COST,
        )


def _ratios(evidence: Evidence, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """One finding for all caches: how many look-ups each answered, beside the figure on paper."""
    asked = {name: block for name, block in known.items() if block["hits"] + block["misses"]}
    if not asked:
        return
    parts, figures = [], {}
    for name, block in asked.items():
        lookups = block["hits"] + block["misses"] + block.get("stale", 0)
        words = f"Of {lookups:,} look-ups {name} answered {percent(block['hit_ratio'])}"
        load = evidence.on_paper(name)
        paper = None if load is None else load.base.hit_ratio
        if paper is not None and load is not None and load.base.certainty is not Certainty.AT_MOST:
            words += f" ({percent(paper)} on paper)"
        figures[name] = {"hit_ratio": block["hit_ratio"], "on_paper": paper}
        parts.append(words)
    answered = [f"{percent(block['hit_ratio'])} at {name}" for name, block in asked.items()]
    yield Finding(f"Share of look-ups that caches answered: {listed(answered)}", f"{'. '.join(parts)}.", figures)
