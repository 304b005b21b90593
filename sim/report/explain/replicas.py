"""What replication made of reads and writes: reads that were stale, and writes that were refused, lost or split.

A stale read is answered rightly as far as the reader can tell; nothing of it shows in latency or success ratio.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, listed, percent

_FEW: Final = 0.001
_MANY: Final = 0.01

Replica = Mapping[str, Any]


def replicas(evidence: Evidence) -> list[Finding]:
    """Says what became of the reads and writes of each replicated database."""
    found = []
    for name, config in evidence.scenario.document.components.items():
        if getattr(config, "primary", None) is not None:
            parts = {part: evidence.summary["components"][part] for part in evidence.placement.named(name)}
            found += [*_stale(evidence, parts), *_split(name, parts), *_refused(name, parts)]
    return found


def _stale(evidence: Evidence, parts: Mapping[str, Replica]) -> Iterator[Finding]:
    for part, block in parts.items():
        if block["stale_reads"] < max(_FEW * block["reads"], 1):
            continue
        share = block["stale_reads"] / block["reads"]
        age = units.duration(block["stale_age_mean"])
        title = f"{percent(share)} of the reads at {part} were stale, {age} old on average"
        words = [
            f"{counted(block['stale_reads'], 'read')} of {block['reads']:,} saw a value that had been overwritten."
        ]
        if block["unseen_own_writes"]:
            words.append(f"In {counted(block['unseen_own_writes'], 'read')} the reader did not see its own last write.")
        words += _lag(evidence, part)
        figures = {key: block[key] for key in ("reads", "stale_reads", "stale_age_mean", "unseen_own_writes")}
        yield Finding(
            title, " ".join(words), {"part": part, **figures}, Weight.CAUSE if share >= _MANY else Weight.COST
        )


def _lag(evidence: Evidence, part: str) -> Iterator[str]:
    lag = evidence.series(part, "replication_lag")
    if lag is not None and len(lag.loc[evidence.first :]):
        measured = lag.loc[evidence.first :]
        worst = int(np.argmax(measured.to_numpy()))
        yield (
            f"The replica was {units.duration(float(measured.median()))} behind in the median second and "
            f"{units.duration(float(measured.max()))} at the most, at {units.moment(float(measured.index[worst]))}."
        )


def _split(name: str, parts: Mapping[str, Replica]) -> Iterator[Finding]:
    split = {part: block["split_brain_writes"] for part, block in parts.items() if block["split_brain_writes"]}
    if split:
        total = sum(split.values())
        each = [f"{number:,} at {part}" for part, number in split.items()]
        title = f"Split brain: {name} acknowledged {counted(total, 'write')} where another was the primary already"
        text = f"It was {listed(each)}; all of them were thrown away when the two met again."
        yield Finding(title, text, {"split_brain_writes": split}, Weight.BROKEN)


def _refused(name: str, parts: Mapping[str, Replica]) -> Iterator[Finding]:
    refused = {part: block["writes_refused"] for part, block in parts.items() if block["writes_refused"]}
    if refused:
        written = sum(block["writes"] for block in parts.values())
        each = [f"{number:,} by {part}" for part, number in refused.items()]
        title = f"{name} refused {counted(sum(refused.values()), 'write')}, and took {written:,}"
        text = (
            f"They were refused {listed(each)}: who is not the primary, or cannot reach enough others, takes no writes."
        )
        yield Finding(title, text, {"writes_refused": refused, "writes": written}, Weight.COST)
