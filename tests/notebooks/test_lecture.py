"""What notebooks share: scenarios in a cell, claims that follow from intervals, sliders that are not needed."""

import re
import sys
from types import SimpleNamespace

import pytest

import sim
from sim.experiment.statistics import Interval, mean_interval

TWO_QUEUES = """
    scenario: Two queues
    duration: 20s
    clients: {app: {traffic: {rate: 120/s}, to: api}}
    components:
      api: {kind: service, instances: 2, queue: unbounded, balancer: random, work: {exponential: 10ms}}
"""


def test_a_scenario_is_written_in_a_cell(lecture):
    """The text of a file, indented as it stands in the cell; it can be run and varied like any other."""
    scenario = lecture.scenario(TWO_QUEUES, name="queues")
    assert scenario.name == "queues"
    assert scenario.with_(duration="30s").duration == 30.0


def test_a_wrong_scenario_says_where(lecture):
    """The line is that of the text in the cell."""
    with pytest.raises(sim.ScenarioError, match="<text>:4"):
        lecture.scenario(TWO_QUEUES.replace("120/s", "120"), name="queues")


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.02641, 0.02611, 0.02671, 5, 0.95), "26.41 ± 0.30 ms"),
        (Interval(0.1, 0.08, 0.12, 5, 0.95), "100 ± 20 ms"),
        (Interval(0.01, 0.01, 0.01, 5, 0.95), "10 ms"),
        (Interval(1.5, 1.496, 1.504, 5, 0.95), "1,500.0 ± 4.0 ms"),
    ],
)
def test_an_interval_is_spelled_as_precisely_as_it_is_known(lecture, interval, text):
    """Two digits of the half-width; none where there is no width."""
    assert lecture.spell(interval, "ms", 1000) == text


def test_a_claim_follows_the_verdict(lecture):
    """Of the same traffic a random choice makes worse than the shorter queue; two of the good ones are a tie."""
    scenario = lecture.scenario(TWO_QUEUES)
    balancers = ["random", "least_connections", "least_response_time"]
    comparison = sim.compare(scenario, {"components.api.balancer": balancers}, replications=5, workers=1)
    assert lecture.claim(comparison, 1, 0, "mean").startswith("mean: least_connections is lower than random by ")
    assert lecture.claim(comparison, 0, 1, "mean").startswith("mean: random is higher than least_connections by ")
    tie = lecture.claim(comparison, 2, 1, "mean", {"least_connections": "the first"})
    assert "and the first cannot be told apart" in tie


def test_the_same_is_called_the_same_and_shares_differ_by_points(lecture):
    """Not `+0s to +0s`, and not by 50%, which might be a half of something."""
    scenario = lecture.scenario(TWO_QUEUES).with_(duration="5s")
    variants = {"one": {}, "two": {"components.api.queue": "1000k"}, "late": {"clients.app.timeout": "10ms"}}
    comparison = sim.compare(scenario, variants, replications=3, workers=1)
    assert lecture.claim(comparison, 1, 0) == "p99: two and one are the same in all 3 seeds"
    words = lecture.claim(comparison, 2, 0, "success_ratio")
    assert re.fullmatch(
        r"success_ratio: late is lower than one by \S+ points \(\S+ points to \S+ points, 3 seeds\)", words
    )
    assert "-" not in words


def test_what_the_text_takes_for_granted_has_to_be_so(lecture):
    """The other way round, or a tie, fails the notebook."""
    balancers = {"components.api.balancer": ["random", "least_connections", "least_response_time"]}
    comparison = sim.compare(lecture.scenario(TWO_QUEUES), balancers, replications=5, workers=1)
    assert lecture.claim(comparison, 1, 0, "mean", expect="lower") == lecture.claim(comparison, 1, 0, "mean")
    with pytest.raises(AssertionError, match="mean: random should be lower than least_connections, and is higher"):
        lecture.claim(comparison, 0, 1, "mean", expect="lower")
    with pytest.raises(AssertionError, match="should be lower than least_connections, and is tied"):
        lecture.claim(comparison, 2, 1, "mean", expect="lower")


def test_runs_agree_with_a_theory_or_fail(lecture):
    """Judged by the interval of 99.9%, shown with that of 95%; the samples are those of a study, one a seed."""
    shown = lecture.agrees([9.0, 10.0, 11.0, 10.5, 9.5], 10.6)
    assert shown == mean_interval([9.0, 10.0, 11.0, 10.5, 9.5])
    with pytest.raises(AssertionError, match=r"20 in theory, but .* in 5 runs"):
        lecture.agrees([9.0, 10.0, 11.0, 10.5, 9.5], 20.0)
    sweep = sim.sweep(lecture.scenario(TWO_QUEUES), {"duration": ["5s", "10s"]}, replications=3, workers=1)
    assert mean_interval(lecture.samples(sweep, 1, "mean")) == lecture.interval(sweep, 1, "mean")


def test_without_ipywidgets_a_slider_draws_once(lecture, monkeypatch):
    """With the first value of each; nothing else is needed to run a notebook."""
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    drawn = []
    lecture.slide(lambda **values: drawn.append(values), rate=(80, 40, 60), seed=(2, 1))
    assert drawn == [{"rate": 80, "seed": 2}]


def test_with_ipywidgets_there_is_a_slider_for_each_value(lecture, monkeypatch):
    """In rising order, standing at the first value; but a notebook that is kept has the picture alone."""
    made = []

    def interact(draw, **sliders):
        made.append(sliders)

    widgets = SimpleNamespace(interact=interact, SelectionSlider=lambda **options: options)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    monkeypatch.delenv("LECTURE_SLIDERS", raising=False)
    drawn = []
    lecture.slide(drawn.append, rate=(80, 40, 60))
    assert not drawn
    assert made[0]["rate"] == {"options": [40, 60, 80], "value": 80, "description": "rate", "continuous_update": False}
    monkeypatch.setenv("LECTURE_SLIDERS", "off")
    lecture.slide(lambda rate: drawn.append(rate), rate=(80, 40, 60))
    assert drawn == [80]
    assert len(made) == 1
