"""The figures of a result or an experiment as methods: `result.plot.latency()` draws, and returns what it drew on.

Figures are made by pyplot, so that a notebook shows them and a script can `plt.show()` them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from sim.report.figures import Plot


class Plots:
    """All figures of one thing; `dir()` lists the names of those that it has something to show in.

    Args:
        what: What is drawn.
        figures: How, by name.
    """

    def __init__(self, what: Any, figures: Mapping[str, Plot]) -> None:
        self._what = what
        self._figures = figures

    def __getattr__(self, name: str) -> Callable[..., Axes | NDArray[Any]]:
        plot = self.__dict__.get("_figures", {}).get(name)
        if plot is None:
            raise AttributeError(f"there is no figure '{name}'; there are {', '.join(self.__dir__())}")

        def draw(figure: FigureBase | None = None) -> Axes | NDArray[Any]:
            if not plot.is_about(self._what):
                raise ValueError(
                    f"there is nothing to show in the figure '{name}'; there are {', '.join(self.__dir__())}"
                )
            figure = plt.figure(layout="constrained") if figure is None else figure
            plot.draw(self._what, figure)
            everything: Any = figure.axes
            drawn: list[Axes] = [axes for axes in everything if axes.get_label() != "<colorbar>"]
            return drawn[0] if len(drawn) == 1 else np.array(drawn, dtype=object)

        draw.__doc__ = f"""{plot.title}. {plot.caption}

            Args:
                figure: What to draw into, such as a sub-figure; a new figure unless given.

            Returns:
                The axes, or an array of them if there are several.
            """
        draw.__name__ = name
        return draw

    def __dir__(self) -> Iterable[str]:
        return [name for name, plot in self._figures.items() if plot.is_about(self._what)]
