"""Words for a terminal: whatever they hold they are neither markup nor control, and ASCII where it has no more."""

from typing import Final

from rich.console import Console
from rich.text import Text

from sim.report import units

_ASCII: Final = str.maketrans(
    {
        "✓": "+",
        "✗": "x",
        "–": "-",
        "·": "|",
        "█": "#",
        "▌": "#",
        "▒": "=",
        "░": ".",
        "▓": "%",
        "◀": "<",
        "×": "x",
        "…": ".",
        "−": "-",
        "±": "+-",
        "“": '"',
        "”": '"',
        "÷": "/",
    }
)


def has_unicode(console: Console) -> bool:
    """Whether a terminal shows more than ASCII."""
    return console.encoding.lower().startswith("utf")


def terminal_text(words: str, style: str, console: Console) -> Text:
    """Words as they are: no markup, no control characters, nothing that cannot be encoded."""
    if not has_unicode(console):
        words = words.translate(_ASCII).encode(console.encoding, "replace").decode(console.encoding)
    return Text(units.plain(words), style=style)
