"""What the notebooks share: scenarios written in a cell, sentences with measured numbers in them, and sliders.

A notebook types in questions and never answers: every number is said by `say(f"…{x}…")`, and "A beats B" by `claim`,
which says so only if the interval of the difference does. Where the text beside a figure takes it for granted, the run
has to show it: `claim(…, expect="lower")` and `agrees` fail the notebook otherwise.
"""

import os
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import matplotlib as mpl
from IPython.display import Markdown, display
from numpy.typing import ArrayLike

import sim
from sim.experiment.statistics import Interval, mean_interval
from sim.metrics import Measure
from sim.report.experiments.spelling import signed
from sim.report.palette import STYLE

mpl.rcParams.update(STYLE | {"figure.dpi": 90, "figure.constrained_layout.use": True, "text.parse_math": True})


def scenario(text: str, name: str = "lecture") -> sim.Scenario:
    """A scenario from its YAML text.

    Args:
        text: As a file would hold it; common indentation is taken off.
        name: What it is called in tables and messages.

    Raises:
        ScenarioError: Something in it is wrong.
    """
    return sim.load(text=dedent(text), name=name)


def say(text: str) -> None:
    """Shows Markdown; with an f-string it is a sentence whose numbers come from the run above it."""
    display(Markdown(dedent(text)))


def spell(interval: Interval, unit: str = "", scale: float = 1.0) -> str:
    """An interval as text, to the precision that it supports: `26.4 ± 0.3 ms`.

    Args:
        interval: In the base unit.
        unit: What follows the number.
        scale: Base unit to shown unit; 1000 for seconds to ms.
    """
    mean, half = scale * interval.mean, scale * interval.half_width
    digits = 0 if half == 0.0 or half >= 10.0 else 1 if half >= 1.0 else 2 if half >= 0.1 else 3
    if half == 0.0:
        return f"{mean:g} {unit}".strip()
    return f"{mean:,.{digits}f} ± {half:,.{digits}f} {unit}".strip()


def measure(study: sim.Comparison | sim.Sweep, name: str) -> Measure:
    """One of the measures of a comparison or sweep, by its name.

    Raises:
        KeyError: It has no such measure.
    """
    return {each.text: each for each in study.measures}[name]


def interval(study: sim.Comparison | sim.Sweep, variant: int, name: str) -> Interval:
    """What is known of a measure of a variant.

    Raises:
        ValueError: Some run has no such figure.
    """
    found = study.interval(variant, measure(study, name))
    if found is None:
        raise ValueError(f"{study.labels[variant]} has no {name}")
    return found


def samples(study: sim.Comparison | sim.Sweep, variant: int, name: str) -> list[float]:
    """A measure of a variant in each of its runs.

    Raises:
        KeyError: It has no such measure.
    """
    return list(study.values(variant, measure(study, name)).values())


def agrees(samples: ArrayLike, theory: float) -> Interval:
    """Makes sure that runs do not contradict a theory, and fails the notebook if they do.

    Args:
        samples: One figure of each independent run.
        theory: What its mean should be.

    Returns:
        The 95% interval, to be shown.

    Raises:
        AssertionError: The theory lies outside the interval of 99.9%, where chance puts it once in a thousand times.
    """
    widest = mean_interval(samples, 0.999)
    assert widest.contains(theory), f"{theory:g} in theory, but {widest.lo:g} to {widest.hi:g} in {widest.n} runs"
    return mean_interval(samples)


def claim(
    comparison: sim.Comparison,
    of: int,
    to: int,
    name: str = "p99",
    names: dict[str, str] | None = None,
    expect: str | None = None,
) -> str:
    """What a comparison says of two variants in one measure, in a sentence; a tie is called one.

    Differences of shares are in percentage points.

    Args:
        comparison: The comparison.
        of: Number of the variant that is spoken of.
        to: Number of the one it is compared with.
        name: Of the measure.
        names: How to call variants, by their label; the label itself unless given.
        expect: What the text around it takes for granted: that `of` is `lower` or `higher`; anything unless given.

    Raises:
        AssertionError: It is not so, or not surely.
    """
    chosen = measure(comparison, name)
    judged = {judgement.of: judgement for judgement in comparison.judge(to, chosen)}[of]
    difference = judged.difference.interval
    one, other = ((names or {}).get(comparison.labels[each], comparison.labels[each]) for each in (of, to))
    lo, hi = sorted((abs(difference.lo), abs(difference.hi)))
    tie = judged.verdict == "tie" or difference.lo == difference.hi == 0.0
    word = "tied" if tie else "lower" if difference.mean < 0.0 else "higher"
    assert expect in (None, word), f"{name}: {one} should be {expect} than {other}, and is {word}"
    if difference.lo == difference.hi == 0.0:
        return f"{name}: {one} and {other} are the same in all {difference.n} seeds"
    if judged.verdict == "tie":
        span = f"{_signed(chosen, difference.lo)} to {_signed(chosen, difference.hi)}"
        return f"{name}: {one} and {other} cannot be told apart (difference {span}, {difference.n} seeds)"
    amount, least, most = (_signed(chosen, value).lstrip("+") for value in (abs(difference.mean), lo, hi))
    return f"{name}: {one} is {word} than {other} by {amount} ({least} to {most}, {difference.n} seeds)"


def slide(draw: Callable[..., Any], **sliders: tuple[Any, ...]) -> None:
    """Draws a figure that a reader can play with: with a slider for each argument where ipywidgets is installed.

    Elsewhere, and where a notebook is made to be kept, it draws once with the first value of each.

    Args:
        draw: Draws the figure; called with a value of each slider.
        sliders: The values of each, the one to begin with first.
    """
    begin = {name: values[0] for name, values in sliders.items()}
    widgets = None if os.environ.get("LECTURE_SLIDERS") == "off" else _ipywidgets()
    if widgets is None:
        draw(**begin)
        return
    options = {
        name: widgets.SelectionSlider(
            options=sorted(values), value=begin[name], description=name, continuous_update=False
        )
        for name, values in sliders.items()
    }
    widgets.interact(draw, **options)


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def _signed(chosen: Measure, value: float) -> str:
    return signed(chosen, value).replace("−", "-")
