"""Whether the warm-up was long enough: whether what was measured after it still bears the marks of the start.

MSER-5 says how much to cut off the start of the number of requests inside all components, second by second. It is asked
only of runs whose traffic is meant to be steady, and up to the first event. Queues wander by themselves, so its answer
counts only where what it cuts off differs from all stretches of equal length later by three of their standard
deviations.
"""

from typing import Final

import numpy as np

from sim.experiment.statistics import mser5
from sim.report import units
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import number

_FEWEST_STRETCHES: Final = 8
_APART: Final = 0.25
_SIGMAS: Final = 3.0


def warm_up(evidence: Evidence) -> list[Finding]:
    """Says that the warm-up was too short, where it changes what was measured."""
    first = evidence.first
    end = int(min([evidence.end, *(event["start_s"] for event in evidence.summary["events"])]))
    if not evidence.places or end - first < 2 * SPAN or not _is_steady(evidence):
        return []
    inside = np.sum([rows["outstanding"].reindex(range(end)).to_numpy() for rows in evidence.places.values()], axis=0)
    cut = mser5(inside)
    if not first + SPAN <= cut <= first + (end - first) // (_FEWEST_STRETCHES + 1):
        return []
    start, rest = float(inside[first:cut].mean()), inside[cut:]
    stretches = rest[len(rest) % (cut - first) :].reshape(-1, cut - first).mean(axis=1)
    usual, spread = float(stretches.mean()), float(stretches.std(ddof=1))
    if abs(start - usual) <= max(_APART * usual, _SIGMAS * spread):
        return []
    title = f"The warm-up of {units.duration(evidence.summary['warmup_s'])} was too short: it takes {cut}s"
    text = (
        f"From {units.moment(first)} to {units.moment(cut)} {number(start)} requests were inside the components on "
        f"average, later {number(usual)}; what was measured mixes both."
    )
    figures = {"warmup_s": evidence.summary["warmup_s"], "needed_s": cut, "inside": start, "inside_later": usual}
    return [Finding(title, text, figures, Weight.COST)]


def _is_steady(evidence: Evidence) -> bool:
    traffic = [client.traffic for client in evidence.scenario.document.clients.values()]
    return all(each.way != "replay" and each.shape is None and each.diurnal is None for each in traffic)
