"""Colours: every outcome has one, and no two are confused, not even by eyes without green-sensitive cones."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.report import palette
from sim.request import LEDGER, Outcome

FULL_SIGHT = np.eye(3)
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""Machado, Oliveira & Fernandes (2009), severity 1.0, for linear RGB."""
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(colour: str, eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB coordinates of an sRGB colour as the given eyes see it."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(eyes @ linear, 0.0, 1.0) / XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colours: dict[Any, str], eyes: NDArray[np.float64]) -> tuple[float, tuple[Any, Any]]:
    """The smallest distance between two of the colours, and whose it is."""
    return min(
        (float(np.linalg.norm(lab(colours[one], eyes) - lab(colours[other], eyes))), (one, other))
        for one, other in combinations(colours, 2)
    )


def test_every_outcome_and_every_part_of_the_ledger_has_a_colour() -> None:
    """The palette follows the vocabulary: nothing is drawn in a default colour."""
    assert list(palette.OUTCOMES) == [outcome.word for outcome in Outcome]
    assert tuple(palette.LEDGER) == LEDGER


@pytest.mark.parametrize("eyes", [FULL_SIGHT, DEUTERANOPIA], ids=["full sight", "deuteranopia"])
@pytest.mark.parametrize(
    "colours",
    [
        {**palette.OUTCOMES, "slow": palette.SLOW, "in flight": palette.IN_FLIGHT},
        palette.LEDGER,
        dict(enumerate(palette.REGIONS)),
    ],
    ids=["outcomes", "ledger", "regions"],
)
def test_no_two_colours_of_a_figure_are_confused(colours: dict[str, str], eyes: NDArray[np.float64]) -> None:
    """Two colours 15 units of CIELAB apart are told apart at a glance; 2.3 is a just noticeable difference."""
    distance, pair = closest(colours, eyes)
    assert distance >= 15.0, pair


def test_blues_are_successes_and_nothing_else() -> None:
    """So says the caption; a grey has no hue to speak of."""
    for outcome in Outcome:
        _, red, yellow = lab(palette.OUTCOMES[outcome.word], FULL_SIGHT)
        blue = np.hypot(red, yellow) > 8.0 and 180.0 < np.degrees(np.arctan2(yellow, red)) % 360.0 < 310.0
        assert blue == outcome.is_success, outcome.word


@pytest.mark.parametrize(
    ("kind", "family"),
    [("crash", "failure"), ("spike", "load"), ("deploy", "change"), ("hang", "failure"), ("drain", "change")],
)
def test_an_event_is_shaded_by_what_it_is(kind: str, family: str) -> None:
    """Failures, load and changes have a colour each."""
    assert palette.shade(kind).family == family


def test_the_style_is_undone_after_drawing() -> None:
    """A report leaves no trace in the settings of a notebook that makes one."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    with palette.style():
        assert matplotlib.rcParams["svg.hashsalt"] == "sim"
    assert dict(matplotlib.rcParams) == before
