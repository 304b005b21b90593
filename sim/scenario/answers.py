"""An answer is what a scenario teaches, in words whose figures each run fills in: `p99 stays at {p99}`.

A figure stands in braces and is written as a measure of the objectives' language: `{p99}`, `{browser availability}`,
`{crash failover}`. A brace that is meant as a letter is written twice. The words were written for the system in the
file, whatever the seed; so an answer does not outlive an override (see `sim.scenario.load`), nor a run that was
stopped before its end.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from sim.metrics import Result, parse_measure
from sim.values import wrong_values
from sim.values.words import clip

_PIECE: Final = re.compile(r"\{\{|\}\}|\{(?P<figure>[^{}]*)\}|[{}]")


def figures(answer: str) -> list[str]:
    """The measures that an answer names, as it spells them.

    Raises:
        ValueError: A brace has no partner.
    """
    found = []
    for piece in _PIECE.finditer(_on_one_line(answer)):
        if piece[0] in ("{", "}"):
            raise ValueError(f"this '{piece[0]}' has no partner; a figure is written like {{p99}}, a brace is doubled")
        if piece["figure"] is not None:
            found.append(piece["figure"])
    return found


def _is_answer(answer: str) -> str:
    wrong: list[tuple[tuple[()], ValueError]] = []
    for text in dict.fromkeys(figures(answer)):
        try:
            parse_measure(text)
        except ValueError as error:
            wrong.append(((), ValueError(f"{{{clip(text)}}}: {error}")))
    if wrong:
        raise wrong_values(answer, wrong)
    return answer


Answer = Annotated[str, AfterValidator(_is_answer)]
"""A text with figures in braces."""


def fill_answer(answer: str, summary: Mapping[str, Any]) -> str:
    """Writes the figures of a run into an answer, each with its unit, all on one line.

    Args:
        answer: As the scenario has it, and checked.
        summary: What `summarize` returned, or a dict read from `summary.json`.

    Returns:
        The text; a figure without data is `no data`, `never` or `too little data`.
    """

    def spelled(piece: re.Match[str]) -> str:
        if piece["figure"] is None:
            return piece[0][0]
        measure = parse_measure(piece["figure"])
        value = measure.read(summary)
        return measure.missing(summary) if value is None else measure.format(value)

    return _PIECE.sub(spelled, _on_one_line(answer))


def question_and_answer(result: Result, summary: Mapping[str, Any]) -> tuple[str, str]:
    """What the scenario of a run asks, and its answer with the figures of this run; each empty where there is none."""
    question, answer = (str(result.document.get(key, "")) for key in ("question", "answer"))
    return _on_one_line(question), "" if result.interrupted else fill_answer(answer, summary)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
