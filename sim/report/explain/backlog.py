"""What had not ended when the run did: requests in flight, their age, and queues that were still growing.

Percentiles are of requests that have ended. Where many have not, and the oldest is older than p99, the percentiles
flatter the system; where queues grow to the end there is no steady state, and a longer run has a longer p99.
"""

from typing import Final

import numpy as np

from sim.experiment.metastability import Verdict
from sim.report import units
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed, number

_GROWN: Final = 50.0
_GREW: Final = 1.2


def backlog(evidence: Evidence) -> list[Finding]:
    """Says what was left over; nothing where that is little and not old, or where the verdict says it already."""
    requests, p99 = evidence.summary["requests"], evidence.summary["latency_s"]["all"]["p99"]
    flying, oldest = requests["in_flight"], requests["oldest_in_flight_s"]
    flatters = units.flattery(evidence.summary)
    told = evidence.aftermath is not None and evidence.aftermath.verdict is Verdict.NEVER
    growing = {} if told else _growing(evidence)
    figures = {"in_flight": flying, "oldest_in_flight_s": oldest, "growth_per_s": growing}
    grows = [f"by {number(slope)} requests a second at {name}" for name, slope in growing.items()]
    words = [f"In the last quarter queues grew {listed(grows)}: a longer run has a longer p99."] if growing else []
    if flatters:
        title = flatters
        words.insert(
            0,
            f"p99 is of those that ended; {flying:,} were still in flight, the oldest for {units.duration(oldest)}, "
            f"longer than the p99 of {units.duration(p99)}.",
        )
    elif growing:
        title = f"There is no steady state: the queue was still growing at {listed(list(growing))}"
    else:
        return []
    return [Finding(title, " ".join(words), figures, Weight.BROKEN)]


def _growing(evidence: Evidence) -> dict[str, float]:
    """The components whose queue grew to the end: by a fifth since the third quarter, and by fifty requests."""
    found = {}
    quarter = (evidence.end - evidence.first) // 4
    for name in dict.fromkeys(component for component, _ in evidence.places):
        queue = evidence.together(name)["queue"].loc[evidence.first :].to_numpy()
        if quarter < 2 or len(queue) < 2 * quarter:
            continue
        last, before = queue[-quarter:], queue[-2 * quarter : -quarter]
        slope = float(np.polyfit(np.arange(quarter), last, 1)[0])
        if slope * quarter >= _GROWN and last.mean() >= _GREW * before.mean():
            found[name] = slope
    return found
