"""A table in a terminal, in as many blocks as its width asks for."""

from collections.abc import Sequence
from typing import Final, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from sim.report.sheet import Cell, Sheet
from sim.report.terminal import has_unicode, terminal_text

_STYLES: Final = {
    "best": "bold green",
    "better": "green",
    "worse": "red",
    "tie": "",
    "met": "green",
    "missed": "red",
    "unsure": "yellow",
    "saturated": "bold red",
    "nothing": "dim",
    "": "",
}
_GAP: Final = 2
_WIDEST_NAME: Final = 40
_MOST_ROWS: Final = 40
_MOST_ROWS_IN_BLOCKS: Final = 12


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Prints a table, in as many blocks as the terminal's width asks for.

    Args:
        sheet: The table.
        console: Where to.
    """
    shown = sheet.rows[:_MOST_ROWS]
    widths = [
        max(cell_len(text) for text in (name, *(row[column].text for row in shown)))
        for column, name in enumerate(sheet.columns)
    ]
    widths[0] = min(widths[0], _WIDEST_NAME)
    side_by_side = blocks(widths, sheet.keys, console.width)
    for columns in side_by_side if len(sheet.rows) <= _MOST_ROWS_IN_BLOCKS else side_by_side[:1]:
        console.print()
        console.print(_block(sheet, shown, columns, console))
    if len(sheet.rows) > len(shown):
        console.print(terminal_text(f"and {len(sheet.rows) - len(shown)} more rows", "dim", console))
    if sheet.note:
        console.print(terminal_text(sheet.note, "dim", console))


def blocks(widths: Sequence[int], keys: int, room: int) -> list[list[int]]:
    """Which columns stand side by side: as many as fit, each block beginning with those that name the rows.

    Args:
        widths: Of each column.
        keys: How many columns name the rows.
        room: Of the terminal.

    Returns:
        The columns of each block.
    """
    named = list(range(keys))
    found = [named]
    for column in range(keys, len(widths)):
        wider = [*found[-1], column]
        if len(wider) > keys + 1 and sum(widths[other] + _GAP for other in wider) - _GAP > room:
            found.append([*named, column])
        else:
            found[-1] = wider
    return found


def _block(sheet: Sheet, rows: Sequence[tuple[Cell, ...]], columns: list[int], console: Console) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    overflow: Literal["ellipsis", "crop"] = "ellipsis" if has_unicode(console) else "crop"
    for column in columns:
        name = terminal_text(sheet.columns[column], "", console)
        if column:
            table.add_column(name, no_wrap=True, overflow=overflow)
        else:
            table.add_column(name, max_width=_WIDEST_NAME, overflow="fold")
    for row in rows:
        cells = [row[column] for column in columns]
        table.add_row(*(terminal_text(cell.text, _STYLES[cell.mark], console) for cell in cells))
    return table
