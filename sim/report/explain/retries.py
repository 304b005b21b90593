"""What retries made of the load: attempts per request, how many of them were for nothing, and how layers multiply.

Every attempt is load on whatever serves it. Where several layers retry, each multiplies those of the layer above
(Google, "Site Reliability Engineering", 2016, chapter 22).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from sim.report import units
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, number, percent, times

_WORTH_SAYING: Final = 1.02
_MUCH_WASTE: Final = 0.01
_LAYERS: Final = 1.5


def retries(evidence: Evidence) -> list[Finding]:
    """Says what retries cost; nothing where there were hardly any and no work was wasted."""
    attempts, requests = evidence.summary["attempts"], evidence.summary["requests"]
    ratio = attempts["per_request"]
    work = attempts["wasted_work_s"] + attempts["useful_work_s"]
    wasted = attempts["wasted_work_s"] / work if work > 0.0 else 0.0
    layers = list(_layers(evidence))
    if ratio is None or (ratio < _WORTH_SAYING and wasted < _MUCH_WASTE and not layers):
        return []
    figures: dict[str, Any] = {"attempts_per_request": ratio, "wasted_work": wasted, "attempts": attempts["total"]}
    sentences = []
    if ratio >= _WORTH_SAYING:
        title = f"Retries sent each request {number(ratio)} times"
        peak, when = _peak(evidence)
        figures |= {"peak_attempts_per_request": peak, "peak_from_s": when}
        sentences.append(
            f"Of {counted(attempts['total'], 'attempt')} {requests['ok']:,} ended in a success; in the worst five "
            f"seconds, from {units.moment(when)} on, there were {number(peak)} attempts per request."
        )
        sentences += _budgets(evidence)
    else:
        title = "Retries multiply from layer to layer"
    if wasted >= _MUCH_WASTE:
        nobody = f"{percent(wasted)} of all work was for nobody"
        title = f"{title}, and {nobody}" if ratio >= _WORTH_SAYING else nobody
        sentences.append(
            f"Servers spent {units.duration(attempts['wasted_work_s'])} of {units.duration(work)} on attempts whose "
            "answer nobody used."
        )
    return [Finding(title, " ".join([*sentences, *layers]), figures, Weight.COST)]


def _peak(evidence: Evidence) -> tuple[float, int]:
    """Attempts per request in the five seconds in which there were most, and when those begin, s."""
    rows = evidence.seconds.loc[evidence.first :]
    span = min(SPAN, len(rows))
    sums = rows[["attempts", "offered"]].rolling(span).sum().iloc[span - 1 :]
    ratios = (sums["attempts"] / sums["offered"].clip(lower=1)).to_numpy()
    worst = int(np.argmax(ratios))
    return float(ratios[worst]), int(rows.index[worst])


def _budgets(evidence: Evidence) -> Iterator[str]:
    """The retry budgets of clients."""
    for name, client in evidence.scenario.document.clients.items():
        if client.retry is not None and client.retry.budget is not None and name in evidence.summary["clients"]:
            ratio = evidence.summary["clients"][name]["attempts"]["per_request"]
            if ratio is not None:
                yield (
                    f"The budget of {name} allows one retry for every {times(1.0 / client.retry.budget)} requests; "
                    f"without it there are up to {client.retry.attempts} attempts of each."
                    if client.retry.budget > 0.0
                    else f"The budget of {name} allows no retry."
                )


def _layers(evidence: Evidence) -> Iterator[str]:
    """Where errors at a component outnumber failed requests by more than the attempts of clients explain."""
    requests, attempts = evidence.summary["requests"], evidence.summary["attempts"]
    failed = requests["completed"] - requests["ok"]
    if not failed or attempts["per_request"] is None:
        return
    most = max((name for name, block in evidence.blocks() if block.get("errors")), key=_errors(evidence), default=None)
    if most is None:
        return
    errors = _errors(evidence)(most)
    tries = max(
        (client.retry.attempts for client in evidence.scenario.document.clients.values() if client.retry is not None),
        default=1,
    )
    if errors / failed >= _LAYERS * tries:
        own = f"{tries} attempts of clients at most, times those" if tries > 1 else "all of them attempts"
        yield (
            f"{most} answered {errors:,} calls with an error, {times(errors / failed)} for each of the {failed:,} "
            f"failed requests: {own} of the layers below."
        )


def _errors(evidence: Evidence) -> Any:
    return lambda name: evidence.summary["components"][name].get("errors", 0)
