"""Replay sends the requests of an access log again: the same moments, paths and callers, faster if wanted.

A method, host and path make a kind of request; the query belongs to the item that is asked for, its key, so that rules
match without it and caches keep one entry for each. The real answer's size goes along. Reports group requests by method
and first path segment, and call all but the most frequent groups `other`.
"""

from collections.abc import Iterator, Sequence
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from sim.components.traffic.access_log import AccessLog
from sim.components.traffic.log_format import LogFormat
from sim.components.traffic.mix import BLOCK, RequestBlock, is_idempotent
from sim.components.traffic.rate import Floats
from sim.request import RequestKind
from sim.values import Config, Number, find_file, shown

OTHER: Final = "other"
_LABELS: Final = 20


def _file_name(value: Any) -> Any:
    if isinstance(value, Path) or (isinstance(value, str) and value):
        return value
    raise ValueError(f"{shown(value)} is not the name of an access log")


class ReplayConfig(Config):
    """Traffic from an access log."""

    replay: Annotated[Path, BeforeValidator(_file_name)] | None = Field(
        default=None, description="The access log, plain or gzipped; relative to the scenario."
    )
    format: LogFormat | None = Field(
        default=None, description="How its lines read; found out from the first lines if absent."
    )
    speed: Number = Field(
        default=1.0, ge=0.001, le=1e6, description="How many times faster than it was recorded; 1 is as it was."
    )

    @field_validator("replay")
    @classmethod
    def _file_is_there(cls, replay: Path | None, info: ValidationInfo) -> Path | None:
        if replay is None:
            return None
        folder = info.context.get("folder") if isinstance(info.context, dict) else None
        path = (folder or Path()) / replay
        find_file(path, "an access log")
        return path


class Replay:
    """The traffic of an access log.

    Args:
        log: What to replay.
        speed: How many times faster than it was recorded.
    """

    def __init__(self, log: AccessLog, speed: float = 1.0) -> None:
        self.log = log
        self.speed = speed
        numbers: dict[tuple[str, str, str], int] = {}
        kinds = [numbers.setdefault(target[:3], len(numbers)) for target in log.targets]
        items: dict[tuple[str, ...], int] = {}
        keys = [items.setdefault(target[1:], len(items)) for target in log.targets]
        self._key_of_target = np.array(keys, dtype=np.int64)
        self._kind_of_target = np.array(kinds, dtype=np.intp)
        counts = np.bincount(self._kind_of_target[log.target], minlength=len(numbers))
        labels = report_labels(list(numbers), counts.tolist())
        self.kinds = LazyKinds(list(numbers), labels)

    @property
    def span(self) -> float:
        """How long the replay lasts, s."""
        return self.log.span / self.speed

    def blocks(self, until: float = inf) -> Iterator[tuple[Floats, RequestBlock]]:
        """When requests come, and what they are, in blocks.

        Args:
            until: Only requests before this time count, s.
        """
        log = self.log
        count = int(np.searchsorted(log.time / self.speed, until, side="left")) if isfinite(until) else len(log)
        for first in range(0, count, BLOCK):
            part = slice(first, min(first + BLOCK, count))
            target = log.target[part]
            block = RequestBlock(
                kind=self._kind_of_target[target],
                key=self._key_of_target[target],
                caller=log.caller[part].astype(np.int64),
                size=np.zeros(len(target)),
                response_size=np.nan_to_num(log.size[part].astype(np.float64)),
            )
            yield log.time[part] / self.speed, block


def report_labels(kinds: Sequence[tuple[str, str, str]], counts: Sequence[int]) -> list[str]:
    """What reports call each kind: its method and first path segment, or `other` beyond the 20 most frequent.

    Args:
        kinds: Method, host and path of each.
        counts: How often each occurs.
    """
    groups = [f"{method} {_group(path)}" for method, _, path in kinds]
    totals: dict[str, int] = {}
    for group, count in zip(groups, counts, strict=True):
        totals[group] = totals.get(group, 0) + count
    frequent = set(sorted(totals, key=lambda group: (-totals[group], group))[:_LABELS])
    return [group if group in frequent else OTHER for group in groups]


def _group(path: str) -> str:
    first, slash, _ = path[1:].partition("/")
    return f"/{first}/**" if slash else path


class LazyKinds:
    """Request kinds that are made when they are first used: a log may hold a great many.

    Args:
        parts: Method, host and path of each.
        labels: What reports call each.
    """

    def __init__(self, parts: Sequence[tuple[str, str, str]], labels: Sequence[str]) -> None:
        self._parts = parts
        self.labels = labels
        self._made: dict[int, RequestKind] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: int) -> RequestKind:
        kind = self._made.get(number)
        if kind is None:
            method, host, path = self._parts[number]
            kind = self._made[number] = RequestKind(
                method=method,
                path=path,
                host=host,
                label=self.labels[number],
                idempotent=is_idempotent(method),
            )
        return kind
