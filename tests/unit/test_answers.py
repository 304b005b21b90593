"""An answer's figures come from the run, spelled with their units."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim.experiment import run
from sim.metrics import Result, summarize
from sim.scenario import Scenario, load
from sim.scenario.answers import figures, fill_answer, question_and_answer

SHOP = """\
scenario: A shop
question: >
  What does a crash
  cost?
answer: >
  {crash lost} requests, and
  {{p99}} is {p99}.
duration: 4s
clients: {app: {traffic: {rate: 50/s}, to: api}}
components: {api: {kind: service, instances: 2, work: 5ms}}
events: [{at: 1s, crash: "api[0]"}]
"""

SUMMARY: dict[str, Any] = {
    "latency_s": {"all": {"p50": 0.0123, "p99": 2.5}},
    "rates": {"success_ratio": 0.981},
    "clients": {"browser": {"latency_s": {"all": {"p99": 0.3}}, "rates": {"success_ratio": 0.9}}},
    "routes": {"GET /cart": {"latency_s": {"all": {"p99": None}}, "rates": {}}},
    "components": {"api": {"utilization": 0.724, "queue_max": 20_300}, "db": {"utilization": 0.2, "queue_max": 3}},
    "events": [
        {"kind": "crash", "failover_s": 3.25, "recovery_s": None, "lost": 40},
        {"kind": "crash", "failover_s": 1.0, "recovery_s": None, "lost": 2},
    ],
}


@pytest.fixture
def shop(tmp_path: Path) -> Scenario:
    """A scenario with a question and an answer."""
    (tmp_path / "shop.yaml").write_text(SHOP)
    return load(tmp_path / "shop.yaml")


@pytest.mark.parametrize(
    ("answer", "filled"),
    [
        ("", ""),
        ("It is so.", "It is so."),
        ("p99 is {p99}, p50 {p50}.", "p99 is 2.5s, p50 12.3ms."),
        ("{browser p99} and {browser availability}", "300ms and 90%"),
        ("{ browser   availability } of {availability}", "90% of 98.1%"),
        ("api is {api utilization} busy, up to {queue_max} wait", "api is 72.4% busy, up to 20.3k wait"),
        ("{crash failover}, then {crash recovery}: {crash lost} lost", "3.25s, then never: 42 lost"),
        ("{GET /cart p99}", "no data"),
        ("{{p99}} is {{{p99}}}", "{p99} is {2.5s}"),
        ("on\n  two\nlines: {GET /cart\n p99}", "on two lines: no data"),
    ],
)
def test_figures_are_filled_in(answer: str, filled: str) -> None:
    """The worst of several, lost requests added up, no data in words, a doubled brace once."""
    assert fill_answer(answer, SUMMARY) == filled


def test_an_answer_names_its_figures() -> None:
    """As it spells them, doubled braces aside."""
    assert figures("{p99}, {{p50}} and {browser\n availability}") == ["p99", "browser availability"]


def test_a_run_answers_its_scenario(shop: Scenario) -> None:
    """The figures are those of its summary."""
    result = run(shop)
    summary = summarize(result)
    lost, p99 = summary["events"][0]["lost"], summary["latency_s"]["all"]["p99"]
    assert lost > 0
    assert question_and_answer(result, summary) == (
        "What does a crash cost?",
        f"{lost} requests, and {{p99}} is {1e3 * p99:.3g}ms.",
    )


def test_half_a_run_gives_no_answer(shop: Scenario) -> None:
    """What had happened until Ctrl-C is not what the words are about; the question stands."""
    result: Result = replace(run(shop), interrupted=True)
    assert question_and_answer(result, summarize(result)) == ("What does a crash cost?", "")


def test_a_scenario_with_another_value_is_another_question(shop: Scenario) -> None:
    """The answer was written for the scenario as it is in its file; one that is set with the value stays."""
    assert shop.with_().document.answer == shop.document.answer
    assert shop.with_(components__api__instances=3).document.answer == ""
    assert "answer" not in shop.with_(components__api__instances=3).data
    assert shop.with_({"components.api.instances": 3, "answer": "It is {p99}."}).document.answer == "It is {p99}."
