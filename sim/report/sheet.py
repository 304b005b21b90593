"""A table as page and terminal both show it: what each row says in words, and which cells carry a verdict."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["", "best", "better", "worse", "tie", "met", "missed", "unsure", "saturated", "nothing"]


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: What it says.
        mark: What it means, for colour and weight; the text says the same without.
    """

    text: str
    mark: Mark = ""


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        name: What it shows.
        columns: What each column holds; the first ones name the rows.
        rows: The cells of each row.
        keys: How many columns name the rows.
        note: What to know of it; empty if nothing.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: int = 1
    note: str = ""
