"""Which objectives were missed, by how much, and what the missed figure is made of."""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.metrics import METRICS, TOO_LITTLE, Objective, parse_objective
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.tail import PARTS
from sim.report.explain.wording import counted, percent, times
from sim.request import LEDGER, Outcome

_LATENCIES = frozenset({"p50", "p90", "p95", "p99", "p999", "mean", "max"})
_SHARES = frozenset({"availability", "success_ratio", "hit_ratio"})
_SUCCESSES = frozenset(outcome.word for outcome in Outcome if outcome.is_success)


def objectives(evidence: Evidence) -> list[Finding]:
    """One finding for each objective that was missed, or one for all if none was."""
    rows = evidence.summary["objectives"]
    missed = [row for row in rows if not row["met"]]
    if missed:
        return [_missed(evidence, row) for row in missed]
    if not rows:
        return []
    each = "; ".join(f"{row['objective']} (actual {units.measured(row)})" for row in rows)
    all_of = {1: "The objective was", 2: "Both objectives were"}.get(len(rows), f"All {len(rows)} objectives were")
    return [Finding(f"{all_of} met", f"{each}.", {"objectives": [dict(row) for row in rows]})]


def _missed(evidence: Evidence, row: Mapping[str, Any]) -> Finding:
    objective = parse_objective(row["objective"])
    title = f"Objective missed: {row['objective']}, actual {units.measured(row)}"
    text = " ".join(
        [
            *_by(objective, row["actual"], row.get("missing", METRICS[objective.metric].missing)),
            *_driver(evidence, objective),
        ]
    )
    return Finding(title, text or "The run has no such figure.", dict(row), Weight.BROKEN)


def _by(objective: Objective, actual: float | None, missing: str) -> Iterator[str]:
    """By how much."""
    target = METRICS[objective.metric].unit.format(objective.target)
    if actual is None:
        if missing == units.NEVER:
            yield "It never came about within the run."
        elif missing == TOO_LITTLE:
            yield "Too little came after it to say whether it did."
    elif objective.target > 0.0 and objective.operator in ("<", "<="):
        yield f"That is {times(actual / objective.target)} times the target of {target}."
    elif objective.operator in (">", ">="):
        if objective.metric in _SHARES:
            yield f"That is {100.0 * (objective.target - actual):.3g} percentage points below {target}."
        else:
            yield f"That is {percent(actual / objective.target)} of {target}."
    else:
        yield f"Asked for was {objective.operator} {target}."


def _driver(evidence: Evidence, objective: Objective) -> Iterator[str]:
    """What the figure is made of, where the run says it."""
    block = _block(evidence, objective.subject)
    if block is None:
        return
    if objective.metric in _LATENCIES:
        cohort = block["time_ledger"]["p99" if objective.metric in ("p99", "p999", "max", "p95", "p90") else "mean"]
        if cohort["total"]:
            part = max(LEDGER, key=lambda each: cohort[each])
            share = percent(min(1.0, cohort[part] / cohort["total"]))
            yield f"Of the time of such requests {share} is {PARTS[part]}."
    elif objective.metric in ("availability", "success_ratio", "drop_ratio"):
        lost = {word: n for word, n in block["requests"]["by_outcome"].items() if word not in _SUCCESSES}
        if lost:
            word = max(lost, key=lambda each: lost[each])
            yield (
                f"Of {counted(sum(lost.values()), 'failed request')} {lost[word]:,} ended as {word.replace('_', ' ')}."
            )


def _block(evidence: Evidence, subject: str | None) -> Mapping[str, Any] | None:
    if subject is None:
        return evidence.summary
    for section in ("clients", "routes"):
        if subject in evidence.summary[section]:
            block: Mapping[str, Any] = evidence.summary[section][subject]
            return block
    return None
