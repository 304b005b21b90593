"""The summary of a run for a terminal: objectives, the answer, how requests ended, how long they took and where.

It fits 80 columns, says the same without colour, and falls back to ASCII on a terminal that has no more.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report import palette, units
from sim.report.print_sheet import print_sheet
from sim.report.region_sheets import region_sheets
from sim.report.terminal import has_unicode, terminal_text
from sim.request import LEDGER

_BAR: Final = 16
_LEDGER_BAR: Final = 14
_MOST_COMPONENTS: Final = 24
TEXTURES: Final = dict(zip(LEDGER, "░█▒·▓", strict=True))


def print_summary(
    summary: Mapping[str, Any], console: Console | None = None, question: str = "", answer: str = ""
) -> None:
    """Prints a run.

    Args:
        summary: What `summarize` returned, or a dict read from `summary.json`.
        console: Where to; standard output unless given.
        question: What the scenario asks.
        answer: The answer, figures filled in.
    """
    writer = _Writer(console or Console())
    writer.title(summary)
    writer.objectives(summary["objectives"])
    writer.answer(question, answer)
    writer.requests(summary["requests"])
    writer.latency(summary["latency_s"], units.flattery(summary))
    writer.rates(summary)
    writer.ledger(summary["time_ledger"])
    writer.components(summary["components"])
    writer.queues(summary["components"])
    writer.events(summary["events"])
    writer.databases(summary["events"])
    for sheet in region_sheets(summary):
        print_sheet(sheet, writer.console)


class _Writer:
    """Prints the parts of a summary.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._unicode = has_unicode(console)

    def title(self, summary: Mapping[str, Any]) -> None:
        words = f"seed {summary['seed']} · {units.duration(summary['duration_s'])} simulated"
        if summary["warmup_s"]:
            words += f", {units.duration(summary['warmup_s'])} of it warm-up"
        self.console.print(self._text(summary["scenario"], "bold"), self._text(f"  {words}", "dim"), sep="")

    def objectives(self, objectives: Iterable[Mapping[str, Any]]) -> None:
        table = self._table(("", "left"), ("", "left"), ("", "left"))
        for objective in objectives:
            met = objective["met"]
            style = "green" if met else "bold red"
            actual = units.measured(objective)
            self._row(table, ("✓" if met else "✗", style), objective["objective"], (f"actual {actual}", style))
        self._print("", table)

    def answer(self, question: str, answer: str) -> None:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for name, words in (("question", question), ("answer", answer)):
            if words:
                self._row(table, (name, "dim"), words)
        self._print("", table)

    def requests(self, requests: Mapping[str, Any]) -> None:
        offered, in_flight = requests["offered"], requests["in_flight"]
        words = f"{offered:,} offered = {requests['completed']:,} ended + {in_flight:,} in flight"
        if in_flight:
            words += f" (oldest {units.duration(requests['oldest_in_flight_s'])})"
        table = self._table(("", "left"), ("", "right"), ("", "right"), ("", "left"))
        for word, number in requests["by_outcome"].items():
            share = number / offered
            bar = "█" * int(share * _BAR + 0.5) or "▌"
            self._row(table, word, f"{number:,}", units.share(share), (bar, palette.OUTCOMES[word]))
        self._print("requests", table, words)

    def latency(self, latency: Mapping[str, Mapping[str, float | None]], warning: str | None) -> None:
        figures = ("mean", "p50", "p95", "p99", "max")
        table = self._table(("latency", "left"), *((figure, "right") for figure in figures), head=True)
        for key, words in (("all", "all that ended"), ("ok", "successes"), ("attempt", "attempts")):
            self._row(table, words, *(units.duration(latency[key][figure]) for figure in figures))
        self._print("", table)
        if warning:
            self.console.print(self._text(warning, "bold red"))

    def rates(self, summary: Mapping[str, Any]) -> None:
        rates, attempts = summary["rates"], summary["attempts"]
        wasted, work = attempts["wasted_work_s"], attempts["wasted_work_s"] + attempts["useful_work_s"]
        table = self._table(("", "left"), ("", "left"))
        self._row(
            table,
            "rates",
            f"offered {units.rate(rates['offered_rps'])} · answered {units.rate(rates['throughput_rps'])} · "
            f"goodput {units.rate(rates['goodput_rps'])} · success {units.share(rates['success_ratio'])}",
        )
        words = f"{units.count(attempts['per_request'])} per request · wasted work {units.duration(wasted)}"
        if work > 0.0:
            words += f" of {units.duration(work)} ({units.share(wasted / work)})"
        self._row(table, "attempts", words)
        self._print("", table)

    def ledger(self, cohorts: Mapping[str, Mapping[str, float | None]]) -> None:
        known = {name: parts for name, parts in cohorts.items() if parts["total"]}
        if not known:
            return
        shown = [part for part in LEDGER if any(parts[part] for parts in known.values())]
        table = self._table(
            ("time", "left"), ("", "left"), *((part, "right") for part in shown), ("total", "right"), head=True
        )
        for name, parts in known.items():
            total = parts["total"] or 1.0
            bar = Text()
            for part, length in zip(
                shown, _shares([(parts[part] or 0.0) / total for part in shown], _LEDGER_BAR), strict=True
            ):
                bar.append_text(self._text(TEXTURES[part] * length, palette.LEDGER[part]))
            self._row(table, name, bar, *(units.duration(parts[part]) for part in shown), units.duration(total))
        self._print("", table)

    def components(self, components: Mapping[str, Mapping[str, Any]]) -> None:
        if not components:
            return
        table = self._table(
            ("component", "left"), ("busy", "right"), ("queue", "right"), ("max", "right"), ("served", "right"),
            ("refused", "right"), ("hits", "right"), ("", "left"), head=True,
        )  # fmt: skip
        hottest = max(components, key=lambda name: components[name].get("utilization") or 0.0)
        for name, component in list(components.items())[:_MOST_COMPONENTS]:
            busy = component.get("utilization")
            first = name == hottest and bool(busy)
            style = "bold red" if (busy or 0.0) > units.HOT else "bold" if first else ""
            self._row(
                table,
                (name, "bold" if first else ""),
                (units.share(busy) if busy else "", style),
                units.count(component.get("queue_mean")) if component.get("queue_max") else "",
                units.count(component.get("queue_max")) if component.get("queue_max") else "",
                units.count(component["served"]) if component.get("served") is not None else "",
                units.count(component["refused"]) if component.get("refused") else "",
                units.share(component["hit_ratio"]) if component.get("hit_ratio") is not None else "",
                ("◀ hottest" if first else "", style),
            )
        left_over = len(components) - _MOST_COMPONENTS
        self._print("", table)
        if left_over > 0:
            self.console.print(self._text(f"  and {left_over} more", "dim"))

    def queues(self, components: Mapping[str, Mapping[str, Any]]) -> None:
        table = self._table(
            ("queue", "left"), ("published", "right"), ("done", "right"), ("p50", "right"), ("p99", "right"),
            ("lag", "right"), ("left", "right"), ("twice", "right"), ("dead", "right"), ("lost", "right"), head=True,
        )  # fmt: skip
        for name, queue in components.items():
            if "groups" in queue:
                lost = queue["lost"] + queue["shed"]
                self._row(
                    table,
                    name,
                    units.count(queue["published"]),
                    units.count(queue["acknowledged"]),
                    *(units.duration(queue["end_to_end_s"][key]) for key in ("p50", "p99")),
                    units.duration(queue["lag_max_s"]),
                    units.count(queue["depth"] + queue["in_flight"]),
                    units.count(queue["duplicates"]),
                    (units.count(queue["dead_letters"]), "bold red" if queue["dead_letters"] else ""),
                    (units.count(lost), "bold red" if lost else ""),
                )
        self._print("", table)

    def events(self, events: Iterable[Mapping[str, Any]]) -> None:
        table = self._table(
            ("event", "left"), ("at", "right"), ("detection", "right"), ("failover", "right"), ("recovery", "right"),
            ("lost", "right"), head=True,
        )  # fmt: skip
        for event in events:
            back = units.since(event, "recovery_s")
            self._row(
                table,
                f"{event['kind']} {event['target']}",
                units.moment(event["start_s"]),
                units.duration(event["detection_s"]),
                units.since(event, "failover_s"),
                (back, "bold red") if back == units.NEVER else back,
                units.count(event["lost"]),
            )
        self._print("", table)

    def databases(self, events: Iterable[Mapping[str, Any]]) -> None:
        table = self._table(
            ("database", "left"), ("rto", "right"), ("rpo", "right"), ("writes lost", "right"), head=True
        )
        for event in events:
            if "writes_lost" in event:
                rto, lost = event["rto_s"], event["writes_lost"]
                self._row(
                    table,
                    f"{event['kind']} {event['target']}",
                    (units.NEVER, "bold red") if rto is None else units.duration(rto),
                    units.duration(event["rpo_s"]),
                    (units.count(lost), "bold red" if lost else ""),
                )
        self._print("", table)

    def _table(self, *columns: tuple[str, Any], head: bool = False) -> Table:
        table = Table(box=None, show_header=head, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for number, (name, justify) in enumerate(columns):
            first = number == 0
            table.add_column(
                name, justify=justify, no_wrap=not first or head, overflow="ellipsis" if self._unicode else "crop"
            )
        return table

    def _row(self, table: Table, *cells: str | tuple[str, str] | Text) -> None:
        table.add_row(
            *(
                cell if isinstance(cell, Text) else self._text(*((cell,) if isinstance(cell, str) else cell))
                for cell in cells
            )
        )

    def _print(self, name: str, table: Table, words: str = "") -> None:
        if not table.row_count and not words:
            return
        self.console.print()
        if name:
            self.console.print(self._text(f"{name}  ", "dim"), self._text(words), sep="")
        self.console.print(table)

    def _text(self, words: str, style: str = "") -> Text:
        return terminal_text(words, style, self.console)


def _shares(ratios: list[float], width: int) -> list[int]:
    """Whole numbers of cells that add up to `width`, as close to the ratios as they can be."""
    ends = [int(sum(ratios[: number + 1]) * width + 0.5) for number in range(len(ratios))]
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
