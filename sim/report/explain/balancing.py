"""Whether the instances of a service got equal shares, and whether equal shares were right for them.

What an instance was given is what it served and what it has left to do. A share is worth a word where it differs from
the equal one (or that of the configured weights, if the algorithm reads them) by a quarter and by more than chance
explains. Instances that were down or hung for a time are left out: what they lost is counted elsewhere.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Final

from sim.balancing.config import ALGORITHMS
from sim.metrics.saturation import FULL
from sim.report.explain.evidence import Evidence
from sim.report.explain.finding import Finding, Weight
from sim.report.explain.wording import counted, from_to, instances, percent, times

_UNEVEN: Final = 0.25
_SIGMAS: Final = 4.0
_FEWEST: Final = 200
_IDLE: Final = 0.7

Shares = Mapping[int, float]


def balancing(evidence: Evidence) -> list[Finding]:
    """Says where the load of instances differs, one finding a service at the most."""
    return [finding for name, _ in evidence.blocks() if (finding := _service(evidence, name)) is not None]


def _service(evidence: Evidence, name: str) -> Finding | None:
    config = evidence.config(name)
    if config is None or config.kind != "service":
        return None
    given = _given(evidence, name)
    total = sum(given.values())
    if len(given) < 2 or total < _FEWEST:
        return None
    weighted = ALGORITHMS[config.balancer.algorithm].weighted
    weights = {each: config.weight_of(each) if weighted else 1.0 for each in given}
    fair = {each: weights[each] / sum(weights.values()) for each in given}
    far = {each: given[each] / (fair[each] * total) for each in given if _is_far(given[each], fair[each] * total)}
    if not far:
        return _unequal(evidence, name, given, fair)
    most, least = (choose(far, key=lambda each: far[each]) for choose in (max, min))
    return _skewed(evidence, name, given, fair, most if far[most] > 1.0 else least)


def _is_far(given: float, expected: float) -> bool:
    return abs(given - expected) > max(_UNEVEN * expected, _SIGMAS * sqrt(expected))


def _given(evidence: Evidence, name: str) -> dict[int, float]:
    """What each instance that was never away was given after warm-up."""
    hangs = [evidence.event_config(event) for event in evidence.summary["events"] if event["kind"] == "hang"]
    hung = [target for config in hangs if config is not None for target in config.targets]
    given = {}
    for each, rows in evidence.of(name).items():
        left = rows["outstanding"].loc[evidence.first :]
        away = rows["up"].min() < 1.0 or any(target.means(name, each) for target in hung)
        if each >= 0 and len(left) and not away:
            served = evidence.summary["components"][name]["instances"][instances(name, [each])]["served"]
            given[each] = served + float(left.iloc[-1] - left.iloc[0])
    return given


def _skewed(evidence: Evidence, name: str, given: Shares, fair: Shares, most: int) -> Finding:
    """An instance that got much more than its share, or, if there is none, much less."""
    blocks = evidence.summary["components"][name]["instances"]
    place = instances(name, [most])
    share = given[most] / sum(given.values())
    busy = {each: blocks[instances(name, [each])]["utilization"] for each in given}
    rest = [each for each in given if each != most]
    text = (
        f"{evidence.config(name).balancer.algorithm} gave it {percent(share)}, where {percent(fair[most])} is its "
        f"share. It was {percent(busy[most])} busy with up to {counted(blocks[place]['outstanding_max'], 'request')} "
        f"inside, {instances(name, rest)} {from_to([busy[each] for each in rest])}."
    )
    figures = {"instance": place, "share": share, "fair_share": fair[most], "given": dict(given), "utilization": busy}
    if busy[most] >= FULL or busy[most] == max(busy.values()) >= _IDLE:
        weight = Weight.CAUSE
    else:
        weight = Weight.COST if max(busy.values()) >= 0.5 * _IDLE else Weight.NOTE
    title = f"{place} got {times(share / fair[most])} times its share of the requests to {name}"
    return Finding(title, text, figures, weight)


def _unequal(evidence: Evidence, name: str, given: Shares, fair: Shares) -> Finding | None:
    """Instances that got their share and cannot do it, while others had time, in the last quarter of the run."""
    blocks = evidence.summary["components"][name]["instances"]
    quarter = evidence.end - max((evidence.end - evidence.first) // 4, 1)
    busy = {each: float(evidence.of(name)[each]["utilization"].loc[quarter:].mean()) for each in given}
    full = [each for each in given if busy[each] >= FULL]
    idle = [each for each in given if busy[each] < _IDLE]
    if not full or not idle:
        return None
    share = sum(given[each] for each in full) / sum(given.values())
    most = max(blocks[instances(name, [each])]["outstanding_max"] for each in full)
    each_one = "" if len(full) == 1 else " each"
    text = (
        f"{evidence.config(name).balancer.algorithm} gave {percent(share)} of the requests to {instances(name, full)}, "
        f"{from_to([busy[each] for each in full])} busy in the last quarter with up to {counted(most, 'request')} "
        f"inside{each_one}, while {instances(name, idle)} {'was' if len(idle) == 1 else 'were'} "
        f"{from_to([busy[each] for each in idle])} busy."
    )
    figures = {"instances": full, "share": share, "given": dict(given), "utilization": busy}
    it = "it" if len(full) == 1 else "they"
    what = "an equal share" if len(set(fair.values())) == 1 else "a share by weight"
    return Finding(f"{instances(name, full)} got {what}, more than {it} can do", text, figures, Weight.CAUSE)
