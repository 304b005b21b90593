"""Where requests failed that no event explains: which outcome they ended with, and which component turned them away."""

from typing import Final

from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, listed, percent
from sim.request import Outcome

_MANY: Final = 0.01
_SUCCESSES: Final = frozenset(outcome.word for outcome in Outcome if outcome.is_success)


def refusals(evidence: Evidence) -> list[Finding]:
    """Says how requests failed in a run without events, if more than one in a hundred did."""
    requests = evidence.summary["requests"]
    failed = {word: n for word, n in requests["by_outcome"].items() if word not in _SUCCESSES}
    total = sum(failed.values())
    if evidence.summary["events"] or not total or total < _MANY * requests["completed"]:
        return []
    most = max(failed, key=lambda word: failed[word])
    clients = {
        name: sum(n for word, n in block["requests"]["by_outcome"].items() if word not in _SUCCESSES)
        for name, block in evidence.summary["clients"].items()
    }
    where = [
        f"{name} turned {counted(block['refused'], 'call')} away"
        for name, block in evidence.blocks()
        if block.get("refused")
    ]
    words = [f"{number:,} of {name}" for name, number in clients.items() if number]
    text = f"They were {listed(words)}"
    title = f"{percent(total / requests['completed'])} of the requests failed, {_how(most, failed[most], total)}"
    figures = {"by_outcome": failed, "clients": clients}
    return [Finding(title, f"{text}; {listed(where)}." if where else f"{text}.", figures, Weight.COST)]


def _how(word: str, number: int, total: int) -> str:
    return f"all as {word}" if number == total else f"{percent(number / total)} of them as {word}"
