"""The tables of a run that stands in several places: how fast traffic moved, each region, replicas, sessions.

Page and terminal show the same ones; those that have nothing to say are left out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sim.components.region import base_name
from sim.report import units
from sim.report.sheet import Cell, Mark, Sheet

Summary = Mapping[str, Any]
_MOVED: Final = {"10%": "moved_10_s", "50%": "moved_50_s", "99%": "moved_99_s"}


def region_sheets(summary: Summary) -> list[Sheet]:
    """The tables of a run, without empty ones.

    Args:
        summary: What `summarize` returned, or a dict read from `summary.json`.
    """
    return [sheet for make in _SHEETS if (sheet := make(summary)).rows]


def _moved(summary: Summary) -> Sheet:
    """How long it took until so much of the traffic that went to what failed went elsewhere."""
    rows = [
        (
            Cell(f"{event['kind']} {event['target']}"),
            Cell(event["moved_of"]),
            *(_since(event, key) for key in _MOVED.values()),
            Cell(units.count(event.get("requests_lost"))),
        )
        for event in summary["events"]
        if event.get("moved_10_s") is not None
    ]
    note = (
        "Time from the event's start until that share of the traffic that had gone to its target went elsewhere; of a "
        "failback or a promotion, until it came there."
    )
    return Sheet("Traffic moved", ("traffic moved", "of", *_MOVED, "requests lost"), tuple(rows), note=note)


def _regions(summary: Summary) -> Sheet:
    """What the users in each region got, what each region served, and what waited idle there."""
    columns = ("region", "role", "idle", "sent", "success", "p99", "served", "success", "p99")
    regions = summary.get("regions", {})
    rows = [
        (
            Cell(name),
            Cell(region["role"] if region["standby"] is None else f"{region['standby']} {region['role']}"),
            Cell(units.share(region["idle_share"])),
            *_traffic(region["sent"]),
            *_traffic(region["served"]),
        )
        for name, region in regions.items()
    ]
    note = "Sent: by users there, wherever that was served. Served: what was sent there last. Idle: of what ran there."
    return Sheet(
        "Regions", columns, tuple(rows if len(rows) > 1 else ()), note=f"{note}{_price_of_standby(regions, summary)}"
    )


def _traffic(block: Mapping[str, Any]) -> tuple[Cell, ...]:
    if not block["requests"]:
        return (Cell("0"), Cell(units.NOTHING), Cell(units.NOTHING))
    return (
        Cell(units.count(block["requests"])),
        Cell(units.share(block["success_ratio"])),
        Cell(units.duration(block["p99_s"])),
    )


def _price_of_standby(regions: Summary, summary: Summary) -> str:
    """What the standby regions cost, beside how fast they took over."""
    steered = [event for event in summary["events"] if event.get("moved_of") == "requests"]
    backs = [units.since(event, "failover_s") for event in steered if event["moved_10_s"] is not None]
    took = f"; failover took {', '.join(backs)}" if backs else ""
    return "".join(
        f" Standby {name} ran for {units.count(round(region['instance_s']))} instance-seconds, "
        f"{units.share(region['idle_share'])} of them idle{took}."
        for name, region in regions.items()
        if region["role"] == "standby" and region["idle_share"] is not None
    )


def _links(summary: Summary) -> Sheet:
    """How many calls went from each region to each other one."""
    regions = summary.get("regions", {})
    zones = any(region["cross_zone"] for region in regions.values())
    rows = [
        (
            Cell(name),
            *(Cell("" if other == name else units.count(region["calls_to"].get(other, 0))) for other in regions),
            *([Cell(units.count(region["cross_zone"]))] if zones else []),
        )
        for name, region in regions.items()
    ]
    columns = ("calls from", *(f"to {name}" for name in regions), *(["between its zones"] if zones else []))
    far = any(region["cross_region"] or region["cross_zone"] for region in regions.values())
    return Sheet("Calls between regions", columns, tuple(rows) if far else ())


def _replicas(summary: Summary) -> Sheet:
    """What became of reads and writes at each copy of a replicated database."""
    columns = ("replica", "reads", "stale", "mean age", "writes", "refused", "lost", "split-brain")
    rows = [
        (
            Cell(name),
            Cell(units.count(replica["reads"])),
            Cell(units.share(replica["stale_reads"] / replica["reads"]) if replica["reads"] else units.NOTHING),
            Cell(units.duration(replica["stale_age_mean"])),
            Cell(units.count(replica["writes"])),
            _bad(replica["writes_refused"]),
            _bad(replica["writes_lost"]),
            _bad(replica["split_brain_writes"]),
        )
        for name, replica in summary["components"].items()
        if "stale_reads" in replica
    ]
    note = "Stale: reads that missed a write acknowledged before they began; its mean age beside it."
    return Sheet("Replication", columns, tuple(rows), note=note)


def _sessions(summary: Summary) -> Sheet:
    """How many sessions each service has lost; the parts of a service in several regions count together."""
    services = {base_name(name): part for name, part in summary["components"].items() if "sessions_lost" in part}
    rows = [
        (Cell(name), Cell(units.count(part["sessions_started"])), _bad(part["sessions_lost"]))
        for name, part in services.items()
    ]
    note = "Lost: a session that had to be made anew, because its instance had died or another one got the request."
    return Sheet("Sessions", ("sessions of", "started", "lost"), tuple(rows), note=note)


def _bad(number: float) -> Cell:
    mark: Mark = "missed" if number else ""
    return Cell(units.count(number), mark)


def _since(event: Summary, key: str) -> Cell:
    return Cell(units.since(event, key), "missed" if event[key] is None else "")


_SHEETS: Final[tuple[Callable[[Summary], Sheet], ...]] = (_moved, _regions, _links, _replicas, _sessions)
