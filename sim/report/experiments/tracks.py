"""The variants of a sweep, cut into lines along the first varied place: by its numbers, or by its words in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from sim.experiment.sweep import SATURATED, Sweep
from sim.experiment.variation import spell
from sim.report.experiments.scales import is_wide, value_axis
from sim.report.experiments.spelling import fold, last_word

_WIDTH: Final = 50
_LEAST_GAP: Final = 0.1


@dataclass(frozen=True)
class Track:
    """The variants that differ in the first varied place alone.

    Attributes:
        name: The values of the other varied places; empty if there are none.
        variants: Their numbers, in the order of their places.
        places: Where each stands on the x-axis.
    """

    name: str
    variants: tuple[int, ...]
    places: tuple[float, ...]


@dataclass(frozen=True)
class Ground:
    """The x-axis of a sweep's figures.

    Attributes:
        path: The first varied place.
        tracks: The lines over it.
        words: Its values where they are no numbers; they stand at 0, 1, 2, ….
        spell: Spells its numbers where they are.
        logarithmic: Whether steps are even on a logarithmic scale.
    """

    path: str
    tracks: tuple[Track, ...]
    words: tuple[str, ...]
    spell: Callable[[float], str]
    logarithmic: bool

    def prepare(self, axes: Axes) -> None:
        """Scales a plot's x-axis and spells its ticks."""
        if self.words:
            width = max(_WIDTH // len(self.words), 6)
            axes.set_xticks(range(len(self.words)), [fold(word, width) for word in self.words])
            axes.set_xlim(-0.5, len(self.words) - 0.5)
            return
        places = sorted({place for track in self.tracks for place in track.places})
        value_axis(axes, places, self.spell, self.logarithmic, which="x")
        if not self.logarithmic:
            margin = 0.03 * (places[-1] - places[0]) or 0.5
            axes.set_xlim(places[0] - margin, places[-1] + margin)
        steps = np.diff(np.log(places) if self.logarithmic else places)
        if steps.size and steps.min() >= _LEAST_GAP * steps.sum():
            axes.set_xticks(places)
            axes.xaxis.set_minor_locator(NullLocator())


def ground(sweep: Sweep) -> Ground | None:
    """The x-axis of a sweep over a grid; None for a Latin hypercube."""
    if sweep.design != "grid":
        return None
    first = sweep.variations[0]
    lines = sweep.lines()
    if lines:
        numbers = [number for line in lines for number in line.numbers]
        even = first.range is not None and not first.range.logarithmic
        return Ground(
            first.path,
            tuple(Track(line.others, line.variants, line.numbers) for line in lines),
            (),
            lines[0].spell,
            min(numbers) > 0.0 and not even and (first.range is not None or is_wide(numbers)),
        )
    words = [spell(value) for value in first.values]
    tracks: dict[str, list[int]] = {}
    for number, variant in enumerate(sweep.variants):
        others = [(path, value) for path, value in variant.values.items() if path != first.path]
        name = ", ".join(f"{last_word(path)} {spell(value)}" for path, value in others)
        tracks.setdefault(name, []).append(number)
    place = {word: float(position) for position, word in enumerate(words)}
    return Ground(
        first.path,
        tuple(
            Track(
                name,
                tuple(numbers),
                tuple(place[spell(sweep.variants[number].values[first.path])] for number in numbers),
            )
            for name, numbers in tracks.items()
        ),
        tuple(words),
        str,
        False,
    )


def is_saturated_throughout(sweep: Sweep, variants: tuple[int, ...]) -> bool:
    """Whether the busiest component of each of these variants is saturated."""
    return all(sweep.busiest(number)[1] >= SATURATED for number in variants)


def figures(sweep: Sweep, variant: int, read: Callable[[dict[str, Any]], float | None]) -> list[float]:
    """A figure of each run of a variant that has it.

    Args:
        sweep: The sweep.
        variant: The number of the variant.
        read: Finds the figure in a summary.
    """
    found = [read(run.summary) for run in sweep.finished(variant)]
    return [float(value) for value in found if value is not None and np.isfinite(value)]
