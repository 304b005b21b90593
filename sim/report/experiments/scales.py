"""Axes of figures that have a unit: from zero, or logarithmic where values span more than a factor of thirty."""

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

_WIDE: Final = 30.0
_ROUND: Final = 9


def is_wide(values: ArrayLike) -> bool:
    """Whether values need a logarithmic scale; zeros are left out of account."""
    positive = _positive(values)
    return bool(positive.size) and float(positive.max()) > _WIDE * float(positive.min())


def value_axis(
    axes: Axes,
    values: ArrayLike,
    spell: Callable[[float], str],
    logarithmic: bool | None = None,
    which: Literal["x", "y"] = "y",
) -> None:
    """Scales an axis to its values and spells its ticks.

    Args:
        axes: The plot.
        values: All that is drawn, targets included; NaN where there is nothing.
        spell: Spells a value for people.
        logarithmic: The kind of scale; the one that suits the values unless given.
        which: The axis.
    """
    axis = axes.yaxis if which == "y" else axes.xaxis
    set_scale: Any = axes.set_yscale if which == "y" else axes.set_xscale
    set_limits: Any = axes.set_ylim if which == "y" else axes.set_xlim
    positive = _positive(values)
    if (is_wide(values) if logarithmic is None else logarithmic) and positive.size:
        low, high = float(positive.min()), float(positive.max())
        margin = max((high / low) ** 0.06, 1.05)
        set_scale("log")
        set_limits(low / margin, high * margin)
        decades = np.log10(high / low)
        subs = (1.0,) if decades > 3.0 else (1.0, 3.0) if decades > 1.2 else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
        axis.set_major_locator(LogLocator(base=10.0, subs=subs))
        axis.set_minor_formatter(NullFormatter())
        if decades <= 1.2:
            axis.set_minor_locator(NullLocator())
    else:
        set_limits(0.0, 1.08 * float(positive.max()) if positive.size else 1.0)
        axis.set_major_locator(MaxNLocator(6, integer=_are_whole(values)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: spell(round(value, _ROUND))))


def _are_whole(values: ArrayLike) -> bool:
    """Whether all are whole numbers, some of them larger than a share or a factor would be."""
    numbers = np.asarray(values, dtype=np.float64)
    return bool((numbers == np.round(numbers)).all()) and bool((numbers > 2.0).any())


def _positive(values: ArrayLike) -> Any:
    numbers = np.asarray(values, dtype=np.float64).reshape(-1)
    return numbers[np.isfinite(numbers) & (numbers > 0.0)]
