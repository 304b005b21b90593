"""Figures are what an objective can be about: each kind of component counts its own, and some nothing counts yet."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sim.metrics import METRICS
from sim.scenario.document import Document
from sim.values import Config, Unknown
from sim.values.words import a, quote


def _counted_by(*kinds: str) -> Callable[[Any], bool]:
    return lambda config: config.kind in kinds


def _keeps_answers(config: Any) -> bool:
    if config.kind == "cdn":
        return config.cache is not None or config.hit_ratio is not None
    return bool(config.kind == "cache")


def _is_replicated(config: Any) -> bool:
    return bool(getattr(config, "primary", None) or getattr(config, "replicas", ()))


_OF_QUEUES: Final = (
    "lag",
    "depth",
    "depth_max",
    "dead_letters",
    "redelivered",
    "duplicates",
    "messages_lost",
    "end_to_end_p50",
    "end_to_end_p99",
)

_COUNTED: Final[Mapping[str, Callable[[Any], bool]]] = {
    "utilization": _counted_by("service", "balancer", "database"),
    "queue_mean": _counted_by("service", "balancer", "cache", "database", "external", "queue"),
    "queue_max": _counted_by("service", "balancer", "cache", "database", "external", "queue"),
    "hit_ratio": _keeps_answers,
    "duplicate_effects": lambda config: False,
    "stale_reads": _is_replicated,
    "split_brain_writes": _is_replicated,
    "writes_refused": _is_replicated,
    **dict.fromkeys(_OF_QUEUES, _counted_by("queue")),
}
"""Which components have a figure that not all components have."""

_OF_REPLICATED: Final = ("rto", "rpo", "writes_lost")
"""Figures of events that are there where a component is replicated."""

_OF_MOVING: Final = ("moved_10", "moved_50", "moved_99")
"""Figures of events that are there where something steers traffic to regions, or an event leaves instances alive."""


def has_figure(config: Config, metric: str) -> bool:
    """Whether a component counts what a metric of components reads.

    Args:
        config: Of the component.
        metric: A key of `METRICS` whose kinds include `component`.
    """
    return metric not in _COUNTED or _COUNTED[metric](config)


def _may_be_replicated(config: Config) -> bool | None:
    try:
        return _is_replicated(config)
    except Unknown:
        return None


def _may_steer(config: Config) -> bool | None:
    try:
        return getattr(config, "kind", None) in ("dns", "traffic_manager")
    except Unknown:
        return None


def _may_hit_a_part(event: Any, verb: str | None) -> bool | None:
    try:
        return verb in (None, event.verb) and bool(event.is_partial)
    except Unknown:
        return None


def _may_have(config: Config, metric: str) -> bool | None:
    try:
        return has_figure(config, metric)
    except Unknown:
        return None


def missing_figure(document: Document, subject: str | None, metric: str) -> str | None:
    """Says why the components of a document can not supply a figure; None if they can, or need not, or who knows.

    Args:
        document: The document, perhaps partial.
        subject: Whose figure; None for everything.
        metric: Which, a key of `METRICS`.
    """
    replicated = [_may_be_replicated(config) for config in vars(document).get("components", {}).values()]
    if metric in _OF_REPLICATED and not any(replicated) and None not in replicated:
        return f"nothing in the scenario counts {metric}: it needs a database with a 'primary'"
    moving = [_may_steer(config) for config in vars(document).get("components", {}).values()]
    moving += [_may_hit_a_part(event, subject) for event in vars(document).get("events", ())]
    if metric in _OF_MOVING and not any(moving) and None not in moving:
        needed = "a dns, a traffic_manager, or an event that leaves some instances alive"
        return f"nothing in the scenario counts {metric}: it needs {needed}"
    if METRICS[metric].kinds != ("component",):
        return None
    components = vars(document).get("components", {})
    having = {name: _may_have(config, metric) for name, config in components.items()}
    owners = [name for name, has in having.items() if has]
    if not owners:
        return None if not having or None in having.values() else f"nothing in the scenario counts {metric}"
    if subject is None or having.get(subject, True) is not False:
        return None
    others = f"{' and '.join(owners[:3])} {'has' if len(owners) == 1 else 'have'} one"
    return f"{quote(subject)} is {a(components[subject].kind)}, which has no {metric}; {others}"
