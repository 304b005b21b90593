"""What each event cost, in words: who noticed it, what failed, how slow the rest became, and how long it lasted."""

from collections.abc import Iterator
from dataclasses import asdict
from math import ceil
from typing import Any, Final

from sim.report import units
from sim.report.explain.event_cost import Cost, Event, cost_of
from sim.report.explain.evidence import SPAN, Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.steps import steps
from sim.report.explain.wording import counted, instances, listed, number, percent, times

_MANY: Final = 0.01
_MORE_ATTEMPTS: Final = 1.01
_FEWEST_ATTEMPTS: Final = 5
_ATTRACTS: Final = 1.25
_STEP: Final = 0.25
_WATCHERS: Final = {"health_check": "health check", "outlier_ejection": "outlier ejection"}


def faults(evidence: Evidence) -> list[Finding]:
    """Says what each event cost, in the order of time."""
    events = sorted(evidence.summary["events"], key=lambda event: event["start_s"])
    return [_finding(evidence, event, cost_of(evidence, event, events)) for event in events]


def _finding(evidence: Evidence, event: Event, cost: Cost | None) -> Finding:
    name = f"The {event['kind']} of {event['target']} at {units.moment(event['start_s'])}"
    figures: dict[str, Any] = {"event": dict(event)}
    if cost is None:
        text = " ".join([*_noticed(evidence, event), "Too little came before it to say what is usual."])
        return Finding(f"{name}: what it cost cannot be said", text, figures)
    figures["cost"] = asdict(cost)
    slower = cost.slower
    if cost.failures:
        many = cost.failures >= _MANY * evidence.summary["requests"]["offered"]
        title, weight = f"{name} cost {counted(cost.failures, 'request')}", Weight.BROKEN if many else Weight.CAUSE
    elif slower is not None and slower.counts:
        title = f"{name} failed no request, but made {slower.figure} {times(slower.ratio)} times as long"
        weight = Weight.COST
    else:
        title, weight = f"{name} failed no request and hardly slowed any", Weight.NOTE
    sentences = [
        *(list(steps(evidence, event)) or _noticed(evidence, event)),
        *_failed(cost),
        *_lost(event, cost),
        *_written(event),
        *_attracted(evidence, event),
        *_slower(cost),
        *_over(evidence, event, cost),
        *_retried(cost),
    ]
    text = " ".join(sentences) or "Before it requests took no time, so there is no latency to compare with."
    return Finding(title, text, figures, weight)


def _noticed(evidence: Evidence, event: Event) -> Iterator[str]:
    """Who noticed it; nothing for what is not an instance's fault."""
    config = evidence.event_config(event)
    if config is None or config.hits in ("clients", "caches"):
        return
    if config.hits in ("regions", "zones", "links"):
        if event["detection_s"] is not None:
            yield f"It was noticed after {units.duration(event['detection_s'])}."
        elif config.hits != "links":
            yield "Nothing noticed it."
        return
    names = list(dict.fromkeys(target.name for target in config.targets))
    watchers = [
        word
        for key, word in _WATCHERS.items()
        if any(getattr(evidence.config(name), key, None) is not None for name in names)
    ]
    if event["detection_s"] is not None:
        who = f"The {' or the '.join(watchers)}" if watchers else "A reaction"
        yield f"{who} noticed it after {units.duration(event['detection_s'])}."
    elif watchers:
        yield f"Nothing noticed it: the {listed(watchers)} did not react."
    else:
        has = "have" if len(names) > 1 else "has"
        yield f"Nothing noticed it: {listed(names)} {has} neither health check nor outlier ejection."


def _failed(cost: Cost) -> Iterator[str]:
    most = sorted(cost.failed.items(), key=lambda item: -item[1])
    if len(most) == 1 and not cost.silent:
        yield f"All of them ended as {most[0][0]}."
    elif most or cost.silent:
        words = [f"{_part(failed, cost)} ended as {word}" for word, failed in most]
        words += [f"{_part(cost.silent, cost)} had got no answer when the run ended"] if cost.silent else []
        yield f"{listed(words)}."


def _part(number: int, cost: Cost) -> str:
    """A part of the requests that failed: how many, or which share where not all are of the same count."""
    told = sum(cost.failed.values()) + cost.silent
    return f"{number:,}" if told == cost.failures else percent(number / told)


def _lost(event: Event, cost: Cost) -> Iterator[str]:
    saved = event["lost"] - cost.failures
    if 0 < saved <= cost.attempts:
        but = f"all but {counted(cost.failures, 'request')}" if cost.failures else "all requests"
        yield f"It killed or refused {counted(event['lost'], 'call')}; retries kept {but} from failing."


def _written(event: Event) -> Iterator[str]:
    """What it did to replicated databases: for how long they took no writes, and which they lost."""
    rto, lost = event.get("rto_s", 0.0), event.get("writes_lost") or 0
    if rto is None:
        yield "The database never accepted a write again."
    elif rto > 0.0:
        yield f"The database accepted writes again {units.duration(rto)} after its start."
    if lost:
        verb = "was" if lost == 1 else "were"
        yield f"{counted(lost, 'acknowledged write')} {verb} lost, the work of {units.duration(event['rpo_s'])}."


def _attracted(evidence: Evidence, event: Event) -> Iterator[str]:
    """Instances that were down and drew more than their share, where clients are the only callers."""
    config = evidence.event_config(event)
    if event["kind"] != "crash" or config is None or len(config.targets) != 1:
        return
    name = config.targets[0].name
    parts, callers = evidence.of(name), {edge.caller for edge in evidence.load.edges if edge.callee == name}
    until = evidence.duration if event["end_s"] is None else event["end_s"]
    if event["detection_s"] is not None:
        until = event["start_s"] + event["detection_s"]
    start, end = ceil(event["start_s"]), int(until)
    down = [each for each, rows in parts.items() if not rows["up"].loc[start : max(start, end - 1)].any()]
    if not down or len(down) == len(parts) or end - start < SPAN or not callers <= set(evidence.clients):
        return
    sent = sum(float(evidence.clients[each]["attempts"].loc[start : end - 1].sum()) for each in callers)
    while_down = sent / (end - start) * (until - event["start_s"])
    share, fair = event["lost"] / while_down if sent else 0.0, len(down) / len(parts)
    if share >= _ATTRACTS * fair:
        idle = evidence.config(name).balancer.algorithm.startswith("least_")
        when = "While it was down" if event["detection_s"] is None else "Until it was noticed"
        yield (
            f"{when} {instances(name, down)} drew {percent(min(share, 1.0))} of the requests, where "
            f"{percent(fair)} is the equal share{': who refuses at once looks idle' if idle else ''}."
        )


def _slower(cost: Cost) -> Iterator[str]:
    if cost.slower is not None and (cost.slower.counts or not cost.failures):
        yield (
            f"The worst second of {cost.slower.client} had a {cost.slower.figure} of "
            f"{units.duration(cost.slower.worst)}, before the event {units.duration(cost.slower.before)}."
        )


def _over(evidence: Evidence, event: Event, cost: Cost) -> Iterator[str]:
    """When success ratio and p99 were back."""
    failover, back = event["failover_s"], event["recovery_s"]
    if event["end_s"] is None:
        words = "It lasts to the end of the run"
        if cost.failures and failover is not None:
            words += f"; {_back_after(failover)}"
        elif cost.failures and "failover_s" in event.get("unknown", ()):
            words += "; too little came after it to say when the success ratio was back"
        elif cost.failures:
            words += "; the success ratio never came back"
        yield f"{words}."
        return
    if back is None:
        if "recovery_s" in event.get("unknown", ()):
            yield "Too little came after it to say when all was as before."
        elif failover is None or not cost.failures:
            yield "Success ratio and p99 never came back to stay."
        else:
            yield f"{_back_after(failover).capitalize()}; p99 never came back to what it was before."
        return
    lasts = event["end_s"] - event["start_s"]
    if cost.failures and failover is not None and failover < lasts - _STEP:
        first = _back_after(failover)
        yield f"{first[0].upper()}{first[1:]}."
    elif cost.failures and lasts >= 1.0:
        yield "The success ratio was down for as long as it lasted."
    if back > 0.0:
        yield f"All was as before {units.duration(back)} after its end."


def _back_after(failover: float) -> str:
    return f"the success ratio was back {units.duration(failover)} after its start"


def _retried(cost: Cost) -> Iterator[str]:
    ratio = cost.attempts_per_request
    if cost.attempts >= _FEWEST_ATTEMPTS and ratio is not None and ratio >= _MORE_ATTEMPTS:
        yield f"It made {counted(cost.attempts, 'extra attempt')}: {number(ratio)} per request."
