"""A metastable failure is an overload that outlives its cause: the trigger is gone, and the system stays down.

Something keeps it there, mostly work that the overload itself makes, such as retries. Only less load ends it (N.
Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; L. Huang et al., "Metastable Failures in the
Wild", OSDI 2022). The verdict on a run is read off its time line of whole seconds:

- **Triggers** are the events of the scenario, but for spikes that lower traffic: those shed load.
- **Before** is the time from warm-up to the start of the first trigger, five seconds at least. It says what is normal:
  successes per request offered, and the p99 of a typical second (the median of the p99s of five seconds; of those the
  highest).
- A span of time is **good** if, for each client that had successes before, successes are at least 90% of what is normal
  for the requests offered in it, less three standard deviations, and the p99 of its typical second is at most twice
  what is normal, where fifty requests or more ended.
- **After** begins when the last trigger has ended. Its last quarter, five seconds at least, decides: a system that is
  good then is back from the moment after which no five seconds were bad; where the run's events say how long the
  recovery from the last trigger took, from that moment. Otherwise it has `never` recovered, unless it is on its way,
  which leaves the verdict to a longer run: its last five seconds are good, or its queues are draining (shorter by ten
  requests in that quarter, and by more than four standard deviations of the seconds around the trend).
- **Load was shed** if, between the end of the last trigger and the moment when it was back, a spike lowered traffic; or
  the traffic of clients that do not wait for answers (open loops, replays) was less than 90% of what it was before, for
  five seconds and by more than four standard deviations; or at least a tenth more of the requests than before were
  turned away on purpose (`rate_limited`, `shed`, `circuit_open`).

There is no verdict where a trigger lasts to the end, where there is too little before or after (ten seconds) to judge
by, or where the traffic is still above 110% of what it was before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.experiment.levels import SPAN, SURE_SIGMAS, Level, Levels, Normal
from sim.faults import EventConfig
from sim.scenario import Scenario

_SHORTER: Final = 10.0
_LEAST_AFTER: Final = 10

Event = Mapping[str, Any]
"""An event as `summary["events"]` has it."""


class Verdict(StrEnum):
    """Whether a system came back after its last trigger had ended."""

    RECOVERED = "recovered"
    SHED = "recovered after load was shed"
    NEVER = "never"


@dataclass(frozen=True)
class Aftermath:
    """What became of a system after its triggers.

    Attributes:
        verdict: Whether it came back; None where that cannot be said.
        reason: Why there is no verdict.
        trigger: The last one to end, as `summary["events"]` has it.
        back_s: From the end of the last trigger until it was back, s; None if it never was.
        before: How it did before the first trigger.
        meanwhile: How it did between the end of the last trigger and when it was back, or the run's end.
        after: How it did in the last quarter.
        shed: How load was shed, in words; empty where it was not.
        on_its_way: Whether there is no verdict because the run ended while the system was recovering.
    """

    verdict: Verdict | None
    reason: str
    trigger: Event
    back_s: float | None = None
    before: Level | None = None
    meanwhile: Level | None = None
    after: Level | None = None
    shed: str = ""
    on_its_way: bool = False


def judge(
    summary: Mapping[str, Any], timeline: pd.DataFrame, components: pd.DataFrame, scenario: Scenario
) -> Aftermath | None:
    """Says what became of a system after its triggers had ended.

    Args:
        summary: What `summarize` made of the run.
        timeline: What users saw, second by second.
        components: What the components did, second by second.
        scenario: As it ran.

    Returns:
        The verdict and what it rests on; None for a run without triggers.
    """
    triggers = [event for event in summary["events"] if not sheds_load(event_config(scenario, event))]
    if not triggers:
        return None
    last = max(triggers, key=lambda event: np.inf if event["end_s"] is None else event["end_s"])
    start = min(event["start_s"] for event in triggers)
    run = Levels(timeline, summary["duration_s"], scenario)
    if last["end_s"] is None or last["end_s"] >= run.end:
        return Aftermath(None, f"the {last['kind']} of {last['target']} lasts to the end of the run", last)
    before, after = (ceil(summary["warmup_s"]), int(start)), (ceil(last["end_s"]), run.end)
    if before[1] - before[0] < SPAN:
        return Aftermath(None, "there are less than 5s between warm-up and the first event", last)
    if after[1] - after[0] < _LEAST_AFTER:
        return Aftermath(None, f"the run ends less than {_LEAST_AFTER}s after the last event", last)
    normal = run.normal(*before)
    if not normal.successes:
        return Aftermath(None, "no request succeeded before the first event", last)
    end_begins = min(after[1] - (after[1] - after[0]) // 4, after[1] - SPAN)
    if run.load_is_up(before, (end_begins, after[1])):
        return Aftermath(None, "the traffic at the end is still above that before the first event", last)
    found = Aftermath(
        Verdict.NEVER, "", last, None, run.level(*before), run.level(*after), run.level(end_begins, after[1])
    )
    if not run.is_good(normal, end_begins, after[1]):
        reason = ""
        if run.is_good(normal, after[1] - SPAN, after[1]):
            reason = "it was well in the last seconds of the run, and a longer run tells whether that holds"
        elif _drains(components, end_begins, after[1]):
            reason = "its queues were still draining when the run ended, and a longer run tells how that ends"
        return replace(found, verdict=None, reason=reason, on_its_way=True) if reason else found
    back = _back(run, normal, last, summary["events"], end_begins)
    moment = ceil(last["end_s"] + back)
    shed = run.shed(before, after[0], moment) or _lowered(summary["events"], scenario, last["end_s"], moment)
    meanwhile = run.level(after[0], moment) if moment > after[0] else None
    verdict = Verdict.SHED if shed else Verdict.RECOVERED
    return replace(found, verdict=verdict, back_s=back, meanwhile=meanwhile, shed=shed)


def event_config(scenario: Scenario, event: Event) -> EventConfig | None:
    """What the scenario says of an event.

    Args:
        scenario: As it ran.
        event: Of the summary.
    """
    for config in scenario.document.events:
        targets = ", ".join(str(target) for target in config.targets)
        if (config.verb, targets) == (event["kind"], event["target"]) and abs(config.at - event["start_s"]) < 1e-6:
            return config
    return None


def sheds_load(config: EventConfig | None) -> bool:
    """Whether an event lowers traffic."""
    return config is not None and config.verb == "spike" and getattr(config, "factor", 1.0) < 1.0


def _back(run: Levels, normal: Normal, last: Event, events: Sequence[Event], until: int) -> float:
    """From the end of the last trigger to the moment from which on everything was good, s."""
    if last["recovery_s"] is not None and not any(event["start_s"] > last["end_s"] for event in events):
        return float(last["recovery_s"])
    first = ceil(last["end_s"])
    bad = [second for second in range(first, until - SPAN + 1) if not run.is_good(normal, second, second + SPAN)]
    return bad[-1] + 1 - last["end_s"] if bad else 0.0


def _drains(components: pd.DataFrame, start: int, end: int) -> bool:
    """Whether all queues together grow shorter between two seconds, beyond chance."""
    rows = components[(components["t_s"] >= start) & (components["t_s"] < end)]
    queues = rows.groupby("t_s")["queue"].sum().to_numpy()
    if len(queues) < SPAN:
        return False
    seconds = np.arange(len(queues))
    slope, level = np.polyfit(seconds, queues, 1)
    spread = float(np.std(queues - (level + slope * seconds)))
    shorter = -float(slope) * (len(queues) - 1)
    return shorter >= _SHORTER and shorter > SURE_SIGMAS * spread


def _lowered(events: Sequence[Event], scenario: Scenario, start: float, end: float) -> str:
    """Which spike lowered traffic between two times, in words; empty if none did."""
    for event in events:
        over = np.inf if event["end_s"] is None else event["end_s"]
        if sheds_load(event_config(scenario, event)) and event["start_s"] < end and over > start:
            return f"a spike lowered the traffic of {event['target']}"
    return ""
