"""The colours of a report: one colour for each outcome, ledger part and fault, the same in every figure and table.

Successes are blues, refusals everything else. The outcome colours were chosen so that any two of them stay at least 15
units apart in CIELAB, for normal sight and for simulated deuteranopia and protanopia (Machado, Oliveira & Fernandes,
"A physiologically-based model for simulation of color vision deficiency", 2009); they start from the palette of Okabe
and Ito ("Color universal design", 2008).
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, cast

import matplotlib

OUTCOMES: Final[dict[str, str]] = {
    "ok": "#44a4ea",
    "cached": "#b3ebf7",
    "degraded": "#5ec1c2",
    "timeout": "#e6660d",
    "refused": "#89252c",
    "reset": "#f6a99a",
    "rate_limited": "#f7a70d",
    "unauthorized": "#9f8254",
    "invalid": "#cfb56a",
    "blocked": "#903060",
    "not_found": "#a8609c",
    "shed": "#f7f252",
    "queue_full": "#c45a27",
    "circuit_open": "#c9728f",
    "no_healthy_instance": "#6f0d66",
    "upstream_error": "#9e0d0d",
    "lost": "#242427",
}
SLOW: Final = "#1b75c7"
IN_FLIGHT: Final = "#e7d9cf"

LEDGER: Final[dict[str, str]] = {
    "network": "#9fd0ee",
    "queue": "#d55e00",
    "service": "#0072b2",
    "backoff": "#f0c808",
    "policy": "#8a4f7d",
}

P50: Final = "#0072b2"
P95: Final = "#e69f00"
P99: Final = "#b3400a"
OFFERED: Final = "#33373d"
GOODPUT: Final = "#0072b2"
ATTEMPTS: Final = "#d55e00"
OBJECTIVE: Final = "#7a0177"
FAILURE: Final = "#b83227"
INK: Final = "#22262b"
MUTED: Final = "#6b7280"
GRID: Final = "#e3e6ea"
WARMUP: Final = "#8a919c"

SERIES: Final = ("#0072b2", "#d55e00", "#5ec1c2", "#7a0177", "#e69f00", "#242427", "#c9728f", "#8c9a2b")
"""Colours of lines that are told apart by name only (components); the first is the most important line."""

REGIONS: Final = ("#332288", "#44aa99", "#ddcc77", "#aa4499", "#88ccee", "#117733", "#cc6677", "#999933")
"""Colours of regions in the order of the scenario (P. Tol, "Colour Schemes", SRON/EPS/TN/09-002, 2021: muted)."""


class Shade(NamedTuple):
    """How an event is drawn behind the data."""

    colour: str
    family: str


_FAILURE: Final = Shade(FAILURE, "failure")
_LOAD: Final = Shade("#a97800", "load")
_CHANGE: Final = Shade("#4b6fa5", "change")
_LOAD_KINDS: Final = frozenset({"spike", "attack", "flash_crowd"})
_CHANGE_KINDS: Final = frozenset(
    {
        "deploy",
        "canary",
        "blue_green",
        "drain",
        "failback",
        "flush",
        "invalidate",
        "purge",
        "promote",
        "rollback",
        "route",
        "scale",
        "set",
    }
)


def shade(kind: str) -> Shade:
    """The colour family of an event: something fails (red), load grows (amber) or somebody changes something (blue).

    Args:
        kind: The verb of the scenario (`crash`, `spike`, `deploy`, …).
    """
    if kind in _LOAD_KINDS:
        return _LOAD
    return _CHANGE if kind in _CHANGE_KINDS else _FAILURE


STYLE: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "text.parse_math": False,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "hatch.linewidth": 0.7,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "sim",
    "path.simplify_threshold": 0.5,
}
_LOCK: Final = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Draws with the report's style; matplotlib's settings are global, so one thread at a time.

    A name with letters that the font lacks is no reason to warn: the SVG holds the letters.
    """
    with _LOCK, warnings.catch_warnings(), matplotlib.rc_context(cast(Any, STYLE)):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield
