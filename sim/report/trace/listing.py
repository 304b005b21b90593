"""Which requests of a run were traced, as a table for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from sim.metrics.trace import Trace
from sim.report import units
from sim.report.terminal import terminal_text
from sim.request import Outcome


def print_traces(traces: Sequence[Trace], console: Console | None = None) -> None:
    """Prints a line for each trace.

    Args:
        traces: Of one run.
        console: Where to; standard output unless given.
    """
    out = console or Console()
    several = len({trace.root.where for trace in traces}) > 1
    table = Table(box=None, pad_edge=False, header_style="dim", collapse_padding=True)
    for name in ("request", "sent at", "latency", "tries"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for name in ("outcome", "kept as", "asked for"):
        table.add_column(name, no_wrap=True, min_width=len(name))
    for trace in traces:
        root = trace.root
        success = Outcome[root.outcome.upper()].is_success
        cells = (
            (f"{trace.request}", "bold"),
            (units.moment(root.start), ""),
            (units.duration(trace.latency), ""),
            (f"{trace.attempts}", ""),
            (root.outcome, "" if success else "red"),
            (trace.reason, ""),
            (f"{root.name}, by {root.where}" if several else root.name, ""),
        )
        table.add_row(*(terminal_text(words, style, out) for words, style in cells))
    out.print(table)
