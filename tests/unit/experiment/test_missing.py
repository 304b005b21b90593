"""A figure that runs do not have is called what it is: it never came about, or there is too little data to say."""

import numpy as np
import pytest

from sim.experiment.replication import Replication
from sim.experiment.study import Study
from sim.experiment.variation import Variant
from sim.metrics import parse_measure
from sim.report.experiments.spelling import of_variant
from sim.scenario import load
from sim.scenario.answers import fill_answer

FAILOVER = parse_measure("crash failover")


def summary(failover: float | None, unknown: bool) -> dict[str, object]:
    """Of a run with one crash."""
    return {"events": [{"kind": "crash", "failover_s": failover, "unknown": ["failover_s"] if unknown else []}]}


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([summary(None, True), summary(None, True)], "too little data"),
        ([summary(None, True), summary(2.0, False)], "too little data"),
        ([summary(None, True), summary(None, False)], "never"),
    ],
)
def test_what_is_not_known_of_some_run_is_not_called_never(runs: list[dict[str, object]], words: str) -> None:
    """In tables and as data; never is only what some run says never came."""
    replications = tuple(Replication(seed, each, np.zeros(1)) for seed, each in enumerate(runs))
    study = Study(load("quickstart"), (), (Variant({}),), (replications,), FAILOVER, (FAILOVER,))
    assert of_variant(study, 0, FAILOVER) == words
    assert study.variants_json()[0]["metrics"]["crash failover"]["missing"] == words


def test_an_answer_says_so_too() -> None:
    """Where the figure in braces is not known."""
    assert fill_answer("Back after {crash failover}.", summary(None, True)) == "Back after too little data."
    assert fill_answer("Back after {crash failover}.", summary(None, False)) == "Back after never."
