"""The shape of a summary: what `summarize` makes, field by field, so that one that somebody has edited is found out.

A figure is null only where there is nothing that it could be of: no latency without a request that ended.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sim.experiment.shape import COUNT, FIGURE, FLAG, NUMBER, TEXT, Each, differences
from sim.metrics import COHORTS, LATENCY_FIGURES, parse_objective
from sim.metrics.moved import SHARES
from sim.metrics.summary import COMPONENT_FIGURES
from sim.request import LEDGER

_LATENCY: Final = dict.fromkeys(LATENCY_FIGURES, FIGURE)
_TRAFFIC: Final[dict[str, Any]] = {
    "requests": {
        **dict.fromkeys(("offered", "completed", "ok", "in_flight"), COUNT),
        "oldest_in_flight_s": FIGURE,
        "by_outcome": Each(COUNT),
    },
    "latency_s": {"all": _LATENCY, "ok": _LATENCY},
    "rates": dict.fromkeys(("offered_rps", "throughput_rps", "goodput_rps", "success_ratio", "drop_ratio"), FIGURE),
    "attempts": {"total": COUNT, "per_request": FIGURE},
    "time_ledger": dict.fromkeys(COHORTS, dict.fromkeys((*LEDGER, "total"), FIGURE)),
}
_WORK: Final = {"attempts": {**_TRAFFIC["attempts"], "wasted_work_s": NUMBER, "useful_work_s": NUMBER}}
_FARED: Final = {"requests": COUNT, "success_ratio": FIGURE, "p99_s": FIGURE}
_SHAPE: Final = {
    "scenario": TEXT,
    "seed": COUNT,
    "duration_s": NUMBER,
    "warmup_s": NUMBER,
    **_TRAFFIC,
    **_WORK,
    "clients": Each({**_TRAFFIC, **_WORK}),
    "routes": Each(_TRAFFIC),
    "components": Each(
        {
            "kind": TEXT,
            **dict.fromkeys(COMPONENT_FIGURES, FIGURE),
            "instances": Each({"served": COUNT, "utilization": FIGURE, "outstanding_max": COUNT}),
        }
    ),
    "events": Each(
        {
            **dict.fromkeys(("kind", "target"), TEXT),
            "start_s": NUMBER,
            **dict.fromkeys(("end_s", "detection_s", "failover_s", "recovery_s", *SHARES), FIGURE),
            **dict.fromkeys(("lost", "requests_lost"), COUNT),
        },
        list,
    ),
    "regions": Each(
        {
            "role": TEXT,
            "sent": _FARED,
            "served": _FARED,
            **dict.fromkeys(("traffic_to", "calls_to"), Each(COUNT)),
            **dict.fromkeys(("cross_region", "cross_zone"), COUNT),
            "instance_s": NUMBER,
            "idle_share": FIGURE,
        }
    ),
    "objectives": Each({"objective": TEXT, "actual": FIGURE, "met": FLAG}, list),
}
_BESIDE: Final = {"hit_ratio": ("hits", "misses", "stale"), "expirations": ("misses", "evictions", "items")}
"""Counters that a component has beside another one."""


def what_is_wrong(summary: Mapping[str, Any], names: Mapping[str, Collection[str]]) -> str | None:
    """What tells a summary from those that runs leave; None if nothing does.

    Args:
        summary: What `summary.json` holds.
        names: What the sections `clients` and `components` have to be about.
    """
    return next(differences(summary, _SHAPE), None) or next(_meaning(summary, names), None)


def _meaning(summary: Mapping[str, Any], names: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What contradicts something else, in a summary of the right shape."""
    for section, wanted in names.items():
        for name in [*(each for each in wanted if each not in summary[section]), *summary[section]]:
            if name not in summary[section]:
                yield f"it has no '{section}.{name}'"
            elif name not in wanted:
                yield f"it has '{section}.{name}', which the scenario has not"
    yield from _traffic(summary, "")
    for section in ("clients", "routes"):
        for name, block in summary[section].items():
            yield from _traffic(block, f"{section}.{name}.")
    for name, block in summary["components"].items():
        for key, value in block.items():
            if key != "kind" and not isinstance(value, dict | list):
                yield from differences(value, FIGURE, f"components.{name}.{key}")
            for beside in _BESIDE.get(key, ()) if value is not None else ():
                yield from differences(block, {beside: COUNT}, f"components.{name}")
    for number, event in enumerate(summary["events"]):
        for key, value in event.items():
            if key.endswith("_s") and value is not None and value > summary["duration_s"]:
                yield f"'events[{number}].{key}' is beyond the end of the run"
    for number, row in enumerate(summary["objectives"]):
        try:
            parse_objective(row["objective"])
        except ValueError as error:
            yield f"'objectives[{number}].objective': {error}"


def _traffic(block: Mapping[str, Any], path: str) -> Iterator[str]:
    """Counts that do not add up, and figures that are null though there is something that they are of."""
    requests = block["requests"]
    if requests["completed"] != sum(requests["by_outcome"].values()):
        yield f"'{path}requests.completed' is not the sum of its outcomes"
    if requests["offered"] != requests["completed"] + requests["in_flight"]:
        yield f"'{path}requests.offered' is not what was completed and what is in flight"
    needed: dict[str, dict[str, tuple[str, ...]]] = {
        "offered": {"attempts": ("per_request",)},
        "completed": {"latency_s.all": LATENCY_FIGURES, "rates": ("success_ratio", "drop_ratio")}
        | {f"time_ledger.{cohort}": (*LEDGER, "total") for cohort in COHORTS},
        "ok": {"latency_s.ok": LATENCY_FIGURES},
    }
    for counter, parts in needed.items():
        for part, figures in parts.items() if requests[counter] else ():
            values = block
            for key in part.split("."):
                values = values[key]
            for figure in figures:
                yield from differences(values[figure], NUMBER, f"{path}{part}.{figure}")
