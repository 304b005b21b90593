"""A summary is one run in figures: what `summary.json` holds and every table reads.

Counts are of user requests that arrived after warm-up, rates are per second of the time after warm-up, times are in
seconds, ratios 0..1, and None stands for a figure that has no data. The words:

- `offered` requests were sent; each of them is `completed` (it ended, with whatever outcome) or still `in_flight`;
- `overdue` requests were in flight at the end, and for longer than the p99 of those that ended (`sim.metrics.overdue`);
- `ok` counts successes: the outcomes `ok`, `cached` and `degraded`;
- `throughput_rps` counts requests that were answered, be it by an error: not those that ended in silence (`timeout`,
  `refused`, `reset`, `lost`); `goodput_rps` counts successes;
- `success_ratio` is successes / completed, `drop_ratio` is 1 - that;
- latencies `all` are of completed requests, `ok` of successes, `attempt` of every attempt that was answered;
- `attempts.total` counts the attempts that clients made at these requests, `per_request` is that / offered; the work of
  servers is told of the run and of each client: messages and fetches are work of the client whose request made them;
- an event lists as `unknown` what of its `failover_s` and `recovery_s` is None for want of data, and not for never;
- an event's `moved_10_s`, `moved_50_s` and `moved_99_s` say when so much of the traffic that went to its target before
  went elsewhere (`sim.metrics.moved`), None for never; `moved_of` says of what: `requests` that are steered to regions,
  `calls` of instances, `writes` of a database, None where nothing can move;
- `requests_lost` counts the user requests that failed while it was felt, less those that would have failed as before;
- an event's `reactions` are the first ones after it of each sort (`sim.metrics.What`) to each component;
- `regions` says how each region fared (`sim.metrics.regions`);
- every component has the figures of `COMPONENT_FIGURES`; None where it has no workers or queue to speak of.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.metrics.latency import latency_figures
from sim.metrics.ledger import time_ledger
from sim.metrics.messages import ConservationError, check_messages
from sim.metrics.moved import SHARES, moved
from sim.metrics.objectives import TOO_LITTLE, parse_objective
from sim.metrics.overdue import overdue
from sim.metrics.recorder import IN_FLIGHT
from sim.metrics.recovery import recoveries, requests_lost
from sim.metrics.regions import region_figures
from sim.metrics.result import Event, Result
from sim.request import Outcome

SILENT: Final = (Outcome.TIMEOUT, Outcome.REFUSED, Outcome.RESET, Outcome.LOST)
"""Outcomes of requests that got no answer at all."""

COMPONENT_FIGURES: Final = ("utilization", "queue_mean", "queue_max", "offered", "served", "refused")
"""What a summary says of every component, besides its `kind`, its own counters and its `instances`."""


def summarize(result: Result) -> dict[str, Any]:
    """Sums a run up.

    Args:
        result: The run.

    Returns:
        The content of `summary.json`: plain Python values that `json` can write.

    Raises:
        ConservationError: The books do not balance.
        ValueError: An objective of the result cannot be understood.
    """
    counted = _Counted(result)
    for name, counters in result.components.items():
        check_messages(name, counters)
    everything = np.arange(len(counted.rows))
    answered = np.concatenate([np.empty(0, np.float32), *result.attempt_latencies])
    whole = counted.block(everything, answered, (result.wasted_work, result.useful_work))
    summary: dict[str, Any] = {
        "scenario": result.name,
        "seed": result.seed,
        "duration_s": result.duration,
        "warmup_s": result.warmup,
        **whole,
        "clients": {},
        "routes": {},
        "components": {name: _component(counters) for name, counters in result.components.items()},
        "events": _events(result),
        "regions": region_figures(result),
    }
    for number, (name, rows) in enumerate(_split(counted.rows["client"], result.clients, "client")):
        summary["clients"][name] = counted.block(
            rows, result.attempt_latencies[number], (result.wasted[number], result.useful[number])
        )
    for label, rows in _split(counted.rows["route"], result.routes, "route"):
        summary["routes"][label] = counted.block(rows)
    plain: dict[str, Any] = _plain(summary)
    return {**plain, "objectives": _objectives(result.objectives, plain), "engine": _engine(result)}


class _Counted:
    """The requests that arrived after warm-up.

    Args:
        result: The run.
    """

    def __init__(self, result: Result) -> None:
        rows = result.requests
        self.rows = rows[np.searchsorted(rows["arrived"], result.warmup) :]
        self.outcome = np.ascontiguousarray(self.rows["outcome"])
        self.seconds = result.duration - result.warmup
        self.end = result.duration

    def block(
        self,
        chosen: NDArray[np.intp],
        answered: NDArray[np.float32] | None = None,
        work: tuple[float, float] | None = None,
    ) -> dict[str, Any]:
        """The blocks that a run, a client and a route have in common.

        Args:
            chosen: Positions of the requests, in the order of arrival.
            answered: Latencies of attempts, s; None leaves their figures out.
            work: Wasted and useful, s; None leaves it out.
        """
        outcome = self.outcome[chosen]
        ended = chosen[outcome != IN_FLIGHT]
        succeeded = chosen[outcome <= Outcome.DEGRADED]
        requests = self._requests(chosen, outcome)
        latency = {
            "all": latency_figures(self.rows["latency"][ended]),
            "ok": latency_figures(self.rows["latency"][succeeded]),
        }
        if answered is not None:
            latency["attempt"] = latency_figures(answered)
        return {
            "requests": requests,
            "latency_s": latency,
            "rates": self._rates(requests),
            "attempts": self._attempts(chosen, work),
            "time_ledger": time_ledger(self.rows, ended),
        }

    def _requests(self, chosen: NDArray[np.intp], outcome: NDArray[np.uint8]) -> dict[str, Any]:
        offered = len(chosen)
        counts = np.bincount(outcome, minlength=IN_FLIGHT + 1)
        by_outcome = {kind.word: int(counts[kind]) for kind in Outcome if counts[kind]}
        completed, in_flight = sum(by_outcome.values()), int(counts[IN_FLIGHT])
        if offered != completed + in_flight:
            raise ConservationError(f"{offered} requests offered, but {completed} ended and {in_flight} are in flight")
        oldest = None
        if in_flight:
            oldest = self.end - self.rows["arrived"][chosen[np.argmax(outcome == IN_FLIGHT)]]
        return {
            "offered": offered,
            "completed": completed,
            "ok": sum(by_outcome.get(kind.word, 0) for kind in Outcome if kind.is_success),
            "in_flight": in_flight,
            "oldest_in_flight_s": oldest,
            "overdue": int(np.count_nonzero(overdue(self.rows[chosen], self.end))) if in_flight else 0,
            "by_outcome": by_outcome,
        }

    def _rates(self, requests: dict[str, Any]) -> dict[str, float | None]:
        completed, ok = requests["completed"], requests["ok"]
        silent = sum(requests["by_outcome"].get(kind.word, 0) for kind in SILENT)
        success_ratio = _ratio(ok, completed)
        return {
            "offered_rps": _ratio(requests["offered"], self.seconds),
            "throughput_rps": _ratio(completed - silent, self.seconds),
            "goodput_rps": _ratio(ok, self.seconds),
            "success_ratio": success_ratio,
            "drop_ratio": None if success_ratio is None else 1.0 - success_ratio,
        }

    def _attempts(self, chosen: NDArray[np.intp], work: tuple[float, float] | None) -> dict[str, Any]:
        total = int(self.rows["attempts"][chosen].sum())
        spent = {} if work is None else dict(zip(("wasted_work_s", "useful_work_s"), work, strict=True))
        return {"total": total, "per_request": _ratio(total, len(chosen)), **spent}


def _split(numbers: NDArray[Any], names: list[str], what: str) -> list[tuple[str, NDArray[np.intp]]]:
    """The positions of each name's requests, in the order of arrival."""
    order = np.argsort(numbers, kind="stable")
    sizes = np.bincount(numbers, minlength=len(names))
    if len(sizes) > len(names):
        raise ConservationError(f"{sizes[len(names) :].sum()} requests belong to no {what}")
    return list(zip(names, np.split(order, np.cumsum(sizes)[:-1]), strict=True)) if names else []


def _component(counters: Mapping[str, Any]) -> dict[str, Any]:
    """A component's counters; for a cache also the share of look-ups that it answered itself, fresh or stale."""
    block = {"kind": None, **dict.fromkeys(COMPONENT_FIGURES), **counters}
    block["instances"] = block.pop("instances", {})
    if "hits" in block and "misses" in block:
        answered = block["hits"] + block.get("stale", 0)
        block.setdefault("hit_ratio", _ratio(answered, answered + block["misses"]))
    return block


def _events(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "kind": event.kind,
            "target": event.target,
            "start_s": event.start,
            "end_s": event.end,
            "detection_s": None if event.detected is None else event.detected - event.start,
            "failover_s": back.failover,
            "recovery_s": back.recovery,
            "moved_of": left.of,
            **{key: left.after.get(key) for key in SHARES},
            "unknown": [*(f"{figure}_s" for figure in back.unknown), *left.unknown],
            "lost": event.lost,
            "requests_lost": requests_lost(result, event, back),
            **_databases(event),
            "reactions": _reactions(result, event),
        }
        for event, back, left in zip(result.events, recoveries(result), moved(result), strict=True)
    ]


def _reactions(result: Result, event: Event) -> list[dict[str, Any]]:
    """The first reaction of each sort to each component, from an event's start to the next one's."""
    until = min((other.start for other in result.events if other.start > event.start), default=result.duration)
    first: dict[tuple[str, str], float] = {}
    for reaction in result.reactions:
        if event.start <= reaction.when < until and reaction.what != "healthy":
            first.setdefault((reaction.component, reaction.what), reaction.when - event.start)
    return [{"after_s": after, "component": name, "what": what} for (name, what), after in first.items()]


def _databases(event: Event) -> dict[str, Any]:
    """What an event has cost replicated databases, where there are any."""
    if event.writes_lost is None:
        return {}
    return {"rto_s": event.rto, "rpo_s": event.rpo, "writes_lost": event.writes_lost}


def _objectives(texts: list[str], summary: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = []
    for text in texts:
        objective = parse_objective(text)
        actual, met = objective.evaluate(summary)
        block: dict[str, Any] = {"objective": text, "actual": actual, "met": met}
        if late := objective.overdue(summary):
            block["overdue"] = late
        if actual is None and objective.missing(summary) == TOO_LITTLE:
            block["missing"] = TOO_LITTLE
        blocks.append(block)
    return blocks


def _engine(result: Result) -> dict[str, Any]:
    cpu, events = result.engine.get("cpu_s"), result.engine.get("events")
    return {
        "events": None if events is None else int(events),
        "requests_per_cpu_s": None if cpu is None else _ratio(len(result.requests), cpu),
        "cpu_s": cpu,
        "wall_s": result.engine.get("wall_s"),
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _plain(value: Any) -> Any:
    """The same data in Python's own types; what is not a finite number becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
