"""The bottleneck is what a system had least left of: the component that was saturated for longest, or the busiest.

Seconds count, not means over a run: a rush of half a minute hardly moves a mean, nor does one hot instance of many.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.experiment.replication import Replication

_AS_LONG: Final = 0.8
_AGREE: Final = 0.5


@dataclass(frozen=True)
class Bottleneck:
    """What several runs had least left of.

    Attributes:
        component: Its name.
        instances: Those of its instances that were saturated, if most runs agree; empty for the component as a whole.
        saturated: For how long, after warm-up, mean over runs, s; 0 where nothing was, and it is but the busiest.
        utilization: Mean utilization over all that time, mean over runs, 0..1.
    """

    component: str
    instances: tuple[int, ...]
    saturated: float
    utilization: float

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "component": self.component,
            "instances": list(self.instances),
            "saturated_s": self.saturated,
            "utilization": self.utilization,
        }


def find_bottleneck(runs: Sequence[Replication], calls: Mapping[str, Collection[str]]) -> Bottleneck | None:
    """Finds the bottleneck.

    Args:
        runs: Of one variant, with different seeds; none of them failed.
        calls: What each component calls. One whose workers wait for another is as saturated as that other one, which
            is then the bottleneck.

    Returns:
        The bottleneck; None if nothing has workers that could run out.
    """
    found = {name: _mean(name, runs) for name in runs[0].strains}
    if not found:
        return None
    most = max(found.values(), key=lambda each: (each.saturated, each.utilization))
    seen = {most.component}
    while most.saturated:
        behind = [found[name] for name in _behind(most.component, calls) if name in found and name not in seen]
        waits_for = max(behind, key=lambda each: each.saturated, default=most)
        if waits_for is most or waits_for.saturated < _AS_LONG * most.saturated:
            break
        most = waits_for
        seen.add(most.component)
    return most


def _behind(component: str, calls: Mapping[str, Collection[str]]) -> list[str]:
    """All that a component's requests may go on to."""
    behind = [component]
    for name in behind:
        behind += [callee for callee in calls.get(name, ()) if callee not in behind]
    return behind[1:]


def _mean(name: str, runs: Sequence[Replication]) -> Bottleneck:
    strains = [run.strains[name] for run in runs]
    (instances, votes), *_ = Counter(strain.instances for strain in strains).most_common(1)
    return Bottleneck(
        name,
        instances if votes >= _AGREE * len(runs) else (),
        sum(strain.saturated for strain in strains) / len(runs),
        sum(strain.utilization for strain in strains) / len(runs),
    )
