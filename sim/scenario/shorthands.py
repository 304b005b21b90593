"""Shorthands by key: what a short value below a key stands for, so that an override can name its siblings.

`balancer: least_request` is short for `balancer: {algorithm: least_request}`, and `--set ….balancer.choices=2` has to
find the mapping that the scalar stands for.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from sim.values import Config


def shorthands(model: type[Config]) -> dict[str, type[Config]]:
    """For each key below a model whose value may be short for a mapping: what the mapping is.

    What stands in a list, or in a mapping of names, is found by the key of that and a star: `between.*`.

    Args:
        model: The whole document. A key that means different things in different places is left out.
    """
    found: dict[str, dict[str, type[Config]]] = {}
    waiting, seen = [model], {model}
    while waiting:
        for name, field in waiting.pop().model_fields.items():
            for end, config in _configs(field.annotation):
                if config.shorthand is not None:
                    found.setdefault(f"{field.alias or name}{end}", {})[config.shorthand] = config
                if config not in seen:
                    seen.add(config)
                    waiting.append(config)
    return {key: next(iter(configs.values())) for key, configs in found.items() if len(configs) == 1}


def _configs(annotation: Any, end: str = "") -> Iterator[tuple[str, type[Config]]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        yield end, annotation
    inside = ".*" if get_origin(annotation) in (dict, list) else end
    for part in get_args(annotation):
        yield from _configs(part, inside)
