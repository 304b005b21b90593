"""Coordinated omission: a client that waits for answers sends little while the system is slow, and measures little.

What a closed loop does not send while it waits is missing from its percentiles; a crowd of users sends it anyway, and
suffers (G. Tene, "How NOT to Measure Latency", 2013).
"""

from typing import Final

import pandas as pd

from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import times

_HALF: Final = 0.5
_FEWEST: Final = 20.0
_MOSTLY: Final = 0.9


def closed_loop(evidence: Evidence) -> list[Finding]:
    """Says what each client that waits for answers left out, and what a client that does not wait saw meanwhile."""
    found = []
    for name, rows in evidence.clients.items():
        config = evidence.scenario.document.clients.get(name)
        if config is not None and config.traffic.way == "closed":
            found += _omitted(evidence, name, rows.loc[evidence.first :])
    return found


def _omitted(evidence: Evidence, name: str, rows: pd.DataFrame) -> list[Finding]:
    if rows["succeeded"].sum() < _MOSTLY * rows["ended"].sum():
        return []  # a client that is refused at once sends most where it is served least
    usual = float(rows["offered"].median())
    held = rows.index[rows["offered"] < _HALF * usual]
    missing = usual * len(held) - float(rows["offered"].reindex(held).sum())
    if missing < _FEWEST:
        return []
    sent = int(rows["offered"].reindex(held).sum())
    p99 = {each: block["latency_s"]["all"]["p99"] for each, block in evidence.summary["clients"].items()}
    open_loops = [
        each
        for each, client in evidence.scenario.document.clients.items()
        if client.traffic.way != "closed" and p99.get(each) and p99[name]
    ]
    text = (
        f"{name} waits for its answers: in {units.duration(len(held))}, from {units.moment(int(held[0]))} on, it sent "
        f"{sent:,} requests, where its usual {units.rate(usual)} make {usual * len(held):,.0f}."
    )
    figures = {"client": name, "missing": missing, "sent": sent, "p99_s": p99[name]}
    worst = max(open_loops, key=lambda each: p99[each], default=None)
    if worst is not None and p99[worst] > p99[name]:
        figures |= {"open_client": worst, "open_p99_s": p99[worst]}
        text += (
            f" Its p99 is {units.duration(p99[name])}; that of {worst}, which does not wait, is "
            f"{units.duration(p99[worst])}, {times(p99[worst] / p99[name])} times as long."
        )
    title = f"{name} left out {missing:,.0f} requests while the system was slow (coordinated omission)"
    return [Finding(title, text, figures, Weight.CAUSE)]
