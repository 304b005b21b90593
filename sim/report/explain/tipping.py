"""How large a trigger has to be for the system never to recover, in words."""

from collections.abc import Iterator

from sim.experiment.tipping import Tipping, Trigger
from sim.report import units
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import listed


def tipping_point(found: Tipping) -> Finding:
    """Says between which sizes the system tips from recovering to never recovering."""
    trigger, low, high = found.trigger, found.recovers, found.never
    name = f"the {trigger.name}"
    if low is not None and high is not None:
        title = f"It tips between {_size(trigger, low.size)} and {_size(trigger, high.size)} of {name}"
    elif high is not None:
        some = " in some runs" if found.trials[0].recovered else ""
        title = f"Even {_size(trigger, found.trials[0].size)} of {name} tips it{some}"
    elif low is not None and not found.between:
        title = f"It recovers even from {_size(trigger, low.size)} of {name}"
    else:
        title = f"Up to {_size(trigger, found.trials[-1].size)} of {name} chance decides whether it recovers"
    words = "lasts" if trigger.by == "for" else "has a factor of"
    told = "; ".join(_trials(found))
    text = f"{told[0].upper()}{told[1:]}. In the scenario it {words} {_plain(trigger, trigger.size)}."
    figures = {
        "event": trigger.number,
        "by": trigger.by,
        "recovers_up_to": None if low is None else low.size,
        "never_from": None if high is None else high.size,
        "trials": [vars(trial) for trial in found.trials],
    }
    return Finding(title, text, figures, Weight.BROKEN)


def _trials(found: Tipping) -> Iterator[str]:
    trigger, low, high = found.trigger, found.recovers, found.never
    if low is not None:
        yield f"It recovers in {low.recovered} of {low.runs} runs at {_size(trigger, low.size)}"
    if found.between:
        some = [f"in {trial.recovered} of {trial.runs} at {_size(trigger, trial.size)}" for trial in found.between]
        yield f"{'it recovers ' if low is None else ''}{listed(some)}"
    if high is not None:
        yield f"never in {high.runs} of {high.runs} at {_size(trigger, high.size)}"


def _plain(trigger: Trigger, size: float) -> str:
    return units.duration(size) if trigger.by == "for" else f"{size:g}"


def _size(trigger: Trigger, size: float) -> str:
    return _plain(trigger, size) if trigger.by == "for" else f"factor {size:g}"
