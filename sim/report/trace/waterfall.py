"""A waterfall shows one request over time: who did something for it, who waited for whom, and how long.

It fits 80 columns, says the same without colour, and falls back to ASCII on a terminal that has no more. A column is
an equal share of the time, and shows what went on for most of it.
"""

from typing import Final

from rich.console import Console
from rich.text import Text

from sim.metrics.trace import ATTEMPT, BRANCH, FAILED, RANDOM, SLOW, Span, Trace
from sim.report import palette, units
from sim.report.tables import TEXTURES
from sim.report.terminal import has_unicode, terminal_text
from sim.report.trace.rows import ABANDONED, WAITING, Row, rows
from sim.request import LEDGER, SERVICE, Outcome

REASONS: Final = {
    SLOW: "kept as one of the slowest",
    FAILED: "kept as one that failed",
    RANDOM: "kept at random",
}

_TEXTURES: Final = {**TEXTURES, ABANDONED: "×"}
_STYLES: Final = {**palette.LEDGER, WAITING: "dim", ABANDONED: "red"}
_NAMES: Final = 0.45
_TIMES: Final = 8
_LEAST: Final = 24
_BEYOND: Final = 0.5
"""Work that goes on for nobody is shown for so much longer than the request took, as a share of that."""


def print_waterfall(trace: Trace, console: Console | None = None) -> None:
    """Prints one trace.

    Args:
        trace: The trace.
        console: Where to; standard output unless given.
    """
    _Waterfall(trace, console or Console()).print()


class _Waterfall:
    """Prints one trace.

    Args:
        trace: The trace.
        console: Where to.
    """

    def __init__(self, trace: Trace, console: Console) -> None:
        self.trace = trace
        self.console = console
        self.rows = rows(trace)
        most = min(max(round(console.width * _NAMES), 12), console.width - _TIMES - _LEAST - 2)
        self.indent = 2 if self._longest(2) <= most else 1
        self.names = min(self._longest(self.indent), most)
        self.width = max(console.width - self.names - _TIMES - 2, 8)
        self.start = trace.root.start
        self.end = min(trace.last, trace.root.end + _BEYOND * trace.latency)

    def _longest(self, indent: int) -> int:
        return max(indent * row.depth + len(row.name) + len(row.note) + 2 * bool(row.note) for row in self.rows)

    def print(self) -> None:
        """Prints it."""
        self._title()
        self._ledger()
        self._axis()
        for row in self.rows:
            self._row(row)
        self._waste()

    def _title(self) -> None:
        trace, root = self.trace, self.trace.root
        outcome = Outcome[root.outcome.upper()]
        self.console.print(
            self._text(f"#{trace.request} {root.name}", "bold"),
            self._text(f"by {root.where}:", ""),
            self._text(root.outcome, "bold green" if outcome.is_success else "bold red"),
            self._text(f"after {units.duration(trace.latency)}", "bold"),
            soft_wrap=True,
        )
        tries = "1 attempt" if trace.attempts == 1 else f"{trace.attempts} attempts"
        self._line(f"sent at {units.moment(root.start)}, {tries}, {REASONS[trace.reason]}", "dim")
        self.console.print()

    def _ledger(self) -> None:
        """Where the time went, which is the key to the textures too."""
        parts = {part: seconds for part, seconds in self.trace.root.ledger().items() if seconds > 0.0}
        shown = {stretch.what for row in self.rows for stretch in row.stretches}
        entries = [
            (part, f"{part} {units.duration(seconds)}")
            for part, seconds in sorted(parts.items(), key=lambda entry: -entry[1])
        ]
        entries += [(WAITING, "waits for what is below")] if WAITING in shown else []
        entries += [(ABANDONED, "goes on, nobody waits")] if ABANDONED in shown else []
        line = Text()
        for what, words in entries:
            entry = Text.assemble(self._texture(what, 2), " ", self._text(words, ""))
            if line and line.cell_len + entry.cell_len + 3 > self.console.width:
                self.console.print(line, soft_wrap=True)
                line = Text()
            line = Text.assemble(line, "   ", entry) if line else entry
        if line:
            self.console.print(line, soft_wrap=True)
            self.console.print()

    def _axis(self) -> None:
        step = _step((self.end - self.start) / max(self.width // 9, 1))
        line = [" "] * self.width
        number = 0
        while True:
            words = units.duration(number * step) if number else "0"
            column = round(number * step / (self.end - self.start or 1.0) * self.width)
            if column + len(words) > self.width:
                break
            line[column : column + len(words)] = words
            number += 1
            if step == 0.0:
                break
        self.console.print(
            " " * (self.names + _TIMES + 2), self._text("".join(line).rstrip(), "dim"), sep="", soft_wrap=True
        )

    def _row(self, row: Row) -> None:
        indented = f"{' ' * self.indent * row.depth}{row.name}"
        note = f"  {row.note}" if row.note else ""
        room = max(self.names - len(note), self.names // 2)
        if len(indented) > room:
            indented = f"{indented[: room - 1]}…"
        note = note[: self.names - len(indented)]
        self.console.print(
            self._text(indented, ""),
            self._text(note.ljust(self.names - len(indented)), "red" if row.bad else "dim"),
            self._text(f"{units.duration(row.end - row.start):>{_TIMES}}  ", "dim"),
            self._bar(row),
            sep="",
            soft_wrap=True,
        )

    def _bar(self, row: Row) -> Text:
        """One character a column: what went on there for longest; something wherever there was anything at all."""
        share = (self.end - self.start) / self.width or 1.0
        first = min(int((row.start - self.start) / share), self.width - 1)
        last = min(max(int((row.end - self.start) / share - 1e-9), first), self.width - 1)
        bar = Text(" " * first)
        for column in range(first, last + 1):
            begin = self.start + column * share
            bar.append_text(self._cell(row, begin, begin + share))
        return bar

    def _cell(self, row: Row, begin: float, end: float) -> Text:
        amounts: dict[str, float] = {}
        for what, start, until in row.stretches:
            overlap = min(until, end) - max(start, begin)
            if overlap > 0.0:
                amounts[what] = amounts.get(what, 0.0) + overlap
        if not amounts:
            return Text(" ") if row.stretches else self._text("|", "dim")
        return self._texture(max(amounts, key=lambda what: amounts[what]), 1)

    def _texture(self, what: str, times: int) -> Text:
        line = "─" if has_unicode(self.console) else "-"
        return self._text(_TEXTURES.get(what, line) * times, _STYLES[what])

    def _waste(self) -> None:
        """What was done for nobody."""
        spent = _given_up(self.trace.root)
        late = self.trace.last - self.trace.root.end
        lines = [f"{units.duration(spent)} of work went into attempts that were given up."] if spent else []
        if any(span.unfinished for span in self.trace.root.walk()):
            lines.append("Work on it was not over when the run ended.")
        elif late > 0.0:
            lines.append(f"Work on it went on for {units.duration(late)} after the user's answer.")
        if lines:
            self.console.print()
        for line in lines:
            self._line(line, "dim")

    def _line(self, words: str, style: str) -> None:
        self.console.print(self._text(words, style), soft_wrap=True)

    def _text(self, words: str, style: str) -> Text:
        return terminal_text(words, style, self.console)


def _given_up(span: Span) -> float:
    """Work done for attempts that somebody stopped waiting for, before and after that, s."""
    if span.kind in (ATTEMPT, BRANCH) and span.outcome == Outcome.TIMEOUT.word:
        return sum(work.end - work.start for work in span.walk() if work.kind == LEDGER[SERVICE])
    return sum(map(_given_up, span.children))


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … that is no smaller than `least`, s."""
    if least <= 0.0:
        return 0.0
    step = 1e-9
    while True:
        for factor in (1.0, 2.0, 5.0):
            if step * factor >= least:
                return step * factor
        step *= 10.0
