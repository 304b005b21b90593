"""Broken questions and answers, and the exact complaints: a figure in braces is checked like an objective."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import load

Complain = Callable[..., list[str]]
HideNothing = Callable[[list[tuple[str, str, list[str]]]], None]

# fmt: off
ROWS: list[tuple[str, list[str]]] = [
    ("question: 5", ["question: needs a text, got the number 5  :36:11"]),
    ("answer: [p99]", ["answer: needs a text, got a list  :36:9"]),
    ("answer: {p99}", ["answer: needs a text, got a mapping  :36:9", "answer.p99: nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none  :36:13"]),
    ("answer: {p99} is long", ["answer.p99: nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none  :36:13", "this does not belong to the mapping that starts on line 1; check the indentation and the quotes  :36:15"]),
    ("anwser: it is {p99}", ["anwser: 'anwser' is not known here; did you mean 'answer'?  :36:1"]),
    ("answer: it is {p98}", ["answer: {p98}: 'p98' is not a metric; did you mean 'p99'?  :36:9"]),
    ("answer: it is { ap p99 }", ["answer: { ap p99 }: 'ap' is not a client or a route; did you mean 'app'?  :36:9"]),
    ("answer: it is {GET /item p99}", ["answer: {GET /item p99}: 'GET /item' is not a client or a route; did you mean 'GET /items'?  :36:9"]),
    ("answer: it is {crush lost}", ["answer: {crush lost}: 'crush' is not an event; did you mean 'crash'?  :36:9"]),
    ("answer: it is {app utilization}", ["answer: {app utilization}: utilization is a figure of a component; 'app' is a client  :36:9"]),
    ("answer: it is {bank utilization}", ["answer: {bank utilization}: 'bank' is an external, which has no utilization; api and db have one  :36:9"]),
    ("answer: it is {duplicate_effects}", ["answer: {duplicate_effects}: nothing in the scenario counts duplicate_effects  :36:9"]),
    ("answer: it is {p99 < 1s}", ["answer: {p99 < 1s}: '1s' is not a metric; known: p50, p90, p95, p99, p999, mean, max, availability, success_ratio, drop_ratio, goodput, throughput, …  :36:9"]),
    ("answer: it is {}", ["answer: {}: a measure is written like p99 or browser p99  :36:9"]),
    ("answer: it is {p98}, not {crush lost} or {p98}", ["answer: {p98}: 'p98' is not a metric; did you mean 'p99'?  :36:9", "answer: {crush lost}: 'crush' is not an event; did you mean 'crash'?  :36:9"]),
    ("answer: it is {p99", ["answer: this '{' has no partner; a figure is written like {p99}, a brace is doubled  :36:9"]),
    ("answer: it is p99}", ["answer: this '}' has no partner; a figure is written like {p99}, a brace is doubled  :36:9"]),
    ("answer: it is {api {p99}}", ["answer: this '{' has no partner; a figure is written like {p99}, a brace is doubled  :36:9"]),
    ("answer: |\n  it is\n  {app\n  p98}", ["answer: {app p98}: 'p98' is not a metric; did you mean 'p99'?  :36:9"]),
]
# fmt: on


@pytest.mark.parametrize(("line", "lines"), ROWS, ids=[line for line, _ in ROWS])
def test_what_is_wrong_with_an_answer(complaints: Complain, line: str, lines: list[str]) -> None:
    """Which braces, what is wrong, what would be right, line and column."""
    assert complaints("objectives:\n", f"{line}\nobjectives:\n") == lines


def test_answers_hide_nothing(hide_nothing: HideNothing) -> None:
    """What is wrong here is said beside a wrong value and a wrong name elsewhere, and so are they."""
    hide_nothing([("objectives:\n", f"{line}\nobjectives:\n", lines) for line, lines in ROWS])


def test_an_answer_that_is_set_is_checked(complaints: Complain) -> None:
    """It points to the override."""
    assert complaints(overrides={"answer": "it is {p98}"}) == [
        "answer: {p98}: 'p98' is not a metric; did you mean 'p99'?  --set answer"
    ]


def test_an_answer_does_not_outlive_what_it_speaks_of(folder: Path) -> None:
    """A crash becomes a hang: nothing is wrong, and there is no answer any more."""
    (folder / "shop.yaml").write_text((folder / "shop.yaml").read_text() + "answer: lost {crash lost}\n")
    assert load("shop.yaml").document.answer == "lost {crash lost}"
    changed = load("shop.yaml", {"events[0]": "{at: 20s, for: 10s, hang: 'api[0]'}"})
    assert (changed.document.answer, changed.warnings) == ("", ())
