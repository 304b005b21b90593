"""Shorthands by key: what a scalar below a key stands for, so that an override can name its siblings.

`balancer: least_request` is short for `balancer: {algorithm: least_request}`, and `--set ….balancer.choices=2` has to
find the mapping that the scalar stands for.
"""

from collections.abc import Iterator
from typing import Any, get_args

from sim.values import Config


def shorthands(model: type[Config]) -> dict[str, str]:
    """For each key below a model whose value may be a scalar that stands for a mapping: the mapping's key.

    Args:
        model: The whole document. A key that means different things in different places is left out.
    """
    found: dict[str, set[str]] = {}
    waiting, seen = [model], {model}
    while waiting:
        for name, field in waiting.pop().model_fields.items():
            for config in _configs(field.annotation):
                if config.shorthand is not None:
                    found.setdefault(field.alias or name, set()).add(config.shorthand)
                if config not in seen:
                    seen.add(config)
                    waiting.append(config)
    return {key: next(iter(names)) for key, names in found.items() if len(names) == 1}


def _configs(annotation: Any) -> Iterator[type[Config]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        yield annotation
    for part in get_args(annotation):
        yield from _configs(part)
