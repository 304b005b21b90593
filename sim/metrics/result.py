"""A result is what one run leaves behind: columns of numbers and a few names, immutable. Reports read nothing else."""

from dataclasses import dataclass, field
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.metrics.recorder import Reaction
from sim.metrics.trail import Regions, Ways

SAMPLE_TYPE = np.dtype(
    [
        ("t", "<f8"),
        ("place", "<u2"),
        ("up", "u1"),
        ("utilization", "<f4"),
        ("queue", "<f4"),
        ("outstanding", "<f4"),
    ]
)
"""One sample: the second that ended at `t`, the place (an index into `Result.places`), whether it was up, and the
second's mean utilization (0..1), mean number waiting and mean number outstanding (waiting and in service)."""


SERIES_TYPE = np.dtype([("t", "<f8"), ("series", "<u2"), ("value", "<f8")])
"""One point of a series: the time, s, which series (an index into `Result.series_names`), and what it was then."""


@dataclass(frozen=True)
class Moved:
    """How fast traffic left an event's target, or a failback or promotion brought it there.

    Attributes:
        of: What it was: `requests` of users that are steered to regions, `calls` to instances or replicas, `writes` to
            a database; None where nothing could move.
        after: For each share (`moved_10_s`, …) the time from the event's start, s; not in it if it was not reached.
        unknown: The keys of those that seem to have been reached, and not by chance, but with too few requests after it
            to be sure.
    """

    of: str | None = None
    after: dict[str, float] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """Something that the scenario did to the system, and who noticed when.

    Attributes:
        kind: The verb of the scenario (`crash`, `spike`, …).
        target: Its target as the scenario spells it.
        start: When it began, s.
        end: When it was over (for a crash: when the last instance was up again), s; None if never within the run.
        detected: When a part first reacted to it (a health check, an ejection; see `Reaction`), s; None if none did.
        lost: Attempts and calls that it killed or refused; retries may have saved their requests.
        rto: How long it was until replicated databases accepted writes again, s; 0 if they never stopped, None if they
            never did again.
        rpo: How far back the oldest write was committed that it made them lose, s; 0 if none was.
        writes_lost: How many acknowledged writes it made them lose; None where there is no such database.
        ways: The ways, steered ones, of the traffic that it hits; or those that it brings traffic back to.
        returns: Whether it brings traffic back.
        moved: How fast calls moved away from the instances that it hit, where it did not hit all of them.
    """

    kind: str
    target: str
    start: float
    end: float | None
    detected: float | None = None
    lost: int = 0
    rto: float | None = None
    rpo: float | None = None
    writes_lost: int | None = None
    ways: Ways = ()
    returns: bool = False
    moved: Moved = field(default_factory=Moved)


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        name: Short name of the scenario (its file's stem).
        title: The `scenario:` line.
        about: The scenario's text.
        watch_for: What to look for in the figures.
        document: The scenario as run, as plain YAML data with overrides applied.
        seed: Of the run.
        duration: Simulated seconds, warm-up included.
        warmup: Requests that arrived earlier than this do not count, s.
        clients: Names; `requests["client"]` indexes them.
        routes: Labels; `requests["route"]` indexes them.
        requests: A row for every user request, warm-up included, in order of arrival, with the fields of
            `recorder.ROW_TYPE`; outcome 255 is still in flight (its latency is 0).
        attempt_starts: For each client, when each attempt was sent, s.
        attempt_latencies: For each client, the latency of each answered attempt of a request that counts, s.
        places: `(component, instance)` for each place that samples speak of; the instance is -1 where there is but one.
        samples: One row a second and place, with the fields of `SAMPLE_TYPE`.
        components: For each component its own counters, after warm-up; `instances` holds those of each instance.
        events: What the scenario injected.
        wasted: For each client, server seconds spent on attempts whose answer nobody used.
        useful: For each client, server seconds spent on all other attempts.
        engine: `events`, `cpu_s`, `wall_s`.
        interrupted: Whether the run was stopped before its end.
        notes: What a reader should know about the traffic: lines of a log that could not be read.
        reactions: What parts of the system noticed and did about it, in the order of time.
        series_names: `(component, name)` of each series that a component kept, such as requests sent to a region.
        series: One row a second and series, with the fields of `SERIES_TYPE`.
        regions: Where requests came from and went to; None where there are no regions.
    """

    name: str
    title: str
    about: str
    watch_for: list[str]
    document: dict[str, Any]
    seed: int
    duration: float
    warmup: float
    clients: list[str]
    routes: list[str]
    requests: NDArray[Any]
    attempt_starts: list[NDArray[np.float64]]
    attempt_latencies: list[NDArray[np.float32]]
    places: list[tuple[str, int]]
    samples: NDArray[Any]
    components: dict[str, dict[str, Any]]
    events: list[Event]
    wasted: list[float]
    useful: list[float]
    objectives: list[str] = field(default_factory=list)
    engine: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    reactions: list[Reaction] = field(default_factory=list)
    series_names: list[tuple[str, str]] = field(default_factory=list)
    series: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=SERIES_TYPE))
    regions: Regions | None = None

    @property
    def wasted_work(self) -> float:
        """Server seconds spent on attempts whose answer nobody used."""
        return fsum(self.wasted)

    @property
    def useful_work(self) -> float:
        """Server seconds spent on all other attempts."""
        return fsum(self.useful)
