"""The evidence is what a run recorded, laid out for those who look for findings in it.

Times are in whole seconds of the run: second 20 lasts from 20 s to 21 s. A last second that is not whole is left out,
unless it is the only one.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.experiment.levels import SUCCESSES
from sim.experiment.metastability import Aftermath, event_config, judge
from sim.experiment.offered_load import ComponentLoad, OfferedLoad, offered_load
from sim.faults import EventConfig
from sim.scenario import Scenario, place

SPAN: Final = 5
"""The shortest stretch of time that says what is usual, s."""

Place = tuple[str, int]


class Evidence:
    """What a run recorded.

    Args:
        summary: What `summarize` made of it.
        timeline: What users saw, second by second.
        components: What the components did, second by second.
        scenario: As it ran.
        series: What the components kept of themselves, second by second; None for nothing.

    Attributes:
        document: The scenario, written out.
        placement: Who stands where in it.
    """

    def __init__(
        self,
        summary: Mapping[str, Any],
        timeline: pd.DataFrame,
        components: pd.DataFrame,
        scenario: Scenario,
        series: pd.DataFrame | None = None,
    ) -> None:
        self.summary = summary
        self.scenario = scenario
        self.document, self.placement = place(scenario.document)
        self.duration: float = summary["duration_s"]
        self.end = max(int(self.duration + 1e-6), 1)
        self.first = min(ceil(summary["warmup_s"]), self.end - 1)
        self._timeline = timeline[timeline["t_s"] < self.end]
        self._components = components[components["t_s"] < self.end]
        self._series = series

    @cached_property
    def clients(self) -> dict[str, pd.DataFrame]:
        """Each client's seconds, by `t_s`; `succeeded` counts all successes, `failed` all other ends."""
        return {str(name): _with_ends(part) for name, part in self._timeline.groupby("client", sort=False)}

    @cached_property
    def seconds(self) -> pd.DataFrame:
        """The seconds of all clients together, by `t_s`; `p99` is that of the client that has the highest."""
        sums = self._timeline.drop(columns=["client", "p50", "p95", "p99"]).groupby("t_s").sum()
        return _with_ends(sums.reset_index()).assign(p99=self._timeline.groupby("t_s")["p99"].max())

    @cached_property
    def servers(self) -> pd.DataFrame:
        """The rows of servers with a bounded number of workers."""
        limited = {name for name, block in self.blocks() if block.get("utilization") is not None}
        return self._components[self._components["component"].isin(limited)]

    @cached_property
    def places(self) -> dict[Place, pd.DataFrame]:
        """The seconds of each server with a bounded number of workers, by `t_s`."""
        groups = self.servers.groupby(["component", "instance"])
        return {
            (str(component), int(str(instance))): part.drop(columns=["component", "instance"]).groupby("t_s").mean()
            for (component, instance), part in groups
        }

    @cached_property
    def load(self) -> OfferedLoad:
        """What each component has to do on paper."""
        return offered_load(self.scenario)

    @cached_property
    def aftermath(self) -> Aftermath | None:
        """What became of the system after its triggers; None if there were none."""
        return judge(self.summary, self._timeline, self._components, self.scenario)

    def is_awaited(self, component: str) -> bool:
        """Whether users wait for what a component does; not if their requests reach it by way of queues only."""
        return component not in self._consumers

    @cached_property
    def _consumers(self) -> set[str]:
        queues = [name for name, config in self.document.components.items() if config.kind == "queue"]
        return self._called_by(queues) - self._called_by([*self.document.clients], stop=queues)

    def _called_by(self, callers: list[str], stop: Sequence[str] = ()) -> set[str]:
        """All that is behind some callers, but not what is behind where it stops."""
        found: set[str] = set()
        waiting = list(callers)
        while waiting:
            caller = waiting.pop()
            if caller not in stop:
                more = {edge.callee for edge in self.load.edges if edge.caller == caller} - found
                found |= more
                waiting += more
        return found

    def blocks(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each component's name and its counters."""
        return iter(self.summary["components"].items())

    def on_paper(self, component: str) -> ComponentLoad | None:
        """What a component has to do on paper; None for one that the scenario does not have."""
        return self.load.components.get(component)

    def config(self, component: str) -> Any:
        """What the scenario says of a component; None for one that it does not have."""
        return self.document.components.get(component) or self.scenario.document.components.get(component)

    def series(self, component: str, name: str) -> "pd.Series[float] | None":
        """What a component kept of itself under a name: its values by the second that had passed; None for nothing."""
        if self._series is None:
            return None
        rows = self._series[(self._series["component"] == component) & (self._series["name"] == name)]
        return rows.set_index("t_s")["value"] if len(rows) else None

    def event_config(self, event: Mapping[str, Any]) -> EventConfig | None:
        """What the scenario says of an event of the summary."""
        return event_config(self.scenario, event)

    def of(self, component: str) -> dict[int, pd.DataFrame]:
        """The seconds of each instance of a component."""
        return {instance: part for (name, instance), part in self.places.items() if name == component}

    def together(self, component: str, instances: Sequence[int] = ()) -> pd.DataFrame:
        """The seconds of instances of a component, by default all: mean utilization of those up, sums of the rest."""
        parts = [part for each, part in self.of(component).items() if not instances or each in instances]
        up = np.sum([part["up"] for part in parts], axis=0)
        busy = np.sum([part["up"] * part["utilization"] for part in parts], axis=0)
        return pd.DataFrame(
            {
                "utilization": np.divide(busy, up, out=np.zeros(len(busy)), where=up > 0),
                "queue": np.sum([part["queue"] for part in parts], axis=0),
                "outstanding": np.sum([part["outstanding"] for part in parts], axis=0),
            },
            index=parts[0].index,
        )

    def worst_second(self, client: str, figure: str, start: int, end: int) -> float | None:
        """The highest of a client's percentile of each second between two, s; None if no request ended.

        Args:
            client: Whose.
            figure: `p50`, `p95` or `p99`.
            start: The first second.
            end: The second after the last one.
        """
        values = self.clients[client][figure].loc[start : end - 1].dropna()
        return float(values.max()) if len(values) else None


def _with_ends(rows: pd.DataFrame) -> pd.DataFrame:
    successes = rows[list(SUCCESSES)].sum(axis=1)
    return rows.assign(succeeded=successes, failed=rows["ended"] - successes).set_index("t_s")
