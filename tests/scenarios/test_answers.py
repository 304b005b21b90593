"""Every shipped scenario asks a question and answers it with figures of the run."""

import re

import pytest

from sim.scenario import load, shipped_scenarios
from sim.scenario.answers import figures


@pytest.mark.parametrize("name", [path.stem for path in shipped_scenarios()])
def test_a_shipped_scenario_asks_and_answers(name):
    """One question; two sentences at most and at least one figure."""
    document = load(name).document
    assert document.question.endswith("?")
    assert document.question.count("?") == 1
    sentences = re.findall(r"[.?!](?:\s|$)", document.answer)
    assert 1 <= len(sentences) <= 2
    assert figures(document.answer)
